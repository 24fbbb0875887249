//! The configuration of nginx.

use std::fmt::Write as _;

use super::plan::{Address, FORWARDED, OTHER_NAMES, Part, Plan, Site, own_cookies};

/// One file for the `http` block.
pub(super) fn print(plan: &Plan) -> String {
    let mut text = head(plan);
    for site in &plan.sites {
        // Writing to a String cannot fail.
        let _ = write!(text, "\nserver {{\n{}", listen(plan, &site.host));
        text.push_str(&if site.is_ours_alone() { ours(plan) } else { guarded(plan, site) });
        text.push_str("}\n");
    }
    text
}

fn head(plan: &Plan) -> String {
    let cookies = own_cookies(plan.is_https);
    let mut text = String::from(
        "# Doorward behind nginx 1.20 or newer, made by `doorward proxy-config nginx`.\n\
         # A file of the http block: /etc/nginx/conf.d/doorward.conf\n\n",
    );
    let _ = writeln!(text, "upstream doorward {{\n    server {};\n    keepalive 16;\n}}\n", plan.doorward);
    text.push_str("map $http_upgrade $doorward_connection {\n    default upgrade;\n    '' '';\n}\n\n");
    text.push_str("# An app never sees what proves a session to Doorward.\n");
    let mut from = "http_cookie".to_owned();
    for step in 1..=3 {
        let _ = writeln!(
            text,
            "map ${from} $doorward_cookie_{step} {{\n    default ${from};\n    \"~*^(?<doorward_a{step}>(?:.*?[; ])?)(?:{cookies})=[^;]*(?:;\\s*|$)(?<doorward_b{step}>.*)$\" $doorward_a{step}$doorward_b{step};\n}}"
        );
        from = format!("doorward_cookie_{step}");
    }
    // A host that nobody configured must not fall to the first one that is.
    let port = plan.port;
    if plan.is_https {
        let _ = write!(
            text,
            "\nserver {{\n    listen 80 default_server;\n    listen [::]:80 default_server;\n    server_name {};\n    return 301 https://$host$request_uri;\n}}\n\n\
             server {{\n    listen {port} ssl default_server;\n    listen [::]:{port} ssl default_server;\n    ssl_reject_handshake on;\n}}\n",
            plan.hosts()
        );
    } else {
        let _ = write!(
            text,
            "\nserver {{\n    listen {port} default_server;\n    listen [::]:{port} default_server;\n    return 404;\n}}\n"
        );
    }
    text
}

fn listen(plan: &Plan, host: &str) -> String {
    let port = plan.port;
    let certificate = if plan.is_https {
        format!(
            "    ssl_certificate /etc/ssl/doorward/{host}.pem;\n    ssl_certificate_key /etc/ssl/doorward/{host}.key;\n"
        )
    } else {
        String::new()
    };
    let ssl = if plan.is_https { " ssl http2" } else { "" };
    format!(
        "    listen {port}{ssl};\n    listen [::]:{port}{ssl};\n    server_name {host};\n{certificate}    underscores_in_headers off;\n    proxy_http_version 1.1;\n"
    )
}

/// The host of the pages, where no app is on it.
fn ours(plan: &Plan) -> String {
    format!(
        "\n    location {} {{\n        return 404;\n    }}\n    location / {{\n        proxy_pass http://doorward;\n{}    }}\n",
        plan.questions(),
        to_doorward("        ")
    )
}

fn guarded(plan: &Plan, site: &Site) -> String {
    let mut text = String::from(
        "\n    # Everything is asked about, unless a location below says otherwise.\n    auth_request /.doorward/authz;\n    auth_request_set $doorward_location $upstream_http_location;\n",
    );
    for name in &site.copied() {
        let _ = writeln!(text, "    auth_request_set ${} $upstream_http_{};", variable(name), folded(name));
    }
    text.push_str("    error_page 401 403 500 = @doorward_refused;\n\n    # What an app is told. An empty value removes the field, whoever sent it.\n");
    text.push_str(&fields(&site.copied(), "    "));
    text.push_str("    proxy_set_header Cookie $doorward_cookie_3;\n    proxy_set_header Connection $doorward_connection;\n    proxy_set_header Upgrade $http_upgrade;\n");
    for part in &site.parts {
        text.push_str(&app(part));
    }
    if site.is_portal {
        let _ = write!(text, "\n    location {} {{\n        return 404;\n    }}", plan.questions());
    }
    for path in &site.own {
        text.push_str(&own(path));
    }
    if site.has_rest() {
        text.push_str(&own("/"));
    } else if !site.parts.iter().any(|part| part.path == "/") {
        text.push_str("\n    location / {\n        return 404;\n    }\n");
    }
    text.push_str(&questions(plan, site));
    text
}

