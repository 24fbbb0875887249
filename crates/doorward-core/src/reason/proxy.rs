//! Reasons of the family `proxy`: another proxy asks, or speaks for its client.

use super::Reason;
use super::entry::{refusal, text};

/// The family, in the order of the reference page.
pub(super) const REASONS: &[Reason] = &[
    refusal!("proxy.peer_untrusted", 403, false;
        text("This proxy is not known here", "Dieser Proxy ist hier nicht bekannt");
        text(
            "The server in front of this site may not ask about sign-ins. The people who run it can see how to allow it.",
            "Der Server vor dieser Seite darf nicht nach Anmeldungen fragen. Wer sie betreibt, kann sehen, wie das erlaubt wird."
        );
        "Forward auth was asked by a peer that is not in server.trusted_proxies. Whoever may ask can also say for whom, so nobody may by default.";
        "Where that peer is your proxy: add its address to `trusted_proxies` in [server]; the log has the line."),
    refusal!("proxy.question_unclear", 400, false;
        text("The proxy in front asked unclearly", "Der Proxy davor hat unklar gefragt");
        text(
            "The server in front of this site did not say clearly which page was asked for. Please try again later.",
            "Der Server vor dieser Seite hat nicht klar gesagt, welche Seite gemeint war. Bitte versuchen Sie es später noch einmal."
        );
        "A header that tells the request is missing, stands twice or cannot be read: X-Forwarded-Method, -Proto, -Host and -Uri for forward-auth, X-Original-Method and -URL for auth-request.";
        "Compare the proxy's configuration with `doorward proxy-config`: it must set these headers, not add to what the client sent."),
];
