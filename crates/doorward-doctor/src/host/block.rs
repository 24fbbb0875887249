//! The blocks of a proxy's configuration: which lines belong together, who listens where, and who forwards to whom.

use std::net::IpAddr;

use super::upstream;
use crate::facts::{Host, Line};

/// Lines between one pair of braces, or of one section of `HAProxy`.
#[derive(Debug, Clone, Default)]
pub struct Block<'a> {
    /// What stands before the brace: `server`, `location /`, `app.test`, `frontend web`.
    pub head: &'a str,
    /// Its own lines, without those of the blocks in it.
    pub lines: Vec<&'a Line>,
    /// The block around it.
    pub parent: Option<usize>,
}

/// Words that begin a section of `HAProxy`.
const SECTIONS: &[&str] = &["global", "defaults", "frontend", "backend", "listen"];

/// Takes a configuration apart.
#[must_use]
pub fn blocks(lines: &[Line]) -> Vec<Block<'_>> {
    let mut all: Vec<Block<'_>> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut source = "";
    for line in lines {
        if line.source != source {
            open.clear();
            source = &line.source;
            all.push(Block::default());
            open.push(all.len() - 1);
        }
        let text = line.text.trim();
        let first = text.split_whitespace().next().unwrap_or_default();
        let is_section = SECTIONS.contains(&first) && !text.ends_with([';', '{']) && !text.contains(':');
        if text == "}" {
            if open.len() > 1 {
                open.pop();
            }
        } else if text.ends_with('{') || is_section {
            if is_section {
                open.truncate(1);
            }
            let head = text.trim_end_matches('{').trim();
            all.push(Block { head, lines: Vec::new(), parent: open.last().copied() });
            open.push(all.len() - 1);
        } else if let Some(at) = open.last() {
            all[*at].lines.push(line);
        }
    }
    all
}

/// A place of a configuration where requests come in.
#[derive(Debug)]
struct Door {
    ports: Vec<u16>,
    /// Where it forwards to: ports of this very host.
    onward: Vec<u16>,
    text: String,
}

/// A way from a listener of the proxies here that leads back to itself: what forwards, in words.
#[must_use]
pub fn circle(host: &Host) -> Option<String> {
    let doors = doors(host);
    let leads = |from: &Door, to: &Door| from.onward.iter().any(|port| to.ports.contains(port));
    for start in 0..doors.len() {
        let mut reached: Vec<usize> = (0..doors.len()).filter(|next| leads(&doors[start], &doors[*next])).collect();
        let mut at = 0;
        while at < reached.len() {
            let from = reached[at];
            for next in 0..doors.len() {
                if leads(&doors[from], &doors[next]) && !reached.contains(&next) {
                    reached.push(next);
                }
            }
            at += 1;
        }
        if reached.contains(&start) {
            return Some(doors[start].text.clone());
        }
    }
    None
}

fn doors(host: &Host) -> Vec<Door> {
    let blocks = blocks(&host.proxy);
    let named: Vec<(&str, Vec<u16>)> = blocks
        .iter()
        .filter_map(|block| {
            let mut words = block.head.split_whitespace();
            let name = words.next().filter(|word| ["upstream", "backend"].contains(word)).and(words.next())?;
            Some((name, own(host, &block.lines)))
        })
        .collect();
    let mut doors = Vec::new();
    for (at, block) in blocks.iter().enumerate() {
        let lines: Vec<&Line> = blocks
            .iter()
            .enumerate()
            .filter(|(other, _)| is_within(&blocks, *other, at))
            .flat_map(|(_, block)| block.lines.iter().copied())
            .collect();
        let ports = ports(block, &lines);
        if ports.is_empty() || matches!(block.head.split_whitespace().next(), None | Some("http" | "stream")) {
            continue;
        }
        let mut onward = own(host, &lines);
        for line in &lines {
            let mut words = line.text.trim_end_matches(';').split_whitespace();
            let target = match words.next() {
                Some("proxy_pass" | "default_backend" | "use_backend") => words.next().unwrap_or_default(),
                _ => continue,
            };
            let name = target.trim_start_matches("http://").trim_start_matches("https://").split('/').next();
            onward.extend(named.iter().filter(|(known, _)| Some(*known) == name).flat_map(|(_, ports)| ports));
        }
        let text = lines
            .iter()
            .find(|line| upstream::target(&line.text).is_some())
            .map_or_else(|| block.head.to_owned(), |line| format!("{} ({}:{})", line.text, line.source, line.number));
        doors.push(Door { ports, onward, text });
    }
    doors
}

