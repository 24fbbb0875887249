//! What matters of the facts when two runs are compared: names and values that stay the same while nothing changes.

use std::collections::BTreeMap;

use crate::facts::{Facts, Role, Source, Step, Value, Via, Visit};

/// The longest value.
const LONGEST: usize = 240;

/// The most values of one run.
const MOST: usize = 400;

/// Fields of an answer that differ each time, or that are told otherwise.
const FLEETING: &[&str] = &[
    "date",
    "age",
    "etag",
    "expires",
    "last-modified",
    "set-cookie",
    "content-length",
    "x-request-id",
    "cf-ray",
    "x-csrf-token",
    "location",
    "connection",
    "keep-alive",
    "x-runtime",
    "x-timer",
    "x-amz-cf-id",
    "x-varnish",
    "report-to",
    "nel",
];

/// Names and values. The site's own name stands as `{site}`, so that staging can be compared with production.
#[must_use]
pub fn of(facts: &Facts) -> BTreeMap<String, String> {
    let mut all = Measured {
        values: BTreeMap::new(),
        site: facts.target.as_ref().map(|target| (target.origin(), target.host.clone())),
    };
    name(facts, &mut all);
    transport(facts, &mut all);
    answers(facts, &mut all);
    signin(facts, &mut all);
    host(facts, &mut all);
    all.values
}

struct Measured {
    values: BTreeMap<String, String>,
    site: Option<(String, String)>,
}

impl Measured {
    fn put(&mut self, name: impl Into<String>, value: impl AsRef<str>) {
        let mut value: String = value.as_ref().to_owned();
        if let Some((origin, host)) = &self.site {
            value = value.replace(origin.as_str(), "{site}").replace(host.as_str(), "{host}");
        }
        if self.values.len() < MOST && !value.is_empty() {
            self.values.insert(name.into(), value.chars().take(LONGEST).collect());
        }
    }
}

fn name(facts: &Facts, all: &mut Measured) {
    for lookup in facts.asked(Role::System) {
        let mut addresses: Vec<_> = lookup.addresses.iter().map(ToString::to_string).collect();
        addresses.sort();
        let told =
            if addresses.is_empty() { format!("{:?}", lookup.outcome).to_lowercase() } else { addresses.join(", ") };
        all.put(format!("dns {:?}", lookup.record).to_uppercase().replace("DNS", "dns"), told);
    }
}

fn transport(facts: &Facts, all: &mut Measured) {
    for door in facts.doors(Via::Public).filter(|door| ["main", "family"].contains(&door.purpose.as_str())) {
        let family = if door.address.is_ipv6() { "IPv6" } else { "IPv4" };
        all.put(format!("connection {family}"), format!("{:?}", door.tcp).to_lowercase());
        let Some(tls) = &door.tls else { continue };
        all.put("tls version", &tls.version);
        all.put("tls trust", format!("{:?}", tls.trust).to_lowercase());
        if let Some(certificate) = &tls.certificate {
            all.put("tls subject", &certificate.subject);
            all.put("tls issuer", &certificate.issuer);
            all.put("tls names", certificate.names.join(", "));
            all.put("tls not after", certificate.not_after.to_string());
        }
    }
}

fn answers(facts: &Facts, all: &mut Measured) {
    let way: Vec<&Visit> = facts.visits(Step::First).filter(|visit| visit.via == Via::Public).collect();
    for (at, visit) in way.iter().enumerate().filter(|(_, visit)| (300..400).contains(&visit.status)) {
        let to = visit.field("location").unwrap_or_default();
        all.put(format!("redirect {}", at + 1), format!("{} {}", visit.status, crate::redact::address(to)));
    }
    if let Some(arrival) = facts.arrival() {
        all.put("status", arrival.status.to_string());
        for (name, value) in arrival.fields.iter().filter(|(name, _)| !FLEETING.contains(&name.to_lowercase().as_str()))
        {
            all.put(format!("header {}", name.to_lowercase()), without_nonce(value));
        }
    }
    for visit in facts.visits(Step::Preflight) {
        all.put("preflight", visit.status.to_string());
        for (name, value) in visit.fields.iter().filter(|(name, _)| name.to_lowercase().starts_with("access-control-"))
        {
            all.put(format!("preflight {}", name.to_lowercase()), value);
        }
    }
    for cookie in facts.visits.iter().filter(|visit| visit.via == Via::Public).flat_map(|visit| &visit.cookies) {
        let mut told: Vec<String> = vec![if cookie.is_deletion { "deleted" } else { "set" }.to_owned()];
        told.extend(cookie.domain.as_ref().map(|domain| format!("Domain={domain}")));
        told.extend(cookie.path.as_ref().map(|path| format!("Path={path}")));
        told.extend(cookie.same_site.as_ref().map(|same_site| format!("SameSite={same_site}")));
        told.extend(cookie.max_age.map(|age| format!("Max-Age={age}")));
        for (is, word) in
            [(cookie.is_secure, "Secure"), (cookie.is_http_only, "HttpOnly"), (cookie.is_partitioned, "Partitioned")]
        {
            told.extend(is.then(|| word.to_owned()));
        }
        told.extend(cookie.trouble.map(|trouble| format!("refused by browsers: {trouble:?}")));
        all.put(format!("cookie {}", cookie.name), told.join("; "));
    }
    all.put("app", &facts.profile);
    all.put("proxy", &facts.proxy);
}

