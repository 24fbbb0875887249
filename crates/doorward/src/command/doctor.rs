//! `doorward doctor [URL]`: walks the way of a sign-in and names the first broken link.

mod browser;
mod compare;
mod insider;
mod journal;
mod phone;
mod request;
mod running;

use std::io::{IsTerminal as _, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward_core::Link;
use doorward_doctor::{Facts, Report, Style, facts::Vantage};

use super::{CONFIGURATION, Context, FAULT};

/// Find out why people cannot sign in. Exits with 1 if it finds a cause.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
#[expect(clippy::struct_excessive_bools, reason = "each is one switch of the command line")]
pub struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
    /// The address that people open; without it, this installation is examined.
    pub url: Option<String>,
    /// Where the doctor stands: outside, lan or origin.
    #[arg(long, value_parser = vantage)]
    vantage: Option<Vantage>,
    /// The origin's address, behind a CDN or router.
    #[arg(long, value_name = "HOST:PORT")]
    origin: Option<String>,
    /// The app's own address, behind the proxy.
    #[arg(long, value_name = "HOST:PORT")]
    app: Option<String>,
    /// Take this address instead of what DNS says; may be repeated.
    #[arg(long, value_name = "HOST:PORT:ADDRESS")]
    resolve: Vec<String>,
    /// Ask this DNS server as the system's; may be repeated.
    #[arg(long, value_name = "ADDRESS[:PORT]", value_parser = server)]
    resolver: Vec<SocketAddr>,
    /// Ask this validating resolver of the public net too; may be repeated.
    #[arg(long, value_name = "ADDRESS[:PORT]", value_parser = server)]
    public_resolver: Vec<SocketAddr>,
    /// A name server of the zone; may be repeated.
    #[arg(long, value_name = "ADDRESS[:PORT]", value_parser = server)]
    authoritative: Vec<SocketAddr>,
    /// The address that the name should have; may be repeated.
    #[arg(long, value_name = "ADDRESS")]
    expect_address: Vec<IpAddr>,
    /// Whether the name works from another network, where somebody looked: yes or no.
    #[arg(long, value_name = "YES|NO")]
    seen_from_outside: Option<String>,
    /// Trust the authorities in this file too; may be repeated.
    #[arg(long, value_name = "FILE")]
    ca: Vec<PathBuf>,
    /// Examine this machine as the host of the site.
    #[arg(long)]
    host: bool,
    /// The folder of the installation.
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
    /// The running app, for its environment.
    #[arg(long)]
    pid: Option<u32>,
    /// A log of the proxy or the app; may be repeated.
    #[arg(long, value_name = "FILE")]
    log: Vec<PathBuf>,
    /// The socket of the Docker API, asked with GET only.
    #[arg(long, value_name = "SOCKET")]
    docker: Option<PathBuf>,
    /// Run the host's part on this machine, through ssh.
    #[arg(long, value_name = "HOST")]
    ssh: Option<String>,
    /// Run the host's part through this command.
    #[arg(long, value_name = "COMMAND", conflicts_with = "ssh")]
    via: Option<String>,
    /// Sign in with this account.
    #[arg(long, value_name = "USER", requires = "password_file")]
    login: Option<String>,
    /// The file with its password.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// The file with the secret of its authenticator app: base32, or an otpauth:// address.
    #[arg(long, value_name = "FILE", requires = "login")]
    totp_file: Option<PathBuf>,
    /// Examine this address too, and tell what differs.
    #[arg(long, value_name = "URL", requires = "url")]
    compare: Option<String>,
    /// Offer a page to open on a phone in mobile data: a look from outside. On the host of the gateway.
    #[arg(long, requires = "url")]
    phone: bool,
    /// Seconds to wait for the phone.
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=600))]
    phone_wait: u64,
    /// Neither read nor write the journal of earlier runs.
    #[arg(long)]
    no_journal: bool,
    /// What the app is: a profile that is built in, or a TOML file.
    #[arg(long, value_name = "NAME|FILE")]
    profile: Option<String>,
    /// The origin of the front end that calls this API.
    #[arg(long, value_name = "ORIGIN")]
    page: Option<String>,
    /// A path of the API that the front end calls.
    #[arg(long, value_name = "PATH")]
    api: Option<String>,
    /// A path of the app that answers with what it received.
    #[arg(long, value_name = "PATH")]
    echo: Option<String>,
    /// A path of a WebSocket.
    #[arg(long, value_name = "PATH")]
    socket: Option<String>,
    /// A path where a sign-in by provider begins.
    #[arg(long, value_name = "PATH")]
    provider: Option<String>,
    /// A path that gives options for a passkey.
    #[arg(long, value_name = "PATH")]
    passkey: Option<String>,
    /// A path that other programs call without cookies, such as a webhook.
    #[arg(long, value_name = "PATH")]
    hook: Option<String>,
    /// The issuer that whoever verifies tokens expects.
    #[arg(long, value_name = "ISSUER")]
    issuer: Option<String>,
    /// The audience that whoever verifies tokens expects.
    #[arg(long, value_name = "AUDIENCE")]
    audience: Option<String>,
    /// Where the issuer's keys are (JWKS).
    #[arg(long, value_name = "URL|PATH")]
    jwks: Option<String>,
    /// A path that needs a session.
    #[arg(long, value_name = "PATH")]
    session: Option<String>,
    /// A path that signs out.
    #[arg(long, value_name = "PATH")]
    sign_out: Option<String>,
    /// What a browser recorded.
    #[arg(long, value_name = "FILE")]
    har: Option<PathBuf>,
    /// Walk the way in a real Chromium too, and sign in there with --login.
    #[arg(long)]
    browser: bool,
    /// The browser's program, instead of the Chromium on the search path.
    #[arg(long, value_name = "FILE", requires = "browser")]
    browser_program: Option<PathBuf>,
    /// Ask again and again, to find one replica of several.
    #[arg(long)]
    thorough: bool,
    /// Report on one link alone.
    #[arg(long, value_name = "LINK")]
    only: Option<Link>,
    /// Seconds for each step.
    #[arg(long, value_name = "SECONDS", default_value_t = 3.0)]
    timeout: f64,
    /// Judge facts from a file, and ask nobody.
    #[arg(long, value_name = "FILE")]
    facts: Option<PathBuf>,
    /// Write the facts that were gathered.
    #[arg(long, value_name = "FILE")]
    facts_out: Option<PathBuf>,
    /// Answer in Markdown.
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    /// Write one HTML file.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Show all evidence and every remark.
    #[arg(long, short)]
    verbose: bool,
    #[arg(long, hide = true)]
    host_facts: bool,
    #[arg(long, hide = true)]
    host_logs: bool,
    #[arg(long, hide = true)]
    salt: Option<String>,
    #[arg(long, hide = true)]
    stopped_at: Option<Link>,
    #[arg(long, hide = true)]
    spent: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Tell what differs between two reports that --json wrote. Exits with 1 where anything does.
    Diff {
        /// The first report
        first: PathBuf,
        /// The second report
        second: PathBuf,
    },
}

