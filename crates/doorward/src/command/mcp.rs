//! `doorward mcp`: the browser's tools for agents, over standard input and output or HTTP.

mod doctor;
mod http;

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use doorward_browser::mcp::{Server, Settings, stdio};
use doorward_browser::{Options, Policy};
use doorward_core::Clock as _;

use super::{CONFIGURATION, Context, FAULT, WELL};
use crate::system::SystemClock;

/// The browser's tools for agents, by the Model Context Protocol.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    pub(super) browser: BrowserArguments,
    /// Further groups of tools: vision, pdf
    #[arg(long, value_delimiter = ',', value_name = "GROUP")]
    caps: Vec<String>,
    /// Keep cookies and storage in memory only; a profile that is given is not used
    #[arg(long)]
    isolated: bool,
    /// Begin with the cookies and the local storage of this file
    #[arg(long, value_name = "FILE")]
    storage_state: Option<PathBuf>,
    /// The one folder that tools write to and read from
    #[arg(long, value_name = "DIR")]
    output_dir: Option<PathBuf>,
    /// Whether pictures are put into answers
    #[arg(long, value_parser = ["allow", "omit", "auto"], default_value = "allow", value_name = "WHETHER")]
    image_responses: String,
    #[command(flatten)]
    http: http::HttpArguments,
    /// Start although this process could read the data directory of a gateway on this machine
    #[arg(long)]
    insecure_beside_data: bool,
}

/// What a browser is started with.
#[derive(Debug, Clone, Default, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct BrowserArguments {
    /// The browser's program, instead of the Chromium on the search path
    #[arg(long, value_name = "FILE")]
    executable_path: Option<PathBuf>,
    /// Taken for other clients: only Chromium and its kin are driven
    #[arg(long, value_name = "NAME", hide = true)]
    browser: Option<String>,
    /// Attach to this running browser: ws://… or http://HOST:PORT
    #[arg(long, value_name = "URL")]
    cdp_endpoint: Option<String>,
    /// Show no window; so it is wherever there is no display
    #[arg(long)]
    headless: bool,
    /// Do without Chromium's sandbox; as root it cannot be used
    #[arg(long)]
    no_sandbox: bool,
    /// Keep the profile in this folder
    #[arg(long, value_name = "DIR")]
    user_data_dir: Option<PathBuf>,
    /// Width and height of the page: 1280,720
    #[arg(long, value_parser = size, value_name = "W,H")]
    viewport_size: Option<(u32, u32)>,
    /// Stand for this device: "iPhone 15", "Pixel 7"
    #[arg(long, value_parser = device, value_name = "NAME")]
    device: Option<String>,
    /// The User-Agent header
    #[arg(long, value_name = "TEXT")]
    user_agent: Option<String>,
    /// The proxy: <http://HOST:PORT> or <socks5://HOST:PORT>
    #[arg(long, value_name = "URL")]
    proxy_server: Option<String>,
    /// Hosts that are asked without the proxy, with commas between them
    #[arg(long, value_name = "HOSTS")]
    proxy_bypass: Option<String>,
    /// A host name and where it leads: "*.test=127.0.0.1"; may be repeated
    #[arg(long, value_parser = mapping, value_name = "HOST=ADDR")]
    host_map: Vec<(String, String)>,
    /// Ask only these origins, with semicolons between them
    #[arg(long, value_delimiter = ';', value_name = "ORIGINS")]
    allowed_origins: Vec<String>,
    /// Never ask these origins, with semicolons between them
    #[arg(long, value_delimiter = ';', value_name = "ORIGINS")]
    blocked_origins: Vec<String>,
    /// Believe every certificate unseen
    #[arg(long)]
    ignore_https_errors: bool,
    /// Judge cookies without the two minutes in which a fresh one goes with a cross-site POST
    #[arg(long)]
    strict_cookies: bool,
    /// Milliseconds that an action waits for its element
    #[arg(long, default_value_t = 5_000, value_name = "MS")]
    timeout_action: u64,
    /// Milliseconds that a navigation may take
    #[arg(long, default_value_t = 60_000, value_name = "MS")]
    timeout_navigation: u64,
}

fn size(text: &str) -> Result<(u32, u32), String> {
    let (width, height) = text.split_once([',', 'x']).ok_or("write it as 1280,720")?;
    let side = |text: &str| match text.trim().parse() {
        Ok(side @ 1..=10_000) => Ok(side),
        _ => Err(format!("\"{text}\" is no number of pixels from 1 to 10000")),
    };
    Ok((side(width)?, side(height)?))
}

fn device(name: &str) -> Result<String, String> {
    let known: Vec<&str> = doorward_browser::device::DEVICES.iter().map(|device| device.name).collect();
    let found = doorward_browser::device::find(name).map(|device| device.name.to_owned());
    found.ok_or_else(|| format!("known are {}", known.join(", ")))
}

