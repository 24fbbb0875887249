//! The other proxies, each as its manual says it is set up for this, and with every log off.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::sleep;

use super::load::Wanted;
use crate::served::pinned;

/// A running proxy. It ends with its value.
pub(super) struct Contender {
    name: &'static str,
    port: u16,
    child: Child,
}

impl Drop for Contender {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Contender {
    /// What is asked of it.
    pub(super) fn wanted(&self) -> Wanted {
        Wanted { name: self.name, port: self.port, process: self.child.id(), path: "/", is_question: false }
    }

    /// Starts it, and waits until it listens.
    pub(super) async fn start(name: &'static str, port: u16, mut command: Command) -> Self {
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            sleep(Duration::from_millis(5)).await;
        }
        Self { name, port, child }
    }
}

/// Starts all of them on one core, before the app at `app` and the server after it, with the map of sessions.
pub(super) async fn rivals(core: usize, place: &Path, app: u16, sessions: &Path) -> Vec<Contender> {
    let write = |name: &str, text: &str| {
        let file = place.join(name);
        fs::write(&file, text).unwrap();
        file
    };
    let (port, mut nginx) = (doorward_port::lease(), pinned(core, "nginx"));
    nginx.arg("-c").arg(write("nginx.conf", &nginx_conf(port, app, place))).arg("-p").arg(place);
    let nginx = Contender::start("nginx", port, nginx).await;
    let (port, mut haproxy) = (doorward_port::lease(), pinned(core, "haproxy"));
    haproxy.arg("-db").arg("-f").arg(write("haproxy.cfg", &haproxy_cfg(port, app, sessions)));
    let haproxy = Contender::start("haproxy", port, haproxy).await;
    let (port, mut caddy) = (doorward_port::lease(), pinned(core, "caddy"));
    caddy.args(["run", "--adapter", "caddyfile", "--config"]).arg(write("Caddyfile", &caddyfile(port, app)));
    caddy.env("GOMAXPROCS", "1").env("XDG_DATA_HOME", place).env("XDG_CONFIG_HOME", place);
    vec![nginx, haproxy, Contender::start("caddy", port, caddy).await]
}

/// nginx asks the other server about each request.
fn nginx_conf(port: u16, app: u16, place: &Path) -> String {
    let (place, asked) = (place.display(), app + 1);
    format!(
        r#"daemon off; master_process off; worker_processes 1; pid {place}/nginx.pid; error_log /dev/null crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 100000000; tcp_nodelay on;
  client_body_temp_path {place}/body; proxy_temp_path {place}/proxy; fastcgi_temp_path {place}/fastcgi;
  uwsgi_temp_path {place}/uwsgi; scgi_temp_path {place}/scgi;
  upstream app {{ server 127.0.0.1:{app}; keepalive 256; keepalive_requests 100000000; }}
  upstream asked {{ server 127.0.0.1:{asked}; keepalive 256; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port};
    location = /asked {{
      internal; proxy_pass http://asked; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_pass_request_body off; proxy_set_header Content-Length "";
      proxy_set_header X-Original-Method $request_method; proxy_set_header X-Original-URL $scheme://$http_host$request_uri;
    }}
    location / {{
      auth_request /asked;
      auth_request_set $user $upstream_http_remote_user; auth_request_set $groups $upstream_http_remote_groups;
      auth_request_set $name $upstream_http_remote_name; auth_request_set $email $upstream_http_remote_email;
      proxy_set_header Remote-User $user; proxy_set_header Remote-Groups $groups;
      proxy_set_header Remote-Name $name; proxy_set_header Remote-Email $email;
      proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host; proxy_set_header Host $http_host;
      proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection "";
    }}
  }}
}}
"#
    )
}

/// `HAProxy` finds the cookie in a map of its own.
fn haproxy_cfg(port: u16, app: u16, sessions: &Path) -> String {
    let sessions = sessions.display();
    format!(
        "global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend door
  bind 127.0.0.1:{port}
  http-request set-var(txn.user) req.cook(doorward),map_str({sessions})
  http-request deny deny_status 401 unless {{ var(txn.user) -m found }}
  http-request del-header X-Forwarded-For
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header Remote-User %[var(txn.user)]
  http-request set-header Remote-Groups administrators
  http-request set-header Remote-Name Administrator
  http-request set-header Remote-Email %[var(txn.user)]
  default_backend app
backend app
  server app 127.0.0.1:{app}
"
    )
}

/// Caddy asks the other server about each request.
fn caddyfile(port: u16, app: u16) -> String {
    let asked = app + 1;
    format!(
        "{{
  admin off
  auto_https off
  log {{
    output discard
  }}
}}
http://localhost:{port}, http://127.0.0.1:{port}, http://:{port} {{
  bind 127.0.0.1
  forward_auth 127.0.0.1:{asked} {{
    uri /asked
    copy_headers Remote-User Remote-Groups Remote-Name Remote-Email
  }}
  reverse_proxy 127.0.0.1:{app}
}}
"
    )
}
