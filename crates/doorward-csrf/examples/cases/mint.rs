//! The tokens that a case names, minted by the crate itself and then damaged as the case says.

use std::collections::BTreeMap;

use doorward_csrf::{Csrf, Environment, RequestView, Scheme, SecretKey, SessionState, UnixSeconds};
use http::header::{COOKIE, HOST};
use http::{HeaderMap, HeaderValue, Method, Uri};

use super::case::{Case, Encoding, Tamper, Token};

const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The texts of the tokens of one case.
pub(crate) struct Tokens(BTreeMap<String, String>);

impl Tokens {
    /// Mints every token of a case.
    pub(crate) fn mint(case: &Case) -> Result<Self, String> {
        let keys = Keys::of(case);
        let texts =
            case.tokens.iter().enumerate().map(|(at, (name, token))| Ok((name.clone(), text(case, &keys, token, at)?)));
        texts.collect::<Result<_, String>>().map(Self)
    }

    /// Puts the tokens where a text names them.
    pub(crate) fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |filled, (name, token)| filled.replace(&format!("${{{name}}}"), token))
    }
}

/// Numbers for the named keys of a case: those of the ring first, then those that only a token names.
pub(crate) struct Keys(Vec<String>);

impl Keys {
    /// All key names of a case.
    pub(crate) fn of(case: &Case) -> Self {
        let mut names: Vec<String> = Vec::new();
        let by_token = case.tokens.values().filter_map(|token| token.key.as_ref());
        for name in case.config.keys.iter().chain(by_token) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        Self(names)
    }

    /// The secret of one name.
    pub(crate) fn secret(&self, name: &str) -> SecretKey {
        let kid = self.0.iter().position(|known| known == name).and_then(|at| u8::try_from(at).ok());
        SecretKey::new(kid.unwrap_or(u8::MAX), format!("the secret that this runner derives from {name:?}"))
    }

    /// The ring of a case: the first key signs, all verify.
    pub(crate) fn ring(&self, case: &Case) -> Vec<SecretKey> {
        let mut names = case.config.keys.clone();
        let mut seen = std::collections::BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names.iter().map(|name| self.secret(name)).collect()
    }
}

fn text(case: &Case, keys: &Keys, token: &Token, at: usize) -> Result<String, String> {
    if let Some(literal) = &token.literal {
        return Ok(encode(literal, token.encode));
    }
    let key = token.key.as_ref().or(case.config.keys.first()).ok_or("a token without any key")?;
    let issuer = Csrf::builder().secret_keys([keys.secret(key)]).build().map_err(|error| error.to_string())?;
    let bind = format!("{}={}", issuer.bind_cookie_name(Scheme::Https), token.fam.as_deref().unwrap_or("b1"));
    let mut headers = HeaderMap::new();
    headers.insert(HOST, HeaderValue::from_static("issuer.test"));
    headers.insert(COOKIE, HeaderValue::from_str(&bind).map_err(|error| error.to_string())?);
    let issued_at = UnixSeconds(case.config.now.saturating_add_signed(-token.age));
    let uri = Uri::from_static("/");
    let view = RequestView::new(&Method::GET, &uri, &headers, issued_at).tls(true);
    let session =
        token.session.as_ref().map_or(SessionState::Anonymous, |handle| SessionState::of_handle(handle.as_bytes()));
    let environment = Fixed { now: issued_at, random: u8::try_from(at % 256).unwrap_or_default() };
    let minted = issuer.issue(&issuer.visitor(&view), &session, &environment);
    Ok(encode(&tamper(minted.token(), token.tamper), token.encode))
}

fn encode(token: &str, encoding: Option<Encoding>) -> String {
    match encoding {
        None => token.to_owned(),
        Some(Encoding::Pct) => token.replace(':', "%3A"),
        Some(Encoding::Quoted) => format!("\"{token}\""),
    }
}

fn tamper(token: &str, tamper: Option<Tamper>) -> String {
    let mut parts: Vec<String> = token.split(':').map(str::to_owned).collect();
    let [seconds, nonce, signature] = parts.as_mut_slice() else {
        unreachable!("a minted token has three parts");
    };
    match tamper {
        None => {}
        Some(Tamper::Sig) => exchange(signature, 20, "0123456789abcdef", |value| (value + 1) % 16),
        Some(Tamper::Nonce) => exchange(nonce, 30, ALPHABET, |value| (value + 1) % 64),
        Some(Tamper::Noncanonical) => exchange(nonce, 42, ALPHABET, |value| value | 1),
        Some(Tamper::Trunc) => signature.truncate(signature.len() - 2),
        Some(Tamper::Ts) => {
            *seconds = (seconds.parse::<u64>().expect("a minted token begins with a number") + 1).to_string();
        }
    }
    parts.join(":")
}

/// Replaces the character at one place by another of the alphabet.
fn exchange(text: &mut String, at: usize, alphabet: &str, change: impl Fn(usize) -> usize) {
    let value = alphabet.find(&text[at..=at]).expect("the text is written in this alphabet");
    let other = change(value);
    text.replace_range(at..=at, &alphabet[other..=other]);
}

/// A moment, and random numbers that repeat from run to run and differ from token to token.
#[derive(Debug)]
struct Fixed {
    now: UnixSeconds,
    random: u8,
}

impl Environment for Fixed {
    fn now(&self) -> UnixSeconds {
        self.now
    }

    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.random);
    }
}
