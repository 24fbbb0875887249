//! Where one lands after the sign-in, and one's own account.

texts! {
    APPS_TITLE: "Hello, {}", "Hallo, {}";
    APPS_LEAD: "You are signed in. Where would you like to go?", "Sie sind angemeldet. Wohin möchten Sie?";
    APPS: "Apps", "Apps";
    DEMO: "Demo app", "Demo-App";
    DEMO_HINT: "A small app behind the login, to try it out.", "Eine kleine App hinter dem Login, zum Ausprobieren.";
    ACCOUNT_HINT: "Your password, and the devices where you are signed in.", "Ihr Passwort und die Geräte, auf denen Sie angemeldet sind.";
    PEOPLE_HINT: "Invite people, reset passwords, manage groups.", "Personen einladen, Passwörter zurücksetzen, Gruppen verwalten.";

    TITLE: "Your account", "Ihr Konto";
    WHO: "Who you are", "Wer Sie sind";
    GROUPS: "Groups", "Gruppen";
    NO_GROUPS: "none", "keine";
    SINCE: "Account since", "Konto seit";
    PASSWORD_TITLE: "Password", "Passwort";
    PASSWORD_SINCE: "Chosen on", "Gewählt am";
    PASSWORD_LEAD: "After a change you stay signed in here and are signed out everywhere else.", "Nach einer Änderung bleiben Sie hier angemeldet und werden überall sonst abgemeldet.";
    CURRENT_PASSWORD: "Current password", "Bisheriges Passwort";
    CHANGE: "Change password", "Passwort ändern";

    SESSIONS_TITLE: "Where you are signed in", "Wo Sie angemeldet sind";
    SESSIONS_LEAD: "If you do not recognise one of these, end it and change your password.", "Wenn Sie etwas davon nicht kennen: beenden und das Passwort ändern.";
    DEVICE: "Device", "Gerät";
    ADDRESS: "Address", "Adresse";
    SIGNED_IN: "Signed in", "Angemeldet";
    LAST_SEEN: "Last seen", "Zuletzt aktiv";
    HOW: "Signed in by", "Angemeldet mit";
    BY_PASSWORD: "password", "Passwort";
    BY_DEVICE: "trusted device", "vertrautes Gerät";
    ACTION: "Action", "Aktion";
    THIS: "this device", "dieses Gerät";
    PROGRAM: "program", "Programm";
    HALF: "waits for the next step", "wartet auf den nächsten Schritt";
    HALF_HINT: "Only the first step was right, which is the password in most cases. If its owner does not know this sign-in, somebody else knows the password: a new one must be chosen at once.", "Nur der erste Schritt war richtig, meist das Passwort. Wenn die Anmeldung nicht von der Person selbst ist, kennt jemand anderes das Passwort: Dann muss sofort ein neues gewählt werden.";
    END: "End", "Beenden";
    END_OF: "End the session of {}", "Sitzung von {} beenden";
    END_OTHERS: "End all others", "Alle anderen beenden";
    ONLY_THIS: "You are signed in nowhere else.", "Sie sind nirgendwo sonst angemeldet.";
}
