//! What a browser is started with.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// How the browser judges cookies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Policy {
    /// As Chrome does today, with the two minutes in which a fresh cookie without `SameSite` goes with a cross-site POST.
    #[default]
    Today,
    /// Without those two minutes: what a person meets who takes longer to sign in.
    Strict,
    /// Cookies of third parties are blocked, as some distributions and settings do.
    Blocking,
}

/// What a browser is started with, and how long it is waited for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// The program; none to look for one.
    pub executable: Option<PathBuf>,
    /// The search path, as `PATH` holds it.
    pub search_path: OsString,
    /// Attach to this running browser instead: `ws://…` or `http://host:port`.
    pub endpoint: Option<String>,
    /// Whether no window is shown.
    pub is_headless: bool,
    /// Whether Chromium's sandbox is used; it cannot be as root.
    pub has_sandbox: bool,
    /// A profile folder that is kept; none for one that is thrown away.
    pub profile: Option<PathBuf>,
    /// Width and height of the page, in CSS pixels.
    pub viewport: Option<(u32, u32)>,
    /// A device to stand for: see [`crate::device`].
    pub device: Option<String>,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
    /// The proxy, as Chromium writes it: `http://host:port`, `socks5://host:port`.
    pub proxy_server: Option<String>,
    /// Hosts that are asked without the proxy.
    pub proxy_bypass: Option<String>,
    /// Host names and where they lead: `*.test` to `127.0.0.1`.
    pub host_map: Vec<(String, String)>,
    /// Origins that may be asked; empty for all.
    pub allowed_origins: Vec<String>,
    /// Origins that must not be asked.
    pub blocked_origins: Vec<String>,
    /// Whether certificates are believed unseen.
    pub ignores_certificates: bool,
    /// How cookies are judged.
    pub policy: Policy,
    /// The folder for downloads; without one they are refused.
    pub downloads: Option<PathBuf>,
    /// How long an action waits for its element.
    pub action_timeout: Duration,
    /// How long a navigation may take.
    pub navigation_timeout: Duration,
    /// How long a script may run.
    pub script_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            executable: None,
            search_path: OsString::new(),
            endpoint: None,
            is_headless: true,
            has_sandbox: true,
            profile: None,
            viewport: None,
            device: None,
            user_agent: None,
            proxy_server: None,
            proxy_bypass: None,
            host_map: Vec::new(),
            allowed_origins: Vec::new(),
            blocked_origins: Vec::new(),
            ignores_certificates: false,
            policy: Policy::Today,
            downloads: None,
            action_timeout: Duration::from_secs(5),
            navigation_timeout: Duration::from_mins(1),
            script_timeout: Duration::from_secs(30),
        }
    }
}
