"""An ordinary web app with a sign-in: a form, a token against forgery, a session, a page for members, a small API.

It is healthy as it stands; each setting makes it behave as some app of the field does. Run as a program with its
settings as JSON in the first argument.
"""

import base64
import hashlib
import hmac
import html
import json
import secrets
import socket
import ssl
import sys
import threading
import time
import urllib.parse

import postgres
from wire import Reader, answer

FORM = """<!DOCTYPE html><html lang="en"><head><title>Sign in</title>{head}</head><body><main><h1>Sign in</h1>{note}
<form method="post" action="{action}">{hidden}
<label>User name <input name="username" autocomplete="username"></label>
<label>Password <input type="password" name="password" autocomplete="current-password"></label>
<button type="submit">Sign in</button></form></main>{scripts}</body></html>"""

CSRF = {"check": "double", "cookie": "csrf_token", "field": "csrf_token", "header": "X-CSRF-Token", "attributes":
        "Path=/; SameSite=Lax", "encode": "plain", "key": "lab-key", "equality": True, "rotate": False, "life": 3600,
        "trusted": [], "exempt": [], "refusal": "CSRF token validation failed"}
SESSION = {"cookie": "session", "attributes": "Path=/; HttpOnly; SameSite=Lax", "size": 0, "store": "shared",
           "clear": None, "bearer": None}
PROXY = {"trust": True, "force_https": False, "canonical": None, "prefix": "", "trusted": None, "hosts": None}
CORS = {"origins": None, "credentials": True, "preflight": 204, "headers": "content-type, x-csrf-token", "extra": []}


class Site:
    """The settings of one app and what it remembers."""

    def __init__(self, name="site", listen=("0.0.0.0:8000",), tls=None, backlog=64, workers=64, server="lab-site",
                 users=None, csrf=None, session=None, proxy=None, cors=None, slow=None, status=None, headers=None,
                 page=None, log=(), login="/login", api="/api/login", identity=None, limits=None, idle=30, pages=None,
                 instance=None, database=None, pool=8):
        self.name, self.listen, self.tls, self.backlog, self.server = name, listen, tls, backlog, server
        self.users = users or {"ada": {"password": "correct horse battery"}}
        self.csrf, self.session = {**CSRF, **(csrf or {})}, {**SESSION, **(session or {})}
        self.proxy, self.cors = {**PROXY, **(proxy or {})}, {**CORS, **(cors or {})}
        self.slow, self.status, self.headers = slow or {}, status or {}, headers or {}
        self.page, self.login, self.api = page or {}, login, api
        self.identity, self.limits, self.idle, self.pages = identity or {}, limits or {}, idle, pages or {}
        self.workers = threading.Semaphore(workers)
        self.database, self.pool, self.idle_connections = database, threading.Semaphore(pool), []
        self.secret = secrets.token_hex(16) if self.csrf["key"] == "random" else self.csrf["key"]
        self.memory, self.failures, self.instance = set(), {}, instance or secrets.token_hex(2)
        self.seen = {}
        for line in log:
            say(line)

    # Tokens and sessions

    def token(self):
        """A signed token that carries its time."""
        body = f"{secrets.token_hex(12)}.{int(time.time())}"
        if self.csrf["encode"] == "base64":
            body = base64.b64encode(secrets.token_bytes(15) + b"\xfb\xff\xfe").decode() + f".{int(time.time())}"
        mark = hmac.new(self.secret.encode(), body.encode(), hashlib.sha256).hexdigest()[:20]
        if self.csrf["encode"] == "percent":
            mark += "$!"
        return f"{body}.{mark}"

    def is_genuine(self, token):
        body, _, mark = token.rpartition(".")
        right = hmac.new(self.secret.encode(), body.encode(), hashlib.sha256).hexdigest()[:20]
        if self.csrf["encode"] == "percent":
            right += "$!"
        age = body.rpartition(".")[2]
        return hmac.compare_digest(mark.encode(), right.encode()) and age.isdigit() and (
            time.time() - int(age) <= self.csrf["life"])

    def new_session(self, user):
        body = f"{user}.{secrets.token_hex(8)}"
        if self.session["store"] == "memory":
            self.memory.add(body)
        elif self.session["store"].startswith("redis"):
            redis(self.session["store"], "SET", "s:" + body, user, "EX", "600")
        mark = hmac.new(b"session", body.encode(), hashlib.sha256).hexdigest()[:20]
        return f"{body}.{mark}" + ("." + "x" * self.session["size"] if self.session["size"] else "")

    def account(self, name):
        """An account: out of the settings, or out of PostgreSQL."""
        if not self.database:
            return self.users.get(name)
        rows = self.ask("SELECT password, status FROM users WHERE name = '{}'".format(name.replace("'", "''")))
        return {"password": rows[0][0], "refused": rows[0][1] != "active"} if rows else None

    def ask(self, sql):
        """A statement on a connection of the pool."""
        if not self.pool.acquire(timeout=1.5):
            raise postgres.Refused("pool timed out while waiting for an open connection")
        try:
            connection = self.idle_connections.pop() if self.idle_connections else postgres.Connection(self.database)
            rows = connection.ask(sql)
            self.idle_connections.append(connection)
            return rows
        finally:
            self.pool.release()

    def member(self, value):
        """The user of a session, or None."""
        parts = value.split(".")
        if len(parts) < 3:
            return None
        body = ".".join(parts[:2])
        right = hmac.new(b"session", body.encode(), hashlib.sha256).hexdigest()[:20]
        if parts[2] != right or (self.session["store"] == "memory" and body not in self.memory):
            return None
        if self.session["store"].startswith("redis") and not redis(self.session["store"], "GET", "s:" + body):
            return None
        return parts[0]


