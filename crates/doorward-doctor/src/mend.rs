//! Lines that mend, written for the proxy that was recognised.

use crate::facts::{Facts, Visit};

/// The proxy that answers, by its own words: `nginx`, `caddy`, `traefik`, `haproxy`, `apache`, `cloudflare`, or empty.
#[must_use]
pub fn proxy_of(visit: &Visit) -> &'static str {
    let server = visit.field("server").unwrap_or_default().to_ascii_lowercase();
    let via = visit.field("via").unwrap_or_default().to_ascii_lowercase();
    for (word, name) in [
        ("cloudflare", "cloudflare"),
        ("openresty", "nginx"),
        ("nginx", "nginx"),
        ("caddy", "caddy"),
        ("traefik", "traefik"),
        ("haproxy", "haproxy"),
        ("apache", "apache"),
    ] {
        if server.contains(word) || via.contains(word) {
            return name;
        }
    }
    if visit.body.trim() == "404 page not found" || visit.says("bad gateway") && visit.body.len() < 20 {
        return "traefik";
    }
    if visit.says("<h1>503 service unavailable</h1>") && visit.says("no server is available to handle this request") {
        return "haproxy";
    }
    if visit.says("<center>nginx") {
        return "nginx";
    }
    ""
}

/// One matter in the words of each proxy: the line for the recognised one, or all of them.
#[must_use]
pub fn lines(facts: &Facts, rows: &[(&str, &str)]) -> Vec<String> {
    let own: Vec<_> =
        rows.iter().filter(|(proxy, _)| *proxy == facts.proxy).map(|(_, line)| (*line).to_owned()).collect();
    if !own.is_empty() {
        return own;
    }
    rows.iter().map(|(proxy, line)| format!("{proxy}: {line}")).collect()
}

/// Passing the visitor's scheme.
#[must_use]
pub fn forwarded_proto(facts: &Facts) -> Vec<String> {
    lines(
        facts,
        &[
            ("nginx", "proxy_set_header X-Forwarded-Proto $scheme;"),
            (
                "caddy",
                "reverse_proxy passes X-Forwarded-Proto by itself; where another proxy stands before it: trusted_proxies static PROXY-ADDRESS",
            ),
            ("traefik", "entryPoints.websecure.forwardedHeaders.trustedIPs = [\"PROXY-ADDRESS\"]"),
            ("haproxy", "http-request set-header X-Forwarded-Proto https if { ssl_fc }"),
            ("apache", "RequestHeader set X-Forwarded-Proto \"https\""),
        ],
    )
}

/// Passing the visitor's Host.
#[must_use]
pub fn host(facts: &Facts) -> Vec<String> {
    lines(
        facts,
        &[
            ("nginx", "proxy_set_header Host $http_host;"),
            ("caddy", "header_up Host {http.request.hostport}"),
            ("traefik", "passHostHeader: true"),
            ("haproxy", "remove the line that sets Host (http-request set-header Host …)"),
            ("apache", "ProxyPreserveHost On"),
        ],
    )
}

/// Passing upgrades.
#[must_use]
pub fn upgrade(facts: &Facts) -> Vec<String> {
    lines(
        facts,
        &[
            ("nginx", "map $http_upgrade $connection_upgrade { default upgrade; '' close; }   # in http { }"),
            (
                "nginx",
                "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;",
            ),
            ("caddy", "reverse_proxy passes upgrades by itself; remove what changes Connection or Upgrade"),
            ("traefik", "Traefik passes upgrades by itself; remove the middleware that changes Connection or Upgrade"),
            ("haproxy", "timeout tunnel 1h, and no option that closes (httpclose)"),
            ("apache", "RewriteCond %{HTTP:Upgrade} =websocket [NC]; RewriteRule /(.*) ws://APP/$1 [P,L]"),
        ],
    )
}

/// Reading the proxy's configuration anew.
#[must_use]
pub fn reload(facts: &Facts) -> String {
    match facts.proxy.as_str() {
        "nginx" => "nginx -t && nginx -s reload",
        "caddy" => "caddy reload --config /etc/caddy/Caddyfile",
        "haproxy" => "haproxy -c -f /etc/haproxy/haproxy.cfg && systemctl reload haproxy",
        "apache" => "apachectl configtest && apachectl graceful",
        _ => "then let the proxy read its configuration anew",
    }
    .to_owned()
}
