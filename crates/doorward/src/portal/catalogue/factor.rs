//! Second factors: the challenge, setting up, and the page that shows what there is.

texts! {
    CHALLENGE_TITLE: "One more step", "Noch ein Schritt";
    CHALLENGE_LEAD: "Your password was right. Please confirm now that it is really you.", "Ihr Passwort war richtig. Bitte bestätigen Sie jetzt, dass Sie es wirklich sind.";
    CONFIRM_TITLE: "Is it you?", "Sind Sie es?";
    CONFIRM_LEAD: "What comes next concerns the safety of an account, so please prove once more who you are. It holds for 15 minutes.", "Was jetzt kommt, betrifft die Sicherheit eines Kontos. Bitte zeigen Sie darum noch einmal, wer Sie sind. Das gilt dann für 15 Minuten.";
    RECOVERY_MAIL_TITLE: "Confirm your e-mail address", "E-Mail-Adresse bestätigen";
    RECOVERY_MAIL_LEAD: "Your recovery code was right. As a second proof we send a code to your e-mail address.", "Ihr Wiederherstellungscode war richtig. Als zweiten Nachweis schicken wir einen Code an Ihre E-Mail-Adresse.";
    NO_WAY: "None of your ways of confirming works here. Please ask whoever looks after this server.", "Keiner Ihrer Wege der Bestätigung geht hier. Bitte fragen Sie, wer diesen Server betreut.";
    CODE: "Code", "Code";
    SUBMIT: "Confirm", "Bestätigen";
    TRUST: "Trust this device", "Diesem Gerät vertrauen";
    TRUST_HINT: "Then your password is enough here, until you have not used it for 30 days, and for {} days at most. Only on a device that nobody else uses.", "Dann genügt hier Ihr Passwort, bis Sie es 30 Tage lang nicht benutzt haben, und höchstens {} Tage lang. Nur auf einem Gerät, das sonst niemand benutzt.";
    OTHER_WAYS: "Try another way", "Anderen Weg nehmen";
    TOTP: "Authenticator app", "Authenticator-App";
    TOTP_HINT: "Open the app on your phone and type the six digits that it shows for this service.", "Öffnen Sie die App auf Ihrem Telefon und geben Sie die sechs Ziffern ein, die sie für diesen Dienst zeigt.";
    PASSKEY: "Passkey or security key", "Passkey oder Sicherheitsschlüssel";
    PASSKEY_HINT: "Your browser asks for your fingerprint, your face, your PIN or your key.", "Ihr Browser fragt nach Fingerabdruck, Gesicht, PIN oder Schlüssel.";
    EMAIL: "Code by e-mail", "Code per E-Mail";
    EMAIL_HINT: "We send eight digits to your e-mail address. They are good for 10 minutes, in this browser.", "Wir schicken acht Ziffern an Ihre E-Mail-Adresse. Sie gelten 10 Minuten, in diesem Browser.";
    EMAIL_SEND: "Send a code", "Code schicken";
    EMAIL_AGAIN: "Send another code", "Neuen Code schicken";
    EMAIL_SENT: "We have sent a code. It can take a minute to arrive; please look among unwanted mail, too.", "Wir haben einen Code geschickt. Es kann eine Minute dauern, bis er da ist; bitte sehen Sie auch bei unerwünschter Post nach.";
    EMAIL_NOTHING: "Nothing after a few minutes? Send another code. If you can no longer read mail at this address, take another way, or ask an administrator for help.", "Nach einigen Minuten ist nichts da? Lassen Sie einen neuen Code schicken. Wenn Sie an dieser Adresse keine Post mehr lesen können, nehmen Sie einen anderen Weg oder bitten Sie einen Administrator um Hilfe.";
    RECOVERY: "Recovery code", "Wiederherstellungscode";
    RECOVERY_HINT: "One of the ten codes of your printed sheet. Each works once.", "Einer der zehn Codes von Ihrem gedruckten Blatt. Jeder gilt einmal.";
    NEEDS_FACTOR: "This app can be opened only with a second sign-in step, and your account has none yet.", "Diese App lässt sich nur mit einem zweiten Anmeldeschritt öffnen, und Ihr Konto hat noch keinen.";
    SET_UP: "Set one up", "Einen einrichten";

    ENROL_TITLE: "Set up a second step", "Zweiten Schritt einrichten";
    ENROL_LEAD: "A password can be stolen without anybody noticing. From now on this account needs a second step, and the time to set it up is over. Choose one; it takes two minutes.", "Ein Passwort kann unbemerkt gestohlen werden. Ab jetzt braucht dieses Konto einen zweiten Schritt, und die Zeit zum Einrichten ist vorbei. Wählen Sie einen; es dauert zwei Minuten.";
    RECOVER_TITLE: "Replace what you have lost", "Verlorenes ersetzen";
    RECOVER_LEAD: "You came in with a recovery code. If you have lost your phone or your key, set up a new one now, and remove the old one afterwards.", "Sie sind mit einem Wiederherstellungscode hereingekommen. Wenn Sie Ihr Telefon oder Ihren Schlüssel verloren haben, richten Sie jetzt einen neuen ein und entfernen danach den alten.";
    RECOVER_KEEP: "Nothing is lost, go on", "Nichts verloren, weiter";

    TOTP_TITLE: "Set up an authenticator app", "Authenticator-App einrichten";
    TOTP_LEAD: "1. In your app choose to add an account and scan this picture.", "1. Wählen Sie in Ihrer App, dass Sie ein Konto hinzufügen möchten, und scannen Sie dieses Bild.";
    TOTP_KEY: "Without a camera, type this key", "Ohne Kamera: diesen Schlüssel eintippen";
    TOTP_CODE: "2. Type the six digits that the app shows now", "2. Geben Sie die sechs Ziffern ein, die die App jetzt zeigt";
    TOTP_NAME: "What to call it", "Wie soll sie heißen";
    TOTP_NAME_DEFAULT: "Authenticator app", "Authenticator-App";
    TOTP_SUBMIT: "Finish", "Fertigstellen";

    ADD_EMAIL: "Add codes by e-mail", "Codes per E-Mail hinzufügen";
    EMAIL_SETUP_TITLE: "Set up codes by e-mail", "Codes per E-Mail einrichten";

    CODES_TITLE: "Recovery codes", "Wiederherstellungscodes";
    CODES_LEAD: "If your phone or your key is lost, one of these codes lets you in. Print the sheet, or write it down, and keep it where you keep your passport.", "Wenn Telefon oder Schlüssel verloren sind, kommen Sie mit einem dieser Codes herein. Drucken Sie das Blatt oder schreiben Sie es ab, und heben Sie es dort auf, wo Ihr Pass liegt.";
    CODES_VOID: "The codes of an earlier sheet are void from then on.", "Die Codes eines früheren Blatts gelten dann nicht mehr.";
    CODES_MAKE: "Make ten codes", "Zehn Codes machen";
    CODES_LATER: "Later", "Später";
    CODES_ONCE: "They are shown this once. Each works once.", "Sie werden nur dieses eine Mal gezeigt. Jeder gilt einmal.";
    CODES_DONE: "I have kept them", "Ich habe sie aufgehoben";

    NEEDS_KEY: "Your account needs a security key, or a passkey that stays on its device. Other ways do not count. If you have none at hand, ask an administrator for help.", "Ihr Konto braucht einen Sicherheitsschlüssel oder einen Passkey, der auf seinem Gerät bleibt. Andere Wege zählen nicht. Wenn Sie keinen zur Hand haben, bitten Sie einen Administrator um Hilfe.";
    SECURITY_TITLE: "Sign-in and security", "Anmeldung und Sicherheit";
    SECURITY_LINK: "Second step, recovery codes, trusted devices", "Zweiter Schritt, Wiederherstellungscodes, vertraute Geräte";
    SUGGESTED: "Two different ways and a sheet of recovery codes keep you from being locked out.", "Zwei verschiedene Wege und ein Blatt mit Wiederherstellungscodes bewahren Sie davor, ausgesperrt zu werden.";
    FACTORS_TITLE: "Your second step", "Ihr zweiter Schritt";
    FACTORS_NONE: "Nothing is set up yet: your password alone opens this account.", "Noch ist nichts eingerichtet: Ihr Passwort allein öffnet dieses Konto.";
    KIND: "Kind", "Art";
    NAME: "Name", "Name";
    SINCE: "Set up", "Eingerichtet";
    LAST_USED: "Last used", "Zuletzt benutzt";
    NEVER: "not yet", "noch nicht";
    ELSEWHERE: "made for another address", "für eine andere Adresse gemacht";
    RENAME: "Rename", "Umbenennen";
    REMOVE: "Remove", "Entfernen";
    NAME_OF: "New name of {}", "Neuer Name von {}";
    REMOVE_OF: "Remove {}", "{} entfernen";
    ADD_TOTP: "Add an authenticator app", "Authenticator-App hinzufügen";
    CODES_LEFT: "Unused codes: {}", "Unbenutzte Codes: {}";
    CODES_NEW: "New sheet of codes", "Neues Blatt mit Codes";
    DEVICES_TITLE: "Trusted devices", "Vertraute Geräte";
    DEVICES_LEAD: "On these your password is enough. A new password, and any change of your second step, ends all trust.", "Auf diesen genügt Ihr Passwort. Ein neues Passwort und jede Änderung am zweiten Schritt beenden das Vertrauen.";
    DEVICES_NONE: "You trust no device.", "Sie vertrauen keinem Gerät.";
    DEVICE_TRUST: "Trust this device", "Diesem Gerät vertrauen";
    DEVICE_END: "No longer trust", "Nicht mehr vertrauen";
    DEVICE_END_OF: "No longer trust {}", "{} nicht mehr vertrauen";
    DEVICES_END: "Trust none any more", "Keinem mehr vertrauen";
    REMOVE_TITLE: "Remove this from your account?", "Das aus Ihrem Konto entfernen?";
    REMOVE_LEAD: "It can no longer be used to sign in. Sessions that it signed in end, and so does the trust in your devices.", "Damit kann man sich dann nicht mehr anmelden. Sitzungen, die damit angemeldet wurden, enden, und das Vertrauen in Ihre Geräte auch.";
}
