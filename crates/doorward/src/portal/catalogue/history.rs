//! Sessions that have ended, and why.

texts! {
    TITLE: "Earlier sessions", "Frühere Sitzungen";
    LEAD: "The last ones that ended, within thirty days.", "Die letzten, die in den vergangenen dreißig Tagen endeten.";
    ENDED: "Ended", "Beendet";
    WHY: "Why", "Warum";
    SIGNED_OUT: "signed out", "abgemeldet";
    REVOKED: "ended from another device", "von einem anderen Gerät beendet";
    BY_ADMINISTRATOR: "ended by an administrator", "von einem Administrator beendet";
    IDLE: "not used for too long", "zu lange nicht benutzt";
    OLD: "open for too long", "zu lange offen";
    DISABLED: "the account was disabled", "das Konto wurde gesperrt";
    PASSWORD_CHANGED: "the password was changed", "das Passwort wurde geändert";
    PASSWORD_RESET: "the password was reset", "das Passwort wurde zurückgesetzt";
    REPLACED: "signed in anew in the same browser", "im selben Browser neu angemeldet";
    RENEWED: "went on under a new name", "unter neuem Namen fortgesetzt";
    RESTORED: "a backup was restored", "eine Sicherung wurde zurückgespielt";
    TOKEN_REUSE: "a token came from two places", "ein Token kam von zwei Stellen";
    FACTOR_REMOVED: "what had signed it in was removed", "womit sie begonnen hatte, wurde entfernt";
    FACTORS_RESET: "the second factors were reset", "die zweiten Faktoren wurden zurückgesetzt";
    ENROLMENT_DUE: "a second factor was due", "ein zweiter Faktor war fällig";
    FACTOR_ADDED: "a second factor was set up elsewhere", "anderswo wurde ein zweiter Faktor eingerichtet";
}
