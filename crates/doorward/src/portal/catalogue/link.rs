//! The pages behind links that were given to somebody.

texts! {
    INVITATION_TITLE: "Make your account", "Ihr Konto anlegen";
    INVITATION_LEAD: "You are invited. Say how we may call you and choose a password; then you can sign in.", "Sie sind eingeladen. Sagen Sie, wie Sie heißen, und wählen Sie ein Passwort; danach können Sie sich anmelden.";
    JOIN_LEAD: "Your address is confirmed. Say how we may call you and choose a password; then you can sign in.", "Ihre Adresse ist bestätigt. Sagen Sie, wie Sie heißen, und wählen Sie ein Passwort; danach können Sie sich anmelden.";
    INVITATION_SUBMIT: "Make the account", "Konto anlegen";
    NAME_HINT: "As others shall see it.", "So, wie andere ihn sehen sollen.";
    SET_UP_TITLE: "Make the first account", "Das erste Konto anlegen";
    SET_UP_LEAD: "It administrates this installation. Say its address and a name, and choose a password; then you can sign in.", "Es verwaltet diese Installation. Nennen Sie seine Adresse und einen Namen und wählen Sie ein Passwort; danach können Sie sich anmelden.";
    RESET_TITLE: "Choose a new password", "Neues Passwort wählen";
    RESET_LEAD: "Afterwards you are signed out everywhere and can sign in with the new password.", "Danach sind Sie überall abgemeldet und können sich mit dem neuen Passwort anmelden.";
    FACTORS_TITLE: "Have you lost your second factor?", "Ist Ihr zweiter Faktor verloren?";
    FACTORS_LEAD: "This takes away every second factor of the account {}: apps, keys, recovery codes, trusted devices and app passwords. You are signed out everywhere. Then sign in with your password and set up new ones.", "Damit werden alle zweiten Faktoren des Kontos {} entfernt: Apps, Schlüssel, Wiederherstellungscodes, vertraute Geräte und App-Passwörter. Sie werden überall abgemeldet. Danach melden Sie sich mit Ihrem Passwort an und richten neue ein.";
    FACTORS_SUBMIT: "Take them away", "Entfernen";
    RESET_SUBMIT: "Save the password", "Passwort speichern";
}
