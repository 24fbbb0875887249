//! The letters of a development server, shown instead of sent: to a direct visitor on this machine alone.

use axum::response::Response;
use http::StatusCode;

use crate::portal::Moment;
use crate::portal::page::{LetterRow, Letters};
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;
use crate::web::health::is_from_here;

/// Shows the newest letters.
pub async fn get(exchange: Exchange) -> Result<Response, Failure> {
    let viewer = exchange.app.mail().and_then(|mail| mail.viewer()).ok_or_else(|| Failure::of("http.not_found"))?;
    if !is_from_here(&exchange) {
        return Err(Failure::of("authorization.peer_not_local"));
    }
    let letters = viewer.letters().into_iter().map(|letter| {
        let link = letter.draft.text.lines().find(|line| line.starts_with("http")).map(str::to_owned);
        LetterRow { to: letter.to, at: Moment(letter.at), subject: letter.draft.subject, text: letter.draft.text, link }
    });
    let letters = letters.collect();
    Ok(super::show(&exchange, StatusCode::OK, |chrome| Letters { chrome, letters }))
}
