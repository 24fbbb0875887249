//! What is left to do of a half-finished sign-in.

texts! {
    PASSWORD_TITLE: "Choose your own password", "Eigenes Passwort wählen";
    PASSWORD_LEAD: "One last step: your current password was chosen by somebody else or should no longer be used. Please choose a new one that only you know.", "Ein letzter Schritt: Ihr bisheriges Passwort hat jemand anderes gewählt oder es soll nicht mehr benutzt werden. Bitte wählen Sie ein neues, das nur Sie kennen.";
    PASSWORD_SUBMIT: "Save and continue", "Speichern und weiter";

    FACTOR_TITLE: "A second step is missing", "Ein zweiter Schritt fehlt";
    FACTOR_LEAD: "Your password was right. Your account also asks for a second step, such as a code or a passkey, and it cannot be done on this page yet.", "Ihr Passwort war richtig. Ihr Konto verlangt aber noch einen zweiten Schritt, etwa einen Code oder einen Passkey, und der ist auf dieser Seite noch nicht möglich.";
    FACTOR_REMEDY: "Until then you are not signed in. Please ask whoever looks after this server, or sign out and use another account.", "Bis dahin sind Sie nicht angemeldet. Bitte fragen Sie, wer diesen Server betreut, oder melden Sie sich ab und nehmen Sie ein anderes Konto.";
    AS: "Signing in as", "Anmeldung als";
    OTHER: "Cancel and sign out", "Abbrechen und abmelden";
}
