//! The names of a certificate, and which hosts they cover.

use std::net::IpAddr;

/// Names and addresses of a certificate's subject alternative name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    exact: Vec<Box<str>>,
    /// What stands behind the star, with its dot: `.example.com`.
    wildcard: Vec<Box<str>>,
    addresses: Vec<IpAddr>,
}

impl Names {
    /// Sorts names as a certificate has them. Names with a star anywhere but in place of the whole first label are
    /// left out: no browser accepts them (RFC 9525, section 6.3).
    #[must_use]
    pub fn new(names: impl IntoIterator<Item = String>, addresses: Vec<IpAddr>) -> Self {
        let mut sorted = Self { addresses, ..Self::default() };
        for name in names {
            let name = name.to_ascii_lowercase();
            match name.strip_prefix('*') {
                Some(suffix) if suffix.len() > 1 && suffix.starts_with('.') && !suffix.contains('*') => {
                    sorted.wildcard.push(suffix.into());
                }
                None if !name.is_empty() && !name.contains('*') => sorted.exact.push(name.into()),
                _ => {}
            }
        }
        sorted
    }

    /// Whether the certificate speaks for a host: a name in any letter case, or an address with or without brackets.
    /// A star stands for exactly one label.
    #[must_use]
    pub fn covers(&self, host: &str) -> bool {
        let host = canonical(host);
        if let Ok(address) = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            return self.addresses.contains(&address);
        }
        self.exact.iter().any(|name| **name == *host)
            || host.find('.').is_some_and(|at| at > 0 && self.wildcard.iter().any(|suffix| **suffix == host[at..]))
    }

    /// Whether there is nothing that a visitor could ask for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.wildcard.is_empty() && self.addresses.is_empty()
    }

    /// The names as texts, stars included, for people.
    pub fn iter(&self) -> impl Iterator<Item = String> {
        let exact = self.exact.iter().map(ToString::to_string);
        let wildcard = self.wildcard.iter().map(|suffix| format!("*{suffix}"));
        exact.chain(wildcard).chain(self.addresses.iter().map(ToString::to_string))
    }

    pub(super) fn exact(&self) -> &[Box<str>] {
        &self.exact
    }

    pub(super) fn wildcard(&self) -> &[Box<str>] {
        &self.wildcard
    }
}

/// A host in lower case, without the dot that may end it.
pub(super) fn canonical(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_exactly_one_label() {
        let names = ["A.Example.com", "*.apps.test", "*", "*x.test", "a.*.test", "*.*.test"].map(str::to_owned);
        let names = Names::new(names, vec![[192, 0, 2, 1].into(), "2001:db8::1".parse().unwrap()]);
        for (host, is_covered) in [
            ("a.example.com", true),
            ("A.EXAMPLE.COM.", true),
            ("b.example.com", false),
            ("one.apps.test", true),
            ("two.one.apps.test", false),
            ("apps.test", false),
            (".apps.test", false),
            ("x.test", false),
            ("192.0.2.1", true),
            ("192.0.2.2", false),
            ("[2001:db8::1]", true),
            ("", false),
        ] {
            assert_eq!(names.covers(host), is_covered, "{host}");
        }
        assert_eq!(names.iter().count(), 4, "{names:?}");
    }
}
