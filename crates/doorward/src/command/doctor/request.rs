//! From the command line to what the doctor is asked to do.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use doorward_core::Clock as _;
use doorward_doctor::facts::Target;
use doorward_doctor::host::Place;
use doorward_doctor::probe::{Insider, Login, Phone, Verifier};
use doorward_doctor::redact::Salt;
use doorward_doctor::{Facts, Request, profile};

use super::Arguments;
use crate::command::Context;
use crate::system::SystemClock;

/// The request that these arguments make.
///
/// # Errors
/// Where an argument makes no sense, in words for the operator.
pub(super) fn of(context: &Context, arguments: &Arguments, url: Option<&str>) -> Result<Request, String> {
    let target = url.map(target).transpose()?;
    let now = SystemClock.now().0;
    let salt = arguments.salt.as_deref().map_or_else(Salt::fresh, |hex| Salt::of(&unhex(hex)));
    let port = target.as_ref().map_or(443, |target| target.port);
    let insider = super::insider::installed(&context.inputs, arguments.dir.as_ref(), target.as_ref());
    let place = Place {
        strangers: insider.as_ref().map(|insider| insider.strangers().to_vec()).unwrap_or_default(),
        folder: arguments.dir.clone().or_else(|| Some(context.inputs.cwd.clone())),
        pid: arguments.pid,
        logs: arguments.log.clone(),
        docker: arguments.docker.clone().or_else(|| context.inputs.docker_socket()),
        port,
        now,
        salt: salt.clone(),
    };
    let via = via(arguments)?;
    let mut authorities = arguments.ca.clone();
    authorities.extend(context.inputs.authorities_file());
    Ok(Request {
        target,
        phone: phone(arguments),
        insider: insider.map(|insider| Arc::new(insider) as Arc<dyn Insider>),
        vantage: arguments.vantage,
        origin: arguments.origin.as_deref().map(place_of).transpose()?,
        app: arguments.app.as_deref().map(place_of).transpose()?,
        resolve: arguments.resolve.iter().map(|text| resolve(text)).collect::<Result<_, _>>()?,
        resolvers: arguments.resolver.clone(),
        public_resolvers: arguments.public_resolver.clone(),
        authoritative: arguments.authoritative.clone(),
        expected: arguments.expect_address.clone(),
        authorities,
        timeout: Duration::try_from_secs_f64(arguments.timeout.clamp(0.1, 60.0)).unwrap_or(Duration::from_secs(3)),
        now,
        page: arguments.page.clone().unwrap_or_default(),
        echo: arguments.echo.clone().unwrap_or_default(),
        chosen: arguments.profile.as_deref().map(profile_of).transpose()?,
        api: arguments.api.clone(),
        provider: arguments.provider.clone(),
        socket: arguments.socket.clone(),
        passkey: arguments.passkey.clone(),
        hook: arguments.hook.clone(),
        verifier: Verifier {
            issuer: arguments.issuer.clone().unwrap_or_default(),
            audience: arguments.audience.clone().unwrap_or_default(),
            keys: arguments.jwks.clone().unwrap_or_default(),
        },
        session: arguments.session.clone(),
        sign_out: arguments.sign_out.clone(),
        is_thorough: arguments.thorough,
        is_spent: arguments.spent,
        host: Some(place),
        is_host_named: is_host_named(arguments),
        is_host_here: arguments.host,
        is_folder_named: arguments.dir.is_some(),
        via,
        there: there(arguments),
        login: login(arguments)?,
        salt,
    })
}

/// Whether the host's facts were asked for.
fn is_host_named(arguments: &Arguments) -> bool {
    // A log may have been fetched from elsewhere; a folder, a process and a socket are of this machine.
    arguments.host
        || arguments.dir.is_some()
        || arguments.pid.is_some()
        || arguments.docker.is_some()
        || arguments.host_facts
        || arguments.host_logs
}

/// The phone to wait for.
fn phone(arguments: &Arguments) -> Option<Phone> {
    let patience = Duration::from_secs(arguments.phone_wait);
    arguments.phone.then_some(Phone { show: super::phone::show, patience })
}

/// The command that runs its arguments on the host of the site.
fn via(arguments: &Arguments) -> Result<Vec<String>, String> {
    Ok(match (&arguments.ssh, &arguments.via) {
        (Some(host), _) if host.starts_with('-') => return Err("--ssh wants a host".to_owned()),
        (Some(host), _) => ["ssh", "-o", "BatchMode=yes", "--", host].map(str::to_owned).to_vec(),
        (None, Some(command)) => command.split_whitespace().map(str::to_owned).collect(),
        (None, None) => Vec::new(),
    })
}

