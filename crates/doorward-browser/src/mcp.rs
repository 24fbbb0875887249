//! The tool server: the browser's tools by the Model Context Protocol, over standard input and output or HTTP.
//!
//! The protocol's few methods are spoken here without a library: a broken message is answered, a line is bounded, and
//! no result holds a field that it does not need.

pub mod argument;
pub mod http;
pub mod protocol;
pub mod response;
pub mod schema;
pub mod session;
pub mod setting;
pub mod stdio;
pub mod tool;

pub use protocol::Server;
pub use setting::Settings;
