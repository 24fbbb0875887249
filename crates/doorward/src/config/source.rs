//! Where settings come from: flags, the process environment, `.env` and `doorward.toml`. The only reader of the environment.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use doorward_core::Finding;

use super::dotenv;

/// Flags that say where things are, shared by every command that reads the configuration.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Flags {
    /// Listen here, such as 127.0.0.1:8000; may be repeated.
    #[arg(long, global = true, value_name = "ADDR:PORT")]
    pub listen: Vec<String>,
    /// Keep everything in this directory.
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Read this file instead of looking for doorward.toml.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Read this file instead of .env.
    #[arg(long, global = true, value_name = "FILE")]
    pub env_file: Option<PathBuf>,
}

/// Variables by name. A value that is no Unicode is kept by its name only.
#[derive(Clone, Default)]
pub struct Variables {
    values: BTreeMap<String, String>,
    unreadable: Vec<String>,
}

impl fmt::Debug for Variables {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.values.keys()).finish()
    }
}

impl<K: Into<OsString>, V: Into<OsString>> FromIterator<(K, V)> for Variables {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut variables = Self::default();
        for (name, value) in pairs {
            let Ok(name) = name.into().into_string() else { continue };
            match value.into().into_string() {
                Ok(value) => _ = variables.values.insert(name, value),
                Err(_) => variables.unreadable.push(name),
            }
        }
        variables
    }
}

impl Variables {
    /// The value of a variable.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    pub(super) fn unreadable(&self) -> &[String] {
        &self.unreadable
    }
}

/// Everything that a configuration is made from.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// The command line.
    pub flags: Flags,
    /// The environment of the process.
    pub environment: Variables,
    /// The working directory.
    pub cwd: PathBuf,
    /// Where the machine keeps its configuration: `/etc/doorward`.
    pub system: PathBuf,
}

impl Inputs {
    /// What this process was started with. Called again at every reload.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub fn of_process(flags: Flags) -> Self {
        Self {
            flags,
            environment: std::env::vars_os().collect(),
            cwd: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            system: PathBuf::from("/etc/doorward"),
        }
    }

    /// The socket of the Docker API: where `DOCKER_HOST` points, else the usual one.
    #[must_use]
    pub fn docker_socket(&self) -> Option<PathBuf> {
        let named = self.environment.value("DOCKER_HOST").and_then(|host| host.strip_prefix("unix://"));
        Some(PathBuf::from(named.unwrap_or("/var/run/docker.sock"))).filter(|path| path.exists())
    }

    /// The file of authorities that `SSL_CERT_FILE` names.
    #[must_use]
    pub fn authorities_file(&self) -> Option<PathBuf> {
        self.environment.value("SSL_CERT_FILE").map(PathBuf::from).filter(|path| path.is_file())
    }

    /// Where what may be lost is kept: `$XDG_STATE_HOME/doorward`, else `~/.local/state/doorward`.
    #[must_use]
    pub fn state_directory(&self) -> Option<PathBuf> {
        let variable = |name| self.environment.value(name).filter(|value| value.starts_with('/')).map(PathBuf::from);
        let home = || variable("HOME").map(|home| home.join(".local/state"));
        variable("XDG_STATE_HOME").or_else(home).map(|state| state.join("doorward"))
    }

    /// The data directory: `--data`; `./doorward-data` when cargo runs the program; `/var/lib/doorward` where that can
    /// be written; otherwise the user's own.
    #[must_use]
    pub fn data_directory(&self) -> PathBuf {
        const SYSTEM: &str = "/var/lib/doorward";
        let variable = |name| self.environment.value(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        if let Some(data) = &self.flags.data {
            return self.cwd.join(data);
        }
        if self.environment.value("CARGO").is_some() {
            return self.cwd.join("doorward-data");
        }
        let is_writable = rustix::fs::access(SYSTEM, rustix::fs::Access::WRITE_OK).is_ok();
        if rustix::process::geteuid().is_root() || is_writable {
            return PathBuf::from(SYSTEM);
        }
        variable("XDG_DATA_HOME")
            .or_else(|| variable("HOME").map(|home| home.join(".local/share")))
            .map_or_else(|| self.cwd.join("doorward-data"), |directory| directory.join("doorward"))
    }
}

/// Where one value was written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Source {
    /// Nowhere: it is the default, or follows from other settings.
    #[default]
    Default,
    /// In `doorward.toml`.
    File(PathBuf),
    /// In a `.env` file, by this variable.
    EnvFile(String),
    /// In the environment of the process, by this variable.
    Environment(String),
    /// On the command line, by this flag.
    Flag(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::File(path) => write!(formatter, "{}", path.display()),
            Self::EnvFile(variable) => write!(formatter, "{variable} in .env"),
            Self::Environment(variable) => write!(formatter, "{variable} in the environment"),
            Self::Flag(flag) => write!(formatter, "flag {flag}"),
        }
    }
}

