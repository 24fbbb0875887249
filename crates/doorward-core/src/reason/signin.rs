//! Reasons of the family `signin`.

use super::{Kind, Reason, Text};

/// The family, in the order of the reference page.
pub(super) const REASONS: &[Reason] = &[
    Reason {
        code: "signin.credentials_wrong",
        kind: Kind::Refusal,
        status: 401,
        is_retryable: false,
        title: Text { en: "E-mail address or password is not right", de: "E-Mail-Adresse oder Passwort stimmt nicht" },
        visitor: Text {
            en: "This e-mail address and this password do not belong together. Please check both and try again. If you no longer know your password, an administrator can send you a link for a new one.",
            de: "Diese E-Mail-Adresse und dieses Passwort gehören nicht zusammen. Bitte prüfen Sie beides und versuchen Sie es noch einmal. Wenn Sie Ihr Passwort nicht mehr wissen, kann Ihnen ein Administrator einen Link für ein neues schicken.",
        },
        operator: "The account is unknown or disabled, has no password, or the password was wrong. The answer is the same for all of them on purpose.",
        remedy: "doorward user list shows whether the account exists and is active; doorward user reset-password EMAIL gives it a new password",
    },
    Reason {
        code: "signin.account_wait",
        kind: Kind::Refusal,
        status: 429,
        is_retryable: true,
        title: Text { en: "Too many tries for this account", de: "Zu viele Versuche für dieses Konto" },
        visitor: Text {
            en: "There were several wrong passwords for this account. To protect it, please wait a moment and then try again.",
            de: "Für dieses Konto wurden mehrere falsche Passwörter eingegeben. Zu seinem Schutz warten Sie bitte einen Moment und versuchen Sie es dann noch einmal.",
        },
        operator: "The guesses of this account are spent for now: at most 10 wrong ones an hour from unknown browsers, with growing waits. The count survives a restart.",
        remedy: "wait until Retry-After has passed, sign in with a browser that was used before, or run doorward user reset-password EMAIL",
    },
    Reason {
        code: "signin.network_wait",
        kind: Kind::Refusal,
        status: 429,
        is_retryable: true,
        title: Text { en: "Too many tries from your network", de: "Zu viele Versuche aus Ihrem Netz" },
        visitor: Text {
            en: "There were many wrong passwords from the network you are in. Please wait a moment and then try again.",
            de: "Aus dem Netz, in dem Sie sind, kamen viele falsche Passwörter. Bitte warten Sie einen Moment und versuchen Sie es dann noch einmal.",
        },
        operator: "The guesses of this network (/24 of IPv4, /64 of IPv6) are spent for now. If all visitors seem to come from one address, a proxy in front is not trusted.",
        remedy: "wait until Retry-After has passed; if a proxy stands in front, name it in [server] trusted_proxies so that visitors have their own addresses",
    },
    Reason {
        code: "signin.account_stopped",
        kind: Kind::Refusal,
        status: 429,
        is_retryable: false,
        title: Text { en: "This account needs a new password", de: "Dieses Konto braucht ein neues Passwort" },
        visitor: Text {
            en: "There were too many wrong passwords in a row, so this account accepts no further tries from here. An administrator can send you a link for a new password, and then everything works again.",
            de: "Es gab zu viele falsche Passwörter hintereinander. Darum nimmt dieses Konto von hier keine weiteren Versuche an. Ein Administrator kann Ihnen einen Link für ein neues Passwort schicken, danach geht alles wieder.",
        },
        operator: "There were 100 wrong passwords in a row (NIST SP 800-63B-4, section 3.2.2). Browsers that had signed in before are counted apart.",
        remedy: "doorward user reset-password EMAIL, or send a reset link from the users page",
    },
    Reason {
        code: "signin.busy",
        kind: Kind::Refusal,
        status: 503,
        is_retryable: true,
        title: Text { en: "Many people are signing in right now", de: "Gerade melden sich sehr viele an" },
        visitor: Text {
            en: "Many people are signing in at this moment. Nothing is wrong with your password; please try again in a few seconds.",
            de: "In diesem Augenblick melden sich sehr viele an. Mit Ihrem Passwort ist alles in Ordnung; bitte versuchen Sie es in ein paar Sekunden noch einmal.",
        },
        operator: "The queue of the password workers is full. The guess was not counted. Sessions that exist are not slowed down.",
        remedy: "look at the metrics of the password workers; doorward tune measures what this machine can do",
    },
    Reason {
        code: "signin.second_factor_pending",
        kind: Kind::Refusal,
        status: 403,
        is_retryable: false,
        title: Text { en: "One step is missing", de: "Es fehlt noch ein Schritt" },
        visitor: Text {
            en: "Your password was right. Please confirm with your second factor now to finish signing in.",
            de: "Ihr Passwort war richtig. Bitte bestätigen Sie jetzt mit Ihrem zweiten Faktor, um die Anmeldung abzuschließen.",
        },
        operator: "The session waits for a second factor and can do nothing else.",
        remedy: "finish the sign-in, or sign out and begin anew",
    },
    Reason {
        code: "signin.password_change_pending",
        kind: Kind::Refusal,
        status: 403,
        is_retryable: false,
        title: Text { en: "Please choose a new password", de: "Bitte wählen Sie ein neues Passwort" },
        visitor: Text {
            en: "You are almost signed in. Please choose a new password first; after that everything is open to you.",
            de: "Sie sind fast angemeldet. Bitte wählen Sie zuerst ein neues Passwort; danach steht Ihnen alles offen.",
        },
        operator: "The session waits for a new password, since somebody else chose the present one, and can do nothing else.",
        remedy: "finish the sign-in by choosing a new password",
    },
    Reason {
        code: "signin.nothing_pending",
        kind: Kind::Refusal,
        status: 409,
        is_retryable: false,
        title: Text { en: "You are already signed in", de: "Sie sind bereits angemeldet" },
        visitor: Text {
            en: "This step is not needed: your sign-in is complete.",
            de: "Dieser Schritt ist nicht nötig: Ihre Anmeldung ist vollständig.",
        },
        operator: "A step of a sign-in was asked for in a session that does not wait for it. An old tab or a repeated request does this.",
        remedy: "none is needed; go on with the session",
    },
];
