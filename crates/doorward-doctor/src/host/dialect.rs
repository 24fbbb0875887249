//! How the proxy speaks to the app, by its configuration: with whose certificates, in which version, with what before it.

use std::path::PathBuf;

use super::block::{Block, blocks};
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
    let near = near(&host.proxy, line);
    let beside = |text: &str| near.iter().any(|other| other.text.trim_start().starts_with(text));
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

/// The lines that speak of the same way as this one. Others of the same file may lead elsewhere: to mail, to another app.
fn near<'a>(lines: &'a [Line], line: &Line) -> Vec<&'a Line> {
    let all = blocks(lines);
    let is_within = |at: usize, outer: usize| {
        let mut way = std::iter::successors(Some(at), |at| all[*at].parent);
        way.any(|known| known == outer)
    };
    let inside = |outer: usize| (0..all.len()).filter(move |at| is_within(*at, outer));
    // Caddy's line opens a block of its own, or stands in the one of its `reverse_proxy`.
    if let Some(own) = all.iter().position(|block| std::ptr::eq(block.head.as_ptr(), line.text.trim().as_ptr())) {
        return inside(own).flat_map(|at| all[at].lines.iter().copied()).collect();
    }
    let Some(own) = all.iter().position(|block| block.lines.iter().any(|known| std::ptr::eq(*known, line))) else {
        return Vec::new();
    };
    if all[own].head.starts_with("reverse_proxy") {
        return inside(own).flat_map(|at| all[at].lines.iter().copied()).collect();
    }
    // What nginx says once holds in every block within; a named upstream is spoken to as each block says that leads there.
    let around = |at: usize| std::iter::successors(Some(at), |at| all[*at].parent);
    let name = all[own].head.strip_prefix("upstream ").map(str::trim);
    let leads = |block: &Block<'_>| name.is_some_and(|name| block.lines.iter().any(|line| leads_to(&line.text, name)));
    let users = (0..all.len()).filter(|at| leads(&all[*at])).flat_map(around);
    around(own).chain(users).flat_map(|at| all[at].lines.iter().copied()).collect()
}

/// Whether a line passes requests or connections on to an upstream of this name.
fn leads_to(text: &str, name: &str) -> bool {
    let mut words = text.trim().trim_end_matches(';').split_whitespace();
    let place = words.next().filter(|word| matches!(*word, "proxy_pass" | "grpc_pass")).and(words.next());
    place.is_some_and(|place| place.rsplit("://").next().unwrap_or(place).split('/').next() == Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Option<Dialect> {
        let line = |text: &&str| Line { text: (*text).into(), source: "x.conf".into(), number: 0 };
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
            (&["reverse_proxy {", "to 127.0.0.1:8000", "transport http {", "versions h2c", "}", "}"], true, false),
            (&["proxy_pass http://127.0.0.1:8000;"], false, false),
            (&["server {", "proxy_protocol on;", "proxy_pass 127.0.0.1:8000;", "}"], false, true),
            (
                &[
                    "upstream app {",
                    "server 127.0.0.1:8000;",
                    "}",
                    "server {",
                    "proxy_protocol on;",
                    "proxy_pass app;",
                    "}",
                ],
                false,
                true,
            ),
        ] {
            let dialect = read(lines).unwrap();
            assert_eq!((dialect.is_two, dialect.is_announced), (is_two, is_announced), "{lines:?}");
        }
    }

    #[test]
    fn what_is_said_of_another_way_is_not_said_of_this_one() {
        let mail = "stream {\nserver {\nlisten 25;\nproxy_pass 127.0.0.1:2525;\nproxy_protocol on;\n}\n}";
        let app = "http {\nserver {\nlocation / {\nproxy_pass http://127.0.0.1:8000;\n}\n}\n}";
        let caddy = "app.test {\nreverse_proxy 127.0.0.1:8000\n}\ngrpc.test {\nreverse_proxy 127.0.0.1:9000 {\ntransport http {\nversions h2c\nproxy_protocol v2\n}\n}\n}";
        let beside = "app.test {\nreverse_proxy 127.0.0.1:8000\nreverse_proxy /rpc 127.0.0.1:9000 {\ntransport http {\nversions h2c\n}\n}\n}";
        for text in [format!("{mail}\n{app}"), format!("{app}\n{mail}"), caddy.to_owned(), beside.to_owned()] {
            let dialect = read(&text.lines().collect::<Vec<_>>()).unwrap();
            assert_eq!((dialect.is_two, dialect.is_announced), (false, false), "{text}");
            let dialect = read(
                &text
                    .replace(":8000", ":1")
                    .replace(":2525", ":8000")
                    .replace(":9000", ":8000")
                    .lines()
                    .collect::<Vec<_>>(),
            )
            .unwrap();
            assert!(dialect.is_two || dialect.is_announced, "{text}");
        }
    }
}
