//! What a check costs beside one HMAC of the same run: `cargo run --release -p doorward-csrf --example bench`.
//!
//! Prints `name<TAB>median_ns<TAB>min_ns<TAB>max_ns` over alternating rounds, so that a slow moment of the machine
//! strikes every row alike.

use std::hint::black_box;
use std::time::Instant;

use doorward_csrf::{
    Csrf, Environment, Phase, Reason, RequestView, SecretKey, SessionState, UnixSeconds, cookie_values,
};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderValue, Method, Uri};
use sha2::Sha256;

/// Many short rounds: a slice of a tenth of a millisecond is rarely interrupted, so the median holds on a busy machine.
const ROUNDS: usize = 501;
const CALLS: u32 = 200;
const NOW: UnixSeconds = UnixSeconds(1_767_225_600);
const SESSION_COOKIE: &str = "__Host-doorward";

#[derive(Debug)]
struct Fixed;

impl Environment for Fixed {
    fn now(&self) -> UnixSeconds {
        NOW
    }
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

/// A request of row T7, and one that carries twelve cookies of 870 bytes together.
struct Scene {
    csrf: Csrf,
    uri: Uri,
    plain: HeaderMap,
    cookies: HeaderMap,
}

impl Scene {
    fn new() -> Self {
        let secret = SecretKey::new(1, *b"0123456789abcdef0123456789abcdef");
        let csrf = Csrf::builder()
            .secret_keys([secret])
            .allowed_hosts(["auth.example.com"])
            .build()
            .expect("a good configuration");
        let uri = Uri::from_static("/api/v1/account");
        let mut plain: HeaderMap =
            [("host", "auth.example.com"), ("origin", "https://auth.example.com"), ("sec-fetch-site", "same-origin")]
                .map(|(name, value)| (name.parse().expect("a header name"), HeaderValue::from_static(value)))
                .into_iter()
                .collect();
        let session = SessionState::SignedIn { handle: b"handle", tag: Some(csrf.session_tag(b"handle")) };
        let view = RequestView::new(&Method::POST, &uri, &plain, NOW).tls(true);
        let visitor = csrf.visitor(&view);
        let minted = csrf.issue(&visitor, &session, &Fixed);
        let mut pairs: Vec<_> = (0..9).map(|at| format!("preference{at}={}", "v".repeat(48))).collect();
        pairs.extend(
            csrf.set_cookies(&visitor, &minted)
                .iter()
                .map(|cookie| cookie.to_str().expect("plain text").split(';').next().unwrap_or_default().to_owned()),
        );
        pairs.push(format!("{SESSION_COOKIE}={}", "s".repeat(43)));
        let header = HeaderValue::from_str(&pairs.join("; ")).expect("plain text");
        plain.insert("x-csrf-token", HeaderValue::from_str(minted.token()).expect("plain text"));
        let mut cookies = plain.clone();
        cookies.insert("cookie", header);
        Self { csrf, uri, plain, cookies }
    }

    /// Both phases, as a server with a loaded session runs them.
    fn check(&self, headers: &HeaderMap, session: &SessionState<'_>) -> Reason {
        let view = RequestView::new(&Method::POST, &self.uri, headers, NOW).tls(true);
        match self.csrf.provenance(&view) {
            Phase::Decided(decision) => decision.reason,
            Phase::NeedsToken(provenance) => self.csrf.token(&view, provenance, session, None).reason,
        }
    }
}

/// Nanoseconds of one call.
fn time(mut call: impl FnMut()) -> f64 {
    #[expect(clippy::disallowed_methods, reason = "a measurement needs the clock of the machine")]
    let start = Instant::now();
    for _ in 0..CALLS {
        call();
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS)
}

fn main() {
    let scene = Scene::new();
    let session = SessionState::SignedIn { handle: b"handle", tag: Some(scene.csrf.session_tag(b"handle")) };
    let (key, message) = ([3_u8; 32], [5_u8; 46]);
    let ready = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes keys of any length");
    let row_t7 = |headers| assert_eq!(black_box(scene.check(black_box(headers), &session)), Reason::TokenOk);
    let rows: [(&str, &dyn Fn()); 5] = [
        ("hmac 46 B", &|| {
            let mut mac = Hmac::<Sha256>::new_from_slice(black_box(&key)).expect("HMAC takes keys of any length");
            mac.update(black_box(&message));
            black_box(mac.finalize());
        }),
        ("hmac 46 B precomputed key", &|| {
            let mut mac = black_box(&ready).clone();
            mac.update(black_box(&message));
            black_box(mac.finalize());
        }),
        ("csrf T7", &|| row_t7(&scene.plain)),
        ("csrf T7 with a scan of 12 cookies", &|| {
            assert!(black_box(cookie_values(black_box(&scene.cookies), SESSION_COOKIE).next()).is_some());
            row_t7(&scene.cookies);
        }),
        ("csrf T11 with a scan of 12 cookies", &|| {
            let reason = scene.check(black_box(&scene.cookies), &SessionState::Anonymous);
            assert_eq!(black_box(reason), Reason::TokenOkStaleSession);
        }),
    ];
    print(&rows);
}

#[expect(clippy::print_stdout, reason = "a program that reports on the terminal")]
fn print(rows: &[(&str, &dyn Fn())]) {
    let mut times = vec![Vec::with_capacity(ROUNDS); rows.len()];
    for round in 0..=ROUNDS {
        for ((_, call), times) in rows.iter().zip(&mut times) {
            let nanoseconds = time(call);
            // The first round warms the machine up and does not count.
            if round > 0 {
                times.push(nanoseconds);
            }
        }
    }
    for ((name, _), mut times) in rows.iter().zip(times) {
        times.sort_by(f64::total_cmp);
        println!("{name}\t{:.0}\t{:.0}\t{:.0}", times[ROUNDS / 2], times[0], times[ROUNDS - 1]);
    }
}
