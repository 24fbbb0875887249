//! `doorward init`: a few questions, and a commented `doorward.toml` that the check accepts.

use std::fmt::Write as _;
use std::io::{self, BufRead, Read as _, Write};
use std::path::{Path, PathBuf};

use doorward_core::Finding;

use super::{CONFIGURATION, FINDINGS, WELL, report};
use crate::config::{CLOUDFLARE, CLOUDFLARE_AS_OF, Config, Flags, Inputs};

/// The arguments of `doorward init`.
#[derive(Debug, Clone, Default, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line, and flags are independent")]
pub struct InitArgs {
    /// For development: ENVIRONMENT=development and a front end on port 3000, in .env.
    #[arg(long)]
    pub dev: bool,
    /// Ask nothing.
    #[arg(long, short)]
    pub yes: bool,
    /// Replace a doorward.toml that is there.
    #[arg(long)]
    pub force: bool,
    /// The address that people type, such as <https://login.example.com>.
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// The address of the proxy in front; may be repeated.
    #[arg(long, value_name = "ADDR")]
    pub trusted_proxy: Vec<String>,
    /// Cloudflare is in front: believe it, and it alone, in CF-Connecting-IP.
    #[arg(long)]
    pub cloudflare: bool,
    /// The e-mail address of the first administrator.
    #[arg(long, value_name = "EMAIL")]
    pub admin_email: Option<String>,
}

/// The person at the terminal, or nobody.
#[derive(Debug)]
pub struct Terminal<'a, R> {
    /// Where answers come from.
    pub input: &'a mut R,
    /// Whether somebody can answer.
    pub is_interactive: bool,
}

/// What was answered.
#[derive(Debug, Default)]
struct Answers {
    public_url: String,
    trusted_proxies: Vec<String>,
    admin_email: String,
    listen: Vec<String>,
    has_cloudflare: bool,
}

/// Runs it and returns the exit code: 0 well, 1 where the check of what was written found errors, 2 where nothing was
/// written because a file is there already.
///
/// # Errors
/// Those of the files and of the terminal.
pub fn run<R: BufRead>(
    args: &InitArgs,
    inputs: &Inputs,
    terminal: Terminal<'_, R>,
    out: &mut dyn Write,
) -> io::Result<u8> {
    let path = inputs.cwd.join(inputs.flags.config.as_deref().unwrap_or(Path::new("doorward.toml")));
    if path.try_exists()? && !args.force {
        let finding = Finding::error(
            "config.conflict",
            path.display().to_string(),
            "The file is there already, and is not overwritten.",
        )
        .with_remedy("doorward init --force");
        report::text(&[finding], out)?;
        return Ok(CONFIGURATION);
    }
    let answers = ask(args, inputs, terminal, out)?;
    write_private(&path, &file(&answers))?;
    writeln!(out, "Wrote {}.", path.display())?;
    if args.dev {
        extend_dotenv(&inputs.cwd.join(inputs.flags.env_file.as_deref().unwrap_or(Path::new(".env"))), out)?;
    }
    // What was written is read back as the start will read it, without the flags that are in the file now.
    let flags = Flags { listen: Vec::new(), config: Some(path), ..inputs.flags.clone() };
    let (findings, code) = match Config::load(&Inputs { flags, ..inputs.clone() }) {
        Ok(loaded) => (loaded.findings, WELL),
        Err(findings) => (findings, FINDINGS),
    };
    if !findings.is_empty() {
        report::text(&findings, out)?;
    }
    if code == WELL {
        writeln!(out, "Start with: doorward serve")?;
    }
    Ok(code)
}

fn ask<R: BufRead>(
    args: &InitArgs,
    inputs: &Inputs,
    terminal: Terminal<'_, R>,
    out: &mut dyn Write,
) -> io::Result<Answers> {
    let Terminal { input, is_interactive } = terminal;
    let is_asking = is_interactive && !args.yes;
    let mut question = |given: Option<&str>, text: &str, default: &str| -> io::Result<String> {
        match given {
            Some(given) => Ok(given.to_owned()),
            None if !is_asking => Ok(default.to_owned()),
            None => {
                let suffix = if default.is_empty() { String::new() } else { format!(" [{default}]") };
                write!(out, "{text}{suffix}: ")?;
                out.flush()?;
                let mut answer = String::new();
                (&mut *input).take(4_096).read_line(&mut answer)?;
                let answer = answer.trim();
                Ok(if answer.is_empty() { default } else { answer }.to_owned())
            }
        }
    };
    let public_url = if args.dev {
        args.public_url.clone().unwrap_or_default()
    } else {
        question(
            args.public_url.as_deref(),
            "Address that people will type (https://…); empty for this machine only",
            "",
        )?
    };
    let given = (!args.trusted_proxy.is_empty()).then(|| args.trusted_proxy.join(","));
    let proxies = if public_url.starts_with("https://") {
        question(given.as_deref(), "Address of the proxy in front that adds TLS", "127.0.0.1,::1")?
    } else {
        given.unwrap_or_default()
    };
    let admin_email =
        question(args.admin_email.as_deref(), "E-mail address of the first administrator", "admin@localhost")?;
    let split =
        |text: &str| text.split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect();
    let (listen, has_cloudflare) = (inputs.flags.listen.clone(), args.cloudflare);
    Ok(Answers { public_url, trusted_proxies: split(&proxies), admin_email, listen, has_cloudflare })
}

