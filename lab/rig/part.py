"""The parts of a deployment that are programs of their own: each function says how one is started, and where it listens."""

import glob
import json
import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
APPS = os.path.join(os.path.dirname(HERE), "app")

NGINX = """daemon off; user root; pid {folder}/pid; error_log {folder}/error.log warn; {main}
events {{ worker_connections 128; }}
http {{
  access_log {folder}/access.log; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  proxy_connect_timeout 2s; proxy_read_timeout {read}s;
  map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
  {http}
  {servers}
}}
"""

# What a careful proxy sets; a scenario breaks one line at a time, and "" leaves a line out.
HEADERS = {"Host": "$http_host", "X-Forwarded-Proto": "$scheme", "X-Forwarded-For": "$proxy_add_x_forwarded_for",
           "X-Real-IP": "$remote_addr", "Upgrade": "$http_upgrade", "Connection": "$connection_upgrade"}


class Part:
    """A program to start: its words, its environment, and addresses that it answers on once it is ready."""

    def __init__(self, words, wait=(), env=None):
        self.words, self.wait, self.env = words, list(wait), env or {}


def write(path, text):
    """Writes a file and gives its path."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    return path


def nginx(rig, folder, listen=("80",), tls=None, upstream="127.0.0.1:8000", headers=None, location="", server="",
          http="", main="", servers="", read=5, name="_", pass_to=None, wait=None, config=None):
    """nginx before one upstream. `location`, `server`, `http` and `main` are lines for those places."""
    lines = [f'proxy_set_header {key} "{value}";' for key, value in {**HEADERS, **(headers or {})}.items() if value]
    if tls:
        certificate, key = rig.certificate(tls)
        server += f"\n    ssl_certificate {certificate}; ssl_certificate_key {key};"
    listens = " ".join(f"listen {address};" for address in listen)
    target = pass_to or f"http://{upstream}"
    if not config:
        config = f"""server {{
    {listens} server_name {name}; {server}
    location / {{ proxy_pass {target}; proxy_http_version 1.1; {' '.join(lines)} {location} }}
  }}""" if listen else ""
        config += "\n  " + servers
    text = NGINX.format(folder=folder, main=main, http=http, servers=config, read=read)
    path = write(f"{folder}/nginx.conf", text)
    ports = wait if wait is not None else [_port(address.split()[0]) for address in listen]
    return Part(["nginx", "-p", folder, "-c", path], ports)


def caddy(rig, folder, config="", wait=None, tls=None, upstream="127.0.0.1:8000", name="app.test", site="", proxy="",
          options=""):
    """Caddy with this Caddyfile, or before one upstream: `site`, `proxy` and `options` are lines for those places."""
    if not config:
        pair = "tls {} {}".format(*rig.certificate(tls)) if tls else ""
        config = f"{{\n admin off\n {options}\n}}\n{name} {{\n {pair}\n {site}\n reverse_proxy {upstream} {{\n {proxy}\n }}\n}}\n"
        wait = ["127.0.0.1:443" if tls else "127.0.0.1:80"] if wait is None else wait
    path = write(f"{folder}/Caddyfile", config)
    env = {"XDG_DATA_HOME": folder, "XDG_CONFIG_HOME": folder, "HOME": folder}
    return Part(["caddy", "run", "--adapter", "caddyfile", "--config", path], wait or (), env)


HAPROXY = """global
  log stdout format raw local0
  maxconn 200
defaults
  mode http
  log global
  option httplog
  option forwardfor
  timeout connect 2s
  timeout client 10s
  timeout server {read}s
frontend web
  {binds}
  {proto}
  {frontend}
backend app
  {backend}
  server app1 {upstream} {server}
