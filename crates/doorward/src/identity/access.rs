//! Access tokens: compact JWS of exactly one shape (RFC 7515, RFC 8037, RFC 9068), alive for five minutes at most.
//!
//! The first segment must be, byte for byte, the header of one of our keys. So no word of a header is
//! ever consulted: neither `alg` nor `kid`, nor `jku`, `jwk`, `x5u`, `crit` or `b64`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward_core::identifier::{AccessTokenId, SessionId, UserId};
use doorward_core::session::Stage;
use doorward_core::{Secret, UnixTime};
use serde::{Deserialize, Serialize};

use super::keyring::{Ring, SigningKey};
use super::live::Live;

/// Seconds for which an access token is good.
pub const LIFETIME: i64 = 300;

/// The longest token that is looked at, in bytes.
pub const LONGEST: usize = 2_048;

/// Seconds by which the clocks of two nodes may differ.
const SKEW: i64 = 60;

/// The base64url text of an Ed25519 signature.
const SIGNATURE_LENGTH: usize = 86;

/// The claims, all of them required, none beside them, none twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    sid: String,
    jti: String,
    iat: i64,
    exp: i64,
    auth_time: i64,
    acr: String,
    amr: Vec<String>,
}

/// What a good token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Access {
    pub(super) user: UserId,
    pub(super) session: SessionId,
    pub(super) id: AccessTokenId,
    pub(super) expires_at: UnixTime,
}

/// For whom a token is. Other services know nothing of sessions, so the token of a half-finished sign-in names
/// an audience that is nobody but the pages that finish it.
fn audience(issuer: &str, stage: Stage) -> String {
    if stage == Stage::Full { issuer.to_owned() } else { format!("{issuer}#pending") }
}

/// Writes the access token `id` for a session.
pub(super) fn issue(ring: &Ring, issuer: &str, live: &Live, id: AccessTokenId, now: UnixTime) -> Secret {
    let claims = Claims {
        iss: issuer.to_owned(),
        aud: audience(issuer, live.stage),
        sub: live.user_id().to_string(),
        sid: live.id.to_string(),
        jti: id.to_string(),
        iat: now.0,
        exp: now.0 + LIFETIME,
        auth_time: live.authenticated_at.0,
        acr: live.methods.acr().to_owned(),
        amr: live.methods.amr().into_iter().map(str::to_owned).collect(),
    };
    let key = ring.active(now);
    sign(key, key.header(), &claims)
}

/// Seconds for which the identity that an app is told stays good.
const PASS_LIFETIME: i64 = super::told::PASS_SECONDS;

/// What an app is told of whoever asks.
#[derive(Serialize)]
struct PassClaims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: String,
    email: &'a str,
    name: &'a str,
    groups: Vec<&'a str>,
    iat: i64,
    exp: i64,
    auth_time: i64,
    acr: &'a str,
    amr: Vec<&'static str>,
}

/// Writes the signed identity of a session for one app.
pub(super) fn issue_pass(ring: &Ring, issuer: &str, live: &Live, audience: &str, now: UnixTime) -> Secret {
    let user = live.user();
    let claims = PassClaims {
        iss: issuer,
        aud: audience,
        sub: user.id.to_string(),
        email: user.email.as_str(),
        name: user.name.as_str(),
        groups: user.groups.iter().map(doorward_core::user::Group::as_str).collect(),
        iat: now.0,
        exp: now.0 + PASS_LIFETIME,
        auth_time: live.authenticated_at.0,
        acr: live.methods.acr(),
        amr: live.amr(),
    };
    let key = ring.active(now);
    sign(key, key.pass_header(), &claims)
}

fn sign(key: &SigningKey, header: &str, claims: &impl Serialize) -> Secret {
    let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(claims).expect("texts and numbers are JSON"));
    let mut token = format!("{header}.{payload}");
    let signature = key.sign(token.as_bytes());
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Secret::new(token)
}

/// Reads a token.
///
/// # Errors
/// `token.malformed` for everything that is no token of ours, `token.expired` for one that is over.
pub(super) fn read(ring: &Ring, issuer: &str, token: &str, now: UnixTime) -> Result<Access, &'static str> {
    let claims = claims_of(ring, token).ok_or("token.malformed")?;
    let (Ok(user), Ok(session), Ok(id)) = (claims.sub.parse(), claims.sid.parse(), claims.jti.parse()) else {
        return Err("token.malformed");
    };
    let is_ours = claims.iss == issuer && Stage::ALL.iter().any(|stage| claims.aud == audience(issuer, *stage));
    // Even a signed number is computed with as one from outside.
    let (ahead, lifetime) = (claims.iat.saturating_sub(now.0), claims.exp.saturating_sub(claims.iat));
    let is_sound = (1..=LIFETIME).contains(&lifetime) && claims.auth_time.saturating_sub(claims.iat) <= SKEW;
    if !is_ours || !is_sound || ahead > SKEW {
        return Err("token.malformed");
    }
    if now.0 >= claims.exp {
        return Err("token.expired");
    }
    Ok(Access { user, session, id, expires_at: UnixTime(claims.exp) })
}

fn claims_of(ring: &Ring, token: &str) -> Option<Claims> {
    // Size first, so that a huge value costs nothing.
    if token.len() > LONGEST {
        return None;
    }
    let (message, signature) = token.rsplit_once('.')?;
    let (header, payload) = message.split_once('.')?;
    let key = ring.by_header(header.as_bytes())?;
    let mut bytes = [0; 66];
    if signature.len() != SIGNATURE_LENGTH || URL_SAFE_NO_PAD.decode_slice(signature, &mut bytes).ok()? != 64 {
        return None;
    }
    if !key.verify(message.as_bytes(), &bytes[..64]) {
        return None;
    }
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice(&payload).ok()
}
