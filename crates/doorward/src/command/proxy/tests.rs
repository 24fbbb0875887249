//! What is printed, and that the examples are just that.

use std::path::Path;

use super::*;
use crate::config::Flags;

/// Set to write the examples anew.
const WRITE: &str = "DOORWARD_WRITE_EXAMPLES";

fn print(proxy: Proxy, directory: &Path, config: &Path, json: bool) -> (u8, String, String) {
    let inputs = Inputs {
        flags: Flags { data: Some("data".into()), config: Some(config.to_owned()), ..Flags::default() },
        environment: [("CARGO", "cargo")].into_iter().collect(),
        cwd: directory.to_owned(),
        system: directory.join("etc"),
    };
    let (mut out, mut remarks) = (Vec::new(), Vec::new());
    let code = run(&ProxyArgs { proxy }, &inputs, json, &mut out, &mut remarks).unwrap();
    (code, String::from_utf8(out).unwrap(), String::from_utf8(remarks).unwrap())
}

#[test]
fn the_examples_are_what_is_printed() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let is_writing = option_env!("DOORWARD_WRITE_EXAMPLES").is_some();
    for (proxy, name) in [
        (Proxy::Nginx, "nginx/doorward.conf"),
        (Proxy::Caddy, "caddy/Caddyfile"),
        (Proxy::Traefik, "traefik/doorward.yml"),
        (Proxy::Haproxy, "haproxy/haproxy.cfg"),
        (Proxy::HaproxyLua, "haproxy/doorward.lua"),
    ] {
        let (code, text, _) = print(proxy, &examples, &examples.join("doorward.toml"), false);
        assert_eq!(code, WELL, "{text}");
        let file = examples.join(name);
        if is_writing {
            std::fs::write(&file, &text).unwrap();
        }
        let there = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(text, there, "{name} is not what is printed; write it anew by building this test with {WRITE}=1");
    }
}

const TANGLED: &str = "\
[server]
environment = \"development\"
public_url = \"http://login.example.test:9000\"
listen = [\"0.0.0.0:8000\"]

[portal]
prefix = \"/door\"

[[app]]
name = \"shared\"
path = \"/shared.app\"
upstream = \"unix:/run/shared.sock\"
user_header = \"X-Webauth-User\"

[[app]]
name = \"whole\"
host = \"whole.example.test\"
";

#[test]
fn hosts_paths_and_names_are_filled_in() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("doorward.toml");
    std::fs::write(&config, TANGLED).unwrap();
    for proxy in [Proxy::Nginx, Proxy::Caddy, Proxy::Traefik, Proxy::Haproxy] {
        let (code, text, remarks) = print(proxy, directory.path(), &config, false);
        assert_eq!(code, WELL, "{text}");
        insta::assert_snapshot!(format!("{}_tangled", proxy.name()), text);
        assert!(
            remarks.contains("trusted_proxies = [\"127.0.0.1\"]") && remarks.contains("the app whole"),
            "{remarks}"
        );
    }
}

#[test]
fn json_holds_every_file_and_what_is_to_be_done() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("doorward.toml");
    std::fs::write(&config, TANGLED).unwrap();
    let (code, text, remarks) = print(Proxy::Haproxy, directory.path(), &config, true);
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, remarks.as_str(), report["proxy"].as_str()), (WELL, "", Some("haproxy")));
    let places: Vec<_> =
        report["files"].as_array().unwrap().iter().map(|file| file["place"].as_str().unwrap()).collect();
    assert_eq!(places, ["/etc/haproxy/haproxy.cfg", "/etc/haproxy/doorward.lua"]);
    assert_eq!(report["remarks"].as_array().unwrap().len(), 2);
}

#[test]
fn nothing_is_printed_for_an_address_that_nobody_knows() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("doorward.toml");
    std::fs::write(&config, "[[app]]\nname = \"a\"\n").unwrap();
    let (code, text, _) = print(Proxy::Nginx, directory.path(), &config, false);
    assert_eq!(code, CONFIGURATION);
    assert!(text.contains("config.public_url_missing") && text.contains("public_url ="), "{text}");
}
