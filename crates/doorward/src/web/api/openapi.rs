//! `GET /api/openapi.json`: the document of this API, made from the code.

use axum::Json;
use utoipa::OpenApi as _;

use super::problem::Problem;

#[derive(Debug, utoipa::OpenApi)]
#[openapi(
    info(
        title = "Doorward",
        description = "Signing in, sessions, accounts. Every refusal is a problem document with a stable reason."
    ),
    paths(
        super::csrf_token::get,
        super::login::post,
        super::refresh::post,
        super::logout::post,
        super::me::get,
        super::pending::get,
        super::session::get,
        super::session::ended,
        super::session::delete,
        super::session::delete_others,
        super::app_password::list,
        super::app_password::create,
        super::app_password::delete,
        super::password::change,
        super::password::choose,
        super::password::reset,
        super::password::reset_factors,
        super::password::confirm,
        super::factor::status,
        super::factor::rename,
        super::factor::remove,
        super::totp::begin,
        super::totp::confirm,
        super::totp::verify,
        super::passkey::ask_new,
        super::passkey::enrol,
        super::passkey::ask,
        super::passkey::prove,
        super::passkey::ask_sign_in,
        super::passkey::sign_in,
        super::email::begin,
        super::email::confirm,
        super::email::send,
        super::email::verify,
        super::recovery_code::make,
        super::recovery_code::verify,
        super::recovery_code::keep,
        super::device::get,
        super::device::trust,
        super::device::rename,
        super::device::remove,
        super::device::remove_all,
        super::invitation::accept,
        super::invitation::create,
        super::invitation::list,
        super::invitation::revoke,
        super::recovery::password,
        super::recovery::account,
        super::recovery::address,
        super::recovery::verify,
        super::user::list,
        super::user::get,
        super::user::patch,
        super::user::reset,
        super::user::reset_factors,
        super::user::sessions,
        super::user::ended_sessions,
        super::user::end_sessions,
        super::user::end_session,
        super::audit::get,
        super::configuration::get,
        super::debug::get,
        super::jwks::get,
        crate::web::health::live,
        crate::web::health::ready,
        crate::web::health::full,
        crate::web::authz::forward_auth,
        crate::web::authz::auth_request,
        get,
    ),
    components(schemas(Problem))
)]
struct Document;

/// The document.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// Serves the document.
#[utoipa::path(
    get, path = "/api/openapi.json", tag = "keys",
    responses((status = 200, description = "This document", body = serde_json::Value))
)]
pub async fn get() -> Json<utoipa::openapi::OpenApi> {
    Json(document())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::web::route;

    #[test]
    fn documents_every_route_of_the_api_and_no_other() {
        let document = serde_json::to_value(super::document()).unwrap();
        let mut documented = BTreeSet::new();
        for (path, operations) in document["paths"].as_object().unwrap() {
            for method in operations.as_object().unwrap().keys() {
                documented.insert((method.to_uppercase(), path.clone()));
            }
        }
        let is_public =
            |path: &str| ["/api/", "/health", "/.well-known/"].iter().any(|prefix| path.starts_with(prefix));
        let routed: BTreeSet<_> = route::ALL
            .iter()
            .filter(|route| is_public(route.path))
            // OpenAPI has no word for every method; proxies ask by GET.
            .map(|route| (route.method.unwrap_or("GET").to_owned(), route.path.to_owned()))
            .collect();
        assert_eq!(documented, routed);
    }
}
