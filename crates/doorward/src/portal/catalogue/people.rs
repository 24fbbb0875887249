//! Everybody who can sign in, for administrators.

texts! {
    TITLE: "People", "Personen";
    ADD: "Add somebody", "Jemanden hinzufügen";
    SEARCH: "Search by name or e-mail address", "Nach Name oder E-Mail-Adresse suchen";
    SEARCH_GO: "Search", "Suchen";
    SEARCH_CLEAR: "Show everybody", "Alle zeigen";
    NOBODY: "Nobody fits “{}”.", "Niemand passt zu „{}“.";
    EMPTY: "There is nobody here yet.", "Hier ist noch niemand.";
    STATUS: "Status", "Status";
    ACTIVE: "active", "aktiv";
    INACTIVE: "disabled", "gesperrt";
    YOU: "you", "Sie";
    FIRST: "First page", "Erste Seite";
    NEXT: "Next page", "Nächste Seite";
    PAGES: "Pages of the list", "Seiten der Liste";
    MANAGE: "Manage", "Verwalten";
    MANAGE_OF: "Manage {}", "{} verwalten";

    LINKS_TITLE: "Open links", "Offene Links";
    LINKS_LEAD: "Handed out and not used yet. The links themselves cannot be shown again.", "Ausgegeben und noch nicht benutzt. Die Links selbst lassen sich nicht noch einmal zeigen.";
    LINK_FOR: "For", "Für";
    LINK_KIND: "Purpose", "Zweck";
    LINK_INVITATION: "invitation", "Einladung";
    LINK_REGISTRATION: "registration", "Registrierung";
    LINK_FACTORS: "lost second factors", "Verlorene zweite Faktoren";
    LINK_RESET: "new password", "Neues Passwort";
    LINK_ADDRESS: "address to confirm", "Adresse bestätigen";
    LINK_EMERGENCY: "emergency access", "Notzugang";
    LINK_UNTIL: "Valid until", "Gültig bis";
    WITHDRAW: "Withdraw", "Zurückziehen";
    WITHDRAW_OF: "Withdraw the link for {}", "Link für {} zurückziehen";

    NEW_TITLE: "Add somebody", "Jemanden hinzufügen";
    INVITE_TITLE: "By invitation", "Mit einer Einladung";
    INVITE_LEAD: "You get a link to pass on. The person chooses name and password; nobody else ever knows it.", "Sie bekommen einen Link zum Weitergeben. Name und Passwort wählt die Person selbst; niemand sonst kennt es je.";
    INVITE_SUBMIT: "Make the link", "Link erstellen";
    CREATE_TITLE: "With a temporary password", "Mit einem vorläufigen Passwort";
    CREATE_LEAD: "The account exists at once. You get a password to pass on, which must be replaced at the first sign-in.", "Das Konto gibt es sofort. Sie bekommen ein Passwort zum Weitergeben, das bei der ersten Anmeldung ersetzt werden muss.";
    CREATE_SUBMIT: "Make the account", "Konto anlegen";
    GROUPS_HINT: "Parted by spaces. Small letters, digits, hyphen, underscore and dot. Whoever is in “admins” can manage people.", "Durch Leerzeichen getrennt. Kleinbuchstaben, Ziffern, Bindestrich, Unterstrich und Punkt. Wer in „admins“ ist, kann Personen verwalten.";

    PERSON_SINCE: "Account since", "Konto seit";
    SESSIONS: "Live sessions", "Laufende Sitzungen";
    NO_SESSIONS: "This person is signed in nowhere.", "Diese Person ist nirgendwo angemeldet.";
    GROUPS_TITLE: "Groups", "Gruppen";
    SAVE_NAME: "Save name", "Namen speichern";
    SAVE_GROUPS: "Save groups", "Gruppen speichern";
    ACCESS_TITLE: "Access", "Zugang";
    RESET_FACTORS: "Reset lost second factors", "Verlorene zweite Faktoren zurücksetzen";
    RESET_FACTORS_HINT: "A link with which this person takes lost second factors away. It goes to them by mail and is valid for 30 minutes, or you hand it over within a day.", "Ein Link, mit dem diese Person verlorene zweite Faktoren entfernt. Er geht ihr per E-Mail zu und gilt 30 Minuten, oder Sie geben ihn binnen eines Tages weiter.";
    RESET: "Make a reset link", "Link für neues Passwort";
    RESET_HINT: "A link with which this person chooses a new password. Valid for a day.", "Ein Link, mit dem diese Person ein neues Passwort wählt. Einen Tag gültig.";
    END_SESSIONS: "Sign out everywhere", "Überall abmelden";
    END_SESSIONS_HINT: "Ends every session of this person.", "Beendet alle Sitzungen dieser Person.";
    DISABLE: "Disable account", "Konto sperren";
    DISABLE_HINT: "Ends every session and lets nobody in until you enable it again.", "Beendet alle Sitzungen und lässt niemanden hinein, bis Sie es wieder freigeben.";
    ENABLE: "Enable account", "Konto freigeben";
    ENABLE_HINT: "Lets this person sign in again.", "Lässt diese Person sich wieder anmelden.";
    SELF_HINT: "This is your own account: your password and sessions are on your account page.", "Das ist Ihr eigenes Konto: Passwort und Sitzungen finden Sie auf Ihrer Kontoseite.";
}