fn vantage(text: &str) -> Result<Vantage, String> {
    match text {
        "outside" => Ok(Vantage::Outside),
        "lan" => Ok(Vantage::Lan),
        "origin" => Ok(Vantage::Origin),
        _ => Err("outside, lan or origin".to_owned()),
    }
}

fn server(text: &str) -> Result<SocketAddr, String> {
    let wrong = |error: std::net::AddrParseError| error.to_string();
    text.parse().or_else(|_| text.parse::<IpAddr>().map(|address| SocketAddr::new(address, 53))).map_err(wrong)
}

/// Runs the examination and prints its report.
#[must_use]
pub fn run(context: &Context, arguments: &Arguments) -> u8 {
    if let Some(Action::Diff { first, second }) = &arguments.action {
        return compare::files(context, first, second);
    }
    let (facts, picture) = match gathered(context, arguments, arguments.url.as_deref()) {
        Ok(gathered) => gathered,
        Err((code, why)) => {
            let _ = writeln!(std::io::stderr(), "doorward: {why}");
            return code;
        }
    };
    if arguments.host_facts || arguments.host_logs {
        return print(&serde_json::to_string(&facts).unwrap_or_default(), 0);
    }
    if let Some(path) = &arguments.facts_out
        && let Err(error) = std::fs::write(path, serde_json::to_string_pretty(&facts).unwrap_or_default())
    {
        let _ = writeln!(std::io::stderr(), "doorward: {}: {error}", path.display());
        return FAULT;
    }
    let mut report = doorward_doctor::judge(&facts, arguments.only);
    if let Some(url) = &arguments.compare {
        return compare::sites(context, arguments, &report, url);
    }
    journal::note(context, arguments, &facts, &mut report);
    written(context, arguments, &report, picture.as_deref())
}

