//! What has just been done.

texts! {
    PASSWORD_CHANGED: "Your password is changed. All other devices are signed out.", "Ihr Passwort ist geändert. Alle anderen Geräte sind abgemeldet.";
    PASSWORD_CHOSEN: "Your new password is saved. Please sign in with it.", "Ihr neues Passwort ist gespeichert. Bitte melden Sie sich damit an.";
    ACCOUNT_MADE: "Your account is ready. Please sign in.", "Ihr Konto ist fertig. Bitte melden Sie sich an.";
    LETTER_SENT: "A letter is on its way. Its link works once, for one day.", "Ein Brief ist unterwegs. Der Link darin gilt einmal, einen Tag lang.";
    ADDRESS_PROVEN: "The address is confirmed. You sign in with it.", "Die Adresse ist bestätigt. Sie melden sich mit ihr an.";
    INVITATION_SENT: "The invitation is on its way by mail.", "Die Einladung ist per Post unterwegs.";
    SESSION_ENDED: "The session has ended.", "Die Sitzung ist beendet.";
    SESSIONS_ENDED: "All other sessions have ended.", "Alle anderen Sitzungen sind beendet.";
    PERSON_SIGNED_OUT: "This person is signed out everywhere.", "Diese Person ist überall abgemeldet.";
    DISABLED: "The account is disabled, and its sessions have ended.", "Das Konto ist gesperrt, seine Sitzungen sind beendet.";
    ENABLED: "The account can be used again.", "Das Konto kann wieder benutzt werden.";
    GROUPS_SAVED: "The groups are saved.", "Die Gruppen sind gespeichert.";
    NAME_SAVED: "The name is saved.", "Der Name ist gespeichert.";
    APP_PASSWORD_WITHDRAWN: "The app password is withdrawn. Programs that use it are refused from now on.", "Das App-Passwort ist widerrufen. Programme, die es benutzen, werden ab jetzt abgewiesen.";
    FACTORS_RESET: "Your lost second factors are taken away, and you are signed out everywhere. Please sign in and set up new ones.", "Ihre verlorenen zweiten Faktoren sind entfernt, und Sie sind überall abgemeldet. Bitte melden Sie sich an und richten Sie neue ein.";
    FACTOR_LINK_SENT: "The link is on its way to this person by mail.", "Der Link ist per E-Mail an diese Person unterwegs.";
    FACTOR_ADDED: "It is set up. From now on it is asked for when you sign in.", "Es ist eingerichtet. Ab jetzt wird bei der Anmeldung danach gefragt.";
    FACTOR_REMOVED: "It is removed. Trusted devices are no longer trusted.", "Es ist entfernt. Vertraute Geräte gelten nicht mehr.";
    DEVICE_TRUSTED: "This device is trusted. Here your password is enough now.", "Diesem Gerät wird vertraut. Hier genügt jetzt Ihr Passwort.";
    DEVICE_FORGOTTEN: "It is no longer trusted.", "Das Vertrauen ist beendet.";
    LINK_WITHDRAWN: "The link is withdrawn and no longer works.", "Der Link ist zurückgezogen und gilt nicht mehr.";
}
