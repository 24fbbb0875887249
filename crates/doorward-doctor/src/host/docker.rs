//! The Docker API over its socket: only GET, only what was asked for.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::environment;
use crate::facts::{Container, Line, Setting, Source};
use crate::redact::{self, Salt};

/// Containers that are looked at.
const CONTAINERS: usize = 40;

/// What the containers of a host show.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) containers: Vec<Container>,
    pub(super) settings: Vec<Setting>,
    pub(super) log: Vec<Line>,
}

/// Looks at all containers.
pub(super) async fn look(socket: &Path, salt: &Salt) -> Option<Seen> {
    let list: Value = serde_json::from_slice(&get(socket, "/containers/json?all=1").await?).ok()?;
    let mut seen = Seen::default();
    for row in list.as_array()?.iter().take(CONTAINERS) {
        let id = row["Id"].as_str().unwrap_or_default();
        let Some(bytes) = get(socket, &format!("/containers/{id}/json")).await else { continue };
        let Ok(said) = serde_json::from_slice::<Value>(&bytes) else { continue };
        let container = container(&said);
        for pair in said["Config"]["Env"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if let Some((name, value)) = pair.split_once('=') {
                seen.settings.push(environment::setting(Source::Container(container.name.clone()), name, value, salt));
            }
        }
        let bytes = get(socket, &format!("/containers/{id}/logs?stdout=1&stderr=1&tail=50")).await.unwrap_or_default();
        for text in unframed(&bytes).lines() {
            seen.log.push(Line { source: container.name.clone(), number: 0, text: redact::clean(text) });
        }
        seen.containers.push(container);
    }
    Some(seen)
}

fn container(said: &Value) -> Container {
    let state = &said["State"];
    let text = |value: &Value| redact::clean(value.as_str().unwrap_or_default());
    let checked = state["Health"]["Log"].as_array().and_then(|log| log.last()).cloned().unwrap_or_default();
    let check: Vec<_> = said["Config"]["Healthcheck"]["Test"].as_array().into_iter().flatten().map(text).collect();
    let ports = said["NetworkSettings"]["Ports"].as_object().into_iter().flatten().flat_map(|(inner, places)| {
        let inner: u16 = inner.split('/').next().and_then(|port| port.parse().ok()).unwrap_or_default();
        let places = places.as_array().cloned().unwrap_or_default();
        places.into_iter().filter_map(move |place| {
            Some((place["HostIp"].as_str()?.to_owned(), place["HostPort"].as_str()?.parse().ok()?, inner))
        })
    });
    let addresses = said["NetworkSettings"]["Networks"].as_object().into_iter().flatten();
    let addresses = addresses
        .filter_map(|(network, at)| Some((redact::clean(network), at["IPAddress"].as_str()?.parse::<IpAddr>().ok()?)));
    Container {
        name: text(&said["Name"]).trim_start_matches('/').to_owned(),
        service: text(&said["Config"]["Labels"]["com.docker.compose.service"]),
        state: text(&state["Status"]),
        exit: state["ExitCode"].as_i64().unwrap_or_default(),
        restarts: said["RestartCount"].as_u64().unwrap_or_default(),
        is_oom: state["OOMKilled"].as_bool().unwrap_or_default(),
        health: text(&state["Health"]["Status"]),
        health_log: text(&checked["Output"]),
        health_exit: checked["ExitCode"].as_i64().unwrap_or_default(),
        health_test: check.join(" "),
        started: crate::har::moment(&text(&state["StartedAt"])).unwrap_or_default() / 1_000,
        addresses: addresses.collect(),
        ports: ports.chain(bound(said)).collect::<std::collections::BTreeSet<_>>().into_iter().collect(),
        volumes: said["Mounts"].as_array().into_iter().flatten().map(|mount| text(&mount["Destination"])).collect(),
    }
}

/// Ports that a container publishes once it runs.
fn bound(said: &Value) -> impl Iterator<Item = (String, u16, u16)> {
    said["HostConfig"]["PortBindings"].as_object().into_iter().flatten().flat_map(|(inner, places)| {
        let inner: u16 = inner.split('/').next().and_then(|port| port.parse().ok()).unwrap_or_default();
        let places = places.as_array().cloned().unwrap_or_default();
        places.into_iter().filter_map(move |place| {
            let at = place["HostIp"].as_str().filter(|at| !at.is_empty()).unwrap_or("0.0.0.0");
            Some((at.to_owned(), place["HostPort"].as_str()?.parse().ok()?, inner))
        })
    })
}

/// A log in the frames of a stream without a terminal: eight bytes before each piece.
fn unframed(bytes: &[u8]) -> String {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let [kind @ 0..=2, 0, 0, 0, a, b, c, d, tail @ ..] = rest {
        let _ = kind;
        let length = usize::try_from(u32::from_be_bytes([*a, *b, *c, *d])).unwrap_or(usize::MAX).min(tail.len());
        out.extend(&tail[..length]);
        rest = &tail[length..];
    }
    out.extend(rest);
    String::from_utf8_lossy(&out).into_owned()
}

async fn get(socket: &Path, path: &str) -> Option<Vec<u8>> {
    let asked = async {
        let stream = UnixStream::connect(socket).await.ok()?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake::<_, Empty<Bytes>>(TokioIo::new(stream)).await.ok()?;
        let request = http::Request::get(path).header("host", "docker").body(Empty::new()).ok()?;
        let answer = async {
            let answer = sender.send_request(request).await.ok()?;
            let is_well = answer.status().is_success();
            let body = Limited::new(answer.into_body(), 4 * 1024 * 1024).collect().await.ok()?;
            is_well.then(|| body.to_bytes().to_vec())
        };
        tokio::select! {
            answer = answer => answer,
            // The connection ends with its last answer; there is nothing to wait for then.
            () = async { let _ = connection.await; std::future::pending::<()>().await } => None,
        }
    };
    timeout(Duration::from_secs(3), asked).await.ok()?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_frames_off_a_log() {
        assert_eq!(
            unframed(&[&[2, 0, 0, 0, 0, 0, 0, 3][..], b"abc", &[1, 0, 0, 0, 0, 0, 0, 9], b"de"].concat()),
            "abcde"
        );
        assert_eq!(unframed(b"plain"), "plain");
    }

    #[test]
    fn reads_what_inspect_says() {
        let said = serde_json::json!({"Name": "/app", "RestartCount": 4, "State": {"Status": "restarting", "StartedAt": "2026-01-02T03:04:05.678901Z", "OOMKilled": true, "ExitCode": 137, "Health": {"Status": "unhealthy", "Log": [{"ExitCode": 127, "Output": "curl: not found"}]}},
            "NetworkSettings": {"Ports": {"8000/tcp": [{"HostIp": "0.0.0.0", "HostPort": "80"}]}, "Networks": {"a": {"IPAddress": "172.18.0.2"}}}});
        let container = container(&said);
        assert!(container.is_oom && container.restarts == 4 && container.health_exit == 127);
        assert_eq!(container.started, 1_767_323_045);
        assert_eq!((container.ports.len(), container.addresses.len()), (1, 1));
    }
}
