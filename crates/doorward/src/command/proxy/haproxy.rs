//! The configuration of `HAProxy`, and the script that asks for it.

use std::fmt::Write as _;

use super::plan::{Address, Plan, Site, own_cookies};

/// `haproxy.cfg`.
pub(super) fn print(plan: &Plan) -> String {
    let mut text = String::from(
        "# Doorward behind HAProxy 2.6 or newer, made by `doorward proxy-config haproxy`.\n\
         # /etc/haproxy/haproxy.cfg; `doorward proxy-config haproxy-lua` prints /etc/haproxy/doorward.lua.\n\n\
         global\n    lua-load /etc/haproxy/doorward.lua\n\n\
         defaults\n    mode http\n    timeout connect 5s\n    timeout client 1m\n    timeout server 1m\n    timeout tunnel 1h\n    timeout http-request 10s\n\n",
    );
    let port = plan.port;
    if plan.is_https {
        text.push_str("frontend doorward_plain\n    bind :80\n    http-request redirect scheme https code 301\n\n");
    }
    let tls = if plan.is_https { " ssl crt /etc/haproxy/certs/ alpn h2,http/1.1" } else { "" };
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "frontend doorward_front\n    bind :{port}{tls}\n\n\
         \x20   # What tells who asks and from where is ours to set: whatever the client sent is removed, in every spelling.\n\
         \x20   http-request del-header [^a-z0-9-] -m reg\n\
         \x20   http-request del-header ^(remote|x-doorward|forwarded|x-forwarded|x-original|x-rewrite)(-|$) -m reg\n"
    );
    let mut names: Vec<&String> = plan.sites.iter().flat_map(|site| &site.identity).collect();
    names.sort();
    names.dedup();
    for name in names {
        let _ = writeln!(text, "    http-request del-header {}", name.to_ascii_lowercase());
    }
    text.push_str(
        "    http-request set-header X-Real-IP %[src]\n    http-request set-header X-Forwarded-For %[src]\n\
         \x20   http-request set-header X-Forwarded-Host %[req.hdr(host)]\n",
    );
    let _ = writeln!(text, "    http-request set-header X-Forwarded-Proto {}\n", plan.scheme());
    for (at, site) in plan.sites.iter().enumerate() {
        text.push_str(&guard(plan, site, at));
    }
    for (at, site) in plan.sites.iter().enumerate() {
        text.push_str(&choice(site, at));
    }
    text.push_str("    default_backend nobody\n\nbackend nobody\n    http-request deny deny_status 404\n\n");
    let _ = write!(text, "backend doorward\n    server doorward {}\n", plan.doorward);
    for (at, site) in plan.sites.iter().enumerate() {
        for (number, part) in site.parts.iter().enumerate() {
            let address = match &part.upstream {
                Address::Tcp(address) => address.clone(),
                Address::Unix(path) => format!("unix@{path}"),
            };
            let _ = write!(text, "\n# The app {}.\nbackend app_{at}_{number}\n    server app {address}\n", part.name);
        }
    }
    text
}

/// Who is asked about what, on one host. Without an answer that says yes, nothing passes.
fn guard(plan: &Plan, site: &Site, at: usize) -> String {
    let mut text = format!("    acl host_{at} req.hdr(host),host_only,lower -m str {}\n", site.host);
    if site.is_portal {
        let _ =
            writeln!(text, "    http-request deny deny_status 404 if host_{at} {{ path_beg {} }}", plan.questions());
    }
    if site.is_ours_alone() {
        return text;
    }
    let own = site.own.iter().map(|path| format!("{path} {path}/")).collect::<Vec<_>>();
    let own: Vec<&str> = own.iter().flat_map(|pair| pair.split(' ')).collect();
    let (exact, below): (Vec<&str>, Vec<&str>) = own.iter().partition(|path| !path.ends_with('/'));
    let _ = write!(
        text,
        "    acl own_{at} path,url_dec -m str {}\n    acl own_{at} path,url_dec -m beg {}\n",
        exact.join(" "),
        below.join(" ")
    );
    for (number, part) in site.parts.iter().enumerate().filter(|(_, part)| part.path != "/") {
        let path = &part.path;
        let _ = write!(
            text,
            "    acl path_{at}_{number} path,url_dec -m str {path}\n    acl path_{at}_{number} path,url_dec -m beg {path}/\n"
        );
    }
    let guarded = if site.has_rest() {
        // On the host of the pages only what is an app's is asked about.
        (0..site.parts.len()).map(|number| format!("path_{at}_{number}")).collect::<Vec<_>>().join(" or ")
    } else {
        String::new()
    };
    let mut ask = |condition: &str| {
        let _ = write!(
            text,
            "    http-request lua.doorward {} {} if {condition}\n    http-request deny deny_status 503 if {condition} !{{ var(txn.doorward) -m str allow }}\n",
            plan.origin(site),
            site.copied().join(",").to_ascii_lowercase()
        );
    };
    if guarded.is_empty() {
        ask(&format!("host_{at} !own_{at}"));
    } else {
        for part in guarded.split(" or ") {
            ask(&format!("host_{at} !own_{at} {part}"));
        }
    }
    text.push('\n');
    text
}