fn app(part: &Part) -> String {
    let target = match &part.upstream {
        Address::Tcp(address) => format!("http://{address}"),
        Address::Unix(path) => format!("http://unix:{path}:"),
    };
    let name = &part.name;
    let block = |location: String| format!("    location {location} {{\n        proxy_pass {target};\n    }}\n");
    let blocks = if part.path == "/" {
        block("/".to_owned())
    } else {
        block(format!("= {}", part.path)) + &block(format!("{}/", part.path))
    };
    format!("\n    # The app {name}.\n{blocks}")
}

fn own(path: &str) -> String {
    let block = |location: String| {
        format!(
            "\n    location {location} {{\n        auth_request off;\n        proxy_pass http://doorward;\n{}    }}\n",
            to_doorward("        ")
        )
    };
    match path {
        "/" => block("/".to_owned()),
        "/.doorward" => block("/.doorward/".to_owned()),
        path if path.contains('.') || path == "/health" => block(format!("= {path}")) + &block(format!("{path}/")),
        path => block(format!("{path}/")),
    }
}

/// Where nginx itself asks, and what the client gets where the answer is no.
fn questions(plan: &Plan, site: &Site) -> String {
    let origin = plan.origin(site);
    let hidden: String = site.identity.iter().fold(String::new(), |mut text, name| {
        let _ = writeln!(text, "        proxy_hide_header {name};");
        text
    });
    format!(
        "\n    location = /.doorward/authz {{\n        internal;\n        proxy_pass http://doorward{auth_request};\n        proxy_pass_request_body off;\n\
         {ask}        proxy_set_header X-Original-URL {origin}$request_uri;\n        proxy_set_header X-Original-Method $request_method;\n    }}\n\
         \n    # A navigation is led to the sign-in page. Everything else gets Doorward's own answer: a page or a problem.\n    location @doorward_refused {{\n        auth_request off;\n\
         \x20       if ($doorward_location) {{\n            return 302 $doorward_location;\n        }}\n\
         \x20       rewrite ^ {forward_auth}? break;\n        proxy_pass http://doorward;\n        proxy_method GET;\n        proxy_pass_request_body off;\n{hidden}\
         {ask}        proxy_set_header X-Forwarded-Method $request_method;\n        proxy_set_header X-Forwarded-Uri $request_uri;\n    }}\n",
        auth_request = plan.auth_request(),
        forward_auth = plan.forward_auth(),
        ask = question_fields(plan, site),
    )
}

fn question_fields(plan: &Plan, site: &Site) -> String {
    format!(
        "        proxy_set_header Host {authority};\n        proxy_set_header Content-Length \"\";\n        proxy_set_header Connection \"\";\n\
         \x20       proxy_set_header X-Forwarded-For $remote_addr;\n        proxy_set_header X-Forwarded-Proto {scheme};\n        proxy_set_header X-Forwarded-Host {authority};\n        proxy_set_header Forwarded \"\";\n",
        authority = plan.authority(site),
        scheme = plan.scheme()
    )
}

/// Fields of a request that Doorward itself answers.
fn to_doorward(indent: &str) -> String {
    fields(&[], indent) + &format!("{indent}proxy_set_header Connection \"\";\n")
}

fn fields(identity: &[String], indent: &str) -> String {
    let mut text = format!(
        "{indent}proxy_set_header Host $http_host;\n{indent}proxy_set_header X-Forwarded-For $remote_addr;\n{indent}proxy_set_header X-Forwarded-Proto $scheme;\n{indent}proxy_set_header X-Forwarded-Host $http_host;\n{indent}proxy_set_header X-Real-IP $remote_addr;\n"
    );
    for name in FORWARDED {
        let _ = writeln!(text, "{indent}proxy_set_header {name} \"\";");
    }
    if !identity.is_empty() {
        for name in OTHER_NAMES.iter().filter(|name| !identity.iter().any(|own| own == *name)) {
            let _ = writeln!(text, "{indent}proxy_set_header {name} \"\";");
        }
    }
    for name in identity {
        let _ = writeln!(text, "{indent}proxy_set_header {name} ${};", variable(name));
    }
    text
}

fn folded(name: &str) -> String {
    name.to_ascii_lowercase().replace('-', "_")
}

fn variable(name: &str) -> String {
    format!("doorward_{}", folded(name))
}