"""


def haproxy(rig, folder, config="", wait=None, listen=("[::]:80", "[::]:443 ssl"), tls=None, upstream="127.0.0.1:8000",
            frontend="default_backend app", backend="", server="", proto=None, read=5):
    """HAProxy with this configuration, or before one upstream: `frontend`, `backend` and `server` are lines for those places."""
    if not config:
        if tls:
            pair = "".join(open(path).read() for path in rig.certificate(tls))
            write(f"{folder}/site.pem", pair)
        binds = []
        for address in listen:
            place, _, secure = address.partition(" ")
            place = place.replace("[::]:", ":::") + (" v4v6" if place.startswith("[::]") else "")
            binds.append(f"bind {place}" + (f" ssl crt {folder}/site.pem" if secure else ""))
        if proto is None:
            proto = "http-request set-header X-Forwarded-Proto https if { ssl_fc }"
        config = HAPROXY.format(read=read, binds="\n  ".join(binds), proto=proto, frontend=frontend, backend=backend,
                                upstream=upstream, server=server)
        wait = [_port(address.split()[0].replace("[::]", "0.0.0.0")) for address in listen] if wait is None else wait
    return Part(["haproxy", "-db", "-f", write(f"{folder}/haproxy.cfg", config + "\n")], wait or ())


def site(rig, folder, wait=None, env=None, **settings):
    """The site of this rig (`site.py`), which is ordinary until a setting makes it something else."""
    if settings.get("tls"):
        given = settings["tls"] if isinstance(settings["tls"], dict) else {"name": settings["tls"]}
        certificate, key = rig.certificate(given["name"])
        settings["tls"] = {"certificate": certificate, "key": key, "version": given.get("version"),
                           "refuse": given.get("refuse")}
    listen = settings.get("listen", ["0.0.0.0:8000"])
    ports = [_port(address) for address in listen if not settings.get("limits", {}).get("deaf")]
    return Part([sys.executable, f"{HERE}/site.py", json.dumps(settings)], ports if wait is None else wait, env)


def django(rig, folder, listen="127.0.0.1:8000", env=None, workers=1):
    """A Django project with its own sign-in, under gunicorn."""
    words = [rig.python("gunicorn"), "--chdir", f"{APPS}/django", "--bind", listen, "--workers", str(workers), "--threads", "4",
             "--worker-tmp-dir", folder, "shop:application"]
    return Part(words, [_port(listen)], {"DATABASE": f"{folder}/db.sqlite3", **(env or {})})


def fastapi(rig, folder, listen="127.0.0.1:8000", app="starlette_csrf_app", env=None, arguments=()):
    """A FastAPI app with one of the usual packages against forgery, under uvicorn."""
    host, port = listen.rsplit(":", 1)
    words = [rig.python("uvicorn"), "--app-dir", f"{APPS}/fastapi", "--host", host, "--port", port, *arguments, f"{app}:app"]
    return Part(words, [_port(listen)], {**(env or {})})


def express(rig, folder, listen="127.0.0.1:8000", env=None):
    """An Express app with csrf-csrf."""
    host, port = listen.rsplit(":", 1)
    return Part(["node", f"{APPS}/express/app.js"], [_port(listen)],
                {"HOST": host, "PORT": port, "NODE_PATH": rig.node(), **(env or {})})


def sveltekit(rig, folder, listen="127.0.0.1:3000", env=None):
    """The SvelteKit example of the repository, built, as it stands behind Doorward."""
    host, port = listen.rsplit(":", 1)
    return Part(["node", os.path.join(rig.cache, "sveltekit/examples/sveltekit/build")], [_port(listen)],
                {"HOST": host, "PORT": port, "PROTOCOL_HEADER": "x-forwarded-proto", "HOST_HEADER": "x-forwarded-host",
                 "DOORWARD_URL": "http://127.0.0.1:8000", **(env or {})})


def redis(rig, folder, listen="127.0.0.1:6379", arguments=()):
    """A redis server that keeps nothing."""
    host, port = listen.rsplit(":", 1)
    return Part(["redis-server", "--bind", host, "--port", port, "--save", "", "--dir", folder, *arguments], [_port(listen)])


def postgres(rig, folder, sql="", settings=None, listen="127.0.0.1", password="lab", url_user="shop"):
    """PostgreSQL. It refuses to run as root, so it gets a namespace in which the same user has another number."""
    program = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"))[-1]
    data = f"{folder}/data"
    shutil.copytree(rig.database(os.path.dirname(program)), data, symlinks=True)
    os.chmod(data, 0o700)
    if sql:
        single = [program, "--single", "-D", data, "shop"]
        done = rig.as_another(single, input=sql.replace("\n", " ") + "\n")
        if done.returncode != 0:
            raise ValueError(f"postgres: {done.stderr}")
    words = [program, "-D", data, "-k", folder, "-h", listen, "-c", "logging_collector=off", "-c", "shared_buffers=16MB",
             "-c", "dynamic_shared_memory_type=mmap", "-c", "fsync=off"]
    for key, value in (settings or {}).items():
        words += ["-c", f"{key}={value}"]
    return Part(["unshare", "-U", "--map-user=1", "--map-group=1", *words], ["127.0.0.1:5432"])


def doorward(rig, folder, listen="127.0.0.1:8000", config="", env=None, arguments=()):
    """Doorward itself."""
    words = [rig.program, "serve", "--listen", listen, "--data", f"{folder}/data", *arguments]
    if config:
        words += ["--config", write(f"{folder}/doorward.toml", config)]
    host, port = listen.rsplit(":", 1)
    return Part(words, [_port(listen)], {"DOORWARD_SERVER__PRIVATE_LISTEN": "127.0.0.1:9091", **(env or {})})


def program(rig, folder, words, wait=(), env=None, files=None):
    """Any program."""
    for path, text in (files or {}).items():
        write(os.path.join(folder, path), text)
    return Part(words, wait, env)


def _port(address):
    """Where to knock for something that listens on `address`."""
    host, _, port = address.rpartition(":")
    if host in ("", "0.0.0.0", "*"):
        host = "127.0.0.1"
    return f"{'[::1]' if host == '[::]' else host}:{port}"


KINDS = {"nginx": nginx, "caddy": caddy, "haproxy": haproxy, "site": site, "django": django, "fastapi": fastapi,
         "express": express, "sveltekit": sveltekit, "redis": redis, "postgres": postgres, "doorward": doorward, "program": program}
