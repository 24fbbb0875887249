//! Stub.
use http::request::Parts;
#[derive(Debug)]
pub struct Refused;
impl Refused {
    pub fn code(&self) -> &'static str {
        "http.header_conflict"
    }
    pub fn hint(&self) -> String {
        String::new()
    }
}
pub fn check(_: &Parts) -> Result<(), Refused> {
    Ok(())
}
