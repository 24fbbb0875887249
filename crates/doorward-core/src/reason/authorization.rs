//! Reasons of the family `authorization`: signed in or not, this may not be done here.

use super::Reason;
use super::entry::{refusal, text};

/// The family, in the order of the reference page.
pub(super) const REASONS: &[Reason] = &[
    refusal!("authorization.administrator_required", 403, false;
        text("Only for administrators", "Nur für Verwalter");
        text(
            "You are signed in, but this page is for those who look after this server. If you need it, ask one of them.",
            "Sie sind angemeldet, aber diese Seite ist für diejenigen, die diesen Server betreuen. Wenn Sie sie brauchen, fragen Sie dort nach."
        );
        "The account is not in the group `admins`.";
        "Where this person shall manage people: add the group `admins` on the page People, or with `doorward user`."),
    refusal!("authorization.strength_required", 403, false;
        text("Please confirm that it is you", "Bitte bestätigen Sie, dass Sie es sind");
        text(
            "This needs a second sign-in step within the last five minutes.",
            "Dafür braucht es einen zweiten Anmeldeschritt innerhalb der letzten fünf Minuten."
        );
        "The route asks for two factors that were proven in the last five minutes, and this session has none so fresh.";
        "Sign in again with a second factor; where the account has none yet, set one up first."),
    refusal!("authorization.group_required", 403, false;
        text("This app is not open to you", "Diese App ist für Sie nicht freigegeben");
        text(
            "You are signed in, but your account has no access to this app. Whoever looks after this server can change that.",
            "Sie sind angemeldet, aber Ihr Konto hat keinen Zugang zu dieser App. Wer diesen Server betreut, kann das ändern."
        );
        "The app asks for a group that the account is not in.";
        "Add the person to one of the `groups` of the [[app]] section, where that is meant."),
    refusal!("authorization.path_closed", 403, false;
        text("This place is closed", "Dieser Ort ist geschlossen");
        text(
            "Whoever looks after this server lets nobody reach this address from outside.",
            "Wer diesen Server betreut, lässt von außen niemanden an diese Adresse."
        );
        "A rule of the app with `access = \"deny\"` is for this path, in the letter case that was asked for or in another.";
        "Where people shall get in: change the [[app.rule]] that names this path."),
    refusal!("authorization.origin_untrusted", 403, false;
        text("This site may not ask here", "Diese Seite darf hier nicht fragen");
        text(
            "A page at another address tried to use your account here. Nothing was changed.",
            "Eine Seite unter einer anderen Adresse wollte hier mit Ihrem Konto arbeiten. Geändert wurde nichts."
        );
        "A cross-origin request came from an origin that is not in the list of trusted origins.";
        "Where that page is yours: add its exact origin (scheme, host, port) to `[csrf] trusted_origins` or CORS_ALLOWED_ORIGINS."),
    refusal!("authorization.peer_not_local", 403, false;
        text("Only from the server itself", "Nur vom Server selbst aus");
        text(
            "This page can be opened only on the server itself.",
            "Diese Seite lässt sich nur auf dem Server selbst öffnen."
        );
        "The route answers a direct loopback peer only: no Forwarded, X-Forwarded-* or Via, and a loopback Host.";
        "Ask on the server, for example `curl http://127.0.0.1:8000/health`, or sign in as an administrator."),
    refusal!("authorization.fresh_required", 403, true;
        text("Please enter your password once more", "Bitte geben Sie Ihr Passwort noch einmal ein");
        text(
            "You signed in a while ago. Before this change, please enter your present password once more.",
            "Ihre Anmeldung ist schon eine Weile her. Bitte geben Sie vor dieser Änderung Ihr jetziges Passwort noch einmal ein."
        );
        "The session has proven nobody within the last five minutes, and the present password did not come along.";
        "send `current_password`, or sign in again"),
];
