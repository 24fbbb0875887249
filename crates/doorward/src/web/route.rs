//! The one list of routes: method, path, who may come in, and how forged requests are kept out.
//!
//! The router, the paths that the CSRF rule never exempts, the OpenAPI document's check and the test
//! that walks every route with every half-finished sign-in are all made from this list.

use axum::routing::{MethodRouter, any, delete, get, patch, post};
use doorward_core::policy::Access;
use doorward_core::session::Stage;
use http::Method;

use super::app::App;
use super::{api, authz, demo, echo, health, portal};
use crate::portal::path;

/// How forged requests are kept out of a route. Safe methods pass either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shield {
    /// Provenance and token: everything of our own.
    Token,
    /// Provenance alone, as for the routes of an app.
    Provenance,
    /// The handler, which asks the rule about the request that it is told of.
    Handler,
}

/// One route.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The method; nothing for every method.
    pub method: Option<&'static str>,
    /// The path, with parameters in braces.
    pub path: &'static str,
    /// Who may come in.
    pub access: Access,
    /// How forged requests are kept out.
    pub shield: Shield,
    /// Whether it can create or raise a session: then no bearer token excuses it from the CSRF rule.
    pub raises: bool,
    /// Whether it takes credentials: each such request is an attempt to sign in.
    pub signs_in: bool,
    /// The handler.
    pub handler: fn() -> MethodRouter<App>,
}

impl Route {
    const fn new(method: &'static str, path: &'static str, access: Access, handler: fn() -> MethodRouter<App>) -> Self {
        Self { method: Some(method), path, access, shield: Shield::Token, raises: false, signs_in: false, handler }
    }

    /// The same route as one that can create or raise a session.
    const fn raising(self) -> Self {
        Self { raises: true, ..self }
    }

    /// The same route as one that takes credentials.
    const fn signing_in(self) -> Self {
        Self { signs_in: true, ..self.raising() }
    }

    /// Whether a request with this method meets this route. `HEAD` is answered where `GET` is.
    #[must_use]
    pub fn takes(&self, method: &Method) -> bool {
        self.method.is_none_or(|own| own == method.as_str() || (own == "GET" && method == Method::HEAD))
    }
}

use Access::{
    Administrator, AdministratorConfirmed, AdministratorFresh, AnySession, Anyone, Confirmed, ConfirmedFactor,
    Enrolling, Finishing, Proving, SignedIn,
};

const NEW_PASSWORD: Access = Finishing(Stage::PasswordChange);
const SECOND_FACTOR: Access = Finishing(Stage::SecondFactor);
const RECOVERY: Access = Finishing(Stage::Recovery);
const RECOVERY_MAIL: Access = Finishing(Stage::RecoveryMail);
const ENROLMENT: Access = Finishing(Stage::Enrolment);

/// The path of the token endpoint.
pub const TOKEN: &str = path::CSRF_TOKEN;

/// Where proxies ask that pass our whole answer on.
pub const FORWARD_AUTH: &str = "/api/authz/forward-auth";

/// Where nginx asks.
pub const AUTH_REQUEST: &str = "/api/authz/auth-request";

