//! Reasons of the family `user`.

use super::{Kind, Reason, Text};

/// The family, in the order of the reference page.
pub(super) const REASONS: &[Reason] = &[
    Reason {
        code: "user.email_invalid",
        kind: Kind::Refusal,
        status: 422,
        is_retryable: false,
        title: Text { en: "This is not an e-mail address", de: "Das ist keine E-Mail-Adresse" },
        visitor: Text {
            en: "Please enter an e-mail address such as ada@example.com.",
            de: "Bitte geben Sie eine E-Mail-Adresse ein, zum Beispiel ada@example.com.",
        },
        operator: "The text is no e-mail address: at most 254 bytes, one @, no spaces, no hidden characters.",
        remedy: "send an address",
    },
    Reason {
        code: "user.name_invalid",
        kind: Kind::Refusal,
        status: 422,
        is_retryable: false,
        title: Text { en: "This name does not work", de: "Dieser Name geht nicht" },
        visitor: Text {
            en: "Please enter a name of 1 to 100 characters.",
            de: "Bitte geben Sie einen Namen mit 1 bis 100 Zeichen ein.",
        },
        operator: "The name is empty, longer than 100 characters, or holds control characters or hidden ones.",
        remedy: "send a plain name",
    },
    Reason {
        code: "user.group_invalid",
        kind: Kind::Refusal,
        status: 422,
        is_retryable: false,
        title: Text { en: "This group name does not work", de: "Dieser Gruppenname geht nicht" },
        visitor: Text {
            en: "A group name has 1 to 64 characters: small letters a to z, digits, hyphen, underscore and dot.",
            de: "Ein Gruppenname hat 1 bis 64 Zeichen: Kleinbuchstaben a bis z, Ziffern, Bindestrich, Unterstrich und Punkt.",
        },
        operator: "A group name holds other characters, since groups travel in headers and tokens.",
        remedy: "send a name of a-z, 0-9, -, _ and .",
    },
    Reason {
        code: "user.not_found",
        kind: Kind::Refusal,
        status: 404,
        is_retryable: false,
        title: Text { en: "There is no such user", de: "Diesen Benutzer gibt es nicht" },
        visitor: Text { en: "This user does not exist.", de: "Diesen Benutzer gibt es nicht." },
        operator: "No user has this id or address.",
        remedy: "doorward user list shows all users",
    },
    Reason {
        code: "user.link_invalid",
        kind: Kind::Refusal,
        status: 410,
        is_retryable: false,
        title: Text { en: "This link is no longer good", de: "Dieser Link gilt nicht mehr" },
        visitor: Text {
            en: "This link was used already, was withdrawn, or is too old. Please ask for a new one.",
            de: "Dieser Link wurde schon benutzt, zurückgezogen oder ist zu alt. Bitte lassen Sie sich einen neuen geben.",
        },
        operator: "The link was used, withdrawn by a newer one, or has expired: invitations are open for 7 days, links for a new password for 24 hours.",
        remedy: "make a new link on the users page",
    },
    Reason {
        code: "user.email_taken",
        kind: Kind::Refusal,
        status: 409,
        is_retryable: false,
        title: Text { en: "There is an account with this address", de: "Zu dieser Adresse gibt es schon ein Konto" },
        visitor: Text {
            en: "There is already an account with this e-mail address. Sign in with it, or use another address.",
            de: "Zu dieser E-Mail-Adresse gibt es schon ein Konto. Melden Sie sich damit an oder nehmen Sie eine andere Adresse.",
        },
        operator: "The address belongs to another user. Addresses that differ only in case are one address.",
        remedy: "doorward user list shows who has it",
    },
    Reason {
        code: "user.last_administrator",
        kind: Kind::Refusal,
        status: 409,
        is_retryable: false,
        title: Text { en: "Somebody must stay in charge", de: "Jemand muss die Leitung behalten" },
        visitor: Text {
            en: "This is the last active administrator. Make somebody else an administrator first.",
            de: "Dies ist der letzte aktive Administrator. Machen Sie zuerst jemand anderen zum Administrator.",
        },
        operator: "The change would leave no active member in the group admins.",
        remedy: "add another active user to the group admins first",
    },
    Reason {
        code: "user.registration_closed",
        kind: Kind::Refusal,
        status: 404,
        is_retryable: false,
        title: Text { en: "Accounts are made by invitation here", de: "Konten gibt es hier auf Einladung" },
        visitor: Text {
            en: "Nobody can make an account here without an invitation. Please ask whoever runs this service.",
            de: "Ohne Einladung kann hier niemand ein Konto anlegen. Bitte fragen Sie die Betreiber dieses Dienstes.",
        },
        operator: "`[registration] enabled` is not set.",
        remedy: "set [registration] enabled and domains, or invite: doorward user invite EMAIL",
    },
    Reason {
        code: "user.domain_closed",
        kind: Kind::Refusal,
        status: 403,
        is_retryable: false,
        title: Text { en: "Not with this address", de: "Nicht mit dieser Adresse" },
        visitor: Text {
            en: "Only addresses of certain organisations can make an account here. Please take such an address, or ask for an invitation.",
            de: "Nur Adressen bestimmter Einrichtungen können hier ein Konto anlegen. Bitte nehmen Sie eine solche oder lassen Sie sich einladen.",
        },
        operator: "The domain of the address is not in `[registration] domains`.",
        remedy: "add the domain to [registration] domains, or invite: doorward user invite EMAIL",
    },
    Reason {
        code: "user.already_set_up",
        kind: Kind::Refusal,
        status: 409,
        is_retryable: false,
        title: Text { en: "This installation is set up already", de: "Diese Installation ist schon eingerichtet" },
        visitor: Text {
            en: "The first account was made before. Please sign in, or ask an administrator for an invitation.",
            de: "Das erste Konto gibt es schon. Bitte melden Sie sich an oder lassen Sie sich von einem Administrator einladen.",
        },
        operator: "The link for the first administrator was used after there was a user.",
        remedy: "doorward user list shows who is there; doorward user invite makes an invitation",
    },
];