/// The files, read and parsed. They hold secrets, so there is no `Debug`.
#[derive(Default)]
pub(super) struct Files {
    pub(super) toml: Option<(PathBuf, toml::Table)>,
    pub(super) dotenv: Variables,
}

/// The largest configuration or key file that is read, in bytes.
const LARGEST_FILE: u64 = 1 << 20;

/// Reads a whole file of a configuration.
pub(super) fn read(path: &Path, subject: &str) -> Result<String, Box<Finding>> {
    use std::io::Read as _;
    let unreadable = |why: String| {
        Box::new(
            Finding::error("config.file_unreadable", subject, why)
                .with_value(path.display().to_string())
                .with_remedy(format!("ls -l {}", path.display())),
        )
    };
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(LARGEST_FILE + 1).read_to_string(&mut text))
        .map_err(|error| unreadable(format!("The file cannot be read: {error}.")))?;
    if text.len() as u64 > LARGEST_FILE {
        return Err(unreadable("The file is larger than 1 MiB.".to_owned()));
    }
    Ok(text)
}

impl Files {
    /// Finds and reads `doorward.toml` and `.env`. The flag says that one could not be understood, so that what
    /// follows from it would be noise.
    pub(super) fn read(inputs: &Inputs, findings: &mut Vec<Finding>) -> (Self, bool) {
        let before = findings.len();
        let files = Self { toml: read_toml(inputs, findings), dotenv: read_dotenv(inputs, findings) };
        let is_broken = findings[before..].iter().any(Finding::is_error);
        (files, is_broken)
    }
}

fn read_toml(inputs: &Inputs, findings: &mut Vec<Finding>) -> Option<(PathBuf, toml::Table)> {
    let path = toml_path(inputs, findings)?;
    let text = read(&path, "doorward.toml").map_err(|finding| findings.push(*finding)).ok()?;
    match toml::from_str::<toml::Table>(&text) {
        Ok(table) => Some((path, table)),
        Err(error) => {
            // Only the message: the text around it may be a secret.
            let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
            let message = error.message().lines().next().unwrap_or("it is no TOML").to_owned();
            let subject = format!("{}:{line}", path.display());
            findings.push(
                Finding::error("config.syntax", subject, format!("This line cannot be read as TOML: {message}."))
                    .with_remedy(format!("{}  # mend line {line}", path.display())),
            );
            None
        }
    }
}

fn toml_path(inputs: &Inputs, findings: &mut Vec<Finding>) -> Option<PathBuf> {
    if let Some(path) = &inputs.flags.config {
        return Some(inputs.cwd.join(path));
    }
    let mut places: Vec<PathBuf> = Vec::new();
    for directory in [inputs.cwd.clone(), inputs.data_directory(), inputs.system.clone()] {
        let place = directory.join("doorward.toml");
        // What cannot be looked at counts as there, so that reading it says why.
        if place.try_exists().unwrap_or(true) && !places.contains(&place) {
            places.push(place);
        }
    }
    for unused in places.iter().skip(1) {
        findings.push(
            Finding::warning(
                "config.file_shadowed",
                unused.display().to_string(),
                format!("The file is not read, because {} is found first.", places[0].display()),
            )
            .with_remedy(format!("doorward serve --config {}", unused.display())),
        );
    }
    places.into_iter().next()
}

fn read_dotenv(inputs: &Inputs, findings: &mut Vec<Finding>) -> Variables {
    let path = inputs.cwd.join(inputs.flags.env_file.as_deref().unwrap_or(Path::new(".env")));
    if inputs.flags.env_file.is_none() && !path.try_exists().unwrap_or(true) {
        return Variables::default();
    }
    let text = match read(&path, ".env") {
        Ok(text) => text,
        Err(finding) => {
            findings.push(*finding);
            return Variables::default();
        }
    };
    findings.extend(super::permission::writable_by_others(&path, ".env"));
    let (assignments, bad) = dotenv::parse(&text);
    for line in bad {
        findings.push(
            Finding::error(
                "config.syntax",
                format!("{}:{}", path.display(), line.line),
                format!("This line cannot be read: {}.", line.why),
            )
            .with_remedy("NAME=value"),
        );
    }
    let mut variables = Variables::default();
    for assignment in assignments {
        if let Some(before) = variables.values.insert(assignment.name.clone(), assignment.value.clone())
            && before != assignment.value
        {
            findings.push(
                Finding::error(
                    "config.conflict",
                    format!("{}:{}", path.display(), assignment.line),
                    format!("{} is set twice in this file, to different values.", assignment.name),
                )
                .with_remedy(format!("{}=…  # keep one line", assignment.name)),
            );
        }
    }
    variables
}
