//! What is left to do of a half-finished sign-in.

texts! {
    PASSWORD_TITLE: "Choose your own password", "Eigenes Passwort wählen";
    PASSWORD_LEAD: "One last step: your current password was chosen by somebody else or should no longer be used. Please choose a new one that only you know.", "Ein letzter Schritt: Ihr bisheriges Passwort hat jemand anderes gewählt oder es soll nicht mehr benutzt werden. Bitte wählen Sie ein neues, das nur Sie kennen.";
    PASSWORD_SUBMIT: "Save and continue", "Speichern und weiter";

    AS: "Signing in as", "Anmeldung als";
    OTHER: "Cancel and sign out", "Abbrechen und abmelden";
}
