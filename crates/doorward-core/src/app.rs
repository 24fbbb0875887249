//! Apps behind the login: the rules of one app, as data that [`crate::policy::admit`] decides by.

use std::fmt;
use std::str::FromStr;

use crate::user::Group;

/// A pattern of paths: one path, or everything below one.
///
/// `/robots.txt` is that path alone. `/admin/*` is `/admin`, `/admin/` and everything below, so that a rule for a
/// place never leaves its door open. `/*` is everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    base: Box<str>,
    is_tree: bool,
}

/// Why a text is no pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a pattern begins with a slash, has no `//`, `?`, `#`, `%` or dot segment, and a star only as its last segment"
)]
pub struct NoPattern;

impl FromStr for Pattern {
    type Err = NoPattern;

    fn from_str(text: &str) -> Result<Self, NoPattern> {
        let (base, is_tree) = text.strip_suffix("/*").map_or((text, false), |base| (base, true));
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"*?#%\\;".contains(&byte);
        let is_rooted = base.starts_with('/') || (is_tree && base.is_empty());
        let is_clear = !base.contains("//") && !base.split('/').any(|segment| matches!(segment, "." | ".."));
        let is_closed = !(is_tree && base.ends_with('/'));
        if is_rooted && is_clear && is_closed && base.bytes().all(is_plain) {
            Ok(Self { base: base.into(), is_tree })
        } else {
            Err(NoPattern)
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.base)?;
        if self.is_tree { formatter.write_str("/*") } else { Ok(()) }
    }
}

/// How letters of a path are compared.
#[derive(Clone, Copy)]
enum Case {
    Exact,
    Ignored,
}

impl Pattern {
    fn covers(&self, path: &str, case: Case) -> bool {
        let (path, base) = (path.as_bytes(), self.base.as_bytes());
        let Some(head) = path.get(..base.len()) else { return false };
        let is_same = match case {
            Case::Exact => head == base,
            Case::Ignored => head.eq_ignore_ascii_case(base),
        };
        is_same && (path.len() == base.len() || (self.is_tree && path[base.len()] == b'/'))
    }
}

/// Who may enter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Everybody, signed in or not.
    Public,
    /// Whoever is signed in.
    SignedIn,
    /// Whoever is in one of these groups.
    Groups(Box<[Group]>),
    /// Nobody.
    Nobody,
}

/// How strongly a session must have proven who enters. Public places ask for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strength {
    /// As it was signed in.
    #[default]
    Any,
    /// Two factors. A trusted device and a code by mail are none.
    TwoFactors,
    /// Two factors, of which the second was proven in the last so many seconds.
    Fresh(i64),
}

impl Strength {
    /// Whether this is strong enough: seconds since the second of two factors was proven; nothing where there are none.
    #[must_use]
    pub fn is_met(self, two_factor_age: Option<i64>) -> bool {
        match self {
            Self::Any => true,
            Self::TwoFactors => two_factor_age.is_some(),
            Self::Fresh(seconds) => two_factor_age.is_some_and(|age| (0..seconds).contains(&age)),
        }
    }
}

/// Who may enter where, by which methods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The paths that it is for; none for every path.
    pub paths: Vec<Pattern>,
    /// The methods that it is for, in upper case; none for every method. `GET` is for `HEAD` too.
    pub methods: Vec<Box<str>>,
    /// Who may enter.
    pub entry: Entry,
    /// How strongly proven; nothing for what the app asks as a whole.
    pub strength: Option<Strength>,
}

impl Rule {
    fn is_for(&self, method: &str, path: &str, case: Case) -> bool {
        let method = if method == "HEAD" { "GET" } else { method };
        (self.methods.is_empty() || self.methods.iter().any(|own| **own == *method))
            && (self.paths.is_empty() || self.paths.iter().any(|own| own.covers(path, case)))
    }
}

/// The rules of one app; the first that is for a request decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// In the order in which they are asked.
    pub rules: Vec<Rule>,
    /// Who may enter where no rule says otherwise.
    pub otherwise: Entry,
    /// How strongly proven, where no rule says otherwise.
    pub strength: Strength,
}

