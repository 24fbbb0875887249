//! Reasons of the family `password`.

use super::{Kind, Reason, Text};

/// What the operator reads of every rule for new passwords.
const CHOSEN: &str = "Somebody chose a new password that the rules refuse. The account is unchanged.";

/// What mends it.
const CHOOSE_ANOTHER: &str =
    "The person chooses another password; a few random words, or what a password manager makes, always pass.";

/// A rule that a new password broke.
const fn rule(code: &'static str, title: Text, visitor: Text) -> Reason {
    Reason {
        code,
        kind: Kind::Refusal,
        status: 422,
        is_retryable: false,
        title,
        visitor,
        operator: CHOSEN,
        remedy: CHOOSE_ANOTHER,
    }
}

/// The family, in the order of the reference page.
pub(super) const REASONS: &[Reason] = &[
    rule(
        "password.too_short",
        Text { en: "This password is too short", de: "Dieses Passwort ist zu kurz" },
        Text {
            en: "Please choose a longer password. A few random words in a row are long, safe and easy to remember.",
            de: "Bitte wählen Sie ein längeres Passwort. Ein paar zufällige Wörter hintereinander sind lang, sicher und leicht zu merken.",
        },
    ),
    Reason {
        operator: "A password of more than 256 characters or 1024 bytes was sent. It was not hashed.",
        remedy: "The person chooses a shorter password. If nobody did this by hand, look in the access log for a client that floods the sign-in.",
        ..rule(
            "password.too_long",
            Text { en: "This password is too long", de: "Dieses Passwort ist zu lang" },
            Text {
                en: "A password can have up to 256 characters. Please use a shorter one.",
                de: "Ein Passwort kann bis zu 256 Zeichen haben. Bitte verwenden Sie ein kürzeres.",
            },
        )
    },
    rule(
        "password.common",
        Text { en: "This password is well known", de: "Dieses Passwort ist weithin bekannt" },
        Text {
            en: "Many people use this password or one very much like it, so it is among the first that attackers try. Please choose another one, for example a few random words in a row.",
            de: "Viele Menschen verwenden dieses oder ein sehr ähnliches Passwort, deshalb probieren Angreifer es zuerst. Bitte wählen Sie ein anderes, zum Beispiel ein paar zufällige Wörter hintereinander.",
        },
    ),
    rule(
        "password.context",
        Text { en: "This password is easy to guess for you", de: "Dieses Passwort ist bei Ihnen leicht zu erraten" },
        Text {
            en: "This password is made of your name, your e-mail address or the name of this service, and others can guess it. Please choose words that have nothing to do with them.",
            de: "Dieses Passwort besteht aus Ihrem Namen, Ihrer E-Mail-Adresse oder dem Namen dieses Dienstes und lässt sich erraten. Bitte wählen Sie Wörter, die nichts damit zu tun haben.",
        },
    ),
    rule(
        "password.repetitive",
        Text { en: "This password is a simple pattern", de: "Dieses Passwort ist ein einfaches Muster" },
        Text {
            en: "This password repeats itself or follows the alphabet or the keyboard, and programs try such patterns early. Please choose another one, for example a few random words in a row.",
            de: "Dieses Passwort wiederholt sich oder folgt dem Alphabet oder der Tastatur, und Programme probieren solche Muster früh. Bitte wählen Sie ein anderes, zum Beispiel ein paar zufällige Wörter hintereinander.",
        },
    ),
    rule(
        "password.unchanged",
        Text { en: "This is the old password", de: "Das ist das bisherige Passwort" },
        Text {
            en: "The new password is the same as the one you have now. Please choose a different one.",
            de: "Das neue Passwort ist dasselbe wie Ihr jetziges. Bitte wählen Sie ein anderes.",
        },
    ),
    Reason {
        code: "password.wrong_current",
        kind: Kind::Refusal,
        status: 403,
        is_retryable: false,
        title: Text { en: "The present password did not match", de: "Das jetzige Passwort stimmte nicht" },
        visitor: Text {
            en: "The present password that was entered does not match. Nothing was changed. Please enter it again.",
            de: "Das eingegebene jetzige Passwort stimmt nicht. Es wurde nichts geändert. Bitte geben Sie es noch einmal ein.",
        },
        operator: "A signed-in person asked for a change and did not prove the present password. It counts as a guess.",
        remedy: "Nothing for one of them. Many for one session can mean a stolen session: end the sessions of that user.",
    },
    Reason {
        operator: "A password was empty, was no valid Unicode text, or held control characters. It was not hashed.",
        remedy: "If people report this, look which client sends it: keyboards and password managers type no control characters.",
        ..rule(
            "password.invalid",
            Text { en: "This cannot be a password", de: "Das kann kein Passwort sein" },
            Text {
                en: "A password needs at least one character, and cannot contain control characters such as tabs or line breaks. Letters, digits, signs and spaces of every language are welcome.",
                de: "Ein Passwort braucht mindestens ein Zeichen und kann keine Steuerzeichen wie Tabulatoren oder Zeilenumbrüche enthalten. Buchstaben, Ziffern, Zeichen und Leerzeichen aller Sprachen sind willkommen.",
            },
        )
    },
];