fn mapping(text: &str) -> Result<(String, String), String> {
    let is_plain =
        |part: &str| !part.is_empty() && part.chars().all(|one| one.is_ascii_alphanumeric() || "-._*:[]".contains(one));
    match text.split_once('=') {
        Some((host, to)) if is_plain(host) && is_plain(to) => Ok((host.to_owned(), to.to_owned())),
        _ => Err("write it as HOST=ADDRESS, such as *.test=127.0.0.1".to_owned()),
    }
}

impl BrowserArguments {
    /// The options of the browser, with what the environment says of the machine.
    pub(super) fn options(&self, context: &Context) -> Options {
        let variable = |name| context.inputs.environment.value(name).unwrap_or_default();
        let mut options = Options::default();
        options.executable.clone_from(&self.executable_path);
        options.search_path = OsString::from(variable("PATH"));
        options.endpoint.clone_from(&self.cdp_endpoint);
        options.is_headless =
            self.headless || (variable("DISPLAY").is_empty() && variable("WAYLAND_DISPLAY").is_empty());
        options.has_sandbox = !self.no_sandbox;
        options.profile.clone_from(&self.user_data_dir);
        options.viewport = self.viewport_size;
        options.device.clone_from(&self.device);
        options.user_agent.clone_from(&self.user_agent);
        options.proxy_server.clone_from(&self.proxy_server);
        options.proxy_bypass.clone_from(&self.proxy_bypass);
        options.host_map.clone_from(&self.host_map);
        options.allowed_origins.clone_from(&self.allowed_origins);
        options.blocked_origins.clone_from(&self.blocked_origins);
        options.ignores_certificates = self.ignore_https_errors;
        options.policy = if self.strict_cookies { Policy::Strict } else { Policy::Today };
        options.action_timeout = Duration::from_millis(self.timeout_action.max(1));
        options.navigation_timeout = Duration::from_millis(self.timeout_navigation.max(1));
        options
    }
}

/// Serves one client until its input ends, or many by HTTP until the program is told to end.
#[must_use]
pub fn run(context: &Context, arguments: &Arguments) -> u8 {
    if let Some(folder) = readable_data(context).filter(|_| !arguments.insecure_beside_data) {
        let _ = writeln!(
            std::io::stderr(),
            "doorward: this process could read {}, the data directory of a gateway, and so could a page or an agent \
             that breaks out of its browser.\nhint: run `doorward mcp` as another user, or on another machine; \
             --insecure-beside-data starts it all the same",
            folder.display()
        );
        return CONFIGURATION;
    }
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return FAULT };
    let settings = Arc::new(settings(context, arguments));
    if arguments.http.is_wanted() {
        return runtime.block_on(http::serve(context, &arguments.http, settings));
    }
    let server = Arc::new(Server::new(settings));
    runtime.block_on(stdio::serve(server, std::io::BufReader::new(std::io::stdin()), std::io::stdout()));
    WELL
}

fn settings(context: &Context, arguments: &Arguments) -> Settings {
    let mut options = arguments.browser.options(context);
    if arguments.isolated {
        options.profile = None;
    }
    let output = arguments.output_dir.as_ref().map_or_else(own_output, |folder| context.inputs.cwd.join(folder));
    let mut settings = Settings::new(options, output, Arc::new(SystemClock));
    settings.capabilities.clone_from(&arguments.caps);
    settings.is_isolated = arguments.isolated;
    settings.storage_state.clone_from(&arguments.storage_state);
    settings.omits_images = arguments.image_responses == "omit";
    settings.doctor = Some(Arc::new(doctor::Commands));
    settings
}

/// A folder of this process alone.
fn own_output() -> PathBuf {
    let time = SystemClock.now().to_rfc3339().replace(':', "-");
    std::env::temp_dir().join("doorward-mcp-output").join(format!("{time}-{}", std::process::id()))
}

/// The data directory of a gateway, where there is one and this process can read its keys.
fn readable_data(context: &Context) -> Option<PathBuf> {
    let folder = context.inputs.data_directory();
    let can_read = |path: &Path| path.exists() && rustix::fs::access(path, rustix::fs::Access::READ_OK).is_ok();
    (can_read(&folder.join("keys")) || can_read(&folder.join("doorward.db"))).then_some(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_devices_and_mappings_are_checked_before_anything_starts() {
        assert_eq!(size("800,600"), Ok((800, 600)));
        assert!(size("800").is_err() && size("0,5").is_err() && size("a,b").is_err());
        assert_eq!(device("iphone 15").as_deref(), Ok("iPhone 15"));
        assert!(device("toaster").unwrap_err().contains("Pixel 7"));
        assert_eq!(mapping("*.test=127.0.0.1").unwrap().0, "*.test");
        assert!(mapping("a=b,MAP * evil").is_err() && mapping("a").is_err());
    }
}