fn is_within(blocks: &[Block<'_>], inner: usize, outer: usize) -> bool {
    let mut at = Some(inner);
    while let Some(now) = at {
        if now == outer {
            return true;
        }
        at = blocks[now].parent;
    }
    false
}

/// Where a block listens: by its lines, or for Caddy by its head.
fn ports(block: &Block<'_>, lines: &[&Line]) -> Vec<u16> {
    let mut found: Vec<u16> = block.lines.iter().filter_map(|line| upstream::listen_port(&line.text)).collect();
    let is_caddy = lines.iter().any(|line| line.text.starts_with("reverse_proxy")) && block.parent.is_some();
    if found.is_empty() && is_caddy && !block.head.is_empty() && !block.head.starts_with(['(', '@']) {
        for place in block.head.split(',').map(str::trim) {
            let rest = place.trim_start_matches("https://").trim_start_matches("http://");
            match rest.rsplit_once(':').and_then(|(_, port)| port.parse().ok()) {
                Some(port) => found.push(port),
                None if place.starts_with("http://") => found.push(80),
                None if place.contains('.') => found.extend([80, 443]),
                None => {}
            }
        }
    }
    found
}

/// Ports of this very host to which these lines forward.
fn own(host: &Host, lines: &[&Line]) -> Vec<u16> {
    let is_here = |name: &str| {
        name == "localhost"
            || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback() || host.addresses.contains(&address))
    };
    lines
        .iter()
        .filter_map(|line| upstream::target(&line.text))
        .filter(|(name, _)| is_here(name))
        .map(|(_, port)| port)
        .collect()
}

/// The lines of one block that set this field for the upstream more than once.
#[must_use]
pub fn set_twice<'a>(lines: &'a [Line], field: &str) -> Option<Vec<&'a Line>> {
    let start = format!("proxy_set_header {} ", field.to_lowercase());
    blocks(lines).into_iter().find_map(|block| {
        let sets: Vec<_> =
            block.lines.into_iter().filter(|line| line.text.trim().to_lowercase().starts_with(&start)).collect();
        (sets.len() > 1).then_some(sets)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configured(text: &str) -> Host {
        let line =
            |(at, text): (usize, &str)| Line { source: "x.conf".into(), number: at + 1, text: text.trim().into() };
        Host { proxy: text.lines().enumerate().map(line).collect(), ..Host::default() }
    }

    #[test]
    fn a_server_that_forwards_to_its_own_port_is_a_circle_and_a_chain_of_servers_is_none() {
        let chain = "http {\nserver {\nlisten 443 ssl;\nlocation / {\nproxy_pass http://127.0.0.1:8000;\n}\n}\nserver {\nlisten 8000;\nlocation / {\nproxy_pass http://127.0.0.1:9000;\n}\n}\n}";
        assert_eq!(circle(&configured(chain)), None);
        assert!(circle(&configured(&chain.replace("9000", "443"))).is_some());
        assert!(circle(&configured(&chain.replace("9000", "8000"))).is_some());
    }

    #[test]
    fn names_of_upstreams_lead_on() {
        let text = "upstream shop {\nserver 127.0.0.1:80;\n}\nserver {\nlisten 80;\nlocation / {\nproxy_pass http://shop;\n}\n}";
        assert!(circle(&configured(text)).is_some());
        assert_eq!(circle(&configured(&text.replace("127.0.0.1:80", "127.0.0.1:8000"))), None);
    }

    #[test]
    fn caddy_and_haproxy_have_circles_too() {
        assert!(circle(&configured("app.test {\nreverse_proxy 127.0.0.1:443\n}")).is_some());
        assert_eq!(
            circle(&configured(
                "app.test {\nreverse_proxy 127.0.0.1:8000\n}\n:8000 {\nreverse_proxy localhost:9000\n}"
            )),
            None
        );
        let text = "global\nmaxconn 9\nfrontend web\nbind *:443\ndefault_backend app\nbackend app\nserver a 127.0.0.1:443 check";
        assert!(circle(&configured(text)).is_some());
        assert_eq!(circle(&configured(&text.replace("a 127.0.0.1:443", "a 127.0.0.1:8000"))), None);
    }

    #[test]
    fn a_field_is_set_twice_only_where_one_block_does_so() {
        let text = "server {\nproxy_set_header Host a;\nlocation / {\nproxy_set_header Host b;\n}\n}";
        assert!(set_twice(&configured(text).proxy, "Host").is_none());
        let text = "location / {\nproxy_set_header Host a;\nproxy_set_header Host b;\n}";
        assert_eq!(set_twice(&configured(text).proxy, "Host").unwrap().len(), 2);
    }
}
