//! The compose file and its Caddy configuration: names, networks, health, and what is reachable.

use std::fs;
use std::process::Command;

use yaml_rust2::{Yaml, YamlLoader};

use crate::{served, shell};

const CADDYFILE: &str = "packaging/compose/Caddyfile";

fn compose() -> Yaml {
    let text = fs::read_to_string(shell::root().join("docker-compose.yml")).expect("docker-compose.yml");
    YamlLoader::load_from_str(&text).expect("YAML").remove(0)
}

fn strings(yaml: &Yaml) -> Vec<String> {
    let list = yaml.as_vec().map(|items| items.iter().collect::<Vec<_>>());
    let keys = yaml.as_hash().map(|table| table.keys().collect::<Vec<_>>());
    let found = list.or(keys).unwrap_or_default();
    found.iter().filter_map(|item| item.as_str()).map(str::to_owned).collect()
}

#[test]
fn there_are_four_services_and_each_is_asked_how_it_is() {
    let compose = compose();
    let mut names = strings(&compose["services"]);
    names.sort();
    assert_eq!(names, ["app", "caddy_proxy", "doorward", "postgres"]);
    for name in &names {
        let test = strings(&compose["services"][name.as_str()]["healthcheck"]["test"]);
        assert!(test.len() > 1 && test[0] == "CMD", "{name}: {test:?}");
    }
    let health = strings(&compose["services"]["doorward"]["healthcheck"]["test"]);
    assert_eq!(health, ["CMD", "doorward", "health"]);
}

#[test]
fn only_the_proxy_is_reachable_from_outside_and_it_cannot_reach_the_app() {
    let compose = compose();
    for name in ["app", "doorward", "postgres"] {
        let service = &compose["services"][name];
        assert!(service["ports"].is_badvalue(), "{name} publishes a port");
        for network in strings(&service["networks"]) {
            assert_eq!(compose["networks"][network.as_str()]["internal"].as_bool(), Some(true), "{name}");
        }
    }
    let proxy = strings(&compose["services"]["caddy_proxy"]["networks"]);
    let app = strings(&compose["services"]["app"]["networks"]);
    assert!(!app.is_empty() && app.iter().all(|network| !proxy.contains(network)));
}

#[test]
fn doorward_trusts_exactly_the_address_that_the_proxy_has() {
    let compose = compose();
    let address = compose["services"]["caddy_proxy"]["networks"]["door"]["ipv4_address"].as_str();
    let trusted = compose["services"]["doorward"]["environment"]["DOORWARD_SERVER__TRUSTED_PROXIES"].as_str();
    assert!(address.is_some());
    assert_eq!(trusted, address);
}

#[test]
fn every_secret_comes_from_a_file_that_is_declared() {
    let compose = compose();
    let declared = strings(&compose["secrets"]);
    for name in ["doorward", "postgres"] {
        let service = &compose["services"][name];
        let given = strings(&service["secrets"]);
        for (key, value) in service["environment"].as_hash().expect("an environment") {
            let (key, value) = (key.as_str().expect("a name"), value.as_str().expect("a value"));
            let is_secret = ["PASSWORD", "SECRET", "KEY"].iter().any(|word| key.contains(word));
            assert_eq!(is_secret, key.ends_with("_FILE"), "{key}");
            if let Some(secret) = value.strip_prefix("/run/secrets/") {
                assert!(declared.contains(&secret.to_owned()) && given.contains(&secret.to_owned()), "{key}");
            }
        }
    }
}

#[test]
fn doorward_knows_every_variable_that_it_is_given() {
    let page = fs::read_to_string(shell::root().join("docs/reference/configuration.md")).expect("the reference");
    for name in strings(&compose()["services"]["doorward"]["environment"]) {
        let known = name.strip_suffix("_FILE").unwrap_or(&name);
        assert!(page.contains(known), "{name} is not in the reference of the configuration");
    }
}

#[test]
fn what_is_mounted_is_here() {
    let compose = compose();
    for volume in strings(&compose["services"]["caddy_proxy"]["volumes"]) {
        if let Some(path) = volume.strip_prefix("./").and_then(|rest| rest.split(':').next()) {
            assert!(shell::root().join(path).is_file(), "{path}");
        }
    }
}

fn caddy(folder: &tempfile::TempDir, arguments: &[&str]) -> Command {
    let mut command = shell::program("caddy");
    command.args(arguments);
    command.env("XDG_DATA_HOME", folder.path()).env("XDG_CONFIG_HOME", folder.path());
    command
}

#[test]
fn caddy_accepts_its_configuration() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut validate = caddy(&folder, &["validate", "--adapter", "caddyfile", "--config", CADDYFILE]);
    validate.env("DOMAIN", "login.example.com").env("APP_DOMAIN", "app.example.com");
    let done = shell::output(&mut validate);
    assert!(done.is_ok(), "{done:?}");
}

#[test]
fn caddy_sends_everything_to_us_and_nothing_to_the_app() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (behind, front) = (doorward_port::lease(), doorward_port::lease());
    let mut upstream = caddy(&folder, &["respond", "--listen", &format!("127.0.0.1:{behind}"), "ours"]);
    let log = folder.path().join("upstream.log");
    let _upstream = served::start(&mut upstream, folder.path(), &log, &format!("http://127.0.0.1:{behind}/"));
    // The admin endpoint has a fixed port, and this test may run beside another Caddy.
    let text = fs::read_to_string(shell::root().join(CADDYFILE)).expect("the Caddyfile");
    let file = folder.path().join("Caddyfile");
    fs::write(&file, format!("{{\n\tadmin off\n}}\n{text}")).expect("a copy");
    let file = file.display().to_string();
    let mut proxy = caddy(&folder, &["run", "--adapter", "caddyfile", "--config", &file]);
    proxy.env("DOMAIN", format!("http://localhost:{front}"));
    proxy.env("APP_DOMAIN", format!("http://app.localhost:{front}"));
    proxy.env("DOORWARD_UPSTREAM", format!("127.0.0.1:{behind}"));
    let origin = format!("http://localhost:{front}");
    let log = folder.path().join("proxy.log");
    let _proxy = served::start(&mut proxy, folder.path(), &log, &format!("{origin}/health/live"));
    for path in ["/.doorward/sign-in", "/api/v1/auth/csrf-token", "/health", "/.well-known/jwks.json", "/", "/app"] {
        assert_eq!(served::status(&format!("{origin}{path}")).as_deref(), Some("200"), "{path}");
    }
}
