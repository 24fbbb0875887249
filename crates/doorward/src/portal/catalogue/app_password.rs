//! App passwords: for clients that show no page.

texts! {
    TITLE: "App passwords", "App-Passwörter";
    LEAD: "Some programs, such as a calendar on your phone, cannot show the page where you sign in. Give each of them a password of its own. It opens one app and nothing else, and you can withdraw it without changing anything else.", "Manche Programme, zum Beispiel ein Kalender auf dem Telefon, können die Anmeldeseite nicht zeigen. Geben Sie jedem ein eigenes Passwort. Es öffnet eine App und sonst nichts, und Sie können es widerrufen, ohne sonst etwas zu ändern.";
    NONE: "You have no app passwords.", "Sie haben keine App-Passwörter.";
    NO_APPS: "No app here takes app passwords. Whoever runs this service can allow them for an app.", "Keine App nimmt hier App-Passwörter an. Wer diesen Dienst betreibt, kann sie für eine App erlauben.";
    YOURS: "Your app passwords", "Ihre App-Passwörter";
    NAME: "Name", "Name";
    NAME_HINT: "So that you know it again, such as \u{201c}Calendar on my phone\u{201d}.", "Damit Sie es wiedererkennen, zum Beispiel \u{201e}Kalender auf dem Telefon\u{201c}.";
    APP: "App", "App";
    MADE: "Made", "Angelegt";
    USED: "Last used", "Zuletzt benutzt";
    NEVER: "not yet", "noch nie";
    ENDS: "Ends", "Endet";
    NO_END: "no end", "ohne Ende";
    OVER: "has ended", "abgelaufen";
    ACTION: "Action", "Aktion";
    WITHDRAW: "Withdraw", "Widerrufen";
    WITHDRAW_OF: "Withdraw {}", "{} widerrufen";
    NEW: "New app password", "Neues App-Passwort";
    DAYS: "Days until it ends", "Tage bis zum Ende";
    DAYS_HINT: "Leave it empty for one without an end.", "Leer lassen für eines ohne Ende.";
    CONFIRM: "Confirm", "Bestätigen";
    CONFIRM_HINT: "You signed in a while ago. Before you make an app password, please confirm once more that it is you.", "Ihre Anmeldung ist schon eine Weile her. Bitte bestätigen Sie noch einmal, dass Sie es sind, bevor Sie ein App-Passwort anlegen.";
    MAKE: "Make app password", "App-Passwort anlegen";
    READY: "The app password is ready", "Das App-Passwort ist fertig";
    READY_LEAD: "Enter both in the program now. The password is shown only this once.", "Geben Sie jetzt beides im Programm ein. Das Passwort wird nur dieses eine Mal gezeigt.";
    AS_NAME: "User name", "Benutzername";
    AS_PASSWORD: "Password", "Passwort";
    BACK: "Done", "Fertig";
    LINK_HINT: "Passwords for programs that cannot show the sign-in page.", "Passwörter für Programme, die die Anmeldeseite nicht zeigen können.";
}
