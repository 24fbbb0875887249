//! Where the pages and their forms live: templates and routes name these constants, so that they agree.

use doorward_core::identifier::UserId;

/// The style sheets, scripts and pictures; the file name follows.
pub const ASSETS: &str = "/.doorward/assets/";
/// Which fields of the doctor's request arrive.
pub const ECHO: &str = "/.doorward/echo";
/// The page that a phone opens for the doctor.
pub const LOOK: &str = "/.doorward/look";
/// What that phone showed.
pub const TOLD: &str = "/.doorward/told";
/// Sign in: GET, and POST `email, password, stay=on, return_to`.
pub const SIGN_IN: &str = "/.doorward/sign-in";
/// Where one lands after the sign-in: GET.
pub const APPS: &str = "/.doorward/apps";
/// Asks before signing out: GET; signs out: POST.
pub const SIGN_OUT: &str = "/.doorward/sign-out";
/// Where a signed-in browser gets the code by which it enters the host of an app: GET `host, to, state`.
pub const ENTER: &str = "/.doorward/enter";
/// On the host of an app: uses the code up: GET `code, to`.
pub const SESSION: &str = "/.doorward/session";
/// On the host of an app: a token for its own forms, where it asks for one: GET.
pub const HOST_TOKEN: &str = "/.doorward/csrf-token";
/// After signing out: GET.
pub const SIGNED_OUT: &str = "/.doorward/signed-out";
/// Choose the password that is due: GET, and POST `new_password`.
pub const CHOOSE_PASSWORD: &str = "/.doorward/finish/password";
/// What a second factor is still missing: GET.
pub const SECOND_FACTOR: &str = "/.doorward/finish/second-factor";
/// The proof of the address after a recovery code: GET, and POST `code`.
pub const RECOVERY_MAIL: &str = "/.doorward/finish/recovery-mail";
/// Replace what was lost, after a recovery code: GET; go on without: POST.
pub const RECOVERY: &str = "/.doorward/finish/recovery";
/// Set up the second factor without which nothing goes on: GET.
pub const ENROLMENT: &str = "/.doorward/finish/enrolment";
/// Send a code by mail: POST `return_to`; leads back to the page that asks for it.
pub const EMAIL_SEND: &str = "/.doorward/finish/send-code";
/// Prove once more who you are: GET with `return_to`, and POST `way, code` or `password`.
pub const CONFIRM: &str = "/.doorward/confirm";
/// What proves who you are, and what is trusted: GET.
pub const SECURITY: &str = "/.doorward/account/security";
/// Begin to set up an authenticator app: POST; answers with its key, shown once.
pub const TOTP: &str = "/.doorward/account/security/totp";
/// Finish it: POST `challenge, code, name`.
pub const TOTP_CONFIRM: &str = "/.doorward/account/security/totp/confirm";
/// Begin to set up codes by mail: POST; sends one and answers with the form for it.
pub const EMAIL_CODES: &str = "/.doorward/account/security/email";
/// Finish it: POST `code`.
pub const EMAIL_CONFIRM: &str = "/.doorward/account/security/email/confirm";
/// A new sheet of recovery codes: GET asks; POST makes it and answers with it, shown once.
pub const RECOVERY_CODES: &str = "/.doorward/account/security/recovery-codes";
/// Another name for a factor or a device: POST `id, name`.
pub const FACTOR_RENAME: &str = "/.doorward/account/security/rename";
/// Asks before removing a factor: GET `id`; removes it: POST `id`.
pub const FACTOR_REMOVE: &str = "/.doorward/account/security/remove";
/// Trust this device: POST.
pub const DEVICE_TRUST: &str = "/.doorward/account/security/devices/trust";
/// No longer trust a device: POST `id`; without one, none at all.
pub const DEVICE_REMOVE: &str = "/.doorward/account/security/devices/remove";
/// The account: GET.
pub const ACCOUNT: &str = "/.doorward/account";
/// Another password: POST `current_password, new_password`. Shows [`ACCOUNT`] again where it is refused.
pub const ACCOUNT_PASSWORD: &str = "/.doorward/account/password";
/// The address of the account: GET, and POST `email` and, for another address, `current_password`.
pub const ACCOUNT_EMAIL: &str = "/.doorward/account/email";
/// Ends one session: POST `session`.
pub const SESSION_END: &str = "/.doorward/account/sessions/end";
/// Asks before ending all other sessions: GET; ends them: POST.
pub const SESSIONS_END: &str = "/.doorward/account/sessions/end-others";
/// One's app passwords: GET; makes one: POST `app, name, days, current_password`; answers with it, shown once.
pub const APP_PASSWORDS: &str = "/.doorward/account/app-passwords";
/// Withdraws an app password: POST `id`.
pub const APP_PASSWORD_WITHDRAW: &str = "/.doorward/account/app-passwords/withdraw";
/// The administration: GET, leads to [`PEOPLE`].
pub const ADMIN: &str = "/.doorward/admin";
/// Everybody, and open invitations: GET with `q` and `after`.
pub const PEOPLE: &str = "/.doorward/admin/users";
/// Add somebody: GET.
pub const PERSON_NEW: &str = "/.doorward/admin/users/new";
/// Make a link of invitation: POST `email, groups`; answers with the link, shown once.
pub const INVITE: &str = "/.doorward/admin/users/invite";
/// Make an account with a temporary password: POST `email, name, groups`; answers with it, shown once.
pub const PERSON_CREATE: &str = "/.doorward/admin/users/create";
/// Withdraw a link: POST `link`.
pub const LINK_WITHDRAW: &str = "/.doorward/admin/links/withdraw";
/// Accept an invitation: GET with `token`, and POST `token, name, new_password`.
pub const INVITATION: &str = "/.doorward/invitation";
/// Choose a password by a link: GET with `token`, and POST `token, new_password`.
pub const RESET: &str = "/.doorward/reset";
/// In development: the letters that are not sent: GET.
pub const MAIL: &str = "/.doorward/mail";
/// Forgotten password: GET, and POST `email`.
pub const FORGOTTEN: &str = "/.doorward/forgotten";
/// Prove an address by a link: GET with `token`, and POST `token`.
pub const VERIFY: &str = "/.doorward/verify";
/// Register: GET, and POST `email`.
pub const REGISTER: &str = "/.doorward/register";
/// Finish a registration by a link: GET with `token`, and POST `token, name, new_password`.
pub const JOIN: &str = "/.doorward/join";
/// Make the first account by the printed link: GET with `token`, and POST `token, email, name, new_password`.
pub const SET_UP: &str = "/.doorward/set-up";
/// Take the lost second factors away by a link: GET with `token`, and POST `token`.
pub const RESET_FACTORS: &str = "/.doorward/reset-factors";
/// All reasons: GET.
pub const REASONS: &str = "/.doorward/reasons";
/// An error page for a code: GET with `reason`.
pub const ERROR: &str = "/.doorward/error";
/// The demo app.
pub const DEMO: &str = "/demo/";
/// Shows what the demo app receives.
pub const DEMO_ECHO: &str = "/demo/echo";
/// Where the client fetches a fresh token.
pub const CSRF_TOKEN: &str = "/api/v1/auth/csrf-token";

