//! What people do with the whole program, on a real socket.

mod account;
mod command;
mod doctor;
pub(crate) mod factor;
mod front_end;
mod import;
mod recover;
mod request;
mod sign_in;
mod start;
mod token;
