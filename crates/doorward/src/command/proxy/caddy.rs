//! The configuration of Caddy.

use std::fmt::Write as _;

use super::plan::{Address, Part, Plan, Site, own_cookies};

/// One Caddyfile.
pub(super) fn print(plan: &Plan) -> String {
    let mut text = String::from(
        "# Doorward behind Caddy 2.6 or newer, made by `doorward proxy-config caddy`.\n\
         # /etc/caddy/Caddyfile; Caddy gets the certificates itself.\n\n",
    );
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "# What tells who asks and from where is ours to set: whatever the client sent is removed, in every spelling.\n\
         (doorward_clear) {{\n\
         \t# A name in Connection would remove what is set later; only a WebSocket needs that field.\n\
         \t@doorward_socket header Upgrade *\n\trequest_header @doorward_socket Connection Upgrade\n\
         \t@doorward_plain not header Upgrade *\n\trequest_header @doorward_plain -Connection\n\trequest_header -*_*\n\trequest_header -*.*\n\trequest_header -Remote*\n\trequest_header -X-Doorward*\n\
         \trequest_header -Forwarded*\n\trequest_header -X-Forwarded*\n\trequest_header -X-Original*\n\trequest_header -X-Rewrite*\n\trequest_header -X-Real-Ip\n}}\n"
    );
    for site in &plan.sites {
        let _ = write!(text, "\n{} {{\n\troute {{\n\t\timport doorward_clear\n", plan.origin(site));
        text.push_str(&if site.is_ours_alone() { ours(plan) } else { guarded(plan, site) });
        text.push_str("\t}\n}\n");
    }
    text
}

fn ours(plan: &Plan) -> String {
    format!("\t\trespond {}* 404\n\t\treverse_proxy {}\n", plan.questions(), plan.doorward)
}

fn guarded(plan: &Plan, site: &Site) -> String {
    let mut text = String::new();
    for name in &site.identity {
        let _ = writeln!(text, "\t\trequest_header -{name}");
    }
    if site.is_portal {
        let _ = writeln!(text, "\t\trespond {}* 404", plan.questions());
    }
    let own = site.own.iter().map(|path| path.trim_start_matches('/').replace('.', "\\.")).collect::<Vec<_>>();
    let _ = write!(
        text,
        "\n\t\t@doorward path_regexp ^/({})(/|$)\n\t\thandle @doorward {{\n\t\t\treverse_proxy {}\n\t\t}}\n",
        own.join("|"),
        plan.doorward
    );
    for part in &site.parts {
        text.push_str(&app(plan, site, part));
    }
    if site.has_rest() {
        let _ = write!(text, "\t\thandle {{\n\t\t\treverse_proxy {}\n\t\t}}\n", plan.doorward);
    } else if !site.parts.iter().any(|part| part.path == "/") {
        text.push_str("\t\thandle {\n\t\t\trespond 404\n\t\t}\n");
    }
    text
}

fn app(plan: &Plan, site: &Site, part: &Part) -> String {
    let target = match &part.upstream {
        Address::Tcp(address) => address.clone(),
        Address::Unix(path) => format!("unix/{path}"),
    };
    let label: String = part.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let (matcher, open) = if part.path == "/" {
        (String::new(), "handle {".to_owned())
    } else {
        // The matcher `path` ignores letter case, and Doorward does not.
        let path = part.path.replace('.', "\\.");
        (format!("\t\t@app_{label} path_regexp ^{path}(/|$)\n"), format!("handle @app_{label} {{"))
    };
    let cookies = own_cookies(plan.is_https);
    format!(
        "\n\t\t# The app {name}.\n{matcher}\t\t{open}\n\t\t\tforward_auth {doorward} {{\n\t\t\t\turi {ask}\n\t\t\t\theader_up Host {authority}\n\t\t\t\tcopy_headers {identity} Authorization>X-Doorward-Sent\n\t\t\t}}\n\
         \t\t\t# An app never sees what proves a session to Doorward.\n\
         \t\t\trequest_header Cookie \"(?i)((?:^|[; ]))(?:(?:{cookies})=[^;]*;\\s*)+\" \"$1\"\n\t\t\trequest_header Cookie \"(?i)(?:^|;\\s*)(?:{cookies})=[^;]*$()\" \"$1\"\n\
         \t\t\t# Nor an app password, whatever app it was sent to: Doorward gives back what is the app's own.\n\
         \t\t\trequest_header -Authorization\n\
         \t\t\t@sent_{label} header X-Doorward-Sent *\n\t\t\trequest_header @sent_{label} Authorization {{http.request.header.X-Doorward-Sent}}\n\t\t\trequest_header -X-Doorward-Sent\n\
         \t\t\treverse_proxy {target}\n\t\t}}\n",
        name = part.name,
        doorward = plan.doorward,
        ask = plan.forward_auth(),
        authority = plan.authority(site),
        identity = site.identity.join(" "),
    )
}
