//! Style sheet, script and pictures.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};

use crate::portal::asset;
use crate::web::failure::Failure;

/// Serves one file. Its name holds a hash of its content, so that it can be kept for good.
pub async fn get(Path(name): Path<String>) -> Result<Response, Failure> {
    let found = asset::find(&name).ok_or_else(|| Failure::of("http.not_found"))?;
    let headers = [(CONTENT_TYPE, found.content_type), (CACHE_CONTROL, asset::CACHE_CONTROL), (ETAG, &found.etag)];
    Ok((headers, found.bytes).into_response())
}