/// The commented file. What is not set stands as a comment with its default.
fn file(answers: &Answers) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let list = |items: &[String]| {
        let items: Vec<String> = items.iter().map(|item| quoted(item)).collect();
        format!("[{}]", items.join(", "))
    };
    let mut text = String::from(
        "# Doorward. Every setting: doorward config reference. Check this file: doorward config check.\n\
         # A variable DOORWARD_SECTION__KEY, in the environment or in .env, stands above this file.\n\n[server]\n",
    );
    let mut line = |is_set: bool, comment: &str, key: &str, value: &str| {
        let mark = if is_set { "" } else { "# " };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "# {comment}\n{mark}{key} = {value}\n");
    };
    let is_public = answers.public_url.starts_with("https://");
    line(
        is_public,
        "Whether people depend on this server: production or development.",
        "environment",
        "\"production\"",
    );
    let url = if answers.public_url.is_empty() { "https://login.example.com" } else { &answers.public_url };
    line(!answers.public_url.is_empty(), "The address that people type.", "public_url", &quoted(url));
    let default = ["127.0.0.1:8000".to_owned(), "[::1]:8000".to_owned()];
    let listen = if answers.listen.is_empty() { &default[..] } else { &answers.listen };
    line(!answers.listen.is_empty(), "Where to listen. A proxy in front adds TLS.", "listen", &list(listen));
    let proxies =
        if answers.trusted_proxies.is_empty() { vec!["127.0.0.1".to_owned()] } else { answers.trusted_proxies.clone() };
    line(
        !answers.trusted_proxies.is_empty(),
        "The proxies in front, whose forwarded headers are believed.",
        "trusted_proxies",
        &list(&proxies),
    );
    if answers.has_cloudflare {
        let ranges = list(&CLOUDFLARE.iter().map(ToString::to_string).collect::<Vec<_>>());
        line(true, "The address of the visitor, as Cloudflare says it.", "client_ip_header", "\"CF-Connecting-IP\"");
        let comment =
            format!("Cloudflare's ranges of {CLOUDFLARE_AS_OF}; compare with https://www.cloudflare.com/ips/.");
        line(true, &comment, "client_ip_proxies", &ranges);
    }
    text.push_str("[session]\n");
    let mut line = |is_set: bool, comment: &str, key: &str, value: &str| {
        let mark = if is_set { "" } else { "# " };
        let _ = writeln!(text, "# {comment}\n{mark}{key} = {value}\n");
    };
    line(
        true,
        "home: 7 days idle, 30 in all. standard: 1 hour, 24 hours. strict: 15 minutes, 12 hours.",
        "profile",
        "\"home\"",
    );
    text.push_str("[admin]\n# Who is made at the first start. The password is shown once.\n");
    let _ = writeln!(text, "email = {}", quoted(&answers.admin_email));
    text
}

/// Writes a file that only its owner can read, whole or not at all.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let draft = PathBuf::from(name);
    // A draft that an earlier run left behind may have other rights; it is made anew.
    match std::fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&draft, path)
}

