//! The tool server alone, without the rest of Doorward: `cargo run -p doorward-browser --example mcp`.

use std::io::BufReader;
use std::sync::Arc;

use doorward_browser::Options;
use doorward_browser::mcp::{Server, Settings, stdio};
use doorward_core::{Clock, UnixTime};

#[derive(Debug)]
struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "an example needs the clock of the machine")]
    fn now(&self) -> UnixTime {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        UnixTime(i64::try_from(since.as_secs()).unwrap_or_default())
    }
}

#[expect(clippy::disallowed_methods, reason = "an example needs the search path of the machine")]
fn main() -> std::io::Result<()> {
    let mut options = Options::default();
    options.search_path = std::env::var_os("PATH").unwrap_or_default();
    let output = std::env::temp_dir().join("doorward-mcp-output");
    let mut settings = Settings::new(options, output, Arc::new(SystemClock));
    settings.is_isolated = std::env::args().any(|argument| argument == "--isolated");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let server = Arc::new(Server::new(Arc::new(settings)));
    runtime.block_on(stdio::serve(server, BufReader::new(std::io::stdin()), std::io::stdout()));
    Ok(())
}