/// The facts, and a picture where a browser looked.
type Gathered = (Facts, Option<Vec<u8>>);

fn gathered(context: &Context, arguments: &Arguments, url: Option<&str>) -> Result<Gathered, (u8, String)> {
    let usage = |why: String| (CONFIGURATION, why);
    if let Some(path) = &arguments.facts {
        let text = std::fs::read_to_string(path).map_err(|error| usage(format!("{}: {error}", path.display())))?;
        let facts = serde_json::from_str(&text).map_err(|error| usage(format!("{}: {error}", path.display())))?;
        return Ok((facts, None));
    }
    let request = request::of(context, arguments, url).map_err(usage)?;
    let mut facts = Facts::default();
    request::seed(arguments, &mut facts).map_err(usage)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| (FAULT, error.to_string()))?;
    let is_shown = std::io::stderr().is_terminal() && !context.json;
    let mut progress = |text: &str| {
        if is_shown {
            let _ = writeln!(std::io::stderr(), "  … {text}");
        }
    };
    let picture = runtime
        .block_on(async {
            if arguments.host_logs {
                doorward_doctor::examine_logs(&request, &mut facts).await;
                return Ok(None);
            }
            if arguments.host_facts {
                doorward_doctor::examine_host(&request, arguments.stopped_at, &mut facts).await?;
                return Ok(None);
            }
            doorward_doctor::examine(&request, &mut facts, &mut progress).await?;
            if !arguments.browser {
                return Ok(None);
            }
            progress("the browser");
            Ok::<_, doorward_doctor::probe::ProbeError>(
                browser::look(context, arguments, request.login.as_ref(), &mut facts).await,
            )
        })
        .map_err(|error| usage(error.to_string()))?;
    Ok((facts, picture))
}

fn written(context: &Context, arguments: &Arguments, report: &Report, picture: Option<&[u8]>) -> u8 {
    if let Some(path) = &arguments.html
        && let Err(error) = std::fs::write(path, pictured(report.to_html(), picture))
    {
        let _ = writeln!(std::io::stderr(), "doorward: {}: {error}", path.display());
        return FAULT;
    }
    let text = if context.json {
        report.to_json()
    } else if arguments.markdown {
        report.to_markdown()
    } else {
        report.to_terminal(Style { is_coloured: std::io::stdout().is_terminal(), is_verbose: arguments.verbose })
    };
    print(text.trim_end(), report.exit_code())
}

/// The page with the picture at its end.
fn pictured(mut page: String, picture: Option<&[u8]>) -> String {
    if let (Some(picture), Some(end)) = (picture, page.rfind("</body>")) {
        let data = STANDARD.encode(picture);
        let figure = format!(
            "<h2>What the browser shows</h2>\n<img src=\"data:image/jpeg;base64,{data}\" alt=\"The page where it ended\" style=\"max-width:100%\">\n"
        );
        page.insert_str(end, &figure);
    }
    page
}

fn print(text: &str, code: u8) -> u8 {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => FAULT,
        _ => code,
    }
}
