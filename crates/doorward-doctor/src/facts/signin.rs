//! What the attempts to sign in showed.

use serde::{Deserialize, Serialize};

use super::Mark;

/// Why a browser does not keep or send a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trouble {
    /// `Secure` on plain http.
    SecureOverHttp,
    /// `SameSite=None` without `Secure`.
    NoneInsecure,
    /// The Domain holds a port, an address or forbidden characters.
    DomainInvalid,
    /// The Domain is not above the host.
    DomainMismatch,
    /// The Domain is a public suffix.
    DomainPublicSuffix,
    /// The Domain has one label.
    DomainSingleLabel,
    /// The name's prefix demands what the attributes do not give.
    Prefix,
    /// Name and value are larger than 4096 bytes.
    TooLarge,
    /// Its end lies in the past although it should last.
    BornExpired,
    /// Path does not match the address where it is needed.
    Path,
    /// Set for another host than where it is needed.
    Host,
    /// `SameSite` keeps it away.
    SameSite,
}

/// A cookie that was set, and what browsers make of it.
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that was seen or not")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// What stands for its value.
    pub value: Mark,
    /// The attributes as they came, without their values where those could be secret.
    pub domain: Option<String>,
    /// `Path`.
    pub path: Option<String>,
    /// `SameSite`, in lower case.
    pub same_site: Option<String>,
    /// `Secure`.
    pub is_secure: bool,
    /// `HttpOnly`.
    pub is_http_only: bool,
    /// `Partitioned`.
    pub is_partitioned: bool,
    /// `Max-Age`.
    pub max_age: Option<i64>,
    /// `Expires` as unix seconds.
    pub expires: Option<i64>,
    /// It deletes a cookie.
    pub is_deletion: bool,
    /// Why browsers refuse it.
    pub trouble: Option<Trouble>,
}

/// How an attempt differs from what a browser does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// Exactly as a browser does.
    #[default]
    Browser,
    /// Once more, with a fresh page.
    Again,
    /// `Origin` and `Referer` with the other scheme.
    OtherScheme,
    /// `Origin` without its port.
    NoPort,
    /// Without `Origin`, `Referer` and Fetch Metadata.
    NoOrigin,
    /// With `Origin: null`, as under `Referrer-Policy: no-referrer`.
    NullOrigin,
    /// With the cookies that a browser would have refused.
    AllCookies,
    /// With the token decoded or encoded once.
    Recoded,
    /// With the token under another name.
    OtherName,
    /// With a token that was fetched a second time, the first one's cookie replaced.
    Raced,
    /// With a token made before, after the page was loaded once more.
    Older,
    /// To the app directly, past the proxy.
    AtApp,
    /// With the account that was named.
    Real,
    /// The code of its second factor.
    Code,
}

/// What the answer to an attempt means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// No answer came.
    #[default]
    Nothing,
    /// The CSRF check refused it.
    Csrf,
    /// The credentials were looked at and refused: the way is open.
    Credentials,
    /// Signed in.
    Welcome,
    /// Too many attempts.
    Throttled,
    /// The app failed.
    Failure,
    /// A proxy in front answered.
    Proxy,
    /// The form came back without a word.
    FormAgain,
    /// Refused, and it is not said why.
    Refused,
    /// A redirect somewhere else, for example to a provider.
    Elsewhere,
}

/// One attempt.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Attempt {
    /// How it differs.
    pub variant: Variant,
    /// What the answer means.
    pub answer: Answer,
    /// Its status.
    pub status: u16,
    /// The beginning of its body, cleaned.
    pub body: String,
    /// `Location`.
    pub location: String,
    /// Names of cookies that were sent.
    pub sent: Vec<String>,
    /// Milliseconds.
    pub ms: u64,
    /// Cookies that were set.
    pub cookies: Vec<Cookie>,
    /// The stable reason that the answer names, where it does.
    pub reason: String,
    /// What stands for the token that was sent.
    pub token: Option<Mark>,
}

/// The form or endpoint that takes the sign-in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Form {
    /// Where the page was.
    pub page: String,
    /// Where it is sent.
    pub action: String,
    /// Names of the fields.
    pub fields: Vec<String>,
    /// The name of the token's field or header.
    pub token_name: String,
    /// What stands for the token.
    pub token: Option<Mark>,
    /// The cookie that carries the token.
    pub token_cookie: String,
    /// The token goes into a header, as a script does it.
    pub is_header: bool,
    /// `Content-Security-Policy: form-action` of the page.
    pub form_action: String,
    /// `Referrer-Policy` of the page.
    pub referrer_policy: String,
}

/// A token of an API, decoded and not verified.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Token {
    /// `alg`.
    pub alg: String,
    /// `kid`.
    pub kid: String,
    /// `iss`.
    pub iss: String,
    /// `aud`.
    pub aud: Vec<String>,
    /// `iat`.
    pub iat: Option<f64>,
    /// `nbf`.
    pub nbf: Option<f64>,
    /// `exp`.
    pub exp: Option<f64>,
    /// What the verifier expects.
    pub audience: String,
    /// What the verifier expects.
    pub issuer: String,
    /// Algorithms that the verifier allows.
    pub algorithms: Vec<String>,
    /// Key ids that the issuer publishes now.
    pub published: Vec<String>,
    /// The issuer that its discovery document names.
    pub discovered: String,
    /// Whether the issuer that the token names answers from here; none where it was not asked.
    pub is_issuer_there: Option<bool>,
    /// The status that the app answered with this token.
    pub status: u16,
    /// What it said.
    pub body: String,
    /// Whether the HMAC under the verifier's secret fits, where that was given.
    pub is_signed: Option<bool>,
    /// The verifier's clock, as its answer's Date says.
    pub verifier_now: Option<i64>,
}

/// Everything about signing in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SignIn {
    /// The form, where one was found.
    pub form: Option<Form>,
    /// Attempts, in order.
    pub attempts: Vec<Attempt>,
    /// After a right sign-in: statuses of the page that needs a session, one for each time it was asked.
    pub after: Vec<u16>,
    /// Names of session cookies that the right sign-in set.
    pub session: Vec<String>,
    /// Cookies that were kept but not sent where they were needed, and why.
    pub withheld: Vec<(String, Trouble)>,
    /// Tokens to look at.
    pub tokens: Vec<Token>,
    /// Two strangers got the same token.
    pub is_token_shared: bool,
    /// Prints of CSRF keys that answers name, one for each answer.
    pub keys: Vec<String>,
    /// The options for a passkey name this relying party.
    pub rp_id: String,
    /// Addresses at a provider to which the sign-in leads.
    pub authorize: Vec<String>,
    /// `Set-Cookie` deletions at sign-out that differ from how the cookie was set.
    pub kept_after_sign_out: Vec<String>,
}
