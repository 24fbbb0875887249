//! The configuration of Traefik.

use std::fmt::Write as _;

use super::plan::{Address, FORWARDED, OTHER_NAMES, Plan, Site};

/// One file of the dynamic configuration.
pub(super) fn print(plan: &Plan) -> String {
    let mut text = String::from(
        "# Doorward behind Traefik 3, made by `doorward proxy-config traefik`.\n\
         # A file of the dynamic configuration. In the static one, the entry point must trust no forwarded headers\n\
         # (that is its default: no forwardedHeaders.insecure, no trustedIPs that are not your own proxies).\n\nhttp:\n  routers:\n",
    );
    for (at, site) in plan.sites.iter().enumerate() {
        text.push_str(&routers(plan, site, at));
    }
    text.push_str("\n  middlewares:\n");
    for (at, site) in plan.sites.iter().enumerate().filter(|(_, site)| !site.is_ours_alone()) {
        text.push_str(&middlewares(plan, site, at));
    }
    text.push_str(&clear("doorward-clear", &[]));
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "\n  services:\n    doorward:\n      loadBalancer:\n        servers:\n          - url: \"http://{}\"\n",
        plan.doorward
    );
    for (at, site) in plan.sites.iter().enumerate() {
        for (number, part) in site.parts.iter().enumerate() {
            let url = match &part.upstream {
                Address::Tcp(address) => format!("http://{address}"),
                Address::Unix(_) => "http://127.0.0.1:3000".to_owned(),
            };
            let _ = write!(
                text,
                "    app-{at}-{number}: # {}\n      loadBalancer:\n        servers:\n          - url: \"{url}\"\n",
                part.name
            );
        }
    }
    text
}

fn routers(plan: &Plan, site: &Site, at: usize) -> String {
    let host = format!("Host(`{}`)", site.host);
    let tls = if plan.is_https { "      tls: {}\n" } else { "" };
    let mut text = String::new();
    let mut router = |name: &str, rule: &str, priority: usize, rest: &str| {
        let _ =
            write!(text, "    doorward-{at}-{name}:\n      rule: \"{rule}\"\n      priority: {priority}\n{rest}{tls}");
    };
    let ours = "      middlewares: [doorward-clear]\n      service: doorward\n";
    if site.is_portal {
        let rule = format!("{host} && PathPrefix(`{}`)", plan.questions());
        router("questions", &rule, 3_000, "      service: noop@internal\n");
    }
    if site.is_ours_alone() {
        router("pages", &host, 1, ours);
        return text;
    }
    let below = |path: &str| format!("(Path(`{path}`) || PathPrefix(`{path}/`))");
    let own = site.own.iter().map(|path| below(path)).collect::<Vec<_>>().join(" || ");
    router("own", &format!("{host} && ({own})"), 2_000, ours);
    for (number, part) in site.parts.iter().enumerate() {
        let rule = if part.path == "/" { host.clone() } else { format!("{host} && {}", below(&part.path)) };
        let rest =
            format!("      middlewares: [doorward-{at}-clear, doorward-{at}-ask]\n      service: app-{at}-{number}\n");
        router(&format!("app-{number}"), &rule, 10 + part.path.len(), &rest);
    }
    if site.has_rest() {
        router("pages", &host, 1, ours);
    }
    text
}

fn middlewares(plan: &Plan, site: &Site, at: usize) -> String {
    let mut text = clear(&format!("doorward-{at}-clear"), &site.identity);
    let _ = write!(
        text,
        "    doorward-{at}-ask:\n      forwardAuth:\n        address: \"http://{}{}\"\n        trustForwardHeader: false\n        authResponseHeaders:\n",
        plan.doorward,
        plan.forward_auth()
    );
    for name in &site.copied() {
        let _ = writeln!(text, "          - {name}");
    }
    text
}

/// Removes what the client sent, in the spellings that apps cannot tell apart. An empty value removes a field.
fn clear(name: &str, identity: &[String]) -> String {
    let mut text = format!("    {name}:\n      headers:\n        customRequestHeaders:\n");
    // What Traefik sets itself is not removed here, only its other spelling is.
    let set = [
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-Forwarded-Method",
        "X-Forwarded-Uri",
        "X-Forwarded-Port",
        "X-Forwarded-Server",
        "X-Real-Ip",
    ];
    let removed = FORWARDED.iter().filter(|name| !set.contains(name)).map(|name| (*name).to_owned());
    let others = OTHER_NAMES.iter().filter(|name| !identity.iter().any(|own| own == *name));
    let others = others.map(|name| (*name).to_owned());
    let names: Vec<String> = removed.chain(others).chain(identity.iter().cloned()).collect();
    let aliases = names.iter().cloned().chain(set.map(str::to_owned)).filter(|name| name.contains('-'));
    let aliases: Vec<String> = aliases.flat_map(|name| [name.replace('-', "_"), name.replace('-', ".")]).collect();
    for name in names.iter().chain(&aliases) {
        let _ = writeln!(text, "          {name}: \"\"");
    }
    text
}
