//! From the portal to the host of an app: a signed-in browser gets the code by which it enters there.

use axum::response::{IntoResponse, Response};
use doorward_core::token::TokenHash;

use super::return_to::checked;
use crate::portal::path;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;

/// Makes a code for the host that asks, and leads there. Only hosts of configured apps are led to.
pub async fn get(exchange: Exchange) -> Result<Response, Failure> {
    let live = exchange.live()?;
    let host = exchange.parameter("host").unwrap_or_default();
    let state = exchange.parameter("state").as_deref().and_then(TokenHash::from_text);
    let origin = exchange.settings.origin_of_app(&host, &exchange.arrival);
    let (Some(origin), Some(state)) = (origin, state) else { return Err(Failure::of("app.entry_invalid")) };
    let wanted = exchange.parameter("to").unwrap_or_default();
    let code = exchange.app.identity().entry_code(live, &host, state).await?;
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("code", code.expose_secret()).append_pair("to", checked(&wanted).unwrap_or("/"));
    let location = format!("{origin}{}?{}", path::SESSION, query.finish());
    Ok((http::StatusCode::FOUND, [(http::header::LOCATION, location)]).into_response())
}
