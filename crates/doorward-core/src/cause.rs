//! The families of causes that the doctor tells apart, each at its link of the way from the browser to the database.
//!
//! `family` is what a program should act upon; a code is the detail. Names are added, and never renamed or reused.

use serde::{Deserialize, Serialize};

/// One link of the chain that a sign-in passes, the outermost first in the order in which faults hide one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Link {
    /// What can be read without a packet: settings and secrets.
    Config,
    /// The name.
    Dns,
    /// A CDN or cache.
    Edge,
    /// Firewalls, address translation, the path of packets.
    Net,
    /// What listens at the address.
    Listen,
    /// Certificates and handshakes.
    Tls,
    /// The proxy in front of the app.
    Proxy,
    /// The app's process.
    App,
    /// What browsers allow between origins.
    Cors,
    /// The check of who started a request.
    Csrf,
    /// What browsers keep and send.
    Cookie,
    /// The sign-in itself.
    Auth,
    /// The database.
    Db,
    /// What lasts from one request to the next.
    Session,
    /// The visitor's browser.
    Browser,
}

impl Link {
    /// All of them, in order.
    pub const ALL: [Self; 15] = [
        Self::Config,
        Self::Dns,
        Self::Edge,
        Self::Net,
        Self::Listen,
        Self::Tls,
        Self::Proxy,
        Self::App,
        Self::Cors,
        Self::Csrf,
        Self::Cookie,
        Self::Auth,
        Self::Db,
        Self::Session,
        Self::Browser,
    ];

    /// The word in reports and in `unknown.<link>`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Dns => "dns",
            Self::Edge => "edge",
            Self::Net => "net",
            Self::Listen => "listen",
            Self::Tls => "tls",
            Self::Proxy => "proxy",
            Self::App => "app",
            Self::Cors => "cors",
            Self::Csrf => "csrf",
            Self::Cookie => "cookie",
            Self::Auth => "auth",
            Self::Db => "db",
            Self::Session => "session",
            Self::Browser => "browser",
        }
    }
}

impl std::str::FromStr for Link {
    type Err = UnknownLink;

    fn from_str(text: &str) -> Result<Self, UnknownLink> {
        Self::ALL.into_iter().find(|link| link.as_str() == text).ok_or(UnknownLink)
    }
}

/// A word that names no link. The caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "no link of that name; they are config, dns, edge, net, listen, tls, proxy, app, cors, csrf, cookie, auth, db, session and browser"
)]
pub struct UnknownLink;

/// Causes that are mended in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family {
    /// Where on the way it stands.
    pub link: Link,
    /// Its stable name.
    pub name: &'static str,
    /// The codes that belong to it; each has its texts in [`crate::reason`].
    pub codes: &'static [&'static str],
}

/// The family of a code, and the code as it stands in the list.
#[must_use]
pub fn find(code: &str) -> Option<(&'static Family, &'static str)> {
    FAMILIES.iter().find_map(|family| Some((family, *family.codes.iter().find(|known| **known == code)?)))
}