/// Facts that were given rather than gathered.
///
/// # Errors
/// Where they cannot be read.
pub(super) fn seed(arguments: &Arguments, facts: &mut Facts) -> Result<(), String> {
    facts.outside_works = match arguments.seen_from_outside.as_deref() {
        None => None,
        Some("yes") => Some(true),
        Some("no") => Some(false),
        Some(_) => return Err("--seen-from-outside is yes or no".to_owned()),
    };
    if let Some(path) = &arguments.har {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        facts.browser =
            Some(doorward_doctor::har::read(&text).map_err(|error| format!("{}: {error}", path.display()))?);
    }
    Ok(())
}

/// What was named for the host, for the part of the doctor that runs there.
fn there(arguments: &Arguments) -> Vec<String> {
    let path = |name: &str, path: &std::path::Path| [name.to_owned(), path.display().to_string()];
    let mut words = Vec::new();
    words.extend(arguments.dir.iter().flat_map(|dir| path("--dir", dir)));
    words.extend(arguments.log.iter().flat_map(|log| path("--log", log)));
    words.extend(arguments.docker.iter().flat_map(|socket| path("--docker", socket)));
    words.extend(arguments.pid.iter().flat_map(|pid| ["--pid".to_owned(), pid.to_string()]));
    words
}

fn target(text: &str) -> Result<Target, String> {
    let text = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let url = url::Url::parse(&text).map_err(|error| format!("{text}: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("{}: only http and https", url.scheme()));
    }
    let host = url.host_str().ok_or("the address has no host")?.trim_matches(['[', ']']).to_lowercase();
    let port = url.port_or_known_default().unwrap_or(443);
    let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    Ok(Target { scheme: url.scheme().to_owned(), host, port, path })
}

fn place_of(text: &str) -> Result<(String, u16), String> {
    let (host, port) = text.rsplit_once(':').ok_or_else(|| format!("{text}: HOST:PORT"))?;
    Ok((host.trim_matches(['[', ']']).to_owned(), port.parse().map_err(|_| format!("{text}: HOST:PORT"))?))
}

fn resolve(text: &str) -> Result<(String, u16, IpAddr), String> {
    let wrong = || format!("{text}: HOST:PORT:ADDRESS");
    let mut parts = text.splitn(3, ':');
    let (host, port, address) =
        (parts.next().ok_or_else(wrong)?, parts.next().ok_or_else(wrong)?, parts.next().ok_or_else(wrong)?);
    Ok((
        host.to_lowercase(),
        port.parse().map_err(|_| wrong())?,
        address.trim_matches(['[', ']']).parse().map_err(|_| wrong())?,
    ))
}

fn profile_of(text: &str) -> Result<profile::Profile, String> {
    let path = PathBuf::from(text);
    let content = if path.extension().is_some_and(|extension| extension == "toml") {
        Some(std::fs::read_to_string(&path).map_err(|error| format!("{text}: {error}"))?)
    } else {
        None
    };
    profile::named(text, content.as_deref()).map_err(|error| error.to_string())
}

fn login(arguments: &Arguments) -> Result<Option<Login>, String> {
    let Some(user) = arguments.login.clone() else { return Ok(None) };
    let read = |path: &PathBuf| {
        std::fs::read_to_string(path)
            .map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
            .map_err(|error| format!("{}: {error}", path.display()))
    };
    let password = arguments.password_file.as_ref().map(read).transpose()?.unwrap_or_default();
    let parse = |path: &PathBuf| {
        let text = read(path)?;
        text.parse().map(Some).map_err(|error: doorward_doctor::totp::TotpError| format!("{}: {error}", path.display()))
    };
    let totp = arguments.totp_file.as_ref().map_or(Ok(None), parse)?;
    Ok(Some(Login { user, password, totp }))
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_addresses_as_people_write_them() {
        assert_eq!(target("app.example.com").unwrap().origin(), "https://app.example.com");
        assert_eq!(target("http://[::1]:8000/x?y").unwrap().authority(), "[::1]:8000");
        assert!(target("ftp://a").is_err() && target("https://").is_err());
        assert_eq!(place_of("[::1]:443").unwrap(), ("::1".to_owned(), 443));
        assert_eq!(resolve("A.test:443:[2001:db8::1]").unwrap().0, "a.test");
        assert_eq!(unhex("00ff"), [0, 255]);
    }
}
