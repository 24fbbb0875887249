//! `doorward mcp --port`: the tools over HTTP, on this machine alone unless told otherwise, for whoever has the token.

use std::io::{ErrorKind, Write as _};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward_browser::mcp::Settings;
use doorward_browser::mcp::http::{Door, PATH, Shelf, serve as serve_http};
use doorward_core::random::bytes;
use doorward_core::secret::Secret;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::command::{CONFIGURATION, Context, FAULT, WELL};
use crate::system::SystemRandom;

/// Where the tools are served by HTTP.
#[derive(Debug, clap::Args)]
pub(super) struct HttpArguments {
    /// Serve by HTTP on this port instead of standard input and output; 0 for one that is free
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// The address to listen on; beside this machine's own it needs --allowed-hosts
    #[arg(long, value_name = "ADDRESS", requires = "port")]
    host: Option<String>,
    /// Names under which clients reach this server beside localhost, with commas between them
    #[arg(long, value_delimiter = ',', value_name = "HOSTS", requires = "port")]
    allowed_hosts: Vec<String>,
    /// The file with the token that clients send; it is written where there is none
    #[arg(long, value_name = "FILE", requires = "port")]
    token_file: Option<PathBuf>,
}

impl HttpArguments {
    pub(super) fn is_wanted(&self) -> bool {
        self.port.is_some()
    }
}

/// Serves until the program is told to end.
pub(super) async fn serve(context: &Context, arguments: &HttpArguments, settings: Arc<Settings>) -> u8 {
    let begun = async {
        let address = address(arguments)?;
        let (token, is_told) = token(context, arguments)?;
        let listener = TcpListener::bind((address, arguments.port.unwrap_or_default()))
            .await
            .map_err(|error| format!("{address} cannot be listened on: {error}"))?;
        let port = listener.local_addr().map_err(|error| error.to_string())?.port();
        Ok::<_, String>((listener, address, port, token, is_told))
    };
    let (listener, address, port, token, is_told) = match begun.await {
        Ok(begun) => begun,
        Err(why) => {
            let _ = writeln!(std::io::stderr(), "doorward: {why}");
            return CONFIGURATION;
        }
    };
    let (Ok(mut end), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        return FAULT;
    };
    announce((address, port), is_told.then_some(&token));
    let stop = async {
        tokio::select! {
            _ = end.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let door = Door::new(port, token, &arguments.allowed_hosts);
    serve_http(listener, door, Arc::new(Shelf::new(settings, Arc::new(SystemRandom))), stop).await;
    WELL
}

fn address(arguments: &HttpArguments) -> Result<IpAddr, String> {
    let written = arguments.host.as_deref().unwrap_or("localhost");
    let address: IpAddr = match written {
        "localhost" => IpAddr::from([127, 0, 0, 1]),
        other => other.trim_matches(['[', ']']).parse().map_err(|_| format!("--host {other} is no address"))?,
    };
    if !address.is_loopback() && arguments.allowed_hosts.is_empty() {
        return Err(format!(
            "{address} can be reached by other machines, and the token goes in the clear\nhint: leave --host out, or name \
             by --allowed-hosts how clients reach it"
        ));
    }
    Ok(address)
}

/// The token, and whether it has to be told because no file holds it.
fn token(context: &Context, arguments: &HttpArguments) -> Result<(Secret, bool), String> {
    let drawn = || Secret::new(URL_SAFE_NO_PAD.encode(bytes::<32>(&SystemRandom)));
    let Some(file) = &arguments.token_file else { return Ok((drawn(), true)) };
    let file = context.inputs.cwd.join(file);
    let token = kept(&file, drawn).map_err(|why| format!("{}: {why}", file.display()))?;
    Ok((token, false))
}

/// The token of a file, which is written for its owner alone where there is none.
fn kept(file: &Path, drawn: impl FnOnce() -> Secret) -> Result<Secret, String> {
    let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    match made {
        Ok(mut made) => {
            let token = drawn();
            writeln!(made, "{}", token.expose_secret()).map_err(|error| error.to_string())?;
            Ok(token)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
            let token = text.trim();
            if token.len() < 20 || token.contains(char::is_whitespace) {
                return Err("this is no token: one word of 20 characters or more".to_owned());
            }
            Ok(Secret::new(token))
        }
        Err(error) => Err(error.to_string()),
    }
}

/// Says once where the tools are and how a client is set up.
fn announce((address, port): (IpAddr, u16), token: Option<&Secret>) {
    let host = if address.is_ipv6() { format!("[{address}]") } else { address.to_string() };
    let shown = token.map_or("TOKEN", Secret::expose_secret);
    let server = serde_json::json!({ "mcpServers": { "browser": { "type": "http", "url": format!("http://{host}:{port}{PATH}"),
        "headers": { "Authorization": format!("Bearer {shown}") } } } });
    // At once, since whoever sets a client up by it reads along.
    let told = format!("doorward: tools at http://{host}:{port}{PATH}\n{server}\n");
    let _ = std::io::stderr().write_all(told.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_written_once_for_its_owner_and_read_again() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        let first = kept(&file, || Secret::new("a-token-that-is-long-enough")).unwrap();
        assert_eq!(first, kept(&file, || Secret::new("another")).unwrap());
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::write(&file, "short\n").unwrap();
        assert!(kept(&file, || Secret::new("another")).unwrap_err().contains("no token"));
    }

    #[test]
    fn other_machines_are_let_in_by_name_only() {
        let arguments = |host: Option<&str>, names: &[&str]| HttpArguments {
            port: Some(0),
            host: host.map(str::to_owned),
            allowed_hosts: names.iter().map(|name| (*name).to_owned()).collect(),
            token_file: None,
        };
        assert!(address(&arguments(None, &[])).unwrap().is_loopback());
        assert!(address(&arguments(Some("::1"), &[])).unwrap().is_loopback());
        assert!(address(&arguments(Some("0.0.0.0"), &[])).unwrap_err().contains("--allowed-hosts"));
        assert!(address(&arguments(Some("0.0.0.0"), &["tools.example.com"])).is_ok());
        assert!(address(&arguments(Some("tools.example.com"), &[])).is_err());
    }
}
