//! Where Chromium is found and with which flags it is started.

use std::ffi::{OsStr, OsString};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::options::{Options, Policy};
use crate::wire::pipe::Launch;

/// Names under which distributions install it, the freest first.
const NAMES: &[&str] = &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/// The true programs behind wrappers that add flags of their own and write to standard error.
const BEHIND: &[(&str, &str)] = &[
    ("/usr/bin/chromium", "/usr/lib/chromium/chromium"),
    ("/usr/bin/chromium-browser", "/usr/lib/chromium-browser/chromium-browser"),
    ("/usr/bin/google-chrome", "/opt/google/chrome/chrome"),
    ("/usr/bin/google-chrome-stable", "/opt/google/chrome/chrome"),
];

const STEADY: &[&str] = &[
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-extensions-with-background-pages",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-field-trial-config",
    "--disable-hang-monitor",
    "--disable-ipc-flooding-protection",
    "--disable-popup-blocking",
    "--disable-prompt-on-repost",
    "--disable-renderer-backgrounding",
    "--disable-search-engine-choice-screen",
    "--disable-sync",
    "--allow-pre-commit-input",
    "--force-color-profile=srgb",
    "--metrics-recording-only",
    "--no-service-autorun",
    "--password-store=basic",
    "--use-mock-keychain",
];

/// What a browser does by itself and a test does not want: asking other hosts, other schemes, other bars, and putting
/// off what a page does after a key until the next frame is drawn.
const WITHOUT: &str = "AcceptCHFrame,AutoDeElevate,DeferRendererTasksAfterInput,DestroyProfileOnBrowserClose,\
     DialMediaRouteProvider,GlobalMediaControls,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,LensOverlay,MediaRouter,OptimizationHints,PaintHolding,Translate,\
     RenderDocument";

/// The browser's program: the given one, or the first that the search path knows.
///
/// # Errors
///
/// [`Failure::NotStarted`] with the name of the package that brings one.
pub fn find(given: Option<&Path>, search: &OsStr) -> Result<PathBuf, Failure> {
    if let Some(path) = given {
        if is_program(path) {
            return Ok(behind(path));
        }
        return Err(Failure::NotStarted(format!("{} is no program that can be run", path.display())));
    }
    let folders: Vec<PathBuf> = std::env::split_paths(search).collect();
    let found =
        NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|path| is_program(path));
    found.map(|path| behind(&path)).ok_or_else(|| {
        Failure::NotStarted(
            "No Chromium was found on the search path. On Debian and Ubuntu the package `chromium` brings it \
             (`apt-get install chromium`); or name a program with --executable-path."
                .to_owned(),
        )
    })
}

fn behind(path: &Path) -> PathBuf {
    let own = BEHIND.iter().find(|(wrapper, _)| Path::new(wrapper) == path).map(|(_, program)| PathBuf::from(program));
    own.filter(|program| is_program(program)).unwrap_or_else(|| path.to_path_buf())
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// The launch that these options mean, with a fresh profile where none is given.
pub(crate) fn launch(options: &Options) -> Result<Launch, Failure> {
    let program = find(options.executable.as_deref(), &options.search_path)?;
    let (profile, throwaway) = profile(options)?;
    let mut flags: Vec<OsString> = STEADY.iter().map(OsString::from).collect();
    let mut joined = OsString::from("--user-data-dir=");
    joined.push(&profile);
    flags.push(joined);
    flags.push(format!("--disable-features={WITHOUT}").into());
    if options.is_headless {
        flags.extend(["--headless", "--hide-scrollbars", "--mute-audio", "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4"].map(OsString::from));
    }
    let (width, height) = options.viewport.unwrap_or((1280, 720));
    flags.push(format!("--window-size={width},{height}").into());
    if !options.has_sandbox || rustix::process::geteuid().is_root() {
        flags.push("--no-sandbox".into());
    }
    if let Some(agent) = &options.user_agent {
        flags.push(format!("--user-agent={agent}").into());
    }
    if let Some(server) = &options.proxy_server {
        flags.push(format!("--proxy-server={server}").into());
        // Without this, what runs on this machine would never go through the proxy.
        let bypass = options.proxy_bypass.clone().unwrap_or_else(|| "<-loopback>".to_owned());
        flags.push(format!("--proxy-bypass-list={bypass}").into());
    }
    let rules = crate::resolver::rules(options);
    if !rules.is_empty() {
        flags.push(format!("--host-resolver-rules={}", rules.join(",")).into());
    }
    if options.ignores_certificates {
        flags.push("--ignore-certificate-errors".into());
    }
    if options.policy == Policy::Strict {
        flags.push("--enable-features=SameSiteDefaultChecksMethodRigorously".into());
    }
    flags.push("about:blank".into());
    Ok(Launch { program, flags, throwaway, preferences: preferences_text(options.policy) })
}

/// The profile's folder, and whether it is thrown away. The one that is thrown away is made by the shell that removes
/// it, so that there is no moment in which a killed server leaves it behind.
fn profile(options: &Options) -> Result<(PathBuf, Option<PathBuf>), Failure> {
    let Some(folder) = &options.profile else {
        let chance = RandomState::new().build_hasher().finish();
        let made = std::env::temp_dir().join(format!("doorward-browser-{}-{chance:016x}", std::process::id()));
        return Ok((made.clone(), Some(made)));
    };
    let broken = |error: std::io::Error| {
        Failure::NotStarted(format!("a folder for the browser's profile cannot be made: {error}"))
    };
    let preferences = folder.join("Default").join("Preferences");
    if !preferences.exists() {
        std::fs::create_dir_all(folder.join("Default")).map_err(broken)?;
        std::fs::write(&preferences, preferences_text(options.policy)).map_err(broken)?;
    }
    Ok((folder.clone(), None))
}

/// Debian's build blocks cookies of third parties by a preference, which would hide the true reason of a refusal:
/// unless asked otherwise, cookies are judged as Chrome judges them.
fn preferences_text(policy: Policy) -> String {
    let mode = i32::from(policy == Policy::Blocking);
    format!(
        r#"{{"profile":{{"cookie_controls_mode":{mode},"password_manager_leak_detection":false}},"credentials_enable_service":false,"session":{{"restore_on_startup":5}}}}"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_browser_names_the_package() {
        let failure = find(None, OsStr::new("/nonexistent")).unwrap_err();
        assert!(failure.to_string().contains("apt-get install chromium"), "{failure}");
        assert!(find(Some(Path::new("/etc/passwd")), OsStr::new("")).is_err());
    }

    #[test]
    fn a_wrapper_gives_way_to_what_it_wraps() {
        assert_eq!(behind(Path::new("/opt/own/chromium")), Path::new("/opt/own/chromium"));
    }
}
