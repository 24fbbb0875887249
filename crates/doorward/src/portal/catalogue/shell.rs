//! The frame of every page: header, banners, footer, and what forms share.

texts! {
    SKIP: "Skip to the content", "Zum Inhalt springen";
    MAIN_MENU: "Main menu", "Hauptmenü";
    APPS: "Start", "Start";
    ACCOUNT: "Account", "Konto";
    PEOPLE: "People", "Personen";
    SIGN_OUT: "Sign out", "Abmelden";
    REQUEST: "Request", "Anfrage";
    REASONS: "What messages mean", "Was Meldungen bedeuten";
    NOTICES: "Notices", "Hinweise";

    DEVELOPMENT: "Development mode. Not for real accounts.", "Entwicklungsmodus. Nicht für echte Konten.";
    INSECURE: "This connection is not encrypted: others on this network can read what you type here, passwords too.", "Diese Verbindung ist nicht verschlüsselt: Andere in diesem Netz können mitlesen, was Sie hier eingeben, auch Passwörter.";
    WRONG_ADDRESS: "Under this address your browser cannot keep you signed in. Please continue at", "Unter dieser Adresse kann Ihr Browser Sie nicht angemeldet halten. Bitte weiter unter";
    FACTOR_DUE: "Your account needs a second sign-in step. Days left to set it up: {}", "Ihr Konto braucht einen zweiten Anmeldeschritt. Verbleibende Tage zum Einrichten: {}";
    KEY_DUE: "Your account needs a security key, or a passkey that stays on its device. Days left to set it up: {}", "Ihr Konto braucht einen Sicherheitsschlüssel oder einen Passkey, der auf seinem Gerät bleibt. Verbleibende Tage zum Einrichten: {}";
    NO_COOKIES: "Your browser did not keep our cookie, so signing in will not work yet. Please allow cookies for this site, then load the page again.", "Ihr Browser hat unser Cookie nicht behalten, deshalb wird das Anmelden noch nicht klappen. Bitte erlauben Sie Cookies für diese Seite und laden Sie sie neu.";

    EMAIL: "E-mail address", "E-Mail-Adresse";
    PASSWORD: "Password", "Passwort";
    NEW_PASSWORD: "New password", "Neues Passwort";
    PASSWORD_HINT: "At least {} characters. Several words in a row are easy to remember and hard to guess. Spaces are fine, and so is pasting.", "Mindestens {} Zeichen. Mehrere Wörter hintereinander sind leicht zu merken und schwer zu erraten. Leerzeichen sind erlaubt, Einfügen auch.";
    NAME: "Name", "Name";
    SHOW: "Show", "Zeigen";
    HIDE: "Hide", "Verbergen";
    SHOW_PASSWORD: "Show the password", "Passwort zeigen";
    HIDE_PASSWORD: "Hide the password", "Passwort verbergen";
    COPY: "Copy", "Kopieren";
    COPIED: "Copied", "Kopiert";
    BUSY: "One moment …", "Einen Moment …";
    CANCEL: "Cancel", "Abbrechen";
    CODE: "Reason", "Grund";
}
