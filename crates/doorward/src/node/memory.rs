//! The memory of requests that `doorward explain` reads: a file of its own, written in batches.

use std::sync::Arc;

use doorward_core::identifier::RequestId;
use doorward_store::RequestLog;

use crate::config::Config;
use crate::watch::{Memory, Tasks};

/// Opens the memory. Without it everything works but `explain`, so a failure is a warning.
pub(super) async fn start(config: &Config, tasks: &Tasks) -> Option<Arc<dyn Memory>> {
    match RequestLog::open(&config.data.join("requests.db")).await {
        Ok((log, writer)) => {
            let closing = tasks.clone();
            tasks.spawn("request memory", async move { writer.run(closing.closing()).await });
            Some(Arc::new(log))
        }
        Err(finding) => {
            tracing::warn!(code = finding.code, "requests are not remembered: {}", finding.why);
            None
        }
    }
}

impl Memory for RequestLog {
    fn remember(&self, id: RequestId, record: String) {
        self.note(id, record);
    }

    fn dropped(&self) -> u64 {
        self.dropped()
    }
}
