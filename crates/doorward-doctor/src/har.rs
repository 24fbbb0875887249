//! What a browser recorded, out of its HAR file: requests without their secrets, and what the rules for cookies and
//! tokens make of them.

use serde_json::Value;
use url::Url;

use crate::facts::{Browser, Call, Echoed, Token};
use crate::jar::{self, Jar, Start};
use crate::probe::passkey::rp_id;
use crate::probe::signin::is_token_name;
use crate::redact::{self, Salt};

/// Requests that are taken over.
const CALLS: usize = 500;
/// Characters of a body that are kept.
const EXCERPT: usize = 400;
/// Milliseconds within which a token that was handed out is a new one.
const FRESH: i64 = 60_000;

/// Reads a HAR file (HTTP Archive 1.2).
///
/// # Errors
/// Where it is none.
pub fn read(text: &str) -> Result<Browser, serde_json::Error> {
    let har: Value = serde_json::from_str(text)?;
    let mut browser = Browser::default();
    let mut memory = Memory { salt: Salt::fresh(), ..Memory::default() };
    for entry in har["log"]["entries"].as_array().into_iter().flatten().take(CALLS) {
        let call = memory.call(entry);
        let content = &entry["response"]["content"];
        if let Some(id) = rp_id(&text_of(&content["text"]), &call.url) {
            browser.rp_id = id;
        }
        browser.calls.push(call);
    }
    let lines = har["log"]["_console"].as_array().into_iter().flatten().filter_map(Value::as_str);
    browser.console = lines.map(redact::clean).take(200).collect();
    browser.is_secure_context = har["log"]["_isSecureContext"].as_bool();
    browser.clock_ahead = ahead(&browser.calls);
    browser.tokens = memory.refused;
    Ok(browser)
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn headers(value: &Value) -> impl Iterator<Item = (String, String)> {
    let all = value["headers"].as_array().into_iter().flatten();
    all.map(|field| (text_of(&field["name"]).to_lowercase(), text_of(&field["value"]))).take(100)
}

/// What the requests so far left behind.
#[derive(Default)]
struct Memory {
    jar: Jar,
    salt: Salt,
    /// Cookies by name, and when the answer with them had come.
    since: Vec<(String, i64)>,
    /// Tokens against forgery that were handed out, in order.
    handed: Vec<String>,
    /// Names and tokens that went with requests that passed.
    passed: Vec<(String, String)>,
    /// Tokens of an API that answers brought, and when.
    brought: Vec<(String, i64)>,
    /// Those of them that were refused soon after.
    refused: Vec<Token>,
}

impl Memory {
    fn call(&mut self, entry: &Value) -> Call {
        let (request, response) = (&entry["request"], &entry["response"]);
        let shown = |value: &Value| {
            headers(value)
                .map(|(name, text)| (redact::clean(&name), crate::probe::shown::shown(&name, &text)))
                .collect::<Vec<_>>()
        };
        let address = text_of(&request["url"]);
        let own = cookies(request);
        let mut call = Call {
            method: redact::clean(&text_of(&request["method"])),
            url: redact::address(&address),
            status: response["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or_default(),
            sent: shown(request),
            got: shown(response),
            cookies: own.iter().map(|(name, _)| redact::clean(name)).collect(),
            error: redact::clean(
                &(text_of(&response["_error"]) + &text_of(&entry["_error"]) + &text_of(&response["statusText"])),
            ),
            is_from_worker: response["_fetchedViaServiceWorker"].as_bool().unwrap_or_default(),
            at: moment(&text_of(&entry["startedDateTime"])).unwrap_or_default(),
            body: excerpt(&response["content"]),
            ..Call::default()
        };
        // A cookie that comes and was not set yet was handed out before the recording began.
        for (_, value) in own.iter().filter(|(name, _)| is_token_name(name) && self.jar.value(name).is_none()) {
            if !value.is_empty() && !self.handed.contains(value) {
                self.handed.insert(0, value.clone());
            }
        }
        if let Some((name, value)) = token(request) {
            let sent = (name, value);
            call.token = if self.passed.contains(&sent) { Echoed::Used } else { self.echoed(&sent.1, &own) };
            call.token_name = redact::clean(&sent.0);
            if call.is_change() && (200..400).contains(&call.status) {
                self.passed.push(sent);
            }
        }
        if let Ok(url) = Url::parse(&address) {
            self.weigh(&mut call, &url);
            self.learn(&mut call, entry, &url);
        }
        self.bear(&call, entry);
        call
    }

    /// Takes in tokens of an API that an answer brings, and keeps what stands in one that is refused soon after.
    fn bear(&mut self, call: &Call, entry: &Value) {
        let text = text_of(&entry["response"]["content"]["text"]);
        let is_token = |part: &&str| part.starts_with("eyJ") && part.matches('.').count() == 2;
        for token in text.split(['"', '\'', '=', '&', ' ']).filter(is_token).take(5) {
            self.brought.push((token.to_owned(), call.at));
        }
        let sent = headers(&entry["request"]).find(|(name, _)| name == "authorization").map(|(_, value)| value);
        let Some(sent) = sent.filter(|_| call.status == 401 && self.refused.len() < 10) else { return };
        let sent = sent.trim_start_matches("Bearer ").trim();
        let is_fresh = self.brought.iter().any(|(known, at)| known == sent && (call.at - at).abs() < FRESH);
        if is_fresh {
            let why = call.got("www-authenticate").unwrap_or_default();
            self.refused.push(Token {
                status: call.status,
                body: format!("{} {why}", call.body).trim().to_owned(),
                verifier_now: date(call),
                ..crate::probe::session::claims(sent)
            });
        }
    }

    /// Which cookies the request lacks, and which stay away rightly.
    fn weigh(&self, call: &mut Call, url: &Url) {
        let start = start(call, url);
        let had_come = |name: &String| {
            self.since.iter().any(|(known, at)| known == name && (*at <= call.at || call.at == 0 || *at == 0))
        };
        let (_, due) = self.jar.send(url, start);
        call.lacks = due.into_iter().filter(|name| !call.cookies.contains(name) && had_come(name)).collect();
        call.withheld = self.jar.left_behind(url, start);
    }

    /// Takes in what the answer sets and hands out.
    fn learn(&mut self, call: &mut Call, entry: &Value, url: &Url) {
        let lasted = entry["time"].as_f64().unwrap_or_default().clamp(0.0, 600_000.0);
        #[expect(clippy::cast_possible_truncation, reason = "held within ten minutes")]
        let end = if call.at == 0 { 0 } else { call.at + lasted as i64 };
        let now = call.at.div_euclid(1_000);
        for (_, line) in headers(&entry["response"]).filter(|(name, _)| name == "set-cookie") {
            // Some browsers write several of them as one field of several lines.
            for line in line.lines() {
                let cookie = self.jar.take(line, url, now, &self.salt);
                let name = cookie.name.clone();
                self.since.retain(|(known, _)| *known != name);
                self.since.push((name.clone(), end));
                if is_token_name(&name) && !cookie.is_deletion {
                    self.handed.extend(self.jar.value(&name).map(str::to_owned));
                }
                call.set.push(cookie);
            }
        }
        let text = text_of(&entry["response"]["content"]["text"]);
        self.handed.extend(crate::html::tokens(&text));
        let said: Value = serde_json::from_str(&text).unwrap_or_default();
        // `{"headerName": …, "token": …}` is how Spring hands it out.
        let is_named = said["headerName"].is_string();
        for (name, value) in said.as_object().into_iter().flatten() {
            let is_token = is_token_name(name) && name != "headerName" || is_named && name == "token";
            if let Some(token) = value.as_str().filter(|token| is_token && !token.is_empty()) {
                self.handed.push(token.to_owned());
            }
        }
    }

    /// How a token that was sent stands to the cookie beside it and to those that were handed out.
    fn echoed(&self, sent: &str, own: &[(String, String)]) -> Echoed {
        let beside = own.iter().filter(|(name, _)| is_token_name(name)).map(|(_, value)| value);
        let newest = self.handed.last().into_iter().chain(beside);
        // Scripts read the cookie's value and decode it once; that is the habit, and what servers expect.
        let once = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        let bare = |text: &str| once(&once(&once(text))).trim_matches('"').replace(' ', "+");
        let (mut is_latest, mut is_decoded) = (false, false);
        for token in newest {
            is_latest |= once(token) == sent;
            is_decoded |= bare(token) == bare(sent);
        }
        match () {
            () if is_latest => Echoed::Latest,
            () if is_decoded => Echoed::Decoded,
            () if self.handed.iter().any(|token| bare(token) == bare(sent)) => Echoed::Older,
            () => Echoed::Unknown,
        }
    }
}

/// Names and values of the cookies of a request.
fn cookies(request: &Value) -> Vec<(String, String)> {
    let line = headers(request).filter(|(name, _)| name == "cookie").map(|(_, value)| value).collect::<Vec<_>>();
    let pairs = line.iter().flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    let mut all: Vec<_> = pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect();
    if all.is_empty() {
        let listed = request["cookies"].as_array().into_iter().flatten();
        all.extend(listed.map(|cookie| (text_of(&cookie["name"]), text_of(&cookie["value"]))));
    }
    all
}

/// The header or field that carries a token against forgery.
fn token(request: &Value) -> Option<(String, String)> {
    let by_header = headers(request).find(|(name, _)| name != "cookie" && is_token_name(name));
    let body = &request["postData"];
    let listed = body["params"].as_array().into_iter().flatten();
    let mut fields: Vec<_> = listed.map(|field| (text_of(&field["name"]), text_of(&field["value"]))).collect();
    let text = text_of(&body["text"]);
    match serde_json::from_str::<Value>(&text) {
        Ok(Value::Object(map)) => fields.extend(map.iter().map(|(name, value)| (name.clone(), text_of(value)))),
        _ => fields.extend(
            url::form_urlencoded::parse(text.as_bytes()).map(|(name, value)| (name.into_owned(), value.into_owned())),
        ),
    }
    by_header.or_else(|| fields.into_iter().find(|(name, value)| is_token_name(name) && !value.is_empty()))
}

/// Where the request started, for `SameSite`.
fn start(call: &Call, url: &Url) -> Start {
    let site = |url: &Url| jar::site(url.host_str().unwrap_or_default()).to_owned();
    let origin = call.sent("origin").and_then(|origin| Url::parse(origin).ok());
    let is_foreign = match call.sent("sec-fetch-site") {
        Some(word) => word == "cross-site",
        None => origin.is_some_and(|origin| site(&origin) != site(url)),
    };
    let is_navigation = call.method == "GET" && call.sent("sec-fetch-mode").is_none_or(|mode| mode == "navigate");
    match (is_foreign, is_navigation && call.sent("origin").is_none()) {
        (false, _) => Start::SameSite,
        (true, true) => Start::CrossSiteNavigation,
        (true, false) => Start::CrossSitePost,
    }
}

fn excerpt(content: &Value) -> String {
    if content["encoding"].as_str() == Some("base64") {
        return String::new();
    }
    let text = text_of(&content["text"]);
    let text = if text_of(&content["mimeType"]).contains("html") { crate::html::outline(&text) } else { text };
    redact::clean(&text).chars().take(EXCERPT).collect()
}

/// The browser's clock against the server's, in seconds: the middle one of all answers that no cache has held.
fn ahead(calls: &[Call]) -> Option<i64> {
    let mut all: Vec<_> = calls
        .iter()
        .filter(|call| call.at > 0 && call.got("age").is_none() && !call.is_from_worker)
        .filter_map(|call| Some(call.at / 1_000 - date(call)?))
        .collect();
    all.sort_unstable();
    all.get(all.len() / 2).copied()
}

/// The server's clock when it answered, unix seconds.
#[must_use]
pub fn date(call: &Call) -> Option<i64> {
    let at = httpdate::parse_http_date(call.got("date")?).ok()?;
    i64::try_from(at.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs()).ok()
}

/// Unix milliseconds of `2026-01-02T03:04:05.678Z`, or with `+01:00` at the end.
pub(crate) fn moment(text: &str) -> Option<i64> {
    let (day, time) = text.split_once(['T', ' '])?;
    let number = |text: &str| text.parse::<i64>().ok();
    let mut parts = day.splitn(3, '-');
    let (year, month, day) = (number(parts.next()?)?, number(parts.next()?)?, number(parts.next()?)?);
    let end = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at(end);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut parts = clock.splitn(3, ':').map(number);
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    let millis = number(&format!("{fraction:0<3}").chars().take(3).collect::<String>())?;
    let in_range = (1970..3000).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !in_range || !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0..=60).contains(&second) {
        return None;
    }
    let offset = match zone.chars().next() {
        Some(sign @ ('+' | '-')) => {
            let (hours, minutes) = zone[1..].split_once(':').unwrap_or((&zone[1..], "0"));
            let off = number(hours)?.clamp(-24, 24) * 60 + number(minutes)?.clamp(-60, 60);
            if sign == '+' { off } else { -off }
        }
        _ => 0,
    };
    // Days since 1970 by the calendar that begins its years in March.
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some((((days * 24 + hour) * 60 + minute - offset) * 60 + second) * 1_000 + millis)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(second: u32, sent: &Value, got: &Value, more: (&str, &str, u16)) -> Value {
        let fields = |all: &Value| {
            all.as_array().unwrap().iter().map(|one| json!({"name": one[0], "value": one[1]})).collect::<Vec<_>>()
        };
        json!({"startedDateTime": format!("2026-01-02T03:04:{second:02}.000Z"), "time": 10,
            "request": {"method": more.0, "url": more.1, "headers": fields(sent)},
            "response": {"status": more.2, "headers": fields(got), "content": {}}})
    }

    fn browser(entries: &[Value]) -> Browser {
        read(&json!({"log": {"entries": entries}}).to_string()).unwrap()
    }

    #[test]
    fn moments_are_read_with_their_zone() {
        assert_eq!(moment("1970-01-01T00:00:01.5Z"), Some(1_500));
        assert_eq!(moment("2026-01-02T03:04:05.678+01:00"), moment("2026-01-02T02:04:05.678Z"));
        assert_eq!(moment("2024-02-29T12:00:00Z"), Some(1_709_208_000_000));
        assert_eq!((moment("yesterday"), moment("2026-13-01T00:00:00Z"), moment("é-T")), (None, None, None));
    }

    #[test]
    fn a_cookie_that_should_come_back_and_does_not_is_named() {
        let set =
            json!([["Set-Cookie", "session=x; Path=/; Secure; HttpOnly"], ["Date", "Fri, 02 Jan 2026 03:04:00 GMT"]]);
        let there = entry(5, &json!([]), &set, ("POST", "https://a.test/login", 303));
        let back = entry(7, &json!([]), &json!([["Location", "/login"]]), ("GET", "https://a.test/me", 302));
        let seen = browser(&[there.clone(), back]);
        assert_eq!(
            (seen.calls[1].lacks.as_slice(), seen.calls[1].is_turned_away()),
            (["session".to_owned()].as_slice(), true)
        );
        assert_eq!(seen.clock_ahead, Some(5));
        let back = entry(7, &json!([["Cookie", "session=x"]]), &json!([]), ("GET", "https://a.test/me", 200));
        assert!(browser(&[there, back]).calls[1].lacks.is_empty());
    }

    #[test]
    fn a_token_is_held_against_those_that_were_handed_out() {
        let hand = |second, token: &str| {
            entry(
                second,
                &json!([]),
                &json!([["Set-Cookie", format!("csrf_token={token}; Path=/")]]),
                ("GET", "https://a.test/t", 200),
            )
        };
        let send = |header: &str, cookie: &str| {
            let sent = json!([["X-CSRF-Token", header], ["Cookie", format!("csrf_token={cookie}")]]);
            entry(9, &sent, &json!([]), ("POST", "https://a.test/login", 403))
        };
        // What came before anything was set is older than all that was.
        let seen = browser(&[send("a", "a"), hand(1, "b"), send("a", "b")]);
        assert_eq!((seen.calls[0].token, seen.calls[2].token), (Echoed::Latest, Echoed::Older));
        for (header, cookie, expected) in [
            ("b", "b", Echoed::Latest),
            ("a", "b", Echoed::Older),
            ("b=", "b%3D", Echoed::Latest),
            ("b%3D", "b%3D", Echoed::Decoded),
            ("b%253D", "b%3D", Echoed::Decoded),
            ("b c", "b+c", Echoed::Decoded),
            ("z", "b", Echoed::Unknown),
        ] {
            let seen = browser(&[hand(1, "a"), hand(2, "b"), send(header, cookie)]);
            assert_eq!(seen.calls[2].token, expected, "{header} {cookie}");
            assert!(!serde_json::to_string(&seen).unwrap().contains("b%3D"));
        }
    }

    #[test]
    fn a_token_that_passed_before_is_used_and_pages_hand_tokens_out() {
        let mut page = entry(1, &json!([]), &json!([]), ("GET", "https://a.test/form", 200));
        page["response"]["content"] =
            json!({"mimeType": "text/html", "text": "<form><input type=hidden name=_token value=first></form>"});
        let send = |second, status, token: &str| {
            entry(second, &json!([["X-CSRF-TOKEN", token]]), &json!([]), ("POST", "https://a.test/save", status))
        };
        let seen = browser(&[page.clone(), send(2, 200, "first"), send(3, 419, "first")]);
        assert_eq!((seen.calls[1].token, seen.calls[2].token), (Echoed::Latest, Echoed::Used));
        let mut again = page.clone();
        again["response"]["content"]["text"] = json!("<meta name=csrf-token content=later>");
        assert_eq!(browser(&[page, again, send(3, 419, "first")]).calls[2].token, Echoed::Older);
    }

    #[test]
    fn a_new_token_that_is_refused_shows_its_claims() {
        // {"alg":"RS256"} and {"iat":1767323045,"exp":1767326645000}
        let token = "eyJhbGciOiJSUzI1NiJ9.eyJpYXQiOjE3NjczMjMwNDUsImV4cCI6MTc2NzMyNjY0NTAwMH0.c2ln";
        let mut login = entry(1, &json!([]), &json!([]), ("POST", "https://a.test/login", 200));
        login["response"]["content"]["text"] = json!(format!("{{\"access_token\":\"{token}\"}}"));
        let sent = json!([["Authorization", format!("Bearer {token}")]]);
        let why = json!([["WWW-Authenticate", "Bearer error_description=\"too far in the future\""]]);
        let refused = entry(2, &sent, &why, ("GET", "https://a.test/me", 401));
        let seen = browser(&[login, refused.clone()]);
        assert_eq!(seen.tokens.iter().map(|token| token.exp).collect::<Vec<_>>(), [Some(1_767_326_645_000.0)]);
        assert!(seen.tokens[0].body.contains("too far"));
        assert!(browser(&[refused]).tokens.is_empty(), "an old token may have ended rightly");
    }

    #[test]
    fn options_for_a_passkey_name_the_relying_party() {
        let mut call = entry(1, &json!([]), &json!([]), ("GET", "https://a.test/options", 200));
        call["response"]["content"] = json!({"text": "{\"publicKey\":{\"rp\":{\"id\":\"192.0.2.1\"}}}"});
        assert_eq!(browser(&[call]).rp_id, "192.0.2.1");
    }

    proptest::proptest! {
        #[test]
        fn survives_any_file(text in ".{0,200}") {
            let _ = (read(&text), moment(&text));
        }
    }
}
