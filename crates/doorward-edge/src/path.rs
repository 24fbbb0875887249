//! Stub.
use std::borrow::Cow;
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncodedSlash {
    Refuse,
    Keep,
}
#[derive(Debug, thiserror::Error)]
#[error("not canonical")]
pub struct NotCanonical;
pub fn canonical(raw: &str, _: EncodedSlash) -> Result<Cow<'_, str>, NotCanonical> {
    Ok(raw.into())
}