impl Rules {
    /// Who may enter here, in both readings of the path: as it is written, and as an app reads it that does not tell
    /// upper from lower case. A request must be let in by both (a rule for `/admin/*` is not passed by `/Admin`).
    #[must_use]
    pub fn entries(&self, method: &str, path: &str) -> [&Entry; 2] {
        let exact = self.entry(method, path, Case::Exact);
        if self.rules.is_empty() || !path.bytes().any(|byte| byte.is_ascii_alphabetic()) {
            return [exact, exact];
        }
        [exact, self.entry(method, path, Case::Ignored)]
    }

    fn entry(&self, method: &str, path: &str, case: Case) -> &Entry {
        let found = self.rules.iter().find(|rule| rule.is_for(method, path, case));
        found.map_or(&self.otherwise, |rule| &rule.entry)
    }

    /// How strongly proven, in both readings of the path: each must be met.
    #[must_use]
    pub fn strengths(&self, method: &str, path: &str) -> [Strength; 2] {
        [Case::Exact, Case::Ignored].map(|case| {
            let found = self.rules.iter().find(|rule| rule.is_for(method, path, case));
            found.and_then(|rule| rule.strength).unwrap_or(self.strength)
        })
    }

    /// Whether a rule asks for a method: then no header may name another one.
    #[must_use]
    pub fn tell_methods_apart(&self) -> bool {
        self.rules.iter().any(|rule| !rule.methods.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        text.parse().unwrap()
    }

    #[test]
    fn a_tree_has_its_root_and_no_neighbour() {
        for (text, path, is_covered) in [
            ("/a", "/a", true),
            ("/a", "/a/", false),
            ("/a", "/ab", false),
            ("/a/*", "/a", true),
            ("/a/*", "/a/", true),
            ("/a/*", "/a/b/c", true),
            ("/a/*", "/ab", false),
            ("/a/*", "/", false),
            ("/*", "/", true),
            ("/*", "/anything", true),
            ("/", "/", true),
            ("/", "/a", false),
        ] {
            assert_eq!(pattern(text).covers(path, Case::Exact), is_covered, "{text} {path}");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_no_pattern() {
        for text in
            ["", "*", "a", "/a*", "/*/b", "/a//b", "/../a", "/a/./*", "/a?b", "/a#b", "/%61", "/a;b", "/a\\b", "//*"]
        {
            assert_eq!(text.parse::<Pattern>(), Err(NoPattern), "{text}");
        }
        for text in ["/", "/*", "/a", "/a/", "/a/*", "/a.b/~c/@d"] {
            assert_eq!(pattern(text).to_string(), text);
        }
    }

    #[test]
    fn the_first_rule_decides_and_letter_case_opens_nothing() {
        let rule = |path: &str, methods: &[&str], entry| Rule {
            paths: vec![pattern(path)],
            methods: methods.iter().map(|method| Box::from(*method)).collect(),
            entry,
            strength: None,
        };
        let rules = Rules {
            rules: vec![
                rule("/admin/*", &[], Entry::Nobody),
                rule("/api/*", &["GET"], Entry::Public),
                rule("/api/*", &[], Entry::SignedIn),
            ],
            otherwise: Entry::Public,
            strength: Strength::Any,
        };
        let entries = |method, path| rules.entries(method, path);
        assert_eq!(entries("GET", "/admin"), [&Entry::Nobody; 2]);
        assert_eq!(entries("GET", "/Admin/x"), [&Entry::Public, &Entry::Nobody]);
        assert_eq!(entries("HEAD", "/api/x"), [&Entry::Public; 2]);
        assert_eq!(entries("POST", "/api/x"), [&Entry::SignedIn; 2]);
        assert_eq!(entries("POST", "/API/x"), [&Entry::Public, &Entry::SignedIn]);
        assert!(rules.tell_methods_apart());
    }
}
