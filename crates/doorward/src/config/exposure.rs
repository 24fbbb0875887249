//! Who can reach Doorward, and whether what was written fits that: the checks that need more than one section.

use doorward_core::Finding;

use super::Environment;
use super::check::Check;
use super::csrf::make_secret;
use super::domain;
use super::network::is_private;
use super::server::Server;
use super::store::Store;

/// Decides what holds: what was written; production, with a finding, where somebody outside can reach Doorward and
/// nothing is written; development otherwise.
pub(super) fn environment(server: &Server, check: &mut Check<'_>) -> Environment {
    if let Some(environment) = server.environment {
        return environment;
    }
    if check.is_written("server.environment") {
        return Environment::Production;
    }
    let Some(reason) = server.exposure(check) else { return Environment::Development };
    let why =
        format!("Doorward can be reached from outside, because {reason}, so it must be told that people depend on it.");
    check.report(Finding::error("config.environment_unset", "ENVIRONMENT", why).with_remedy("ENVIRONMENT=production"));
    Environment::Production
}

/// Checks the rest against the environment that holds.
pub(super) fn check(
    environment: Environment,
    server: &Server,
    store: &Store,
    has_own_keys: bool,
    check: &mut Check<'_>,
) {
    if server.insecure_allow_http {
        insecure(server, check);
    } else if environment == Environment::Production {
        https(server, check);
    } else if !server.is_loopback_only() {
        let why = "Development serves everybody who reaches this address over plain http.";
        let finding =
            check.warning("config.development_public", "server.listen", why).with_remedy("ENVIRONMENT=production");
        check.report(finding);
    }
    if server.insecure_allow_http && server.hosts().iter().all(|host| domain::is_loopback(host)) {
        public_url_missing(server, check, "http://192.168.1.5:8000");
    }
    // Advice is for those who have decided; who has not gets the one line that decides first.
    if server.environment == Some(Environment::Production) {
        if !server.insecure_allow_http {
            public_url_missing(server, check, "https://login.example.com");
        }
        if matches!(store, Store::Postgres(_)) && !has_own_keys {
            let path = "csrf.secret_key";
            let why =
                "Each node makes a secret of its own, and with more than one node they refuse each other's tokens.";
            let finding = check.warning("config.secret_missing", path, why).with_remedy(make_secret(path, check));
            check.report(finding);
        }
    }
}

fn public_url_missing(server: &Server, check: &mut Check<'_>, example: &str) {
    let path = "server.public_url";
    if server.public_url.is_some() || check.is_written(path) || check.is_written("server.domain") {
        return;
    }
    let why = "Doorward does not know the address that people type, so it answers only to this machine.";
    let finding = check.warning("config.public_url_missing", path, why).with_remedy(check.line(path, example));
    check.report(finding);
}

fn https(server: &Server, check: &mut Check<'_>) {
    if let Some(url) = server.public_url.as_ref().filter(|url| !url.is_https()) {
        let path = "server.public_url";
        let why = "Production requires HTTPS, and this address is plain http.";
        let finding = check
            .error("config.https_required", path, why)
            .with_remedy(check.line(path, &format!("https://{}", url.host())));
        check.report(finding);
    }
    let has_proxies = !server.trusted_proxies.is_empty() || check.is_written("server.trusted_proxies");
    if has_proxies || server.speaks_tls() {
        return;
    }
    let path = "server.trusted_proxies";
    let remedy = check.line(path, "192.0.2.10");
    if let Some(listen) = server.listen.iter().find(|listen| !listen.address.ip().to_canonical().is_loopback()) {
        let why = format!(
            "Passwords would cross the network in clear: {} speaks plain http, and no proxy that adds TLS is named.",
            listen.address
        );
        let finding = check.error("config.listen_public_http", "server.listen", why);
        check.report(finding.with_remedy(format!("{remedy}  # the address of your proxy")));
    } else if server.environment == Some(Environment::Production) && server.public_url.is_some() {
        let why = "No proxy is trusted, so every visitor seems to come from this machine, and all share one budget of sign-ins.";
        let finding = check.warning("config.proxy_missing", path, why);
        let remedy = check.line(path, "127.0.0.1,::1");
        check.report(finding.with_remedy(remedy));
    }
}

fn insecure(server: &Server, check: &mut Check<'_>) {
    let path = "server.insecure_allow_http";
    let public_listener = server
        .listen
        .iter()
        .map(|listen| listen.address.ip().to_canonical())
        .find(|ip| !ip.is_unspecified() && !is_private(*ip));
    let public_name = server.public_url.as_ref().map(super::PublicUrl::host).filter(|host| !domain::is_local(host));
    let reached = public_listener.map(|ip| ip.to_string()).or_else(|| public_name.map(str::to_owned));
    if let Some(reached) = reached {
        let why = format!("Plain http is only for private addresses, and {reached} is none.");
        let finding = check.error("config.insecure_public", path, why).with_remedy(check.line(path, "false"));
        check.report(finding);
    } else {
        let why = "Everybody on this network can read passwords along; a banner says so on every page.";
        let finding = check.warning("config.insecure_http", path, why).with_remedy(check.line(path, "false"));
        check.report(finding);
    }
}
