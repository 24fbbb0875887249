//! A TLS greeting to which a server can only say no: does anything small come back where a handshake gets no end?

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::client::{Client, Place};
use crate::facts::{Door, Handshake, Knock, Tcp};

/// Asks this place for the one cipher that no server takes: whoever shakes hands there answers with an alert of a few
/// bytes. Who only passes the connection on to somebody who is not there says nothing.
pub(crate) async fn small(client: &mut Client, place: &Place) -> Door {
    client.connections += 1;
    let exchange = async {
        let mut stream = TcpStream::connect(place.address).await?;
        stream.write_all(&hello(&place.host)).await?;
        let mut first = [0; 5];
        Ok::<_, std::io::Error>(match stream.read_exact(&mut first).await {
            Ok(_) if is_record(first) => Knock::Alert,
            Ok(_) => Knock::Plain,
            Err(_) => Knock::Closed,
        })
    };
    let outcome = timeout(client.patience().min(Duration::from_secs(1)), exchange).await;
    let knock = match outcome {
        Ok(Ok(knock)) => knock,
        Ok(Err(_)) => Knock::Closed,
        Err(_) => Knock::Silent,
    };
    Door {
        via: place.via,
        address: place.address,
        tcp: Tcp::Open,
        ms: 0,
        tls: Some(Handshake { knock, sni: place.host.clone(), ..Handshake::default() }),
        purpose: "small".into(),
    }
}

/// Whether a record of TLS begins so: an alert or a handshake, of a version that exists.
fn is_record(first: [u8; 5]) -> bool {
    matches!(first[0], 21 | 22) && first[1] == 3
}

/// A greeting for TLS 1.2 with `TLS_RSA_WITH_NULL_MD5` alone (RFC 5246, 7.4.1.2), which names the site.
fn hello(name: &str) -> Vec<u8> {
    let mut extensions = Vec::new();
    if name.parse::<std::net::IpAddr>().is_err() {
        let entry = [&[0][..], &counted(name.as_bytes())].concat();
        extensions.extend([&[0, 0][..], &counted(&counted(&entry))].concat());
    }
    let signatures = [4, 3, 8, 4, 4, 1];
    extensions.extend([&[0, 13][..], &counted(&counted(&signatures))].concat());
    let random = [0x5A; 32];
    let body = [&[3, 3][..], &random, &[0], &[0, 2, 0, 1], &[1, 0], &counted(&extensions)].concat();
    let message = [&[1, 0][..], &counted(&body)].concat();
    [&[22, 3, 1][..], &counted(&message)].concat()
}

/// Bytes behind their number, in two bytes.
fn counted(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], bytes].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_reads_the_greeting_and_the_name_in_it() {
        for (name, expected) in [("app.test", Some("app.test")), ("192.0.2.10", None)] {
            let greeting = hello(name);
            assert!(greeting.len() < 200);
            let mut acceptor = rustls::server::Acceptor::default();
            acceptor.read_tls(&mut greeting.as_slice()).unwrap();
            let accepted = acceptor.accept().map_err(|(error, _)| error).unwrap().expect("a whole greeting");
            assert_eq!(accepted.client_hello().server_name(), expected);
        }
    }

    #[test]
    fn an_alert_is_known_from_other_words() {
        assert!(is_record([21, 3, 3, 0, 2]));
        assert!(!is_record(*b"HTTP/"));
    }
}