/// What an administrator does to one account. `person(id)` shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonAction {
    /// POST `name`.
    Name,
    /// POST `groups`, words parted by spaces or commas.
    Groups,
    /// Asks first: GET; does it: POST.
    Disable,
    /// POST.
    Enable,
    /// A link to choose a new password: POST; answers with the link, shown once.
    Reset,
    /// A link that takes lost second factors: POST `current_password`; sent by mail, or shown once.
    ResetFactors,
    /// Asks before ending every session: GET; ends them: POST.
    EndSessions,
    /// Ends one session: POST `session`.
    EndSession,
}

impl PersonAction {
    /// Every action.
    pub const ALL: [Self; 8] = [
        Self::Name,
        Self::Groups,
        Self::Disable,
        Self::Enable,
        Self::Reset,
        Self::ResetFactors,
        Self::EndSessions,
        Self::EndSession,
    ];

    /// The last part of the path.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Groups => "groups",
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::Reset => "reset-link",
            Self::ResetFactors => "reset-factors",
            Self::EndSessions => "end-sessions",
            Self::EndSession => "end-session",
        }
    }
}

/// The page of one account.
#[must_use]
pub fn person(id: UserId) -> String {
    format!("{PEOPLE}/{id}")
}

/// The form of one action on an account.
#[must_use]
pub fn person_action(id: UserId, action: PersonAction) -> String {
    format!("{PEOPLE}/{id}/{}", action.as_str())
}

/// The page about one reason.
#[must_use]
pub fn error(code: &str) -> String {
    with_query(ERROR, &[("reason", code)])
}

/// The path and query under which an invitation is accepted; `token` is secret.
#[must_use]
pub fn invitation(token: &str) -> String {
    with_query(INVITATION, &[("token", token)])
}

/// The path and query under which a link takes second factors; `token` is secret.
#[must_use]
pub fn reset_factors(token: &str) -> String {
    with_query(RESET_FACTORS, &[("token", token)])
}

/// The path and query under which a reset link works; `token` is secret.
#[must_use]
pub fn reset(token: &str) -> String {
    with_query(RESET, &[("token", token)])
}

/// The path and query under which an address is proven; `token` is secret.
#[must_use]
pub fn verify(token: &str) -> String {
    with_query(VERIFY, &[("token", token)])
}

/// The path and query under which a registration is finished; `token` is secret.
#[must_use]
pub fn join(token: &str) -> String {
    with_query(JOIN, &[("token", token)])
}

/// The path and query under which the first account is made; `token` is secret.
#[must_use]
pub fn set_up(token: &str) -> String {
    with_query(SET_UP, &[("token", token)])
}

/// The sign-in that leads to `return_to` afterwards.
#[must_use]
pub fn sign_in(return_to: &str) -> String {
    with_query(SIGN_IN, &[("return_to", return_to)])
}

/// A page about one factor or device.
#[must_use]
pub fn about(path: &str, id: impl std::fmt::Display) -> String {
    with_query(path, &[("id", &id.to_string())])
}

/// A page that leads to `return_to` afterwards.
#[must_use]
pub fn leading_to(path: &str, return_to: &str) -> String {
    with_query(path, &[("return_to", return_to)])
}

/// A page that shows one way of several and leads to `return_to` afterwards.
#[must_use]
pub fn by_way(path: &str, way: &str, return_to: &str) -> String {
    with_query(path, &[("way", way), ("return_to", return_to)])
}

/// A page of the list of people.
#[must_use]
pub fn people(search: &str, after: &str) -> String {
    with_query(PEOPLE, &[("q", search), ("after", after)])
}

/// A path with those parameters that are not empty.
fn with_query(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_return_address_stays_one_parameter() {
        assert_eq!(sign_in("/a?b=c&d=\"<"), "/.doorward/sign-in?return_to=%2Fa%3Fb%3Dc%26d%3D%22%3C");
        assert_eq!(sign_in(""), SIGN_IN);
        assert_eq!(people("ada", ""), "/.doorward/admin/users?q=ada");
    }
}
