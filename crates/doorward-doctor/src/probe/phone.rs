//! A look from outside: a page of the gateway that somebody opens on a phone in mobile data, once.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::Request;
use super::client::{Client, Outgoing, Place};
use crate::facts::{Facts, Phone, Step, Tcp, Via};
use crate::redact::{self, Salt};

/// Seconds between two questions.
const PAUSE: Duration = Duration::from_secs(1);

/// Shows the link and waits until the page was opened, or for as long as was said.
pub(crate) async fn wait(request: &Request, client: &mut Client, facts: &mut Facts) {
    let (Some(phone), Some(target)) = (&request.phone, &request.target) else { return };
    let nonce = Salt::fresh().to_hex();
    let insider = request.insider.as_ref();
    let tickets = insider.and_then(|insider| Some((insider.ticket("look", &nonce)?, insider.ticket("told", &nonce)?)));
    let Some((look, told)) = tickets else {
        facts.skipped.push("the page for a phone is the gateway's: run the doctor on its host".to_owned());
        return;
    };
    let Some(place) = gateway(request, client).await else {
        facts.skipped.push("the page for a phone was not offered: the gateway does not answer here".to_owned());
        return;
    };
    (phone.show)(&format!("{}/.doorward/look?ticket={look}", target.origin()));
    let end = Instant::now() + phone.patience;
    client.end = end + PAUSE;
    let url = format!("{}/.doorward/told?ticket={told}", target.origin());
    while Instant::now() < end {
        let out = Outgoing { step: Step::Echo, method: "GET".into(), url: url.clone(), ..Outgoing::default() };
        let (visit, incoming) = client.ask(&place, &out, None).await;
        if visit.status == 200 {
            facts.phone = serde_json::from_slice(&incoming.body).ok().map(|seen| read(&seen));
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    match &facts.phone {
        Some(phone) if !phone.is_private => facts.outside_works = Some(true),
        Some(_) => facts.skipped.push("the phone came from a private network: switch its Wi-Fi off".to_owned()),
        None => facts.skipped.push(format!("no phone came within {} s", phone.patience.as_secs())),
    }
}

/// Where the gateway listens on this machine.
async fn gateway(request: &Request, client: &mut Client) -> Option<Place> {
    let host = request.target.as_ref()?.host.clone();
    for (address, is_tls) in request.insider.as_ref()?.doors() {
        let ip = if address.ip().is_unspecified() { [127, 0, 0, 1].into() } else { address.ip() };
        let place = Place { via: Via::App, is_tls, host: host.clone(), address: SocketAddr::new(ip, address.port()) };
        if client.open(&place, "gateway").await.tcp == Tcp::Open {
            return Some(place);
        }
    }
    None
}

fn read(seen: &Value) -> Phone {
    let text = |name: &str| redact::clean(seen[name].as_str().unwrap_or_default());
    let fields = |wanted: &str| -> Vec<String> {
        let all = seen["headers"].as_array().into_iter().flatten();
        all.filter(|pair| pair[0] == wanted).map(|pair| redact::clean(pair[1].as_str().unwrap_or_default())).collect()
    };
    Phone {
        scheme: text("scheme"),
        host: fields("host"),
        forwarded_proto: fields("x-forwarded-proto"),
        forwarded_host: fields("x-forwarded-host"),
        hops: fields("x-forwarded-for").iter().map(|value| value.split(',').count()).sum(),
        is_v6: seen["is_v6"] == true,
        is_private: seen["is_private"] == true,
        keeps_cookies: seen["keeps_cookies"] == true,
    }
}
