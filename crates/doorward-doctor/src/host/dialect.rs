//! How the proxy speaks to the app, by its configuration: with whose certificates, in which version, with what before it.

use std::path::PathBuf;

use super::upstream;
use crate::facts::{Host, Line};

/// What one line of a configuration, and those beside it, say of the way to the app.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dialect {
    /// The line that names the app.
    pub line: Line,
    /// The file of authorities by which the app's certificate is checked, where it is.
    pub authorities: Option<PathBuf>,
    /// The name that the certificate must cover; empty where any will do.
    pub name: String,
    /// HTTP/2 without TLS.
    pub is_two: bool,
    /// The PROXY protocol comes before each request.
    pub is_announced: bool,
}

/// How the proxy speaks to the app at this port.
#[must_use]
pub fn of(host: &Host, port: u16) -> Option<Dialect> {
    let leads = |line: &&Line| upstream::target(&line.text).is_some_and(|(_, known)| known == port);
    let line = host.proxy.iter().find(leads)?;
    let words: Vec<_> = line.text.split_whitespace().collect();
    let after = |word: &str| words.iter().position(|known| *known == word).and_then(|at| words.get(at + 1)).copied();
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(word));
    let beside = |text: &str| {
        host.proxy.iter().any(|other| other.source == line.source && other.text.trim_start().starts_with(text))
    };
    let is_checked = has(&["ssl"]) && after("verify") == Some("required");
    let name =
        after("verifyhost").or_else(|| after("sni").and_then(|word| word.strip_prefix("str(")?.strip_suffix(')')));
    Some(Dialect {
        line: line.clone(),
        authorities: after("ca-file").filter(|_| is_checked).filter(|file| file.starts_with('/')).map(PathBuf::from),
        name: name.unwrap_or_default().to_owned(),
        is_two: line.text.contains("h2c://")
            || beside("versions h2c")
            || after("proto") == Some("h2") && !has(&["ssl"])
            || line.text.contains("grpc://"),
        is_announced: has(&["send-proxy", "send-proxy-v2"])
            || beside("proxy_protocol v")
            || beside("proxy_protocol on"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Option<Dialect> {
        let line = |text: &&str| Line { text: (*text).into(), ..Line::default() };
        of(&Host { proxy: lines.iter().map(line).collect(), ..Host::default() }, 8000)
    }

    #[test]
    fn reads_by_whom_the_app_must_be_vouched_for() {
        let text = "server app1 127.0.0.1:8000 ssl verify required ca-file /etc/ca.pem verifyhost app.internal";
        let dialect = read(&[text]).unwrap();
        assert_eq!(dialect.authorities, Some("/etc/ca.pem".into()));
        assert_eq!(dialect.name, "app.internal");
        assert_eq!(read(&[&text.replace("required", "none")]).unwrap().authorities, None);
        assert_eq!(
            read(&[&text.replace("verifyhost app.internal", "sni str(b.internal)")]).unwrap().name,
            "b.internal"
        );
        assert_eq!(read(&[&text.replace("8000", "8001")]), None);
    }

    #[test]
    fn reads_versions_and_what_comes_before() {
        for (lines, is_two, is_announced) in [
            (&["server app1 127.0.0.1:8000 proto h2"][..], true, false),
            (&["server app1 127.0.0.1:8000 ssl proto h2 verify none"], false, false),
            (&["reverse_proxy h2c://127.0.0.1:8000 {"], true, false),
            (&["reverse_proxy 127.0.0.1:8000 {", "transport http {", "versions h2c"], true, false),
            (&["server app1 127.0.0.1:8000 check send-proxy-v2"], false, true),
            (&["reverse_proxy 127.0.0.1:8000 {", "proxy_protocol v2"], false, true),
            (&["proxy_pass http://127.0.0.1:8000;"], false, false),
        ] {
            let dialect = read(lines).unwrap();
            assert_eq!((dialect.is_two, dialect.is_announced), (is_two, is_announced), "{lines:?}");
        }
    }
}
