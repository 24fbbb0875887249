//! The section `[session]`: how long people stay signed in, and where the session cookie goes.

use doorward_core::session::{Profile, Timeouts};
use serde::Deserialize;

use super::check::Check;
use super::domain::Domain;
use super::quantity::duration_text;
use super::registry::{Key, Kind};

/// The keys of this section.
pub(super) const KEYS: &[Key] = &[
    Key::new("session.profile", Kind::Word(&["home", "standard", "strict"]), "home", "How long sessions live: `home` 7 days idle and 30 days in all, `standard` 1 hour and 24 hours, `strict` 15 minutes and 12 hours.").restart(),
    Key::new("session.idle", Kind::Duration, "", "Without a request for this long, a session ends. By default that of the profile.").restart(),
    Key::new("session.absolute", Kind::Duration, "", "After this long, every session ends. By default that of the profile.").restart(),
    Key::new("session.sso_domain", Kind::Text, "", "Share one session with every host below this domain, by the cookie `__Secure-doorward-sso`. Every one of those hosts can then act as its users.").restart(),
];

/// As written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    profile: Option<Profile>,
    idle: Option<i64>,
    absolute: Option<i64>,
    sso_domain: Option<String>,
}

/// As meant.
#[derive(Debug, Clone)]
pub struct Session {
    /// The named profile.
    pub profile: Profile,
    /// Its timeouts, or those that were written.
    pub timeouts: Timeouts,
    /// The domain whose hosts share one session, by explicit choice.
    pub sso_domain: Option<Domain>,
}

/// The longest that a session may live, in seconds: what browsers keep a cookie at most (400 days).
const LONGEST: i64 = 400 * 86_400;

impl Raw {
    pub(super) fn check(self, check: &mut Check<'_>) -> Session {
        let profile = self.profile.unwrap_or_default();
        let of_profile = profile.timeouts();
        let absolute = self.absolute.unwrap_or(of_profile.absolute);
        // A shorter life in all shortens the idle time of the profile, but not one that somebody wrote.
        let idle = self.idle.unwrap_or_else(|| of_profile.idle.min(absolute));
        for (path, value) in [("session.idle", idle), ("session.absolute", absolute)] {
            if !(60..=LONGEST).contains(&value) {
                let finding = check
                    .error("config.value_invalid", path, "A session lives between one minute and 400 days.")
                    .with_value(duration_text(value))
                    .with_remedy(check.line(path, "12h"));
                check.report(finding);
            }
        }
        if idle > absolute {
            let why = format!("Sessions end after {} in all, so this is never reached.", duration_text(absolute));
            let finding = check
                .error("config.conflict", "session.idle", why)
                .with_value(duration_text(idle))
                .with_remedy(check.line("session.idle", &duration_text(absolute)));
            check.report(finding);
        }
        Session {
            profile,
            timeouts: Timeouts { idle, absolute },
            sso_domain: self.sso_domain.and_then(|text| read_domain(&text, check)),
        }
    }
}

fn read_domain(text: &str, check: &mut Check<'_>) -> Option<Domain> {
    match text.trim().trim_start_matches('.').parse::<Domain>() {
        Ok(domain) => {
            let why = "One session for many hosts comes with the proxy; until then each host has its own.";
            let finding = check
                .error("config.not_yet", "session.sso_domain", why)
                .with_remedy(format!("# remove {}", check.subject("session.sso_domain")));
            check.report(finding);
            Some(domain)
        }
        Err(error) => {
            let path = "session.sso_domain";
            let finding = check
                .error(error.code(), path, format!("Browsers would not keep this cookie: {error}."))
                .with_remedy(check.line(path, "example.com"));
            check.report(finding);
            None
        }
    }
}