/// Adds what development needs to `.env`, and leaves every line that is there.
fn extend_dotenv(path: &Path, out: &mut dyn Write) -> io::Result<()> {
    const LINES: [(&str, &str); 2] =
        [("ENVIRONMENT", "development"), ("CORS_ALLOWED_ORIGINS", "http://localhost:3000")];
    let before = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    let mut text = before.clone();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    for (name, value) in LINES {
        match crate::config::dotenv_value(&before, name) {
            None => _ = writeln!(text, "{name}={value}"),
            Some(there) if there == value => {}
            Some(_) => writeln!(
                out,
                "{} sets {name} already; left as it is. Development needs {name}={value}",
                path.display()
            )?,
        }
    }
    if text == before {
        return Ok(());
    }
    write_private(path, &text)?;
    writeln!(out, "Wrote {}.", path.display())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn run_in(directory: &Path, args: &InitArgs, answers: Option<&str>) -> (u8, String) {
        run_with(directory, args, Flags::default(), answers)
    }

    fn run_with(directory: &Path, args: &InitArgs, flags: Flags, answers: Option<&str>) -> (u8, String) {
        let inputs = Inputs {
            flags,
            environment: [("CARGO", "cargo")].into_iter().collect(),
            cwd: directory.to_owned(),
            system: directory.join("etc"),
        };
        let mut input = answers.unwrap_or_default().as_bytes();
        let terminal = Terminal { input: &mut input, is_interactive: answers.is_some() };
        let mut out = Vec::new();
        let code = run(args, &inputs, terminal, &mut out).unwrap();
        (code, String::from_utf8(out).unwrap())
    }

    fn written(directory: &Path) -> String {
        std::fs::read_to_string(directory.join("doorward.toml")).unwrap()
    }

    #[test]
    fn writes_a_commented_file_for_its_owner_only() {
        let directory = tempfile::tempdir().unwrap();
        let args = InitArgs { yes: true, ..InitArgs::default() };
        let (code, text) = run_in(directory.path(), &args, None);
        assert_eq!(code, WELL, "{text}");
        let mode = std::fs::metadata(directory.path().join("doorward.toml")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        insta::assert_snapshot!(written(directory.path()));
    }

    #[test]
    fn never_asks_where_nobody_can_answer() {
        let directory = tempfile::tempdir().unwrap();
        let (code, text) = run_in(directory.path(), &InitArgs::default(), None);
        assert_eq!(code, WELL);
        assert!(!text.contains('?') && !text.contains("E-mail"), "{text}");
    }

    #[test]
    fn puts_the_answers_where_the_check_accepts_them() {
        let directory = tempfile::tempdir().unwrap();
        let (code, text) = run_in(
            directory.path(),
            &InitArgs::default(),
            Some("https://login.example.com\n10.0.0.7\nada@example.com\n"),
        );
        assert_eq!(code, WELL, "{text}");
        let file: toml::Table = written(directory.path()).parse().unwrap();
        assert_eq!(file["server"]["environment"].as_str(), Some("production"));
        assert_eq!(file["server"]["public_url"].as_str(), Some("https://login.example.com"));
        assert_eq!(file["server"]["trusted_proxies"][0].as_str(), Some("10.0.0.7"));
        assert_eq!(file["admin"]["email"].as_str(), Some("ada@example.com"));
    }

    #[test]
    fn writes_the_ranges_of_cloudflare_where_it_is_in_front() {
        let directory = tempfile::tempdir().unwrap();
        let args = InitArgs { yes: true, cloudflare: true, ..InitArgs::default() };
        let (code, text) = run_in(directory.path(), &args, None);
        assert_eq!(code, FINDINGS, "such a server is no development: {text}");
        let file: toml::Table = written(directory.path()).parse().unwrap();
        assert_eq!(file["server"]["client_ip_header"].as_str(), Some("CF-Connecting-IP"));
        assert_eq!(file["server"]["client_ip_proxies"].as_array().unwrap().len(), CLOUDFLARE.len());
    }

    #[test]
    fn takes_several_listeners() {
        let directory = tempfile::tempdir().unwrap();
        let flags = Flags { listen: vec!["127.0.0.1:8000".into(), "127.0.0.1:8001".into()], ..Flags::default() };
        let (code, _) = run_with(directory.path(), &InitArgs { yes: true, ..InitArgs::default() }, flags, None);
        assert_eq!(code, WELL);
        let file: toml::Table = written(directory.path()).parse().unwrap();
        assert_eq!(file["server"]["listen"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn never_overwrites_unless_told_to() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("doorward.toml"), "# mine\n").unwrap();
        let (code, _) = run_in(directory.path(), &InitArgs { yes: true, ..InitArgs::default() }, None);
        assert_eq!((code, written(directory.path()).as_str()), (CONFIGURATION, "# mine\n"));
        let (code, _) = run_in(directory.path(), &InitArgs { yes: true, force: true, ..InitArgs::default() }, None);
        assert_eq!(code, WELL);
        assert_ne!(written(directory.path()), "# mine\n");
    }

    #[test]
    fn prepares_development_and_keeps_what_is_in_dotenv() {
        let directory = tempfile::tempdir().unwrap();
        let dotenv = directory.path().join(".env");
        std::fs::write(&dotenv, "VITE_API=http://localhost:8000").unwrap();
        let (code, text) = run_in(directory.path(), &InitArgs { dev: true, yes: true, ..InitArgs::default() }, None);
        assert_eq!(code, WELL, "{text}");
        assert_eq!(
            std::fs::read_to_string(&dotenv).unwrap(),
            "VITE_API=http://localhost:8000\nENVIRONMENT=development\nCORS_ALLOWED_ORIGINS=http://localhost:3000\n"
        );
    }

    #[test]
    fn reports_what_the_check_finds_in_the_answers() {
        let directory = tempfile::tempdir().unwrap();
        let args =
            InitArgs { yes: true, public_url: Some("https://login.example.com/path".into()), ..InitArgs::default() };
        let (code, text) = run_in(directory.path(), &args, None);
        assert_eq!(code, FINDINGS);
        assert!(text.contains("config.origin_path"), "{text}");
    }
}
