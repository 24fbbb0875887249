//! Apps behind the login: what a person sees, what the app is told, and what nobody gets past.

mod client;
mod host;
mod strength;
mod told;
mod way;

use crate::it::harness::{Client, Server, Upstream};

/// An app at the host of the pages.
fn shared(settings: &[(&str, &str)]) -> (Server, Upstream) {
    let app = Upstream::start();
    let url = app.url();
    let server = Server::start_with(&[&[("DOORWARD_APP__0__UPSTREAM", url.as_str())], settings].concat());
    (server, app)
}

/// An app at a host of its own, and another one beside it.
fn apart() -> (Server, [Upstream; 2]) {
    let apps = [Upstream::start(), Upstream::start()];
    let urls = [apps[0].url(), apps[1].url()];
    let server = Server::start_with(&[
        ("DOORWARD_APP__0__UPSTREAM", &urls[0]),
        ("DOORWARD_APP__0__HOST", "a.localhost"),
        ("DOORWARD_APP__1__UPSTREAM", &urls[1]),
        ("DOORWARD_APP__1__HOST", "b.localhost"),
    ]);
    (server, apps)
}

/// The same browser at another host: cookies of one host are not sent to another.
fn at(server: &Server, host: &str) -> Client {
    let mut client = server.client();
    client.host = format!("{host}:{}", server.port);
    client
}

/// Follows redirects over several hosts, each with the jar of its own, and gives back the last answer and its host.
fn follow(server: &Server, jars: &mut Vec<Client>, start: &str) -> (crate::it::harness::Answer, String) {
    let mut url = start.to_owned();
    for _ in 0..20 {
        let rest = url.strip_prefix("http://").unwrap();
        let (authority, path) =
            rest.split_once('/').map_or((rest, "/".to_owned()), |(host, path)| (host, format!("/{path}")));
        if !jars.iter().any(|jar| jar.host == authority) {
            jars.push(at(server, authority.split(':').next().unwrap()));
        }
        let jar = jars.iter_mut().find(|jar| jar.host == authority).unwrap();
        let answer = jar.page(&path);
        if !(300..400).contains(&answer.status) {
            return (answer, url);
        }
        let to = answer.location().to_owned();
        url = if to.starts_with('/') { format!("http://{authority}{to}") } else { to };
    }
    panic!("twenty redirects, the last to {url}");
}

/// The value of a header that the app was sent.
fn header<'a>(seen: &'a serde_json::Value, name: &str) -> Option<&'a str> {
    let headers = seen["headers"].as_array().unwrap();
    headers.iter().find(|pair| pair[0] == name).and_then(|pair| pair[1].as_str())
}
