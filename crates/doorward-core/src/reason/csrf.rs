//! Reasons of the family `csrf`: requests that may not have been their visitor's wish.
//!
//! The words are those of `doorward-csrf`; what lets a request through has no entry here.

use super::entry::{refusal, text};
use super::{Kind, Reason, Text};

// Visitors need few words: what happened to them is one of these five things. Operators get the difference.
const FOREIGN_TITLE: Text = text("The request came from elsewhere", "Die Anfrage kam von woanders");
const FOREIGN: Text = text(
    "Another page tried to do something here in your name, or it looks like that. Nothing was changed. If it was you: open the page afresh here and try once more.",
    "Eine andere Seite wollte hier in Ihrem Namen etwas tun, oder es sieht so aus. Geändert wurde nichts. Falls Sie es waren: Öffnen Sie die Seite hier neu und versuchen Sie es noch einmal.",
);
const ADDRESS_TITLE: Text = text("The address does not fit", "Die Adresse passt nicht");
const ADDRESS: Text = text(
    "The address in your browser and the one that this server knows are not the same. Nothing was changed. Please use the address that you were given for this service.",
    "Die Adresse in Ihrem Browser und die, die dieser Server kennt, stimmen nicht überein. Geändert wurde nichts. Bitte benutzen Sie die Adresse, die Ihnen für diesen Dienst genannt wurde.",
);
const STALE_TITLE: Text = text("This page has become too old", "Diese Seite ist zu alt geworden");
const STALE: Text = text(
    "The page was open for a while, or something changed in between. Nothing was changed. Please open it again and repeat your last step.",
    "Die Seite war eine Weile offen, oder zwischendurch hat sich etwas geändert. Geändert wurde nichts. Bitte öffnen Sie sie neu und wiederholen Sie den letzten Schritt.",
);
const COOKIE_TITLE: Text = text("Your browser did not send our cookie", "Ihr Browser hat unser Cookie nicht gesendet");
const COOKIE: Text = text(
    "Please allow cookies for this site, open the page again and repeat your last step.",
    "Bitte erlauben Sie Cookies für diese Seite, öffnen Sie sie neu und wiederholen Sie den letzten Schritt.",
);
const UNCLEAR_TITLE: Text =
    text("It is not clear where the request came from", "Es ist nicht klar, woher die Anfrage kam");
const UNCLEAR: Text = text(
    "Your browser, or something on the way, left out where the request came from. Nothing was changed. Please open the page again; a current browser helps, and so does switching off extensions that hide such things.",
    "Ihr Browser oder etwas auf dem Weg hat weggelassen, woher die Anfrage kam. Geändert wurde nichts. Bitte öffnen Sie die Seite neu; ein aktueller Browser hilft, und auch das Abschalten von Erweiterungen, die so etwas verbergen.",
);

