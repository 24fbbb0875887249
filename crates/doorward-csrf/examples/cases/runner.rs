//! Translates one line of a case file into a configuration and a request, and asks the rule.
//!
//! The language is described in section 2 of the design of this crate. Nothing here decides about a request: the
//! translation only mints the tokens that a case names, and writes the headers that a client would send.

#[path = "case.rs"]
mod case;
#[path = "mint.rs"]
mod mint;

use case::{Case, texts};
use doorward_csrf::{Builder, ConfigError, Csrf, Decision, FormValue, RequestView, Scheme, SessionState, UnixSeconds};
use http::header::{COOKIE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use mint::{Keys, Tokens};

/// What a whole file came to.
#[derive(Debug)]
pub(crate) struct Summary {
    /// How many cases the file holds.
    pub(crate) total: usize,
    /// One line for each case that failed.
    pub(crate) failures: Vec<String>,
}

/// Runs every line that is not empty.
pub(crate) fn run(text: &str) -> Summary {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let mut summary = Summary { total: 0, failures: Vec::new() };
    for (at, line) in lines {
        summary.total += 1;
        if let Err(failure) = run_line(line) {
            summary.failures.push(format!("line {}: {failure}", at + 1));
        }
    }
    summary
}

fn run_line(line: &str) -> Result<(), String> {
    let case: Case = serde_json::from_str(line).map_err(|error| format!("cannot be read: {error}"))?;
    let (verdict, reason) = outcome(&case).map_err(|error| format!("{}: {error}", case.id))?;
    if (verdict, reason.as_str()) == (case.expect.as_str(), case.reason.as_str()) {
        return Ok(());
    }
    Err(format!("{}: expected {} {}, got {verdict} {reason} ({})", case.id, case.expect, case.reason, case.note))
}

fn outcome(case: &Case) -> Result<(&'static str, String), String> {
    if let Some(entry) = &case.config.add_trusted_origin {
        return is_valid_entry(case, entry);
    }
    let csrf = builder(case).build().map_err(|error| format!("the configuration is refused: {error}"))?;
    let decision = Sent::write(case, &csrf)?.decide(case, &csrf);
    Ok((if decision.is_allowed() { "allow" } else { "deny" }, decision.reason.as_str().to_owned()))
}

/// `kind: config`: whether a configuration with this trusted origin would be accepted.
fn is_valid_entry(case: &Case, entry: &str) -> Result<(&'static str, String), String> {
    let mut origins = case.config.trusted_origins.clone();
    origins.push(entry.to_owned());
    match builder(case).trusted_origins(origins).build() {
        Ok(_) => Ok(("allow", "config_ok".to_owned())),
        Err(ConfigError { problems, .. }) => match problems.first() {
            Some(problem) => Ok(("deny", problem.code.to_owned())),
            None => Err("refused without a problem".to_owned()),
        },
    }
}

/// The case's differences from the defaults, under the builder's names.
fn builder(case: &Case) -> Builder {
    let config = &case.config;
    let exempt = config.exempt.iter().map(|(method, path)| format!("{method} {path}"));
    Csrf::builder()
        .secret_keys(Keys::of(case).ring(case))
        .cookie_name(config.cookie_base())
        .header_name(&config.header)
        .field_name(&config.field)
        .token_path(&config.token_endpoint)
        .session_paths(&config.session_routes)
        .exempt_paths(exempt)
        .trusted_origins(&config.trusted_origins)
        .public_origins(config.self_origin.iter())
        .allowed_hosts(config.allowed_hosts.iter().flatten())
        .require_https(config.require_https)
        .max_age(std::time::Duration::from_secs(config.max_age))
        .skew(std::time::Duration::from_secs(config.skew))
        .mode(config.mode)
        .missing_provenance(config.missing_provenance)
        .sfs_none(config.sfs_none)
        .require_sfs(config.require_sfs)
        .allow_same_site(config.allow_same_site)
        .strict_origin(config.strict_origin)
}

/// A request as the client of a case sends it.
struct Sent {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    form: Option<Result<String, ()>>,
}

impl Sent {
    fn write(case: &Case, csrf: &Csrf) -> Result<Self, String> {
        let tokens = Tokens::mint(case)?;
        let mut sent = Self {
            method: Method::from_bytes(case.method.as_bytes()).map_err(|error| error.to_string())?,
            uri: uri(case, &tokens),
            headers: HeaderMap::new(),
            form: case.form_value().map(|value| value.as_str().map(|text| tokens.fill(text)).ok_or(())),
        };
        if let Some(host) = &case.host {
            sent.add(HOST.as_str(), host)?;
        }
        for (name, value) in &case.headers {
            for text in texts(value)? {
                sent.add(name, &tokens.fill(text))?;
            }
        }
        // The case language has one name for the bind cookie; the crate has one for each scheme.
        let bind = csrf.bind_cookie_name(csrf.scheme(&sent.view(case)).unwrap_or(Scheme::Http));
        let sent_name = |name: String| match name {
            name if name == case.config.bind_cookie => bind.to_owned(),
            name if name == case.config.cookie => csrf.cookie_name().to_owned(),
            name => name,
        };
        let pairs: Vec<_> = case
            .pairs()?
            .into_iter()
            .map(|(name, value)| format!("{}={}", sent_name(name), tokens.fill(&value)))
            .collect();
        if case.cookie_fields.as_deref() == Some("split") {
            pairs.iter().try_for_each(|pair| sent.add(COOKIE.as_str(), pair))?;
        } else if !pairs.is_empty() {
            sent.add(COOKIE.as_str(), &pairs.join("; "))?;
        }
        Ok(sent)
    }

    fn add(&mut self, name: &str, value: &str) -> Result<(), String> {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| format!("{name:?}: {error}"))?;
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|error| format!("{name}: {error}"))?;
        self.headers.append(name, value);
        Ok(())
    }

    fn view<'a>(&'a self, case: &'a Case) -> RequestView<'a> {
        let mut view = RequestView::new(&self.method, &self.uri, &self.headers, UnixSeconds(case.config.now))
            .path(case.path.split(['?', '#']).next().unwrap_or_default())
            .tls(case.scheme == "https" || case.scheme == "wss");
        if let Some(authority) = &case.authority {
            view = view.received_authority(authority);
        }
        if case.config.trust_forwarded { view.trust_forwarded() } else { view }
    }

    fn decide(&self, case: &Case, csrf: &Csrf) -> Decision {
        let form = match &self.form {
            None => FormValue::Absent,
            Some(Ok(text)) => FormValue::Text(text),
            Some(Err(())) => FormValue::NotText,
        };
        let session =
            case.session.as_ref().map_or(SessionState::Anonymous, |handle| SessionState::of_handle(handle.as_bytes()));
        csrf.check(&self.view(case), &session, form)
    }
}

/// The path with its query, where a URI can hold them; the rule sees the path as it was written in any case.
fn uri(case: &Case, tokens: &Tokens) -> Uri {
    let pairs = case.query.iter().map(|(name, value)| {
        format!("{name}={}", tokens.fill(&value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
    });
    let query = pairs.collect::<Vec<_>>().join("&");
    let text = if query.is_empty() { case.path.clone() } else { format!("{}?{query}", case.path) };
    text.parse().unwrap_or_else(|_| Uri::from_static("/"))
}
