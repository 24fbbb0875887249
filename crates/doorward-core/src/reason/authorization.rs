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
    refusal!("authorization.confirmation_required", 403, false;
        text("Please confirm that it is you", "Bitte bestätigen Sie, dass Sie es sind");
        text(
            "This changes how an account is protected, so it needs you to prove once more who you are. Please confirm, then send it again.",
            "Das ändert, wie ein Konto geschützt ist, darum müssen Sie noch einmal zeigen, wer Sie sind. Bitte bestätigen Sie das und senden Sie es dann noch einmal."
        );
        "The route asks for a second factor, or where none is set up the password, that was proven in this session in the last 15 minutes.";
        "For programs: POST the code to /api/v1/auth/2fa/totp/verify, or the password to /api/v1/auth/password/confirm, in the same session."),
    refusal!("authorization.second_factor_required", 403, false;
        text("This app asks for a second sign-in step", "Diese App verlangt einen zweiten Anmeldeschritt");
        text(
            "You are signed in, but this app can be opened only with a second sign-in step, or with one that is not long ago. Please confirm that it is you.",
            "Sie sind angemeldet, aber diese App lässt sich nur mit einem zweiten Anmeldeschritt öffnen, oder mit einem, der nicht lange her ist. Bitte bestätigen Sie, dass Sie es sind."
        );
        "The app or one of its rules asks for two factors (`second_factor`) or for a fresh one (`fresh_factor`), and this session has none. A trusted device and a code by mail do not count.";
        "Open the app in a browser: it leads to the confirmation and back."),
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
];