/// The family, in the order of the reference page.
pub(super) const REASONS: &[Reason] = &[
    refusal!("csrf.authority_mismatch", 400, false;
        ADDRESS_TITLE;
        ADDRESS;
        "The request names two different hosts: one in its target (`:authority`) and one in the field Host.";
        "Let the proxy in front pass on one host, the one that the browser sent."),
    refusal!("csrf.host_malformed", 400, false;
        ADDRESS_TITLE;
        ADDRESS;
        "The request names no host, or one that cannot be read.";
        "Let the proxy in front pass the Host field on as the browser sent it."),
    refusal!("csrf.host_not_allowed", 421, false;
        ADDRESS_TITLE;
        ADDRESS;
        "The request is for a host that is not in `allowed_hosts`: by default the hosts of `public_url` and of the apps. Also what DNS rebinding looks like.";
        "Where visitors shall use this host: name it in `[server] public_url`, in an [[app]] section, or in `[csrf] allowed_hosts`."),
    refusal!("csrf.sfs_conflict", 403, false;
        UNCLEAR_TITLE;
        UNCLEAR;
        "Several Sec-Fetch-Site fields contradict each other. No browser sends that.";
        "See which proxy or program adds Sec-Fetch-Site; only browsers set it."),
    refusal!("csrf.origin_malformed", 403, false;
        UNCLEAR_TITLE;
        UNCLEAR;
        "The field Origin is no origin, or several Origin fields contradict each other.";
        "See which proxy or client writes Origin: `scheme://host` and, where it is not the default, `:port`, without a path."),
    refusal!("csrf.token_endpoint_cross_site", 403, false;
        FOREIGN_TITLE;
        FOREIGN;
        "A page of another site asked for a token.";
        "Where that page is yours: add its exact origin to `[csrf] trusted_origins` (the log line has it). Otherwise this refusal did its work."),
    refusal!("csrf.https_required", 403, false;
        text("This needs an encrypted connection", "Das braucht eine verschlüsselte Verbindung");
        text(
            "Please open the page with https:// in front of its address. Nothing was sent on.",
            "Bitte öffnen Sie die Seite mit https:// vor der Adresse. Weitergegeben wurde nichts."
        );
        "The request came over plain http although https is required (`ENVIRONMENT=production`).";
        "Terminate TLS in front and list that proxy in `[server] trusted_proxies`, so that X-Forwarded-Proto counts; or write the https address into `public_url`."),
    refusal!("csrf.sfs_origin_conflict", 403, false;
        UNCLEAR_TITLE;
        UNCLEAR;
        "Sec-Fetch-Site calls the request foreign although Origin is our own. Typical of http and https under one name, or of a proxy that rewrites Origin.";
        "Lead http to https for all pages, and let proxies pass Origin on unchanged."),
    refusal!("csrf.same_site_untrusted", 403, false;
        FOREIGN_TITLE;
        FOREIGN;
        "A sibling host, or another port of this host, sent the request and is not trusted. Typical of a front end on a port of its own.";
        "Where that front end is yours: add its origin to CORS_ALLOWED_ORIGINS or `[csrf] trusted_origins` (the log line has it)."),
    refusal!("csrf.cross_site", 403, false;
        FOREIGN_TITLE;
        FOREIGN;
        "A page of another site sent the request.";
        "Where that page is yours: add its exact origin to `[csrf] trusted_origins` (the log line has it). Otherwise this refusal did its work."),
    refusal!("csrf.origin_scheme_mismatch", 403, false;
        ADDRESS_TITLE;
        ADDRESS;
        "Origin is this host under the other scheme: the browser uses https and Doorward sees http, or the reverse. Typical of TLS that ends at a proxy.";
        "Write the address that visitors use into `[server] public_url`, and list the proxy in front in `trusted_proxies`."),
    refusal!("csrf.origin_port_mismatch", 403, false;
        ADDRESS_TITLE;
        ADDRESS;
        "Origin is this host at another port: a proxy forwards to another port than visitors use, or a front end runs on a port of its own.";
        "A proxy: write the visitors' address into `[server] public_url`. A front end: add its origin to CORS_ALLOWED_ORIGINS."),
    refusal!("csrf.origin_untrusted", 403, false;
        FOREIGN_TITLE;
        FOREIGN;
        "Origin is another host and is not trusted.";
        "Where that is the address that visitors use: write it into `[server] public_url`. Where it is another page of yours: into `[csrf] trusted_origins`."),
    refusal!("csrf.origin_null", 403, false;
        UNCLEAR_TITLE;
        UNCLEAR;
        "Origin is `null` and nothing else says where the request comes from: a sandboxed frame, a redirect over another site, or `Referrer-Policy: no-referrer` with an old browser.";
        "Set `Referrer-Policy: same-origin` where a proxy sets no-referrer."),
    refusal!("csrf.user_initiated_denied", 403, false;
        UNCLEAR_TITLE;
        UNCLEAR;
        "No page sent the request (Sec-Fetch-Site: none), and `sfs_none` refuses such requests.";
        "Nothing, where that is meant; `sfs_none = \"token\"` accepts such requests with a valid token."),
    refusal!("csrf.sfs_unknown", 403, false;
        UNCLEAR_TITLE;
        UNCLEAR;
        "Sec-Fetch-Site has a value that no standard knows, and Origin is absent.";
        "See which proxy or client writes Sec-Fetch-Site; only browsers set it."),
    refusal!("csrf.sfs_required", 403, false;
        UNCLEAR_TITLE;
        UNCLEAR;
        "Sec-Fetch-Site is required over https (`require_sfs`) and absent: an old browser, a program, or a proxy that drops the field.";
        "Let proxies pass Sec-Fetch-Site on. Programs authenticate with `Authorization: Bearer` and without cookies."),
    refusal!("csrf.referer_malformed", 403, false;
        UNCLEAR_TITLE;
        UNCLEAR;
        "Origin is absent, and Referer is no absolute URL.";
        "See which proxy or extension rewrites Referer."),
    refusal!("csrf.referer_insecure", 403, false;
        FOREIGN_TITLE;
        FOREIGN;
        "Origin is absent, and Referer is an http page although the request is for https.";
        "Lead http to https for all pages that hold forms for this server."),
    refusal!("csrf.referer_untrusted", 403, false;
        FOREIGN_TITLE;
        FOREIGN;
        "Origin is absent, and Referer is a page of another origin that is not trusted.";
        "Where that page is yours: add its exact origin to `[csrf] trusted_origins` (the log line has it). Otherwise this refusal did its work."),
    refusal!("csrf.provenance_missing", 403, false;
        UNCLEAR_TITLE;
        UNCLEAR;
        "Neither Sec-Fetch-Site nor Origin nor Referer arrived, and `missing_provenance = \"deny\"` refuses that.";
        "Programs authenticate with `Authorization: Bearer` and without cookies; proxies must pass Origin on."),
    refusal!("csrf.ws_origin_required", 403, false;
        UNCLEAR_TITLE;
        UNCLEAR;
        "A WebSocket handshake does not say where it comes from.";
        "Let proxies pass Origin on; programs authenticate with `Authorization: Bearer` and without cookies."),
    refusal!("csrf.token_missing", 403, true;
        STALE_TITLE;
        STALE;
        "Neither the header nor the form field carries a token. Typical: the client sends another header name, the proxy drops names with underscores, or a form lacks the hidden field.";
        "Send the token of `GET /api/v1/auth/csrf-token` in the header that its answer names; the hint names look-alikes that arrived."),
    refusal!("csrf.token_ambiguous", 403, true;
        STALE_TITLE;
        STALE;
        "Several token headers with different values arrived.";
        "Let the client set the header instead of adding to it."),
    refusal!("csrf.token_malformed", 403, true;
        STALE_TITLE;
        STALE;
        "The token does not have the shape of one: cut off, encoded twice, or a token of another program.";
        "Send the token exactly as the endpoint gave it."),
    refusal!("csrf.token_bad_signature", 403, true;
        STALE_TITLE;
        STALE;
        "No key of this server made the token: the keys were replaced, several nodes have different keys, or it is forged.";
        "Give all nodes the same `[csrf] secret_keys` and compare their fingerprints; keep an old key as verify-only for an hour."),
    refusal!("csrf.token_from_future", 403, true;
        STALE_TITLE;
        STALE;
        "The token was issued later than now: the clocks of two nodes differ by more than `skew`.";
        "Set the clocks by NTP on all nodes."),
    refusal!("csrf.token_expired", 403, true;
        STALE_TITLE;
        STALE;
        "The token is older than `max_age`. The answer carries a fresh one.";
        "Nothing for single cases. Clients fetch a fresh token on a retryable 403 and try once more."),
    refusal!("csrf.cookie_missing", 403, true;
        COOKIE_TITLE;
        COOKIE;
        "Neither the bind cookie nor the token cookie arrived: fetch without `credentials: \"include\"`, cookies blocked, a Secure cookie over plain http, or another host than the one that set it.";
        "Use one address throughout, `credentials: \"include\"` across origins, and https wherever `public_url` says https."),
    refusal!("csrf.cookie_invalid", 403, true;
        COOKIE_TITLE;
        COOKIE;
        "No token cookie that arrived is one of this server's, and there is no bind cookie: another program on the host uses the same name, or the keys were replaced.";
        "Give one of the programs another `cookie_name`; give all nodes the same keys."),
    refusal!("csrf.token_other_session", 403, true;
        text("You are signed in differently by now", "Sie sind inzwischen anders angemeldet");
        text(
            "In another tab somebody signed in or out in between. Nothing was changed. Please open the page again and check as whom you are signed in.",
            "In einem anderen Tab hat sich zwischendurch jemand an- oder abgemeldet. Geändert wurde nichts. Bitte öffnen Sie die Seite neu und prüfen Sie, als wer Sie angemeldet sind."
        );
        "The token belongs to another sign-in than the request: a second tab signed in as somebody else.";
        "Nothing: acting as the wrong person would be worse than one more try."),
    refusal!("csrf.token_stale_session", 403, true;
        STALE_TITLE;
        STALE;
        "A sign-in or sign-out happened since the token was issued, and nothing says where the request comes from.";
        "Let proxies pass Origin and Sec-Fetch-Site on; then such tokens are accepted."),
    refusal!("csrf.token_binding_mismatch", 403, true;
        STALE_TITLE;
        STALE;
        "The token belongs to another browser: copied by hand, cached by a proxy or CDN, or planted.";
        "Pages and answers with a token must not be cached: check that `Cache-Control: no-store` arrives at the browser."),
    Reason {
        code: "csrf.origin_config_mismatch",
        kind: Kind::Cause,
        status: 0,
        is_retryable: false,
        title: text("The configured address is not the one in use", "Die eingestellte Adresse ist nicht die benutzte"),
        visitor: text(
            "Everything works; the server only knows itself under another address than your browser does.",
            "Alles funktioniert; der Server kennt sich nur unter einer anderen Adresse als Ihr Browser.",
        ),
        operator: "The browser says same-origin although Origin is not what Doorward takes itself for: Host or scheme are rewritten on the way.",
        remedy: "Write the address that visitors use into `[server] public_url`; the log line has it.",
    },
];