def say(text):
    """One line of the app's log."""
    print(text, flush=True)


def redis(url, *words):
    """One command to a redis server; None where it has nothing."""
    parts = urllib.parse.urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port or 6379), timeout=2) as stream:
        stream.sendall(b"".join([f"*{len(words)}\r\n".encode()] + [
            f"${len(word)}\r\n{word}\r\n".encode() for word in words]))
        said = stream.recv(4096)
    return None if said.startswith((b"$-1", b"-")) else said


class Visit:
    """One request and what the site makes of it."""

    def __init__(self, site, request, peer, secure):
        self.site, self.request, self.peer = site, request, peer
        trust = site.proxy["trust"]
        forwarded = request.first("X-Forwarded-Proto").split(",")[0].strip()
        self.scheme = (forwarded if trust and forwarded else None) or ("https" if secure else "http")
        self.scheme = site.proxy.get("scheme", self.scheme)
        self.host = (request.first("X-Forwarded-Host") if trust == "host" else "") or request.first("Host")
        self.client = request.first("X-Forwarded-For").split(",")[0].strip() if trust and request.all(
            "X-Forwarded-For") else peer
        self.cookies = {}
        for line in request.all("Cookie"):
            for part in line.split(";"):
                key, _, value = part.strip().partition("=")
                self.cookies.setdefault(key, []).append(value)
        self.set_cookies = []
        form = request.first("Content-Type").split(";")[0]
        text = request.body.decode("utf-8", "replace")
        self.fields = {}
        if form == "application/json":
            try:
                self.fields = {str(key): str(value) for key, value in json.loads(text or "{}").items()}
            except (ValueError, AttributeError):
                self.fields = {}
        elif text:
            self.fields = dict(urllib.parse.parse_qsl(text, keep_blank_values=True))
        self.wants_json = form == "application/json" or request.first("Accept").startswith("application/json")

    def cookie(self, name):
        return self.cookies.get(name, [""])[0]

    def reply(self, status, body="", kind="text/html; charset=utf-8", more=()):
        """An answer with everything that every answer of this site carries."""
        site = self.site
        fields = [("Server", site.server), ("Content-Type", kind), *site.headers.items(), *more]
        fields += [("Date", time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + site.page.get("clock", 0))))]
        fields += [("Set-Cookie", line) for line in self.set_cookies] + self.allowed()
        if "Cache-Control" not in site.headers:
            fields.append(("Cache-Control", "no-store"))
        return answer(status, fields, body, keep=True)

    def data(self, status, **values):
        return self.reply(status, json.dumps(values), "application/json")

    def go(self, place, status=303):
        return self.reply(status, "", more=[("Location", place)])

    # Other origins

    def allowed(self):
        """The fields that let another origin read the answer."""
        cors, origin = self.site.cors, self.request.first("Origin")
        if not cors["origins"] or not origin:
            return []
        if cors["origins"] == "*":
            allowed = "*"
        elif origin in cors["origins"]:
            allowed = origin
        else:
            allowed = cors.get("otherwise")
        fields = [("Access-Control-Allow-Origin", allowed)] if allowed else []
        fields += [("Access-Control-Allow-Origin", extra) for extra in cors["extra"]]
        if cors["credentials"] is True or (cors["credentials"] == "preflight" and self.request.method == "OPTIONS"):
            fields.append(("Access-Control-Allow-Credentials", "true"))
        return fields + [("Vary", "Origin")]

    def preflight(self):
        cors = self.site.cors
        if not cors["origins"] or cors["preflight"] != 204:
            self.site.cors["origins"], kept = (None, cors["origins"]) if cors.get("bare", True) else (cors["origins"],) * 2
            said = self.data(cors["preflight"] if cors["preflight"] != 204 else 405, detail="refused")
            self.site.cors["origins"] = kept
            return said
        return self.reply(204, more=[("Access-Control-Allow-Methods", "GET, POST, OPTIONS"),
                                     ("Access-Control-Allow-Headers", cors["headers"])])

    # The door

    def respond(self):
        site, request = self.site, self.request
        path = request.path
        if site.proxy["prefix"] and path.startswith(site.proxy["prefix"]):
            path = path[len(site.proxy["prefix"]):] or "/"
        if refused := self.stranger():
            return refused
        if path in site.slow:
            time.sleep(site.slow[path] if self.is_right() or request.method == "GET" else 0)
        if path in site.status:
            return self.broken(path)
        if site.proxy["force_https"] and self.scheme != "https":
            return self.go(f"https://{self.host}{request.target}", 301)
        canonical = site.proxy["canonical"]
        if canonical and request.first("Host") != canonical:
            return self.go(f"{self.scheme}://{canonical}{request.target}", 301)
        if request.method == "OPTIONS" and request.all("Access-Control-Request-Method"):
            return self.preflight()
        return self.route(path)

    def stranger(self):
        """Refusals before any page: hosts and proxies that are not known, requests that nobody can take."""
        site, request = self.site, self.request
        trusted, hosts = site.proxy["trusted"], site.proxy["hosts"]
        if len(request.all("Host")) > 1:
            return self.reply(400, "Invalid HTTP request received.", "text/plain; charset=utf-8")
        if trusted is not None and request.all("X-Forwarded-For") and self.peer not in trusted:
            where = "is not in the list of trusted proxies" if trusted else "your HTTP integration is not set-up for reverse proxies"
            say(f"ERROR A request from a reverse proxy was received from {self.peer}, but {where}")
            return self.reply(400, "400: Bad Request", "text/plain; charset=utf-8")
        if hosts is not None and self.host.split(":")[0] not in hosts:
            say(f"ERROR Invalid HTTP_HOST header: '{self.host}'. You may need to add '{self.host}' to ALLOWED_HOSTS.")
            return self.reply(400, "<h1>Bad Request (400)</h1>")
        limit = site.limits.get("header_bytes")
        if limit and sum(len(key) + len(value) + 4 for key, value in request.fields) > limit:
            return self.reply(431, "Request Header Fields Too Large", "text/plain")
        if site.limits.get("refuse_upgrade") and "upgrade" in request.first("Connection").lower() and (
                request.path != "/ws"):
            return self.reply(400, "Bad Request: unexpected Upgrade", "text/plain")
        return None

    def broken(self, path):
        said = self.site.status[path]
        status, text = (said, "") if isinstance(said, int) else said
        if self.request.method == "POST" or path not in (self.site.login, self.site.api):
            if text:
                say(text)
            return self.reply(status, f"<h1>{status}</h1>")
        return self.route(path)

    def route(self, path):
        site, request = self.site, self.request
        if path in site.pages:
            kind = "application/javascript" if path.endswith(".js") else "application/json" if (
                path.startswith("/.well-known")) else "text/html; charset=utf-8"
            page = site.pages[path]
            return self.go(page[3:], 302) if page.startswith("-> ") else self.reply(200, page, kind)
        table = {"/": self.front, site.login: self.sign_in, site.api: self.sign_in, "/account": self.account,
                 "/api/me": self.account, "/api/csrf": self.bootstrap, "/logout": self.leave, "/upload": self.upload,
                 "/health": lambda: self.reply(200, "ok", "text/plain"), "/ws": self.socket,
                 "/echo": self.echo, "/sso": self.provider, "/webhook/pay": self.hook, "/webhook": self.hook,
                 "/auth/refresh": self.refresh, "/report": self.report}
        if path in table:
            try:
                return table[path]()
            except postgres.Refused as refused:
                say(f"ERROR {request.method} {path}: {refused}")
                return self.reply(500, "<h1>500</h1>")
        if site.page.get("shell") and request.method == "GET":
            return self.reply(200, "<!DOCTYPE html><title>app</title><div id=root></div>")
        return self.reply(404, "<h1>Not Found</h1>")

    def front(self):
        return self.go(self.site.proxy["prefix"] + self.site.login, 302)

    def bootstrap(self):
        token = self.mint()
        return self.data(200, csrf_token=token)

    def mint(self):
        """A token for this visitor: the one of the cookie, unless each visit gets a new one."""
        csrf = self.site.csrf
        have = self.plain(self.cookie(csrf["cookie"]))
        token = have if have and not csrf["rotate"] and self.site.is_genuine(have) else self.site.token()
        written = {"plain": token, "base64": token, "quoted": f'"{token}"', "percent": urllib.parse.quote(token, safe="")}
        self.set_cookies.append(f"{csrf['cookie']}={written[csrf['encode']]}; {csrf['attributes']}")
        for path in csrf.get("also", []):
            self.set_cookies.append(f"{csrf['cookie']}=stale.{secrets.token_hex(4)}; {path}")
        return token

    def plain(self, value):
        return urllib.parse.unquote(value) if self.site.csrf["encode"] == "percent" else value

    def sign_in(self):
        if self.request.method == "GET":
            return self.go(self.site.proxy["prefix"] + "/account") if self.is_member() else self.form(200)
        if self.request.method != "POST":
            return self.reply(405, "<h1>Method Not Allowed</h1>")
        if refused := self.forged():
            return refused
        return self.judge()

    def is_member(self):
        value = self.cookie(self.site.session["cookie"])
        return bool(value) and self.site.session["store"] == "shared" and bool(self.site.member(value))

    def form(self, status, note=""):
        site, csrf = self.site, self.site.csrf
        token = self.mint() if csrf["check"] != "none" else ""
        hidden = f'<input type="hidden" name="{csrf["field"]}" value="{html.escape(token)}">' if token else ""
        action = site.page.get("action", site.proxy["prefix"] + site.login).replace("SCHEME", self.scheme)
        note = f'<p role="alert">{note}</p>' if note else ""
        page = FORM.format(head=site.page.get("head", ""), note=note, action=action, hidden=hidden,
                           scripts=site.page.get("scripts", ""))
        return self.reply(status, page)

    def forged(self):
        """The answer to a request that may have been forged, or None."""
        csrf, request = self.site.csrf, self.request
        path = request.path
        if csrf["check"] == "none" or path in csrf["exempt"]:
            return None
        origin = request.first("Origin")
        if csrf["check"] == "origin":
            own = f"{csrf.get('scheme', self.scheme)}://{self.host}"
            if origin == "null" or not (origin or request.first("Referer")):
                return self.refuse(f"bad origin: {origin or 'missing'}")
            if origin and origin != own and origin not in csrf["trusted"]:
                return self.refuse(f"origin checking failed: {origin} does not match {own}")
            return None
        sent = request.first(csrf["header"]) or self.fields.get(csrf["field"], "")
        if csrf.get("loose_plus") and not request.first(csrf["header"]):
            sent = sent.replace("+", " ")  # decoded once more than it was encoded
        have = self.cookie(csrf["cookie"])
        if not have:
            return self.refuse("CSRF cookie not set")
        if not sent:
            return self.refuse("CSRF token missing")
        if csrf["encode"] in ("plain", "base64", "percent"):
            have = self.plain(have)
        if csrf.get("twice"):
            have = urllib.parse.quote(have, safe="")
        if not self.site.is_genuine(sent):
            return self.refuse("CSRF token invalid or expired")
        if csrf["equality"] and sent != have:
            return self.refuse("CSRF tokens do not match")
        return None

    def refuse(self, why):
        say(f"WARNING Forbidden ({why}): {self.request.path}")
        csrf = self.site.csrf
        if self.wants_json:
            return self.data(403, detail=csrf["refusal"])
        return self.reply(403, f"<h1>Forbidden</h1><p>{csrf['refusal']}</p>")

    def is_right(self):
        user = self.site.account(self.fields.get("username", ""))
        return bool(user) and user["password"] == self.fields.get("password")

    def report(self):
        """A page that keeps a connection of the database busy."""
        self.site.ask("SELECT pg_sleep(20)")
        return self.reply(200, "done", "text/plain")

    def judge(self):
        """Right or wrong, once the request is known to be honest."""
        site, name = self.site, self.fields.get("username", "")
        bucket = self.client
        allowed = site.limits.get("tries")
        if allowed is not None and site.failures.get(bucket, site.limits.get("spent", 0)) >= allowed:
            say(f"WARNING too many attempts from {bucket}")
            return self.reply(429, "<h1>Too many attempts</h1>", more=[("Retry-After", "600")])
        user = site.account(name)
        if self.is_right() and not user.get("refused"):
            return self.welcome(name)
        site.failures[bucket] = site.failures.get(bucket, site.limits.get("spent", 0)) + 1
        if user and user.get("log"):
            say(user["log"])
        if user and user.get("status"):
            return self.reply(user["status"], f"<h1>{user['status']}</h1>")
        note = (user or {}).get("note", "Invalid username or password")
        if self.wants_json:
            return self.data(401, detail=note)
        return self.form(401, note)

    def welcome(self, name):
        session = self.site.session
        if self.site.database:
            self.site.ask("UPDATE users SET seen = now() WHERE name = '{}'".format(name.replace("'", "''")))
        try:
            value = self.site.new_session(name)
        except OSError as error:
            say(f"ERROR session store: {self.site.session['store']}: {error}")
            return self.reply(500, "<h1>500</h1>")
        self.set_cookies.append(f"{session['cookie']}={value}; {session['attributes']}")
        for line in session.get("also", []):
            self.set_cookies.append(line)
        if session["bearer"]:
            return self.data(200, access_token=bearer(session["bearer"]), token_type="bearer")
        if self.wants_json:
            return self.data(200, user=name)
        return self.go(self.site.session.get("onward") or self.site.proxy["prefix"] + "/account")

    def account(self):
        header = self.request.first("Authorization")
        if self.site.session["bearer"] and header.startswith("Bearer "):
            said = self.site.session["bearer"].get("answer", [200, "ok"])
            if said[0] != 200:
                say(said[1])
            return self.data(said[0], detail=said[1])
        values = self.cookies.get(self.site.session["cookie"], [])
        try:
            name = self.site.member(values[0]) if values else None
        except OSError as error:
            say(f"ERROR session store: {error}")
            return self.reply(500, "<h1>500</h1>")
        if name:
            return self.reply(200, f"<h1>Account of {html.escape(name)}</h1>")
        if self.request.path.startswith("/api/") or self.wants_json:
            return self.data(401, detail="not signed in")
        return self.go(self.site.proxy["prefix"] + self.site.login, 302)

    def leave(self):
        session = self.site.session
        self.set_cookies.append(f"{session['cookie']}=; Max-Age=0; {session['clear'] or session['attributes']}")
        return self.go("/login")

    def refresh(self):
        return self.account()

    def hook(self):
        return self.forged() or self.data(401, detail="signature missing")

    def upload(self):
        return self.data(200, bytes=len(self.request.body))

    def echo(self):
        fields = [[key, value] for key, value in self.request.fields]
        return self.data(200, scheme=self.scheme, host=self.host, peer=self.peer, headers=fields, method=self.request.method)

    def provider(self):
        """Sends the visitor to an identity provider, as OpenID Connect has it."""
        identity = self.site.identity
        scheme = identity.get("scheme", self.scheme)
        back = identity.get("redirect_uri", f"{scheme}://{self.host}/callback")
        query = urllib.parse.urlencode({"client_id": "lab", "response_type": "code", "scope": "openid",
                                        "state": secrets.token_hex(8), "redirect_uri": back,
                                        **({"response_mode": identity["mode"]} if "mode" in identity else {})})
        self.set_cookies.append(f"oidc_state={secrets.token_hex(8)}; {identity.get('state', 'Path=/; HttpOnly; SameSite=Lax')}")
        return self.go(f"{identity.get('authorize', 'https://idp.test/authorize')}?{query}", 302)

    def socket(self):
        request = self.request
        if request.first("Upgrade").lower() != "websocket" or "upgrade" not in request.first("Connection").lower():
            return self.reply(426, "websocket token not found in Upgrade header", "text/plain")
        allowed = self.site.page.get("socket_origins")
        if allowed and request.first("Origin") not in allowed:
            say(f"WARNING Could not check origin for {self.request.first('Origin')} socket")
            return self.reply(403, "Forbidden", "text/plain")
        key = request.first("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        return answer(101, [("Upgrade", "websocket"), ("Sec-WebSocket-Accept", accept)])


def bearer(claims):
    """A signed token with these claims; `now` plus a number where a claim is a number of seconds."""
    now = time.time()
    body = {key: now + value if key in ("iat", "nbf", "exp") else value for key, value in claims["claims"].items()}
    body = {key: int(value * claims.get("unit", 1)) if key == "exp" else int(value) if isinstance(value, float) else value
            for key, value in body.items()}
    parts = [json.dumps(part).encode() for part in ({"alg": "HS256", "typ": "JWT", **claims.get("head", {})}, body)]
    text = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    mark = hmac.new(claims.get("key", "lab").encode(), text, hashlib.sha256).digest()
    return (text + b"." + base64.urlsafe_b64encode(mark).rstrip(b"=")).decode()


def talk(site, stream, peer, context):
    """One connection, to its end."""
    try:
        if context:
            stream = context.wrap_socket(stream, server_side=True)
        with stream:
            stream.settimeout(site.idle)
            reader = Reader(stream)
            while (request := reader.request()) is not None:
                with site.workers:
                    if site.limits.get("hang_up") and sum(len(v) for _, v in request.fields) > site.limits["hang_up"]:
                        return
                    said = Visit(site, request, peer.removeprefix("::ffff:"), context is not None).respond()
                say(f'{peer} "{request.method} {request.path}" {said[9:12].decode()}')
                stream.sendall(said)
                if request.first("Connection").lower() == "close":
                    return
    except (OSError, ConnectionError, ValueError):
        stream.close()


def serve(site):
    """Answers until the process ends."""
    context = None
    if site.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if site.tls.get("refuse"):
            alert = getattr(ssl, f"ALERT_DESCRIPTION_{site.tls['refuse'].upper()}")
            context.sni_callback = lambda *_: alert
        if site.tls.get("version"):
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion[site.tls["version"]]
        context.load_cert_chain(site.tls["certificate"], site.tls["key"])
    servers = []
    for address in site.listen:
        host, _, port = address.rpartition(":")
        family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
        server = socket.socket(family, socket.SOCK_STREAM)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        server.bind((host.strip("[]"), int(port)))
        server.listen(site.backlog)
        servers.append(server)
    say(f"{site.name}: listening on {', '.join(site.listen)}")
    for server in servers[1:]:
        threading.Thread(target=accept, args=(site, server, context), daemon=True).start()
    accept(site, servers[0], context)


def accept(site, server, context):
    if site.limits.get("deaf"):
        threading.Event().wait()
    while True:
        stream, peer = server.accept()
        threading.Thread(target=talk, args=(site, stream, peer[0], context), daemon=True).start()


if __name__ == "__main__":
    serve(Site(**json.loads(sys.argv[1])))
