//! Who is believed in what.

use doorward_csrf::UnixSeconds;
use http::{Method, Uri};
use proptest::prelude::*;

use super::*;
use crate::config::{Config, Flags, Inputs};

const PROXY: [u8; 4] = [10, 0, 0, 1];
const STRANGER: [u8; 4] = [192, 0, 2, 9];
const CDN: [u8; 4] = [198, 51, 100, 1];

fn server(settings: &[(&str, &str)]) -> Server {
    let always = [("ENVIRONMENT", "development"), ("DOORWARD_SERVER__TRUSTED_PROXIES", "10.0.0.1,10.0.0.2")];
    let inputs = Inputs {
        flags: Flags { data: Some("data".into()), ..Flags::default() },
        environment: always.iter().chain(settings).copied().collect(),
        cwd: "/nonexistent".into(),
        system: "/nonexistent".into(),
    };
    Config::load(&inputs).unwrap().config.server
}

fn standard() -> Server {
    server(&[("DOORWARD_SERVER__FORWARDED_HEADER", "forwarded")])
}

fn cdn() -> Server {
    server(&[
        ("DOORWARD_SERVER__CLIENT_IP_HEADER", "CF-Connecting-IP"),
        ("DOORWARD_SERVER__CLIENT_IP_PROXIES", "198.51.100.0/24"),
    ])
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(*name, value.parse().unwrap());
    }
    headers
}

