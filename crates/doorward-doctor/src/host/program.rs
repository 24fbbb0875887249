//! What a process that listens is: its words, its configuration, its logs.

use std::path::{Path, PathBuf};

use crate::facts::Line;
use crate::redact;

/// Files of one configuration that are read.
const FILES: usize = 64;

/// Proxies, by the name of their program.
pub(super) const PROXIES: &[&str] = &["nginx", "caddy", "haproxy", "traefik", "apache2", "httpd", "openresty", "envoy"];

/// A process that listens.
#[derive(Debug, Clone, Default)]
pub(super) struct Program {
    pub(super) pid: u32,
    pub(super) name: String,
    words: Vec<String>,
    /// Where its files are, seen from here; empty where it sees the same ones.
    root: PathBuf,
}

impl Program {
    pub(super) fn of(pid: u32) -> Option<Self> {
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?.trim().to_owned();
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        let mounts = |who: &str| std::fs::read_link(format!("/proc/{who}/ns/mnt")).ok();
        let is_apart = mounts("self") != mounts(&pid.to_string());
        Some(Self {
            pid,
            name,
            root: if is_apart { PathBuf::from(format!("/proc/{pid}/root")) } else { PathBuf::new() },
            words: line.split(['\0', ' ']).filter(|word| !word.is_empty()).map(str::to_owned).collect(),
        })
    }

    pub(super) fn is_proxy(&self) -> bool {
        PROXIES.contains(&self.name.as_str())
    }

    fn option(&self, names: &[&str]) -> Option<&str> {
        let at = self.words.iter().position(|word| names.contains(&word.as_str()))?;
        self.words.get(at + 1).map(String::as_str)
    }

    /// The file with the proxy's configuration.
    fn configuration(&self) -> Option<PathBuf> {
        let (names, usual): (&[&str], &str) = match self.name.as_str() {
            "nginx" | "openresty" => (&["-c"], "/etc/nginx/nginx.conf"),
            "caddy" => (&["--config", "-config"], "/etc/caddy/Caddyfile"),
            "haproxy" => (&["-f"], "/etc/haproxy/haproxy.cfg"),
            "traefik" => (&["--configfile", "--configFile"], "/etc/traefik/traefik.yml"),
            "apache2" | "httpd" => (&["-f"], "/etc/apache2/apache2.conf"),
            _ => return None,
        };
        let file = self.option(names).unwrap_or(usual);
        let folder = std::fs::read_link(format!("/proc/{}/cwd", self.pid)).unwrap_or_default();
        Some(if file.starts_with('/') { PathBuf::from(file) } else { folder.join(file) })
    }

    /// Lines of the proxy's configuration, included files too.
    pub(super) fn lines(&self) -> Vec<Line> {
        let mut files = Vec::new();
        if let Some(first) = self.configuration() {
            include(&self.root, &first, &mut files);
        }
        files.iter().flat_map(|path| lines(&self.root, path)).collect()
    }

    /// Files to which it writes each request.
    pub(super) fn access_logs(&self, lines: &[Line]) -> Vec<PathBuf> {
        let named = lines.iter().filter_map(|line| {
            let mut words = line.text.trim_end_matches(';').split_whitespace();
            words.next().filter(|word| matches!(*word, "access_log" | "CustomLog"))?;
            Some(below(&self.root, Path::new(words.next()?.trim_matches('"'))))
        });
        let mut paths: Vec<_> = named.filter(|path| path.is_file()).take(8).collect();
        paths.dedup();
        paths
    }

    /// Files to which it writes what goes wrong.
    pub(super) fn logs(&self, lines: &[Line]) -> Vec<PathBuf> {
        let mut logs: Vec<_> = (1..=2)
            .filter_map(|at| std::fs::read_link(format!("/proc/{}/fd/{at}", self.pid)).ok())
            .filter(|path| path.is_file())
            .collect();
        for line in lines {
            for piece in line.text.split(['{', ';']) {
                let mut words = piece.split_whitespace();
                if matches!(words.next(), Some("error_log" | "ErrorLog")) {
                    let path = words.next().map(|path| below(&self.root, Path::new(path.trim_end_matches(';'))));
                    logs.extend(path.filter(|path| path.is_file()));
                }
            }
        }
        logs.dedup();
        logs
    }
}

/// A path of a program as it is reached from here.
fn below(root: &Path, path: &Path) -> PathBuf {
    if root.as_os_str().is_empty() { path.to_owned() } else { root.join(path.strip_prefix("/").unwrap_or(path)) }
}

fn include(root: &Path, path: &Path, files: &mut Vec<PathBuf>) {
    let here = below(root, path);
    if files.len() >= FILES || files.iter().any(|known| known == path) || !here.is_file() {
        return;
    }
    files.push(path.to_owned());
    let Some(text) = super::text(&here) else { return };
    for line in text.lines().map(str::trim) {
        let mut words = line.split_whitespace();
        if !matches!(words.next(), Some("include" | "import" | "Include" | "IncludeOptional")) {
            continue;
        }
        let Some(named) = words.next() else { continue };
        let named = named.trim_end_matches(';').trim_matches('"');
        let named =
            if named.starts_with('/') { PathBuf::from(named) } else { path.parent().unwrap_or(path).join(named) };
        for found in matching(root, &named) {
            include(root, &found, files);
        }
    }
}

/// Files that a pattern with a star in its last part names.
fn matching(root: &Path, path: &Path) -> Vec<PathBuf> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let Some((before, after)) = name.split_once('*') else { return vec![path.to_owned()] };
    let Some(folder) = path.parent() else { return Vec::new() };
    let all = std::fs::read_dir(below(root, folder)).into_iter().flatten().flatten();
    let fits = |path: &PathBuf| {
        path.file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name.starts_with(before) && name.ends_with(after))
    };
    let mut found: Vec<_> = all.map(|entry| folder.join(entry.file_name())).filter(fits).collect();
    found.sort();
    found
}

/// The lines of a configuration, without comments.
pub(super) fn lines(root: &Path, path: &Path) -> Vec<Line> {
    let text = super::text(&below(root, path)).unwrap_or_default();
    let source = path.display().to_string();
    let told = text.lines().enumerate().map(|(at, line)| (at + 1, line.split(" #").next().unwrap_or_default().trim()));
    // Several directives on one line are several facts.
    told.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .flat_map(|(number, line)| {
            line.split_inclusive([';', '{', '}'])
                .map(str::trim)
                .filter(|piece| !piece.is_empty())
                .map(|piece| Line { source: source.clone(), number, text: redact::clean(piece) })
                .collect::<Vec<_>>()
        })
        .take(2_000)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_included_files_and_splits_lines() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("conf.d")).unwrap();
        std::fs::write(at("nginx.conf"), "http {\n  include conf.d/*.conf; # all\n}\n").unwrap();
        std::fs::write(at("conf.d/a.conf"), "server { listen 80; location / { proxy_pass http://127.0.0.1:8000; } }")
            .unwrap();
        let mut files = Vec::new();
        include(Path::new(""), &at("nginx.conf"), &mut files);
        assert_eq!(files.len(), 2);
        let texts: Vec<_> = lines(Path::new(""), &files[1]).into_iter().map(|line| line.text).collect();
        assert_eq!(texts, ["server {", "listen 80;", "location / {", "proxy_pass http://127.0.0.1:8000;", "}", "}"]);
        assert_eq!(below(Path::new("/proc/7/root"), Path::new("/etc/x")), Path::new("/proc/7/root/etc/x"));
    }
}
