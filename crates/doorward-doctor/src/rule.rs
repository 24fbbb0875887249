//! The rules: pure functions from facts to suspects, one file for each family of causes.

#![cfg_attr(
    not(test),
    expect(clippy::wildcard_imports, reason = "every rule is written with the same few words, which stand in `basis`")
)]
#![expect(
    clippy::too_many_lines,
    reason = "a rule is one list of cases with its evidence and its lines, and is read as one"
)]

mod basis;
#[cfg(test)]
mod sample;

mod app_health_check_wrong;
mod app_not_up;
mod app_saturated;
mod auth_account_state;
mod auth_credential_check_wrong;
mod auth_external_url_mismatch;
mod auth_jwt_rejected;
mod auth_throttled;
mod auth_totp_clock;
mod auth_webauthn_rp_id;
mod browser_interference;
mod cache_private_response_cached;
mod cdn_config_conflict;
mod cdn_edge_policy;
mod cdn_origin_dns;
mod cdn_origin_slow;
mod config_env_value;
mod config_secret;
mod config_setting;
mod cookie_duplicate;
mod cookie_httponly_unreadable;
mod cookie_rejected_domain;
mod cookie_rejected_prefix;
mod cookie_rejected_secure;
mod cookie_rejected_size;
mod cookie_withheld_cross_site;
mod cookie_withheld_scope;
mod cors_preflight_blocked;
mod cors_response_headers;
mod csrf_exempt_path;
mod csrf_key_changed;
mod csrf_origin_absent;
mod csrf_origin_mismatch;
mod csrf_token_mismatch;
mod csrf_token_not_sent;
mod db_capacity;
mod db_connect_failed;
mod db_schema_drift;
mod db_write_refused;
mod dev_proxy_misconfigured;
mod dns_aaaa_dead;
mod dns_container_name;
mod dns_record_missing;
mod dns_record_wrong;
mod dns_split_view;
mod dns_zone_broken;
mod firewall_docker_bypass;
mod firewall_peer_policy;
mod frontend_api_call_wrong;
mod frontend_browser_policy;
mod frontend_stale_bundle;
mod http_origin_5xx;
mod http_too_large;
mod listen_nothing;
mod listen_port_conflict;
mod listen_wrong_address;
mod mail_server;
mod nat_inbound_unreachable;
mod nat_no_hairpin;
mod net_dropped;
mod net_path_degraded;
mod net_rejected;
mod probe_blocked;
mod proxy_forwarded_proto;
mod proxy_header_lost;
mod proxy_host_header;
mod proxy_no_route_for_host;
mod proxy_path_prefix;
mod proxy_trust;
mod proxy_upstream_address;
mod proxy_upstream_scheme;
mod proxy_upstream_timing;
mod proxy_websocket;
mod redirect_host_loop;
mod redirect_scheme_loop;
mod session_clock;
mod session_store_broken;
mod tls_hsts_pinned;
mod tls_origin_cert_invalid;
mod tls_peer_ca_untrusted;
mod tls_renewal_failing;
mod tls_version_unsupported;
mod tls_wrong_cert_served;

pub(crate) use basis::is_incidental;

use crate::facts::Facts;
use crate::suspect::Suspect;

/// One rule: the family that it speaks for, and the function.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The family, one of [`doorward_core::cause::FAMILIES`].
    pub family: &'static str,
    /// What fits the facts, if anything does.
    pub judge: fn(&Facts) -> Option<Suspect>,
}

/// Every rule, in the order of the families.
pub const RULES: &[Rule] = &[
    config_env_value::RULE,
    config_secret::RULE,
    config_setting::RULE,
    dns_aaaa_dead::RULE,
    dns_container_name::RULE,
    dns_record_missing::RULE,
    dns_record_wrong::RULE,
    dns_split_view::RULE,
    dns_zone_broken::RULE,
    cache_private_response_cached::RULE,
    cdn_config_conflict::RULE,
    cdn_edge_policy::RULE,
    cdn_origin_dns::RULE,
    cdn_origin_slow::RULE,
    probe_blocked::RULE,
    firewall_docker_bypass::RULE,
    firewall_peer_policy::RULE,
    nat_inbound_unreachable::RULE,
    nat_no_hairpin::RULE,
    net_dropped::RULE,
    net_path_degraded::RULE,
    net_rejected::RULE,
    listen_nothing::RULE,
    listen_port_conflict::RULE,
    listen_wrong_address::RULE,
    tls_hsts_pinned::RULE,
    tls_origin_cert_invalid::RULE,
    tls_peer_ca_untrusted::RULE,
    tls_renewal_failing::RULE,
    tls_version_unsupported::RULE,
    tls_wrong_cert_served::RULE,
    http_too_large::RULE,
    proxy_forwarded_proto::RULE,
    proxy_header_lost::RULE,
    proxy_host_header::RULE,
    proxy_no_route_for_host::RULE,
    proxy_path_prefix::RULE,
    proxy_trust::RULE,
    proxy_upstream_address::RULE,
    proxy_upstream_scheme::RULE,
    proxy_upstream_timing::RULE,
    proxy_websocket::RULE,
    redirect_host_loop::RULE,
    redirect_scheme_loop::RULE,
    app_health_check_wrong::RULE,
    app_not_up::RULE,
    app_saturated::RULE,
    http_origin_5xx::RULE,
    cors_preflight_blocked::RULE,
    cors_response_headers::RULE,
    csrf_exempt_path::RULE,
    csrf_key_changed::RULE,
    csrf_origin_absent::RULE,
    csrf_origin_mismatch::RULE,
    csrf_token_mismatch::RULE,
    csrf_token_not_sent::RULE,
    cookie_duplicate::RULE,
    cookie_httponly_unreadable::RULE,
    cookie_rejected_domain::RULE,
    cookie_rejected_prefix::RULE,
    cookie_rejected_secure::RULE,
    cookie_rejected_size::RULE,
    cookie_withheld_cross_site::RULE,
    cookie_withheld_scope::RULE,
    auth_account_state::RULE,
    auth_credential_check_wrong::RULE,
    auth_external_url_mismatch::RULE,
    auth_jwt_rejected::RULE,
    auth_throttled::RULE,
    auth_totp_clock::RULE,
    auth_webauthn_rp_id::RULE,
    mail_server::RULE,
    db_capacity::RULE,
    db_connect_failed::RULE,
    db_schema_drift::RULE,
    db_write_refused::RULE,
    session_clock::RULE,
    session_store_broken::RULE,
    browser_interference::RULE,
    dev_proxy_misconfigured::RULE,
    frontend_api_call_wrong::RULE,
    frontend_browser_policy::RULE,
    frontend_stale_bundle::RULE,
];

#[cfg(test)]
mod tests {
    use doorward_core::cause;

    use super::*;

    #[test]
    fn every_rule_speaks_for_a_family_of_its_own() {
        let mut seen = std::collections::HashSet::new();
        for rule in RULES {
            assert!(seen.insert(rule.family), "{} stands twice", rule.family);
            assert!(cause::FAMILIES.iter().any(|family| family.name == rule.family), "{}", rule.family);
        }
    }

    #[test]
    fn no_rule_finds_anything_in_a_healthy_site_or_in_nothing() {
        for facts in [Facts::default(), sample::healthy()] {
            for rule in RULES {
                assert_eq!((rule.judge)(&facts).map(|suspect| suspect.code), None, "{}", rule.family);
            }
        }
    }
}