fn seen(server: &Server, peer: [u8; 4], pairs: &[(&'static str, &str)]) -> String {
    client_address(peer.into(), &headers(pairs), server).to_string()
}

// CVE-2023-36456, CVE-2026-76835, PATTERN-XFF-RATE: client addresses taken from any peer.
#[test]
fn a_stranger_is_who_the_socket_says() {
    for server in [server(&[]), standard(), cdn()] {
        for pair in [
            ("x-forwarded-for", "127.0.0.1"),
            ("forwarded", "for=127.0.0.1"),
            ("cf-connecting-ip", "127.0.0.1"),
            ("x-real-ip", "127.0.0.1"),
            ("true-client-ip", "127.0.0.1"),
        ] {
            assert_eq!(seen(&server, STRANGER, &[pair]), "192.0.2.9", "{pair:?}");
        }
    }
}

#[test]
fn a_listed_proxy_is_believed_from_the_right() {
    for (value, address) in [
        ("198.51.100.7", "198.51.100.7"),
        ("1.1.1.1, 198.51.100.7", "198.51.100.7"),
        ("198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("198.51.100.7, nonsense", "10.0.0.1"),
        ("", "10.0.0.1"),
    ] {
        assert_eq!(seen(&server(&[]), PROXY, &[("x-forwarded-for", value)]), address, "{value}");
    }
    let two = [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "198.51.100.7")];
    assert_eq!(seen(&server(&[]), PROXY, &two), "198.51.100.7");
}

#[test]
fn the_standard_field_is_walked_the_same_way() {
    for (value, address) in [
        ("for=198.51.100.7", "198.51.100.7"),
        ("For=1.1.1.1, FOR=198.51.100.7;proto=https;by=10.0.0.1", "198.51.100.7"),
        ("for=198.51.100.7;host=a.test, for=10.0.0.2", "198.51.100.7"),
        ("for=\"[2001:db8::7]:4711\"", "2001:db8::7"),
        ("for=[2001:db8::7]", "2001:db8::7"),
        ("for=\"198.51.100.7:80\"", "198.51.100.7"),
        ("for=1.1.1.1;ext=\"a, for=9.9.9.9; \\\" \", for=198.51.100.7", "198.51.100.7"),
        // What is hidden or not known ends the walk.
        ("for=1.1.1.1, for=unknown", "10.0.0.1"),
        ("for=1.1.1.1, for=_hidden, for=10.0.0.2", "10.0.0.2"),
        ("for=1.1.1.1, proto=https", "10.0.0.1"),
        ("for=1.1.1.1;for=2.2.2.2", "10.0.0.1"),
        ("for=\"1.1.1.\\1\"", "10.0.0.1"),
        // A quote that is left open makes nothing of what the proxy appended, and nothing up.
        ("for=\"1.1.1.1, for=198.51.100.7", "10.0.0.1"),
        ("for=1.1.1.1;x=\", for=198.51.100.7", "10.0.0.1"),
        ("for=1.1.1.1 for=198.51.100.7", "10.0.0.1"),
        ("", "10.0.0.1"),
    ] {
        assert_eq!(seen(&standard(), PROXY, &[("forwarded", value)]), address, "{value}");
    }
    let two = [("forwarded", "for=\"1.1.1.1"), ("forwarded", "for=198.51.100.7, for=10.0.0.2")];
    assert_eq!(seen(&standard(), PROXY, &two), "198.51.100.7");
}

#[test]
fn one_kind_of_field_counts_and_the_other_never() {
    let both = [("x-forwarded-for", "198.51.100.7"), ("forwarded", "for=203.0.113.8")];
    assert_eq!(seen(&server(&[]), PROXY, &both), "198.51.100.7");
    assert_eq!(seen(&standard(), PROXY, &both), "203.0.113.8");
    assert_eq!(seen(&server(&[]), PROXY, &both[1..]), "10.0.0.1");
    assert_eq!(seen(&standard(), PROXY, &both[..1]), "10.0.0.1");
}

#[test]
fn the_field_of_a_cdn_counts_from_its_addresses_alone() {
    let field = ("cf-connecting-ip", "203.0.113.5");
    for (peer, pairs, address) in [
        (CDN, vec![field], "203.0.113.5"),
        // Through a proxy of our own, which says that the CDN came.
        (PROXY, vec![field, ("x-forwarded-for", "6.6.6.6, 198.51.100.1")], "203.0.113.5"),
        (PROXY, vec![field, ("x-forwarded-for", "198.51.100.1, 10.0.0.2")], "203.0.113.5"),
        // Past the CDN, straight to the proxy: the field is the client's own word.
        (PROXY, vec![field, ("x-forwarded-for", "192.0.2.9")], "192.0.2.9"),
        (PROXY, vec![field], "10.0.0.1"),
        (STRANGER, vec![field, ("x-forwarded-for", "198.51.100.1")], "192.0.2.9"),
        // Said twice, or no address: then the CDN itself is all that is known.
        (CDN, vec![field, ("cf-connecting-ip", "203.0.113.6")], "198.51.100.1"),
        (CDN, vec![("cf-connecting-ip", "203.0.113.5, 1.1.1.1")], "198.51.100.1"),
        (CDN, vec![("x-forwarded-for", "203.0.113.5")], "198.51.100.1"),
        (CDN, vec![("cf_connecting_ip", "203.0.113.5")], "198.51.100.1"),
    ] {
        assert_eq!(seen(&cdn(), peer, &pairs), address, "{peer:?} {pairs:?}");
    }
}

#[test]
fn scheme_and_host_come_from_the_field_that_counts_and_the_peer_that_is_trusted() {
    let (method, uri) = (Method::GET, Uri::from_static("/"));
    let csrf = doorward_csrf::Csrf::builder()
        .secret_keys([doorward_csrf::SecretKey::new(1, "a-secret-of-more-than-thirty-two-bytes")])
        .allowed_hosts(["a.test", "b.test", "c.test"])
        .build()
        .unwrap();
    let origin = |server: &Server, peer: [u8; 4], pairs: &[(&'static str, &str)]| {
        let headers = headers(&[&[("host", "a.test")], pairs].concat());
        let view = RequestView::new(&method, &uri, &headers, UnixSeconds(0));
        let to = csrf.destination(&believed(view, peer.into(), &headers, server)).unwrap();
        format!("{}://{}", to.scheme.as_str(), to.host.unwrap_or_default())
    };
    let old = [("x-forwarded-proto", "https"), ("x-forwarded-host", "b.test")];
    let new = [("forwarded", "host=x.test;proto=http, for=1.1.1.1;proto=https;host=\"c.test\"")];
    let both = [&old[..], &new].concat();
    assert_eq!(origin(&server(&[]), PROXY, &both), "https://b.test");
    assert_eq!(origin(&standard(), PROXY, &both), "https://c.test");
    assert_eq!(origin(&standard(), PROXY, &old), "http://a.test");
    assert_eq!(origin(&server(&[]), PROXY, &new), "http://a.test");
    for peer in [STRANGER, CDN] {
        assert_eq!(origin(&cdn(), peer, &both), "http://a.test", "a CDN is believed in the address alone");
        assert_eq!(origin(&standard(), peer, &both), "http://a.test");
    }
}

proptest! {
    #[test]
    fn whatever_a_client_sends_the_proxy_that_appends_has_the_last_word(sent in "[ -~]{0,40}") {
        let value = if sent.trim().is_empty() { "for=198.51.100.7".to_owned() } else { format!("{sent}, for=198.51.100.7") };
        let address = seen(&standard(), PROXY, &[("forwarded", &value)]);
        prop_assert!(["198.51.100.7", "10.0.0.1"].contains(&address.as_str()), "{value}: {address}");
        let value = format!("{sent}, 198.51.100.7");
        prop_assert_eq!(seen(&server(&[]), PROXY, &[("x-forwarded-for", &value)]), "198.51.100.7");
    }
}
