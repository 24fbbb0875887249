//! Reasons of the family `token`.

use super::{Kind, Reason, Text};

/// The family, in the order of the reference page.
pub(super) const REASONS: &[Reason] = &[
    Reason {
        code: "token.malformed",
        kind: Kind::Refusal,
        status: 401,
        is_retryable: false,
        title: Text { en: "The token cannot be read", de: "Das Token ist nicht lesbar" },
        visitor: Text {
            en: "The program you use sent a proof of sign-in that we cannot read. Please sign in again in that program.",
            de: "Das Programm, das Sie benutzen, hat einen Nachweis der Anmeldung gesendet, den wir nicht lesen können. Bitte melden Sie sich in diesem Programm noch einmal an.",
        },
        operator: "The text is no token of this installation and kind: cut, altered, of another kind, from another installation, or signed with a key that is gone.",
        remedy: "sign in again with \"tokens\": true and send the access token exactly as it was given",
    },
    Reason {
        code: "token.expired",
        kind: Kind::Refusal,
        status: 401,
        is_retryable: false,
        title: Text { en: "The token is over", de: "Das Token ist abgelaufen" },
        visitor: Text {
            en: "The proof of sign-in of the program you use is over. The program can ask for a new one, or you sign in again.",
            de: "Der Nachweis der Anmeldung des Programms, das Sie benutzen, ist abgelaufen. Das Programm kann einen neuen holen, oder Sie melden sich noch einmal an.",
        },
        operator: "An access token is good for five minutes, a refresh token for the idle time of the session. Clocks that differ by more than a minute do this too.",
        remedy: "exchange the refresh token; if that is over too, sign in again; check the clocks of the nodes",
    },
    Reason {
        code: "token.unknown",
        kind: Kind::Refusal,
        status: 401,
        is_retryable: false,
        title: Text { en: "The token is not known", de: "Das Token ist nicht bekannt" },
        visitor: Text {
            en: "We do not know the proof of sign-in that your program sent. Please sign in again in that program.",
            de: "Den Nachweis der Anmeldung, den Ihr Programm gesendet hat, kennen wir nicht. Bitte melden Sie sich in diesem Programm noch einmal an.",
        },
        operator: "The refresh token was never given out by this database: it comes from another installation, or from after the backup that was restored.",
        remedy: "sign in again with \"tokens\": true",
    },
    Reason {
        code: "token.reuse",
        kind: Kind::Refusal,
        status: 401,
        is_retryable: false,
        title: Text {
            en: "This sign-in was ended to protect you",
            de: "Diese Anmeldung wurde zu Ihrem Schutz beendet",
        },
        visitor: Text {
            en: "The same proof of sign-in was used twice, so somebody else may have a copy. The sign-in was ended. Please sign in again, and tell an administrator if you did not expect this.",
            de: "Derselbe Nachweis der Anmeldung wurde zweimal benutzt, vielleicht hat jemand anders eine Kopie. Die Anmeldung wurde beendet. Bitte melden Sie sich neu an, und sagen Sie es einem Administrator, wenn Sie das nicht erwartet haben.",
        },
        operator: "A refresh token came a second time after its successor was in use, or a withdrawn access token was used: two parties hold it. The session has ended.",
        remedy: "find out where the token was kept; a client must store the newest pair before it uses it, and must not exchange one token in two places at once",
    },
];