/// To whom what has passed goes.
fn choice(site: &Site, at: usize) -> String {
    if site.is_ours_alone() {
        return format!("    use_backend doorward if host_{at}\n");
    }
    let mut text = format!("    use_backend doorward if host_{at} own_{at}\n");
    for (number, part) in site.parts.iter().enumerate() {
        let path = if part.path == "/" { String::new() } else { format!(" path_{at}_{number}") };
        let _ = writeln!(text, "    use_backend app_{at}_{number} if host_{at}{path}");
    }
    if site.has_rest() {
        let _ = writeln!(text, "    use_backend doorward if host_{at}");
    }
    text
}

/// `doorward.lua`.
pub(super) fn lua(plan: &Plan) -> String {
    let cookies = if plan.is_https {
        ["__host-doorward", "__host-doorward-entry", "__host-doorward-device", "__host-http-csrf_bind"]
    } else {
        ["doorward", "doorward-entry", "doorward-device", "csrf_bind"]
    };
    debug_assert!(own_cookies(plan.is_https).to_ascii_lowercase().starts_with(cookies[0]), "one list of cookies");
    SCRIPT
        .replace("@ASK@", &format!("http://{}{}", plan.doorward, plan.forward_auth()))
        .replace("@COOKIES@", &cookies.map(|name| format!("[\"{name}\"] = true")).join(", "))
}

const SCRIPT: &str = r#"-- Asks Doorward whether a request may pass; made by `doorward proxy-config haproxy-lua`, for HAProxy 2.6 or newer.
-- Sets the variable txn.doorward to "allow" after an answer of 200, and after nothing else. The configuration
-- denies whatever does not have it, so an error in here, or no answer, lets nobody in.

local ASK = "@ASK@"
local COOKIES = { @COOKIES@ }

-- A matter between neighbours (RFC 9110, section 7.6.1), or about a body that is not sent along.
local LEFT_OUT = {}
for _, name in ipairs({ "host", "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding",
    "upgrade", "content-length", "expect", "http2-settings" }) do
    LEFT_OUT[name] = true
end

local function first(values)
    return values and (values[0] or values[1]) or nil
end

local function question(txn, origin)
    local scheme, authority = origin:match("^(%a+)://(.+)$")
    local headers = {}
    for name, values in pairs(txn.http:req_get_headers()) do
        if not LEFT_OUT[name:lower()] then
            headers[name] = values
        end
    end
    headers["x-forwarded-method"] = { txn.sf:method() }
    headers["x-forwarded-proto"] = { scheme }
    headers["x-forwarded-host"] = { authority }
    headers["x-forwarded-uri"] = { txn.sf:pathq() }
    headers["x-forwarded-for"] = { txn.sf:src() }
    return headers
end

-- Doorward's own answer goes to the client as it is: a redirect, a page, a problem.
local function refuse(txn, answer)
    local reply = txn:reply({ status = answer.status, reason = answer.reason })
    for name, values in pairs(answer.headers or {}) do
        if not LEFT_OUT[name:lower()] then
            for _, value in pairs(values) do
                reply:add_header(name, value)
            end
        end
    end
    if txn.sf:method() ~= "HEAD" then
        reply:set_body(answer.body or "")
    end
    txn:done(reply)
end

-- An app never sees what proves a session to Doorward.
local function clean_cookies(txn)
    local values = txn.http:req_get_headers()["cookie"]
    if not values then
        return
    end
    local kept = {}
    for _, value in pairs(values) do
        for pair in value:gmatch("[^;]+") do
            local name = pair:match("^%s*([^=]*)"):gsub("%s+$", ""):lower()
            if not COOKIES[name] then
                kept[#kept + 1] = pair:match("^%s*(.-)%s*$")
            end
        end
    end
    txn.http:req_del_header("cookie")
    if #kept > 0 then
        txn.http:req_set_header("cookie", table.concat(kept, "; "))
    end
end

core.register_action("doorward", { "http-req" }, function(txn, origin, names)
    txn:set_var("txn.doorward", "deny")
    local answer = core.httpclient():get({ url = ASK, headers = question(txn, origin), timeout = 5000 })
    if not answer then
        return
    end
    local headers = answer.headers or {}
    if answer.status ~= 200 then
        -- Only Doorward names its requests; without that it was not Doorward who answered.
        if answer.status and answer.status >= 300 and answer.status < 500 and first(headers["x-request-id"]) then
            refuse(txn, answer)
        end
        return
    end
    for name in names:gmatch("[^,]+") do
        local value = first(headers[name])
        txn.http:req_del_header(name)
        if value and value ~= "" then
            txn.http:req_set_header(name, value)
        end
    end
    clean_cookies(txn)
    txn:set_var("txn.doorward", "allow")
end, 2)
"#;