/// Every route of the public listeners.
pub const ALL: &[Route] = &[
    // Signing in and out, for programs.
    Route::new("GET", TOKEN, Anyone, || get(api::csrf_token::get)),
    Route::new("POST", "/api/v1/auth/jwt/login", Anyone, || post(api::login::post)).signing_in(),
    Route::new("POST", "/api/v1/auth/passkey/begin", Anyone, || post(api::passkey::ask_sign_in)).raising(),
    Route::new("POST", "/api/v1/auth/passkey/finish", Anyone, || post(api::passkey::sign_in)).signing_in(),
    Route::new("POST", "/api/v1/auth/jwt/refresh", Anyone, || post(api::refresh::post)).raising(),
    Route::new("POST", "/api/v1/auth/jwt/logout", Anyone, || post(api::logout::post)),
    Route::new("GET", "/api/v1/auth/me", SignedIn, || get(api::me::get)),
    Route::new("GET", "/api/v1/auth/pending", AnySession, || get(api::pending::get)),
    Route::new("GET", "/api/v1/auth/sessions", SignedIn, || get(api::session::get)),
    Route::new("GET", "/api/v1/auth/sessions/ended", SignedIn, || get(api::session::ended)),
    Route::new("DELETE", "/api/v1/auth/sessions", SignedIn, || delete(api::session::delete_others)),
    Route::new("DELETE", "/api/v1/auth/sessions/{id}", SignedIn, || delete(api::session::delete)),
    Route::new("GET", "/api/v1/auth/app-passwords", SignedIn, || get(api::app_password::list)),
    Route::new("POST", "/api/v1/auth/app-passwords", Confirmed, || post(api::app_password::create)),
    Route::new("DELETE", "/api/v1/auth/app-passwords/{id}", SignedIn, || delete(api::app_password::delete)),
    Route::new("POST", "/api/v1/auth/password/change", ConfirmedFactor, || post(api::password::change)).raising(),
    Route::new("POST", "/api/v1/auth/password/new", NEW_PASSWORD, || post(api::password::choose)).raising(),
    Route::new("POST", "/api/v1/auth/password/reset", Anyone, || post(api::password::reset)).raising(),
    Route::new("POST", "/api/v1/auth/recovery/factors", Anyone, || post(api::password::reset_factors)),
    Route::new("POST", "/api/v1/auth/invitations/accept", Anyone, || post(api::invitation::accept)).raising(),
    Route::new("POST", "/api/v1/auth/recovery/request", Anyone, || post(api::recovery::password)).raising(),
    Route::new("POST", "/api/v1/auth/registration/request", Anyone, || post(api::recovery::account)).raising(),
    Route::new("POST", "/api/v1/auth/email/request", Confirmed, || post(api::recovery::address)).raising(),
    Route::new("POST", "/api/v1/auth/email/verify", Anyone, || post(api::recovery::verify)).raising(),
    Route::new("POST", "/api/v1/auth/password/confirm", SignedIn, || post(api::password::confirm)).raising(),
    // Second factors.
    Route::new("GET", "/api/v1/auth/2fa/status", AnySession, || get(api::factor::status)),
    Route::new("PATCH", "/api/v1/auth/2fa/factors/{id}", SignedIn, || patch(api::factor::rename)),
    Route::new("DELETE", "/api/v1/auth/2fa/factors/{id}", Confirmed, || delete(api::factor::remove)),
    Route::new("POST", "/api/v1/auth/2fa/totp/begin", Enrolling, || post(api::totp::begin)).raising(),
    Route::new("POST", "/api/v1/auth/2fa/totp/confirm", Enrolling, || post(api::totp::confirm)).raising(),
    Route::new("POST", "/api/v1/auth/2fa/totp/verify", Proving, || post(api::totp::verify)).raising(),
    Route::new("POST", "/api/v1/auth/2fa/passkeys/new/begin", Enrolling, || post(api::passkey::ask_new)).raising(),
    Route::new("POST", "/api/v1/auth/2fa/passkeys/new/finish", Enrolling, || post(api::passkey::enrol)).raising(),
    Route::new("POST", "/api/v1/auth/2fa/passkeys/begin", Proving, || post(api::passkey::ask)).raising(),
    Route::new("POST", "/api/v1/auth/2fa/passkeys/finish", Proving, || post(api::passkey::prove)).raising(),
    Route::new("POST", "/api/v1/auth/2fa/recovery-codes", Enrolling, || post(api::recovery_code::make)).raising(),
    Route::new("POST", "/api/v1/auth/2fa/recovery-codes/verify", Proving, || post(api::recovery_code::verify))
        .raising(),
    Route::new("POST", "/api/v1/auth/2fa/email/begin", Enrolling, || post(api::email::begin)).raising(),
    Route::new("POST", "/api/v1/auth/2fa/email/confirm", Enrolling, || post(api::email::confirm)).raising(),
    Route::new("POST", "/api/v1/auth/2fa/email/send", Proving, || post(api::email::send)).raising(),
    Route::new("POST", "/api/v1/auth/2fa/email/verify", Proving, || post(api::email::verify)).raising(),
    Route::new("POST", "/api/v1/auth/2fa/recovery/keep", RECOVERY, || post(api::recovery_code::keep)).raising(),
    Route::new("GET", "/api/v1/auth/devices", SignedIn, || get(api::device::get)),
    Route::new("POST", "/api/v1/auth/devices", Confirmed, || post(api::device::trust)),
    Route::new("DELETE", "/api/v1/auth/devices", SignedIn, || delete(api::device::remove_all)),
    Route::new("PATCH", "/api/v1/auth/devices/{id}", SignedIn, || patch(api::device::rename)),
    Route::new("DELETE", "/api/v1/auth/devices/{id}", SignedIn, || delete(api::device::remove)),
    Route::new("GET", "/api/v1/auth/debug/csrf", AdministratorFresh, || get(api::debug::get)),
    // Administration.
    Route::new("GET", "/api/v1/admin/users", Administrator, || get(api::user::list)),
    Route::new("GET", "/api/v1/admin/users/{id}", Administrator, || get(api::user::get)),
    Route::new("PATCH", "/api/v1/admin/users/{id}", AdministratorConfirmed, || patch(api::user::patch)),
    Route::new("POST", "/api/v1/admin/users/{id}/reset", AdministratorConfirmed, || post(api::user::reset)),
    Route::new("POST", "/api/v1/admin/users/{id}/reset-factors", AdministratorConfirmed, || {
        post(api::user::reset_factors)
    }),
    Route::new("GET", "/api/v1/admin/users/{id}/sessions", Administrator, || get(api::user::sessions)),
    Route::new("DELETE", "/api/v1/admin/users/{id}/sessions", AdministratorConfirmed, || {
        delete(api::user::end_sessions)
    }),
    Route::new("GET", "/api/v1/admin/users/{id}/sessions/ended", Administrator, || get(api::user::ended_sessions)),
    Route::new("DELETE", "/api/v1/admin/users/{id}/sessions/{session}", AdministratorConfirmed, || {
        delete(api::user::end_session)
    }),
    Route::new("GET", "/api/v1/admin/invitations", Administrator, || get(api::invitation::list)),
    Route::new("POST", "/api/v1/admin/invitations", AdministratorConfirmed, || post(api::invitation::create)),
    Route::new("DELETE", "/api/v1/admin/invitations/{id}", AdministratorConfirmed, || delete(api::invitation::revoke)),
    Route::new("GET", "/api/v1/admin/audit", Administrator, || get(api::audit::get)),
    Route::new("GET", "/api/v1/admin/config", Administrator, || get(api::configuration::get)),
    // What others read.
    Route::new("GET", "/api/openapi.json", Anyone, || get(api::openapi::get)),
    Route::new("GET", "/.well-known/jwks.json", Anyone, || get(api::jwks::get)),
    Route::new("GET", "/health/live", Anyone, || get(health::live)),
    Route::new("GET", "/health/ready", Anyone, || get(health::ready)),
    Route::new("GET", "/health", Anyone, || get(health::full)),
    // Asked by other proxies.
    Route {
        method: None,
        shield: Shield::Handler,
        ..Route::new("", FORWARD_AUTH, Anyone, || any(authz::forward_auth))
    },
    Route {
        method: None,
        shield: Shield::Handler,
        ..Route::new("", AUTH_REQUEST, Anyone, || any(authz::auth_request))
    },
    // Pages.
    Route::new("GET", "/", Anyone, || get(portal::home::root)),
    Route::new("GET", "/.doorward/", Anyone, || get(portal::home::root)),
    Route::new("GET", path::APPS, SignedIn, || get(portal::home::get)),
    Route::new("GET", path::SIGN_IN, Anyone, || get(portal::sign_in::get)),
    Route::new("POST", path::SIGN_IN, Anyone, || post(portal::sign_in::post)).signing_in(),
    Route::new("GET", path::SIGN_OUT, Anyone, || get(portal::sign_out::get)),
    Route::new("POST", path::SIGN_OUT, Anyone, || post(portal::sign_out::post)),
    Route::new("GET", path::ENTER, SignedIn, || get(portal::enter::get)),
    Route::new("GET", path::SIGNED_OUT, Anyone, || get(portal::sign_out::signed_out)),
    Route::new("GET", path::SECOND_FACTOR, SECOND_FACTOR, || get(portal::challenge::second_factor)),
    Route::new("POST", path::SECOND_FACTOR, SECOND_FACTOR, || post(portal::challenge::prove)).raising(),
    Route::new("GET", path::RECOVERY_MAIL, RECOVERY_MAIL, || get(portal::challenge::recovery_mail)),
    Route::new("POST", path::RECOVERY_MAIL, RECOVERY_MAIL, || post(portal::challenge::prove_mail)).raising(),
    Route::new("GET", path::RECOVERY, RECOVERY, || get(portal::security::enrolment)),
    Route::new("POST", path::RECOVERY, RECOVERY, || post(portal::security::keep)).raising(),
    Route::new("GET", path::ENROLMENT, ENROLMENT, || get(portal::security::enrolment)),
    Route::new("POST", path::EMAIL_SEND, Proving, || post(portal::challenge::send)).raising(),
    Route::new("GET", path::CONFIRM, SignedIn, || get(portal::challenge::confirm)),
    Route::new("POST", path::CONFIRM, SignedIn, || post(portal::challenge::confirmed)).raising(),
    Route::new("GET", path::CHOOSE_PASSWORD, NEW_PASSWORD, || get(portal::finish::password)),
    Route::new("POST", path::CHOOSE_PASSWORD, NEW_PASSWORD, || post(portal::finish::choose)).raising(),
    Route::new("GET", path::ACCOUNT, SignedIn, || get(portal::account::get)),
    Route::new("POST", path::ACCOUNT_PASSWORD, ConfirmedFactor, || post(portal::account::change_password)).raising(),
    Route::new("POST", path::SESSION_END, SignedIn, || post(portal::account::end_session)),
    Route::new("GET", path::SESSIONS_END, SignedIn, || get(portal::account::ask_end_others)),
    Route::new("POST", path::SESSIONS_END, SignedIn, || post(portal::account::end_others)),
    Route::new("GET", path::FORGOTTEN, Anyone, || get(portal::recovery::forgotten)),
    Route::new("POST", path::FORGOTTEN, Anyone, || post(portal::recovery::send_password)).raising(),
    Route::new("GET", path::REGISTER, Anyone, || get(portal::recovery::register)),
    Route::new("POST", path::REGISTER, Anyone, || post(portal::recovery::send_account)).raising(),
    Route::new("GET", path::JOIN, Anyone, || get(portal::link::invitation)),
    Route::new("POST", path::JOIN, Anyone, || post(portal::link::accept)).raising(),
    Route::new("GET", path::VERIFY, Anyone, || get(portal::recovery::verify)),
    Route::new("POST", path::VERIFY, Anyone, || post(portal::recovery::prove)).raising(),
    Route::new("GET", path::ACCOUNT_EMAIL, SignedIn, || get(portal::recovery::own)),
    Route::new("POST", path::ACCOUNT_EMAIL, Confirmed, || post(portal::recovery::send_own)).raising(),
    Route::new("GET", path::SET_UP, Anyone, || get(portal::set_up::get)),
    Route::new("POST", path::SET_UP, Anyone, || post(portal::set_up::post)).raising(),
    Route::new("GET", path::APP_PASSWORDS, SignedIn, || get(portal::app_password::get)),
    Route::new("POST", path::APP_PASSWORDS, Confirmed, || post(portal::app_password::make)),
    Route::new("POST", path::APP_PASSWORD_WITHDRAW, SignedIn, || post(portal::app_password::withdraw)),
    Route::new("GET", path::SECURITY, SignedIn, || get(portal::security::get)),
    Route::new("POST", path::TOTP, Enrolling, || post(portal::security::offer_totp)).raising(),
    Route::new("POST", path::TOTP_CONFIRM, Enrolling, || post(portal::security::confirm_totp)).raising(),
    Route::new("POST", path::EMAIL_CODES, Enrolling, || post(portal::security::offer_email)).raising(),
    Route::new("POST", path::EMAIL_CONFIRM, Enrolling, || post(portal::security::confirm_email)).raising(),
    Route::new("GET", path::RECOVERY_CODES, Confirmed, || get(portal::security::ask_codes)),
    Route::new("POST", path::RECOVERY_CODES, Confirmed, || post(portal::security::make_codes)),
    Route::new("POST", path::FACTOR_RENAME, SignedIn, || post(portal::security::rename)),
    Route::new("GET", path::FACTOR_REMOVE, Confirmed, || get(portal::security::ask_remove)),
    Route::new("POST", path::FACTOR_REMOVE, Confirmed, || post(portal::security::remove)),
    Route::new("POST", path::DEVICE_TRUST, Confirmed, || post(portal::security::trust)),
    Route::new("POST", path::DEVICE_REMOVE, SignedIn, || post(portal::security::distrust)),
    Route::new("GET", path::INVITATION, Anyone, || get(portal::link::invitation)),
    Route::new("POST", path::INVITATION, Anyone, || post(portal::link::accept)).raising(),
    Route::new("GET", path::RESET, Anyone, || get(portal::link::reset)),
    Route::new("POST", path::RESET, Anyone, || post(portal::link::choose)).raising(),
    Route::new("GET", path::RESET_FACTORS, Anyone, || get(portal::link::ask_factors)),
    Route::new("POST", path::RESET_FACTORS, Anyone, || post(portal::link::take_factors)),
    Route::new("GET", path::ADMIN, Administrator, || get(portal::people::home)),
    Route::new("GET", path::PEOPLE, Administrator, || get(portal::people::get)),
    Route::new("GET", path::PERSON_NEW, AdministratorConfirmed, || get(portal::people::new)),
    Route::new("POST", path::INVITE, AdministratorConfirmed, || post(portal::people::invite)),
    Route::new("POST", path::PERSON_CREATE, AdministratorConfirmed, || post(portal::people::create)),
    Route::new("POST", path::LINK_WITHDRAW, AdministratorConfirmed, || post(portal::people::withdraw)),
    Route::new("GET", "/.doorward/admin/users/{id}", Administrator, || get(portal::person::get)),
    Route::new("POST", "/.doorward/admin/users/{id}/name", AdministratorConfirmed, || post(portal::person::name)),
    Route::new("POST", "/.doorward/admin/users/{id}/groups", AdministratorConfirmed, || post(portal::person::groups)),
    Route::new("GET", "/.doorward/admin/users/{id}/disable", Administrator, || get(portal::person::ask_disable)),
    Route::new("POST", "/.doorward/admin/users/{id}/disable", AdministratorConfirmed, || post(portal::person::disable)),
    Route::new("POST", "/.doorward/admin/users/{id}/enable", AdministratorConfirmed, || post(portal::person::enable)),
    Route::new("POST", "/.doorward/admin/users/{id}/reset-link", AdministratorConfirmed, || {
        post(portal::person::reset)
    }),
    Route::new("POST", "/.doorward/admin/users/{id}/reset-factors", AdministratorConfirmed, || {
        post(portal::person::reset_factors)
    }),
    Route::new("GET", "/.doorward/admin/users/{id}/end-sessions", Administrator, || {
        get(portal::person::ask_end_sessions)
    }),
    Route::new("POST", "/.doorward/admin/users/{id}/end-sessions", AdministratorConfirmed, || {
        post(portal::person::end_sessions)
    }),
    Route::new("POST", "/.doorward/admin/users/{id}/end-session", AdministratorConfirmed, || {
        post(portal::person::end_session)
    }),
    Route::new("GET", path::MAIL, Anyone, || get(portal::mail::get)),
    Route::new("GET", path::REASONS, Anyone, || get(portal::reference::get)),
    Route::new("GET", path::ERROR, Anyone, || get(portal::reference::error)),
    Route::new("GET", path::ECHO, Anyone, || get(echo::get)),
    Route::new("GET", path::LOOK, Anyone, || get(echo::get)),
    Route::new("GET", path::TOLD, Anyone, || get(echo::get)),
    Route::new("GET", "/.doorward/assets/{file}", Anyone, || get(portal::asset::get)),
    // The demo app, where no app is configured.
    Route::new("GET", path::DEMO, SignedIn, || get(demo::get)),
    Route { method: None, shield: Shield::Provenance, ..Route::new("", path::DEMO_ECHO, SignedIn, || any(demo::echo)) },
];

/// The paths that can create or raise a session, for the CSRF rule, and the token endpoint's own path.
pub fn session_paths() -> impl Iterator<Item = &'static str> {
    ALL.iter().filter(|route| route.raises).map(|route| route.path)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_route_stands_twice() {
        let mut seen = HashSet::new();
        for route in ALL {
            assert!(seen.insert((route.method, route.path)), "{:?} {}", route.method, route.path);
        }
    }

    #[test]
    fn whatever_finishes_a_sign_in_raises_a_session() {
        for route in ALL {
            let is_finishing =
                matches!(route.access, Finishing(_) | Proving | Enrolling) && route.method != Some("GET");
            assert!(!is_finishing || route.raises, "{}", route.path);
        }
    }

    #[test]
    fn what_changes_something_is_shielded_by_a_token() {
        for route in ALL.iter().filter(|route| route.method != Some("GET")) {
            assert!(
                route.shield == Shield::Token
                    || ["/demo/", "/api/authz/"].iter().any(|own| route.path.starts_with(own)),
                "{}",
                route.path
            );
        }
    }
}