/// Every family, by link.
#[rustfmt::skip]
pub const FAMILIES: &[Family] = &[
    Family { link: Link::Config, name: "config.env_value", codes: &["config.env_command_substitution_literal", "config.env_dollar_interpolated", "config.env_file_not_loaded", "config.env_name_mismatch", "config.env_not_passed_to_container", "config.env_quotes_literal", "config.environment_unset"] },
    Family { link: Link::Config, name: "config.secret", codes: &["config.default_secret", "config.placeholder_secret", "config.required_secret_missing", "config.secret_invalid"] },
    Family { link: Link::Config, name: "config.setting", codes: &["config.app_overlap", "config.app_shared_origin", "config.conflict", "config.cookie_domain_public_suffix", "config.csrf_cookie_name", "config.csrf_field_name", "config.csrf_header_name", "config.csrf_host", "config.csrf_kid_duplicate", "config.csrf_path", "config.csrf_weakened", "config.development_public", "config.domain_ip", "config.domain_port", "config.domain_single_label", "config.file_permissions", "config.file_shadowed", "config.file_unreadable", "config.https_required", "config.insecure_http", "config.insecure_public", "config.listen_public_http", "config.mail_needed", "config.not_used", "config.not_yet", "config.origin_invalid", "config.origin_loopback", "config.origin_path", "config.passkeys_domain", "config.passkeys_elsewhere", "config.passkeys_impossible", "config.password_length", "config.private_listen_open", "config.proxy_missing", "config.public_url_missing", "config.secret_missing", "config.secret_placeholder", "config.secret_short", "config.syntax", "config.unknown_key", "config.unknown_variable", "config.upstream_invalid", "config.value_invalid", "config.value_missing"] },
    Family { link: Link::Dns, name: "dns.aaaa_dead", codes: &["dns.aaaa_dead", "dns.aaaa_no_listener"] },
    Family { link: Link::Dns, name: "dns.container_name", codes: &["dns.container_name_unresolved", "dns.search_domain_shadow"] },
    Family { link: Link::Dns, name: "dns.record_missing", codes: &["dns.nxdomain", "dns.no_address"] },
    Family { link: Link::Dns, name: "dns.record_wrong", codes: &["dns.authoritative_inconsistent", "dns.stale_a_record"] },
    Family { link: Link::Dns, name: "dns.split_view", codes: &["dns.rebind_filtered", "dns.split_horizon_mismatch"] },
    Family { link: Link::Dns, name: "dns.zone_broken", codes: &["dns.dnssec_bogus", "dns.lame_delegation"] },
    Family { link: Link::Edge, name: "cache.private_response_cached", codes: &["cache.csrf_token_shared", "cache.service_worker_cached", "cache.session_leak", "cache.set_cookie_stripped"] },
    Family { link: Link::Edge, name: "cdn.config_conflict", codes: &["cdn.prohibited_headers_or_loop", "cdn.unsupported_port"] },
    Family { link: Link::Edge, name: "cdn.edge_policy", codes: &["cdn.challenge", "cdn.client_cert_required"] },
    Family { link: Link::Edge, name: "cdn.origin_dns", codes: &["cdn.edge_ip_restricted", "cdn.origin_dns_unresolvable"] },
    Family { link: Link::Edge, name: "cdn.origin_slow", codes: &["cdn.origin_read_timeout"] },
    Family { link: Link::Edge, name: "probe.blocked", codes: &["probe.blocked"] },
    Family { link: Link::Net, name: "firewall.docker_bypass", codes: &["firewall.docker_bypass"] },
    Family { link: Link::Net, name: "firewall.peer_policy", codes: &["firewall.cdn_allowlist_misapplied", "firewall.cdn_allowlist_stale", "firewall.cdn_edge_banned", "firewall.rate_limited"] },
    Family { link: Link::Net, name: "nat.inbound_unreachable", codes: &["nat.cgnat", "nat.forward_target_mismatch", "nat.isp_blocks_port", "nat.no_port_forward", "nat.port_taken_by_router"] },
    Family { link: Link::Net, name: "nat.no_hairpin", codes: &["nat.no_hairpin"] },
    Family { link: Link::Net, name: "net.dropped", codes: &["firewall.bridge_to_host_dropped", "firewall.dropped", "net.tcp.syn_dropped"] },
    Family { link: Link::Net, name: "net.path_degraded", codes: &["net.idle_flow_dropped", "net.pmtu_blackhole", "net.udp443_blocked"] },
    Family { link: Link::Net, name: "net.rejected", codes: &["firewall.rejected_icmp"] },
    Family { link: Link::Listen, name: "listen.nothing", codes: &["listen.refused", "cdn.origin_refused", "cdn.origin_unreachable"] },
    Family { link: Link::Listen, name: "listen.port_conflict", codes: &["port.in_use"] },
    Family { link: Link::Listen, name: "listen.wrong_address", codes: &["app.bind.loopback_only", "port.bind_address_wrong"] },
    Family { link: Link::Tls, name: "tls.hsts_pinned", codes: &["tls.hsts_pinned"] },
    Family { link: Link::Tls, name: "tls.origin_cert_invalid", codes: &["tls.cert_expired_in_memory", "tls.origin.incomplete_chain", "tls.origin.no_certificate", "tls.origin.untrusted", "tls.expired", "tls.not_yet_valid"] },
    Family { link: Link::Tls, name: "tls.peer_ca_untrusted", codes: &["tls.browser_fetch_untrusted", "tls.upstream_ca_untrusted"] },
    Family { link: Link::Tls, name: "tls.renewal_failing", codes: &["tls.cert_renewal_failing"] },
    Family { link: Link::Tls, name: "tls.version_unsupported", codes: &["tls.version_unsupported"] },
    Family { link: Link::Tls, name: "tls.wrong_cert_served", codes: &["tls.cdn_edge_no_cert", "tls.default_cert_served", "tls.sni_unrecognized"] },
    Family { link: Link::Proxy, name: "http.too_large", codes: &["http.body.too_large_proxy", "http.header.request_too_large", "http.header.response_too_large"] },
    Family { link: Link::Proxy, name: "proxy.forwarded_proto", codes: &["proxy.xfp_not_honoured", "proxy.xfp_partially_honoured"] },
    Family { link: Link::Proxy, name: "proxy.header_lost", codes: &["proxy.authorization_stripped", "proxy.cookie_rewritten", "proxy.cookie_stripped", "proxy.header_dropped_underscore", "proxy.set_cookie_stripped"] },
    Family { link: Link::Proxy, name: "proxy.host_header", codes: &["config.allowed_hosts", "proxy.header_duplicated", "proxy.host_invalid_name"] },
    Family { link: Link::Proxy, name: "proxy.no_route_for_host", codes: &["proxy.no_route_for_host"] },
    Family { link: Link::Proxy, name: "proxy.path_prefix", codes: &["proxy.path_prefix"] },
    Family { link: Link::Proxy, name: "proxy.trust", codes: &["proxy.real_ip_partial", "proxy.trusted_proxy_stale", "proxy.trusted_proxy_unset"] },
    Family { link: Link::Proxy, name: "proxy.upstream_address", codes: &["proxy.upstream_dns_cached", "proxy.upstream_is_self", "proxy.upstream_refused", "proxy.upstream_unroutable", "proxy.upstream_wrong_port"] },
    Family { link: Link::Proxy, name: "proxy.upstream_scheme", codes: &["proxy.upstream_scheme_mismatch"] },
    Family { link: Link::Proxy, name: "proxy.upstream_timing", codes: &["proxy.keepalive_mismatch", "proxy.upstream_timeout"] },
    Family { link: Link::Proxy, name: "proxy.websocket", codes: &["proxy.upgrade_header_forced", "proxy.ws_upgrade_missing", "ws.origin_denied"] },
    Family { link: Link::Proxy, name: "redirect.host_loop", codes: &["redirect.canonical_host_loop", "redirect.loop"] },
    Family { link: Link::Proxy, name: "redirect.scheme_loop", codes: &["redirect.flexible_ssl_loop", "redirect.xfp_loop"] },
    Family { link: Link::App, name: "app.health_check_wrong", codes: &["app.health.false_negative", "app.health.wrong_path"] },
    Family { link: Link::App, name: "app.not_up", codes: &["app.crash_loop", "app.killed_external", "app.oom_killed", "app.starting"] },
    Family { link: Link::App, name: "app.saturated", codes: &["app.accept_queue_full", "app.workers_exhausted"] },
    Family { link: Link::App, name: "http.origin_5xx", codes: &["http.origin_5xx"] },
    Family { link: Link::Cors, name: "cors.preflight_blocked", codes: &["cors.header_not_allowed", "cors.preflight_blocked_by_auth", "cors.preflight_blocked_by_csrf", "cors.preflight_method_not_allowed"] },
    Family { link: Link::Cors, name: "cors.response_headers", codes: &["cors.credentials_not_allowed", "cors.duplicate_acao", "cors.masking_proxy_error", "cors.origin_not_allowed", "cors.wildcard_with_credentials"] },
    Family { link: Link::Csrf, name: "csrf.exempt_path", codes: &["csrf.exempt_path_mismatch"] },
    Family { link: Link::Csrf, name: "csrf.key_changed", codes: &["csrf.key_not_shared", "csrf.key_rotated_on_restart"] },
    Family { link: Link::Csrf, name: "csrf.origin_absent", codes: &["csrf.origin_null", "csrf.referer_missing"] },
    Family { link: Link::Csrf, name: "csrf.origin_mismatch", codes: &["csrf.host_duplicated", "csrf.origin_host_mismatch", "csrf.origin_port_mismatch", "csrf.origin_scheme_mismatch", "csrf.trusted_origin_format"] },
    Family { link: Link::Csrf, name: "csrf.token_mismatch", codes: &["csrf.token_encoding", "csrf.token_expired", "csrf.token_rotated"] },
    Family { link: Link::Csrf, name: "csrf.token_not_sent", codes: &["csrf.header_name_mismatch", "csrf.header_not_sent", "csrf.login_requires_token_with_stale_session", "csrf.token_missing"] },
    Family { link: Link::Cookie, name: "cookie.duplicate", codes: &["cookie.clear_mismatch", "cookie.duplicate"] },
    Family { link: Link::Cookie, name: "cookie.httponly_unreadable", codes: &["cookie.httponly_on_readable"] },
    Family { link: Link::Cookie, name: "cookie.rejected_domain", codes: &["cookie.domain_invalid", "cookie.domain_mismatch", "cookie.domain_public_suffix", "cookie.domain_single_label"] },
    Family { link: Link::Cookie, name: "cookie.rejected_prefix", codes: &["cookie.malformed", "cookie.prefix_violation"] },
    Family { link: Link::Cookie, name: "cookie.rejected_secure", codes: &["cookie.samesite_none_insecure", "cookie.secure_over_http"] },
    Family { link: Link::Cookie, name: "cookie.rejected_size", codes: &["cookie.too_large"] },
    Family { link: Link::Cookie, name: "cookie.withheld_cross_site", codes: &["cookie.partitioned_context", "cookie.samesite_lax_cross_post", "cookie.samesite_strict_cross_site", "cookie.site_mismatch_localhost_127", "cookie.third_party_blocked"] },
    Family { link: Link::Cookie, name: "cookie.withheld_scope", codes: &["cookie.host_mismatch_www", "cookie.path_mismatch"] },
    Family { link: Link::Auth, name: "auth.account_state", codes: &["auth.user_disabled", "auth.user_status_migration", "auth.user_unverified"] },
    Family { link: Link::Auth, name: "auth.credential_check_wrong", codes: &["auth.backend_misconfigured", "auth.hash.parameters_changed", "auth.hash.password_too_long", "auth.hash.pepper_missing", "auth.hash.unsupported_format", "auth.hash_invalid_value", "auth.hash_of_hash"] },
    Family { link: Link::Auth, name: "auth.external_url_mismatch", codes: &["auth.audience_origin_mismatch", "auth.oauth.redirect_uri_mismatch"] },
    Family { link: Link::Auth, name: "auth.jwt_rejected", codes: &["auth.jwt.alg_not_allowed", "auth.jwt.audience_mismatch", "auth.jwt.clock_skew", "auth.jwt.exp_unit", "auth.jwt.issuer_mismatch", "auth.jwt.signature_invalid", "auth.jwt.unknown_kid"] },
    Family { link: Link::Auth, name: "auth.throttled", codes: &["auth.locked_out", "auth.rate_limit_shared_ip"] },
    Family { link: Link::Auth, name: "auth.totp_clock", codes: &["auth.totp.client_clock_skew", "auth.totp.clock_skew"] },
    Family { link: Link::Auth, name: "auth.webauthn_rp_id", codes: &["auth.webauthn.rp_id_ip", "auth.webauthn.rp_id_mismatch"] },
    Family { link: Link::Auth, name: "mail.server", codes: &["mail.unreachable", "mail.tls_failed", "mail.sign_in_refused", "mail.refused"] },
    Family { link: Link::Db, name: "db.capacity", codes: &["db.pool_exhausted", "db.pool_leak", "db.too_many_connections"] },
    Family { link: Link::Db, name: "db.connect_failed", codes: &["config.db_url_unescaped", "db.auth_failed_stale_volume", "db.started_too_early", "db.unreachable"] },
    Family { link: Link::Db, name: "db.schema_drift", codes: &["db.schema_drift"] },
    Family { link: Link::Db, name: "db.write_refused", codes: &["db.disk_full", "db.read_only"] },
    Family { link: Link::Session, name: "session.clock", codes: &["session.clock_skew_client", "session.timezone_mismatch"] },
    Family { link: Link::Session, name: "session.store_broken", codes: &["session.oauth_state_not_shared", "session.secret_rotated_on_recreate", "session.store_down", "session.store_not_shared", "session.store_volatile"] },
    Family { link: Link::Browser, name: "browser.interference", codes: &["browser.extension_interference"] },
    Family { link: Link::Browser, name: "dev.proxy_misconfigured", codes: &["dev.host_check", "dev.localhost_ipv6", "dev.proxy_host_not_rewritten", "dev.proxy_host_rewrite"] },
    Family { link: Link::Browser, name: "frontend.api_call_wrong", codes: &["frontend.api_hits_static_server", "frontend.credentials_omitted", "frontend.wrong_api_base"] },
    Family { link: Link::Browser, name: "frontend.browser_policy", codes: &["csp.blocked", "csp.form_action", "frontend.framing_refused", "frontend.insecure_context", "frontend.mixed_content"] },
    Family { link: Link::Browser, name: "frontend.stale_bundle", codes: &["frontend.stale_service_worker"] },];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::reason;

    #[test]
    fn every_code_belongs_to_one_family_and_has_its_texts() {
        let mut seen = HashSet::new();
        for code in FAMILIES.iter().flat_map(|family| family.codes) {
            assert!(seen.insert(code), "{code} stands in two families");
            assert!(reason::find(code).is_some(), "{code} has no texts");
        }
    }

    #[test]
    fn every_cause_that_is_explained_can_be_found() {
        for cause in
            reason::CAUSES.iter().flat_map(|table| table.iter()).filter(|cause| cause.code != "probe.inconclusive")
        {
            assert!(find(cause.code).is_some(), "{} belongs to no family", cause.code);
        }
    }

    #[test]
    fn holds_the_79_families_and_the_206_codes_of_the_vocabulary() {
        let added = ["http.origin_5xx", "probe.blocked", "config.setting", "mail.server"];
        assert_eq!(FAMILIES.iter().filter(|family| !added.contains(&family.name)).count(), 79);
        let codes = FAMILIES.iter().flat_map(|family| family.codes).count();
        assert!(codes >= 206, "{codes}");
    }

    #[test]
    fn stands_in_the_order_of_the_way() {
        assert!(FAMILIES.is_sorted_by_key(|family| family.link));
        assert!(Link::ALL.is_sorted());
        assert!(Link::ALL.iter().all(|link| link.as_str().parse() == Ok(*link)));
    }

    /// What would make a sick site look well by making it weaker.
    const WEAKENING: &[&str] = &[
        "disable csrf",
        "turn off csrf",
        "allow all",
        "allow *",
        "flexible",
        "verify off",
        "trust all",
        "0.0.0.0/0",
        "chmod 777",
    ];

    #[test]
    fn no_remedy_weakens_protection() {
        for cause in reason::CAUSES.iter().flat_map(|table| table.iter()) {
            let remedy = cause.remedy.to_lowercase();
            assert!(WEAKENING.iter().all(|word| !remedy.contains(word)), "{}: {}", cause.code, cause.remedy);
        }
    }
}