/// A policy with a nonce is another one each time.
fn without_nonce(value: &str) -> String {
    let mut parts = value.split("'nonce-");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("'nonce-…'");
        out.push_str(part.split_once('\'').map_or("", |(_, rest)| rest));
    }
    out
}

fn signin(facts: &Facts, all: &mut Measured) {
    for attempt in &facts.signin.attempts {
        let reason = if attempt.reason.is_empty() { String::new() } else { format!(" ({})", attempt.reason) };
        all.put(
            format!("sign-in {:?}", attempt.variant).to_lowercase(),
            format!("{} {:?}{reason}", attempt.status, attempt.answer).to_lowercase(),
        );
    }
    if let Some(form) = &facts.signin.form {
        all.put("form action", &form.action);
        all.put("form token", &form.token_name);
        all.put("form fields", form.fields.join(", "));
    }
    for (name, trouble) in &facts.signin.withheld {
        all.put(format!("withheld {name}"), format!("{trouble:?}"));
    }
    if let Some(echo) = &facts.echo {
        all.put("arrives scheme", &echo.scheme);
        all.put("arrives host", echo.host.join(", "));
        all.put("arrives x-forwarded-proto", echo.forwarded_proto.join(", "));
        all.put("arrives x-forwarded-host", echo.forwarded_host.join(", "));
        all.put("arrives authorization", echo.has_authorization.to_string());
        all.put("arrives cookie", echo.has_cookie.to_string());
    }
}

fn host(facts: &Facts, all: &mut Measured) {
    let Some(host) = &facts.host else { return };
    for setting in &host.settings {
        let source = match &setting.source {
            Source::Process => "process".to_owned(),
            Source::Dotenv => ".env".to_owned(),
            Source::Example => continue,
            Source::Compose(service) => format!("compose {service}"),
            Source::Container(name) => format!("container {name}"),
        };
        let told = match &setting.value {
            Value::Plain(text) => text.clone(),
            Value::Masked(mark) => format!("**** ({} bytes)", mark.length),
        };
        all.put(format!("setting {} ({source})", setting.name), told);
    }
    for listener in &host.listeners {
        all.put(
            format!("listens {}", listener.address),
            if listener.owner.is_empty() { "somebody" } else { &listener.owner },
        );
    }
    for container in &host.containers {
        all.put(format!("container {}", container.name), format!("{} {}", container.state, container.health));
    }
    for line in host
        .firewall
        .rules
        .iter()
        .filter(|line| ["drop", "reject", "DROP", "REJECT"].iter().any(|word| line.contains(word)))
    {
        all.put(format!("firewall {line}"), "stands");
    }
    for line in host.proxy.iter().filter(|line| line.number > 0) {
        all.put(format!("{}:{}", line.source, line.number), &line.text);
    }
    if let Some(database) = &host.database {
        all.put("database", if database.refused.is_empty() { "answers" } else { &database.refused });
        all.put("database write", if database.write.is_empty() { "well" } else { &database.write });
        all.put("database missing", database.missing.join(", "));
        all.put("database lacking", database.lacking.join(", "));
    }
    let complaints = facts.installation.iter().flat_map(|installation| &installation.complaints);
    for complaint in complaints {
        all.put(format!("configuration {}", complaint.subject), format!("{} ({})", complaint.why, complaint.code));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Cookie, Target};

    fn at(host: &str, csp: &str, is_secure: bool) -> Facts {
        let target = Target { scheme: "https".into(), host: host.into(), port: 443, path: "/".into() };
        let visit = Visit {
            url: format!("https://{host}/"),
            status: 200,
            fields: vec![
                ("Date".into(), "x".into()),
                ("Content-Security-Policy".into(), csp.into()),
                ("Link".into(), format!("<https://{host}/a>")),
            ],
            cookies: vec![Cookie { name: "sid".into(), is_secure, path: Some("/".into()), ..Cookie::default() }],
            ..Visit::default()
        };
        Facts { target: Some(target), visits: vec![visit], ..Facts::default() }
    }

    #[test]
    fn what_is_another_each_time_is_left_out_and_the_site_has_no_name() {
        let one = of(&at("a.test", "script-src 'nonce-abc' 'self'", true));
        let other = of(&at("b.test", "script-src 'nonce-xyz' 'self'", true));
        assert_eq!(one, other);
        assert_eq!(one["header link"], "<{site}/a>");
        assert!(!one.contains_key("header date"));
        let plain = of(&at("b.test", "script-src 'nonce-xyz' 'self'", false));
        assert_eq!((one["cookie sid"].as_str(), plain["cookie sid"].as_str()), ("set; Path=/; Secure", "set; Path=/"));
    }
}
