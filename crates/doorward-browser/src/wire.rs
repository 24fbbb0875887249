//! How messages reach the browser: the two pipes of a process of ours, or the WebSocket of one that runs already.

pub(crate) mod pipe;
pub(crate) mod websocket;

use std::sync::mpsc;

/// A message that is larger than this is no answer to anything that is asked here: a pipe passes it by, a WebSocket ends.
pub(crate) const MESSAGE_AT_MOST: usize = 128 * 1024 * 1024;

/// Where messages to the browser go in, one JSON text each. They go out by a thread of their own.
pub(crate) type Outbox = mpsc::Sender<Vec<u8>>;

/// Takes each message that comes from the browser.
pub(crate) type Inbox = Box<dyn FnMut(&[u8]) + Send>;
