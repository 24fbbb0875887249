"""A CDN's edge: it fetches from an origin, names what goes wrong by the codes 520 to 530, caches, strips and challenges."""

import errno
import fnmatch
import secrets
import socket
import ssl
import threading
import time

from wire import Reader, Request, answer

PAGE = "<!DOCTYPE html><title>{host} | {code}: {text}</title><h1>Error {code}</h1><p>{text}</p><p>Ray ID: {ray}</p>"
TEXTS = {
    520: "Web server is returning an unknown error", 521: "Web server is down", 522: "Connection timed out",
    523: "Origin is unreachable", 524: "A timeout occurred", 525: "SSL handshake failed",
    526: "Invalid SSL certificate", 1000: "DNS points to prohibited IP", 1016: "Origin DNS error",
    1034: "Edge IP Restricted", 1033: "Cloudflare Tunnel error",
}
STATUS = {1000: 403, 1016: 530, 1033: 530, 1034: 409}


class Fault(Exception):
    """What the edge says instead of the origin's answer."""


class Edge:
    """The settings that an operator has in the panel of a CDN, and the cache that follows from them."""

    def __init__(self, origin="203.0.113.10", mode="strict", always_https=False, connect=1.0, read=2.0, cache=(),
                 cache_cookies=False, strip_set_cookie=False, challenge=(), ports=None, remove=(), add=None,
                 client_certificate=None):
        self.origin, self.mode, self.always_https = origin, mode, always_https
        self.connect, self.read, self.cache_paths = connect, read, cache
        self.cache_cookies, self.strip_set_cookie = cache_cookies, strip_set_cookie
        self.challenge, self.ports, self.remove, self.add = challenge, ports or {}, remove, add or {}
        self.client_certificate = client_certificate
        self.kept = {}
        self.trust = None

    def serve(self, address, certificate, trust):
        """Answers on ports 80 and 443 of an address."""
        self.trust = trust
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if certificate:
            context.load_cert_chain(*certificate)
        else:
            context.sni_callback = lambda *_: ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE
        for port, wrap in ((80, None), (443, context)):
            server = socket.create_server((address, port), backlog=64)
            threading.Thread(target=self._accept, args=(server, wrap), daemon=True).start()

    def _accept(self, server, context):
        while True:
            stream, peer = server.accept()
            threading.Thread(target=self._talk, args=(stream, peer, context), daemon=True).start()

    def _talk(self, stream, peer, context):
        try:
            if context:
                stream = context.wrap_socket(stream, server_side=True)
            with stream:
                reader = Reader(stream)
                while (request := reader.request()) is not None:
                    stream.sendall(self._answer(request, peer[0], "https" if context else "http"))
        except (OSError, ConnectionError, ValueError):
            stream.close()

    def _answer(self, request, peer, scheme):
        host, ray = request.first("Host"), secrets.token_hex(8) + "-LAB"
        own = [("Server", "cloudflare"), ("CF-RAY", ray), ("Date", time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()))]
        if self.always_https and scheme == "http":
            return answer(301, own + [("Location", f"https://{host}{request.target}")], keep=True)
        if any(fnmatch.fnmatch(request.path, pattern) for pattern in self.challenge):
            page = "<!DOCTYPE html><title>Just a moment...</title><p>Enable JavaScript and cookies to continue</p>"
            return answer(403, own + [("CF-Mitigated", "challenge"), ("Content-Type", "text/html")], page, keep=True)
        try:
            status, fields, body, cached = self._fetch(request, peer, scheme)
        except Fault as fault:
            code = fault.args[0]
            page = PAGE.format(host=host, code=code, text=TEXTS[code], ray=ray)
            return answer(STATUS.get(code, code), own + [("Content-Type", "text/html; charset=UTF-8")], page, keep=True)
        shown = [(key, value) for key, value in fields if key.lower() not in ("server", "date", "alt-svc")]
        return answer(status, own + [("CF-Cache-Status", cached)] + shown, body, keep=True)

    def _fetch(self, request, peer, scheme):
        if request.all("CF-Connecting-IP") or len(request.all("X-Forwarded-For")) > 1:
            raise Fault(1000)
        key = (request.first("Host"), request.target)
        is_kept = request.method == "GET" and any(fnmatch.fnmatch(request.path, path) for path in self.cache_paths)
        if is_kept and key in self.kept:
            since, (status, fields, body) = self.kept[key]
            return status, fields + [("Age", str(int(time.monotonic() - since) + 1))], body, "HIT"
        status, fields, body = self._origin(self._onward(request, peer, scheme), scheme)
        if self.strip_set_cookie and is_kept:
            fields = [field for field in fields if field[0].lower() != "set-cookie"]
        if is_kept and status == 200:
            self.kept[key] = time.monotonic(), (status, fields, body)
            return status, fields, body, "MISS"
        return status, fields, body, "DYNAMIC"

    def _onward(self, request, peer, scheme):
        gone = {"connection", *(name.lower() for name in self.remove)}
        if self.mode == "websocket-off":
            gone.add("upgrade")
        fields = [field for field in request.fields if field[0].lower() not in gone]
        upgrade = request.first("Upgrade")
        fields += [("Connection", "upgrade" if upgrade else "close"), ("CF-Connecting-IP", peer),
                   ("X-Forwarded-For", peer), ("X-Forwarded-Proto", scheme), *self.add.items()]
        return Request(request.method, request.target, "HTTP/1.1", fields, request.body)

    def _origin(self, request, scheme):
        host = request.first("Host").split(":")[0]
        secure = self.mode != "flexible" and scheme == "https"
        port = self.ports.get(host, 443 if secure else 80)
        if port not in (80, 443, 8080, 8443, 2053, 2083, 2087, 2096, 8880, 2052, 2082, 2086, 2095):
            raise Fault(522)
        address = self._address()
        try:
            stream = socket.create_connection((address, port), timeout=self.connect)
        except ConnectionRefusedError:
            raise Fault(521) from None
        except TimeoutError:
            raise Fault(522) from None
        except OSError as error:
            raise Fault(523 if error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH) else 522) from None
        with stream:
            if secure:
                stream = self._secure(stream, host)
            return self._exchange(stream, request)

    def _address(self):
        if self.origin in ("1.1.1.1",):
            raise Fault(1034)
        try:
            address = socket.getaddrinfo(self.origin, 443, socket.AF_INET, socket.SOCK_STREAM)[0][4][0]
        except OSError:
            raise Fault(1016) from None
        if address.startswith("104.16."):
            raise Fault(1000)
        return address

    def _secure(self, stream, host):
        context = ssl.create_default_context(cafile=self.trust)
        if self.mode == "full":
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if self.client_certificate:
            context.load_cert_chain(*self.client_certificate)
        try:
            return context.wrap_socket(stream, server_hostname=host)
        except ssl.SSLCertVerificationError:
            raise Fault(526) from None
        except TimeoutError:
            raise Fault(522) from None
        except (ssl.SSLError, OSError):
            raise Fault(525) from None

    def _exchange(self, stream, request):
        stream.settimeout(self.read)
        try:
            stream.sendall(request.bytes())
            response = Reader(stream).response(request.method)
        except TimeoutError:
            raise Fault(524) from None
        except (OSError, ConnectionError, ValueError):
            raise Fault(520) from None
        if response is None or sum(len(key) + len(value) for key, value in response[1]) > 32768:
            raise Fault(520)
        return response
