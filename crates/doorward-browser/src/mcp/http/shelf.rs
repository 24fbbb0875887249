//! The clients of the tool server over HTTP, each by the id that it was given.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use doorward_core::random::{Random, bytes};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::mcp::protocol::Server;
use crate::mcp::setting::Settings;

/// Clients at one time; each has a browser of its own.
const CLIENTS: usize = 16;
/// A client that asked nothing for this long is gone.
const GONE: Duration = Duration::from_hours(1);
/// Where there is no place, the client that was idle longest gives way, if it asked nothing for this long.
const IDLE: Duration = Duration::from_mins(5);

/// One client.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) server: Server,
    /// The version of the protocol that both agreed on.
    pub(super) version: String,
    seen: Mutex<Instant>,
}

impl Client {
    /// Notes that the client is there.
    pub(super) fn touch(&self) {
        *self.seen.lock() = Instant::now();
    }

    fn idle(&self) -> Duration {
        self.seen.lock().elapsed()
    }
}

/// The clients of one server.
#[derive(Debug)]
pub struct Shelf {
    settings: Arc<Settings>,
    random: Arc<dyn Random>,
    clients: Mutex<HashMap<String, Arc<Client>>>,
}

impl Shelf {
    /// A shelf without clients; each gets a server with these settings.
    #[must_use]
    pub fn new(settings: Arc<Settings>, random: Arc<dyn Random>) -> Self {
        Self { settings, random, clients: Mutex::new(HashMap::new()) }
    }

    /// A server for a client that is not on the shelf yet.
    pub(super) fn server(&self) -> Server {
        Server::new(Arc::clone(&self.settings))
    }

    /// Takes a client in and gives its id, and the client that had to give way for it. None where there is no place.
    pub(super) fn put(&self, server: Server, version: &str) -> Option<(String, Option<Arc<Client>>)> {
        let mut clients = self.clients.lock();
        let mut left = None;
        if clients.len() >= CLIENTS {
            let (id, idle) =
                clients.iter().map(|(id, client)| (id.clone(), client.idle())).max_by_key(|(_, idle)| *idle)?;
            if idle < IDLE {
                return None;
            }
            left = clients.remove(&id);
        }
        let id = format!("{:032x}", u128::from_be_bytes(bytes(self.random.as_ref())));
        let client = Client { server, version: version.to_owned(), seen: Mutex::new(Instant::now()) };
        clients.insert(id.clone(), Arc::new(client));
        Some((id, left))
    }

    pub(super) fn find(&self, id: &str) -> Option<Arc<Client>> {
        self.clients.lock().get(id).cloned()
    }

    pub(super) fn take(&self, id: &str) -> Option<Arc<Client>> {
        self.clients.lock().remove(id)
    }

    /// Takes away the clients that are gone; every one where the server ends.
    pub(super) fn sweep(&self, is_end: bool) -> Vec<Arc<Client>> {
        let mut clients = self.clients.lock();
        let gone = clients.iter().filter(|(_, client)| is_end || client.idle() >= GONE).map(|(id, _)| id.clone());
        gone.collect::<Vec<_>>().iter().filter_map(|id| clients.remove(id)).collect()
    }
}

#[cfg(test)]
mod tests {
    use doorward_core::{Clock, UnixTime};

    use super::*;
    use crate::options::Options;

    #[derive(Debug)]
    struct Still;

    impl Clock for Still {
        fn now(&self) -> UnixTime {
            UnixTime(0)
        }
    }

    /// Counts on, so that no two ids are the same.
    #[derive(Debug, Default)]
    struct Counting(Mutex<u8>);

    impl Random for Counting {
        fn fill(&self, buffer: &mut [u8]) {
            let mut next = self.0.lock();
            *next += 1;
            buffer.fill(*next);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_shelf_gives_the_place_of_whoever_was_idle_long() {
        let settings = Settings::new(Options::default(), std::path::PathBuf::new(), Arc::new(Still));
        let shelf = Shelf::new(Arc::new(settings), Arc::new(Counting::default()));
        let ids: Vec<String> = (0..CLIENTS).map(|_| shelf.put(shelf.server(), "x").unwrap().0).collect();
        assert!(shelf.put(shelf.server(), "x").is_none());
        tokio::time::advance(IDLE).await;
        shelf.find(&ids[0]).unwrap().touch();
        let (_, left) = shelf.put(shelf.server(), "x").unwrap();
        assert!(left.is_some() && shelf.find(&ids[0]).is_some());
        tokio::time::advance(Duration::from_mins(59)).await;
        shelf.find(&ids[0]).unwrap().touch();
        tokio::time::advance(Duration::from_mins(2)).await;
        assert_eq!(shelf.sweep(false).len(), CLIENTS - 1);
        assert!(shelf.take(&ids[0]).is_some() && shelf.take(&ids[0]).is_none());
    }
}
