//! Something secret to hand over, shown once.

texts! {
    INVITATION_TITLE: "The invitation is ready", "Die Einladung ist fertig";
    INVITATION_LEAD: "Send this link to the person yourself. Whoever opens it first can make the account.", "Schicken Sie diesen Link selbst an die Person. Wer ihn zuerst öffnet, kann das Konto anlegen.";
    RESET_TITLE: "The link is ready", "Der Link ist fertig";
    RESET_LEAD: "Send this link to the person yourself. It lets whoever opens it choose a new password, once.", "Schicken Sie diesen Link selbst an die Person. Wer ihn öffnet, kann einmal ein neues Passwort wählen.";
    FACTORS_TITLE: "The link is ready", "Der Link ist fertig";
    FACTORS_LEAD: "Send this link to the person yourself. It takes the lost second factors away, once; the person then signs in with the password and sets up new ones.", "Schicken Sie diesen Link selbst an die Person. Er entfernt einmal die verlorenen zweiten Faktoren; danach meldet sich die Person mit dem Passwort an und richtet neue ein.";
    PASSWORD_TITLE: "The account is ready", "Das Konto ist fertig";
    PASSWORD_LEAD: "Give this password to the person yourself. It must be replaced at the first sign-in.", "Geben Sie dieses Passwort selbst an die Person weiter. Bei der ersten Anmeldung muss es ersetzt werden.";
    ONCE: "It is shown only this once.", "Es wird nur dieses eine Mal gezeigt.";
    FOR: "For", "Für";
    UNTIL: "Valid until", "Gültig bis";
    LINK: "Link", "Link";
    PASSWORD: "Temporary password", "Vorläufiges Passwort";
    DONE: "Done", "Fertig";
}
