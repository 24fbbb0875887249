//! Reasons of the family `factor`.

use super::Reason;
use super::entry::{refusal, text};

/// The family, in the order of the reference page.
pub(super) const REASONS: &[Reason] = &[
    refusal! {
        "factor.code_wrong", 401, false;
        text("This code is not right", "Dieser Code stimmt nicht");
        text(
            "This code is not right. Codes of an app change every 30 seconds, so please take the one that is shown now; if it is refused again, check that the clock of your phone is set by the network.",
            "Dieser Code stimmt nicht. Codes einer App wechseln alle 30 Sekunden, nehmen Sie bitte den, der jetzt angezeigt wird; wird er wieder abgelehnt, prüfen Sie, ob sich die Uhr Ihres Telefons nach dem Netz stellt.",
        );
        "The code is none of the steps that are accepted, no unused recovery code of this user, or not the code that was sent by mail.";
        "if codes of an app are never right, compare the clocks of the phone and of this machine"
    },
    refusal! {
        "factor.code_used", 401, false;
        text("This code was used already", "Dieser Code wurde schon benutzt");
        text(
            "This code was used a moment ago, and each works once. Please wait for the next one.",
            "Dieser Code wurde eben schon benutzt, und jeder gilt nur einmal. Bitte warten Sie auf den nächsten.",
        );
        "The step of this code, or a later one, was accepted before. Somebody may be replaying codes, or the clock of this machine was set back.";
        "wait for the next code; check the clock of this machine if it persists"
    },
    refusal! {
        "factor.code_void", 401, false;
        text("This code is no longer good", "Dieser Code gilt nicht mehr");
        text(
            "This code is too old, was typed wrong too often, or belongs to another browser. Please ask for a new one here.",
            "Dieser Code ist zu alt, wurde zu oft falsch eingegeben oder gehört zu einem anderen Browser. Bitte lassen Sie sich hier einen neuen schicken.",
        );
        "A code by mail is good for 10 minutes and five tries, in the browser that asked for it, and only the newest.";
        "ask for a new code in the same browser"
    },
    refusal! {
        "factor.challenge_void", 401, false;
        text("Please try again", "Bitte versuchen Sie es noch einmal");
        text(
            "This took too long, or was answered in another window. Please begin this step again.",
            "Das hat zu lange gedauert oder wurde in einem anderen Fenster beantwortet. Bitte beginnen Sie diesen Schritt noch einmal.",
        );
        "The challenge is used, older than five minutes, of another ceremony, user or browser, or was never given out.";
        "begin the step again"
    },
    refusal! {
        "factor.passkey_refused", 401, false;
        text("This passkey was not accepted", "Dieser Passkey wurde nicht angenommen");
        text(
            "We could not accept this passkey. Please try again, or use another way.",
            "Diesen Passkey konnten wir nicht annehmen. Bitte versuchen Sie es noch einmal oder nehmen Sie einen anderen Weg.",
        );
        "The assertion has a wrong origin, rp_id, challenge, algorithm or signature, or is of no credential of this user. The log names which.";
        "look at the log line; if the address of the portal changed, passkeys must be made anew"
    },
    refusal! {
        "factor.passkey_copied", 401, false;
        text("This passkey was not accepted", "Dieser Passkey wurde nicht angenommen");
        text(
            "This passkey may have been copied, so it was not accepted. Please use another way and remove it from your account.",
            "Dieser Passkey wurde womöglich kopiert und darum nicht angenommen. Bitte nehmen Sie einen anderen Weg und entfernen Sie ihn aus Ihrem Konto.",
        );
        "The signature counter did not rise (Web Authentication, section 6.1.1): two authenticators hold one key.";
        "remove the passkey and enrol it anew"
    },
    refusal! {
        "factor.passkey_unknown", 401, false;
        text("We do not know this passkey", "Diesen Passkey kennen wir nicht");
        text(
            "This passkey is not known here, perhaps because it was removed from the account. Please sign in another way; the passkey can be deleted on your device.",
            "Dieser Passkey ist hier nicht bekannt, vielleicht weil er aus dem Konto entfernt wurde. Bitte melden Sie sich auf anderem Weg an; auf Ihrem Gerät kann der Passkey gelöscht werden.",
        );
        "No credential with this id is enrolled for the present rp_id: it was removed, or made for another installation.";
        "sign in by another way, delete the passkey on the device and enrol a new one"
    },
    refusal! {
        "factor.passkey_origin", 401, false;
        text("This passkey was used at another address", "Dieser Passkey wurde an einer anderen Adresse benutzt");
        text(
            "The browser says that this passkey was used at an address that is not ours, so it was not accepted. Please look at the address bar and open the sign-in page anew.",
            "Laut Browser wurde dieser Passkey an einer Adresse benutzt, die nicht unsere ist, darum wurde er nicht angenommen. Bitte sehen Sie auf die Adresszeile und öffnen Sie die Anmeldeseite neu.",
        );
        "The origin or the rp_id hash of the answer is not that of the pages, or the answer comes from a frame: a page between the person and this one, or a `server.public_url` that is not what people type.";
        "compare `server.public_url` with the address bar; where they are the same, somebody stood between"
    },
    refusal! {
        "factor.passkey_unverified", 401, false;
        text("Please unlock the passkey", "Bitte entsperren Sie den Passkey");
        text(
            "The passkey was used without PIN, fingerprint or face. Please set one up on the device or key, and try again.",
            "Der Passkey wurde ohne PIN, Fingerabdruck oder Gesicht benutzt. Bitte richten Sie das auf dem Gerät oder Schlüssel ein und versuchen Sie es noch einmal.",
        );
        "The flag UV is 0 where the user must be verified: at a sign-in without a password, or with a key that verified its user when it was enrolled. Or the flag UP is 0.";
        "set a PIN on the security key, or use it as the second step after the password"
    },
    refusal! {
        "factor.passkey_algorithm", 400, false;
        text("This kind of passkey is not supported", "Diese Art von Passkey wird nicht unterstützt");
        text(
            "This device makes passkeys of a kind that we do not accept. Please use another device, a phone or a security key.",
            "Dieses Gerät macht Passkeys einer Art, die wir nicht annehmen. Bitte nehmen Sie ein anderes Gerät, ein Telefon oder einen Sicherheitsschlüssel.",
        );
        "The key is of an algorithm that was not offered: accepted are ES256 and ES384 (RFC 9053, section 2.1).";
        "use an authenticator that can do ES256"
    },
    refusal! {
        "factor.passkey_malformed", 400, false;
        text("This passkey cannot be read", "Dieser Passkey ist nicht lesbar");
        text(
            "What your device sent cannot be read. Please try again, or use another device.",
            "Was Ihr Gerät gesendet hat, ist nicht lesbar. Bitte versuchen Sie es noch einmal oder nehmen Sie ein anderes Gerät.",
        );
        "The client data, the attestation object or the authenticator data is cut off, too large or no JSON or CBOR of the form of the standard.";
        "look at the log line; a program that signs in by itself must send the answer as browsers write it with toJSON()"
    },
    refusal! {
        "factor.passkey_synced", 409, false;
        text("A key that stays on its device is needed", "Nötig ist ein Schlüssel, der auf seinem Gerät bleibt");
        text(
            "Your account needs a key that cannot leave its device, and this passkey can be copied to others. Please use a security key.",
            "Ihr Konto braucht einen Schlüssel, der sein Gerät nicht verlassen kann, und dieser Passkey lässt sich auf andere kopieren. Bitte nehmen Sie einen Sicherheitsschlüssel.",
        );
        "The user is in one of the `hardware_groups`, and the new credential is eligible for backup (flag BE is 1).";
        "enrol a security key"
    },
    refusal! {
        "factor.passkey_elsewhere", 409, false;
        text("Your passkey belongs to another address", "Ihr Passkey gehört zu einer anderen Adresse");
        text(
            "Your passkey was made for another address of this service and cannot be used here. Please use another way and make a new passkey.",
            "Ihr Passkey wurde für eine andere Adresse dieses Dienstes gemacht und geht hier nicht. Bitte nehmen Sie einen anderen Weg und legen Sie einen neuen Passkey an.",
        );
        "The rp_id that is stored with the credential is not the present one: the domain of the portal was changed.";
        "sign in by another way and enrol a new passkey, or set the former domain again"
    },
    refusal! {
        "factor.no_way_left", 403, false;
        text("None of your ways works here", "Keiner Ihrer Wege geht hier");
        text(
            "What you have set up cannot be used here, and there is no recovery code left. An administrator can help you.",
            "Was Sie eingerichtet haben, geht hier nicht, und es ist kein Wiederherstellungscode übrig. Ein Administrator kann Ihnen helfen.",
        );
        "A second factor is enrolled and none can be proven here: passkeys of another domain, or codes by mail without mail.";
        "doorward user recover EMAIL takes the second factors away, so that new ones can be enrolled"
    },
    refusal! {
        "factor.way_closed", 403, false;
        text("This way is not open", "Dieser Weg ist nicht offen");
        text(
            "This way of confirming is not open for your account. Please choose one of those that are shown.",
            "Dieser Weg der Bestätigung ist für Ihr Konto nicht offen. Bitte nehmen Sie einen von denen, die angezeigt werden.",
        );
        "The method is not enrolled, or the policy does not accept it for this user.";
        "choose a method of the list `methods`"
    },
    refusal! {
        "factor.wait", 429, true;
        text("Too many codes for now", "Vorerst zu viele Codes");
        text(
            "There were several wrong codes. To protect the account, please wait a moment and then try again.",
            "Es gab mehrere falsche Codes. Zum Schutz des Kontos warten Sie bitte einen Moment und versuchen Sie es dann noch einmal.",
        );
        "The guesses at second factors of this account are spent for now: five in 15 minutes and 20 a day. Somebody who tries them knows the password.";
        "wait until Retry-After has passed; if it was not the owner, the password must be changed"
    },
    refusal! {
        "factor.mail_wait", 429, true;
        text("Too many codes by mail for now", "Vorerst zu viele Codes per E-Mail");
        text(
            "Several codes were sent to your address already, so please wait a moment and ask again. If you did not ask for them, somebody knows your password: choose a new one.",
            "An Ihre Adresse gingen schon mehrere Codes, bitte warten Sie einen Moment und fragen Sie dann noch einmal. Wenn Sie nicht darum gebeten haben, kennt jemand Ihr Passwort: wählen Sie ein neues.",
        );
        "Five codes in 15 minutes and 20 a day may be asked for from browsers that are not known, and as many from each that is. Whoever asks for them knows the password.";
        "wait until Retry-After has passed; if no letter arrives, run doorward mail test"
    },
    refusal! {
        "factor.stopped", 429, false;
        text("No further codes are accepted", "Es werden keine weiteren Codes angenommen");
        text(
            "There were too many wrong codes in a row, so this way is closed. Please take another: a browser in which you have signed in before, a passkey, or a recovery code. Then choose a new password, remove the app or the codes from your account and set them up anew. An administrator can help, too.",
            "Es gab zu viele falsche Codes hintereinander, darum ist dieser Weg geschlossen. Bitte nehmen Sie einen anderen: einen Browser, in dem Sie schon einmal angemeldet waren, einen Passkey oder einen Wiederherstellungscode. Wählen Sie dann ein neues Passwort, entfernen Sie die App oder die Codes aus Ihrem Konto und richten Sie sie neu ein. Auch ein Administrator kann helfen.",
        );
        "There were 100 wrong codes in a row (NIST SP 800-63B-4, section 3.2.2). Whoever typed them knows the password.";
        "have the factor removed and enrolled anew, which begins its count anew, and the password changed; where no other way is left, doorward user recover EMAIL"
    },
    refusal! {
        "factor.last_one", 409, false;
        text("Something must stay", "Etwas muss bleiben");
        text(
            "Your account needs a second factor, and this is the last one. Please set up another one first.",
            "Ihr Konto braucht einen zweiten Faktor, und dies ist der letzte. Bitte richten Sie zuerst einen anderen ein.",
        );
        "The policy requires a second factor of this user, and the change would leave none that is good enough.";
        "enrol another one first"
    },
    refusal! {
        "factor.too_many", 409, false;
        text("There is no room for another one", "Es ist kein Platz für einen weiteren");
        text(
            "You have set up as many as an account can have. Please remove one that you no longer use.",
            "Sie haben so viele eingerichtet, wie ein Konto haben kann. Bitte entfernen Sie einen, den Sie nicht mehr brauchen.",
        );
        "An account has at most 20 second factors and 50 app passwords.";
        "remove one first"
    },
    refusal! {
        "factor.taken", 409, false;
        text("This is set up already", "Das ist schon eingerichtet");
        text(
            "This is set up already, for your account or for another one. Please take another.",
            "Das ist schon eingerichtet, für Ihr Konto oder für ein anderes. Bitte nehmen Sie etwas anderes.",
        );
        "Codes by mail can be enrolled once for each account, and a passkey once for the whole installation.";
        "remove the other entry first, or enrol another authenticator"
    },
    refusal! {
        "factor.device_not_trusted", 403, false;
        text("This device cannot be trusted", "Diesem Gerät kann nicht vertraut werden");
        text(
            "A device can be trusted right after you have signed in with a second step, and only where whoever looks after this server allows it.",
            "Einem Gerät kann man vertrauen, gleich nachdem man sich mit einem zweiten Schritt angemeldet hat, und nur wo es erlaubt ist.",
        );
        "The session is not whole or not of two factors, or the profile `strict` or a group that needs hardware rules trusted devices out.";
        "sign in with a second factor first"
    },
    refusal! {
        "factor.not_found", 404, false;
        text("There is no such entry", "Diesen Eintrag gibt es nicht");
        text("This entry does not exist any more.", "Diesen Eintrag gibt es nicht mehr.");
        "No factor, device or app password of this user has this id.";
        "load the list anew"
    },
];
