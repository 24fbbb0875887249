"""The little of PostgreSQL's protocol (version 3) that an app needs: sign in with SCRAM, and ask.

Errors carry the server's own words, written as libpq writes them.
"""

import base64
import hashlib
import hmac
import secrets
import socket
import struct
import urllib.parse


class Refused(Exception):
    """What the server, or the way to it, says no with."""


def parts(url):
    """User, password, host, port and database, taken apart as libpq does: the first `@` ends the password."""
    rest = url.split("://", 1)[1]
    authority, _, database = rest.partition("/")
    account, _, place = authority.partition("@")
    user, _, password = account.partition(":")
    host, _, port = place.rpartition(":") if ":" in place else (place, "", "5432")
    if not port.isdigit():
        raise Refused(f'invalid integer value "{port}" for connection option "port"')
    return urllib.parse.unquote(user), urllib.parse.unquote(password), host, int(port), database.split("?")[0]


class Connection:
    """One connection."""

    def __init__(self, url, timeout=3):
        self.user, password, host, port, database = parts(url)
        where = f'connection to server at "{host}", port {port} failed: '
        try:
            self.stream = socket.create_connection((host, port), timeout=timeout)
        except socket.gaierror as error:
            raise Refused(f'could not translate host name "{host}" to address: {error.strerror}') from error
        except OSError as error:
            raise Refused(where + (error.strerror or "timeout expired")) from error
        self.stream.settimeout(60)
        words = b"user\0" + self.user.encode() + b"\0database\0" + database.encode() + b"\0\0"
        self.stream.sendall(struct.pack("!ii", len(words) + 8, 196608) + words)
        try:
            self.greet(password)
        except Refused as refused:
            self.stream.close()
            raise Refused(f"{where}{refused}") from None

    def greet(self, password):
        """Everything up to the server's first `ready`."""
        kind, body = self.read()
        while kind != b"Z":
            if kind == b"E":
                raise Refused(said(body))
            if kind == b"R" and struct.unpack("!i", body[:4])[0] == 10:
                self.scram(password)
            kind, body = self.read()

    def scram(self, password):
        """SCRAM-SHA-256 (RFC 7677) without channel binding."""
        nonce = secrets.token_urlsafe(18)
        first = f"n=,r={nonce}"
        start = b"SCRAM-SHA-256\0" + struct.pack("!i", len(first) + 3) + b"n,," + first.encode()
        self.send(b"p", start)
        kind, body = self.read()
        if kind == b"E":
            raise Refused(said(body))
        server = body[4:].decode()
        given = dict(field.split("=", 1) for field in server.split(","))
        last = f"c=biws,r={given['r']}"
        key = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(given["s"]), int(given["i"]))
        client = hmac.digest(key, b"Client Key", "sha256")
        mark = hmac.digest(hashlib.sha256(client).digest(), f"{first},{server},{last}".encode(), "sha256")
        proof = base64.b64encode(bytes(a ^ b for a, b in zip(client, mark))).decode()
        self.send(b"p", f"{last},p={proof}".encode())
        kind, body = self.read()
        if kind == b"E":
            raise Refused(said(body))

    def ask(self, sql):
        """The rows of a statement."""
        self.send(b"Q", sql.encode() + b"\0")
        rows, refused = [], None
        while True:
            kind, body = self.read()
            if kind == b"D":
                rows.append(row(body))
            elif kind == b"E":
                refused = Refused(said(body))
            elif kind == b"Z":
                if refused:
                    raise refused
                return rows

    def send(self, kind, body):
        self.stream.sendall(kind + struct.pack("!i", len(body) + 4) + body)

    def read(self):
        head = self.take(5)
        return head[:1], self.take(struct.unpack("!i", head[1:])[0] - 4)

    def take(self, count):
        got = b""
        while len(got) < count:
            piece = self.stream.recv(count - len(got))
            if not piece:
                raise Refused("server closed the connection unexpectedly")
            got += piece
        return got


def said(body):
    """The words of an error."""
    fields = {part[:1]: part[1:].decode() for part in body.split(b"\0") if part}
    return f"{fields.get(b'S', 'ERROR')}:  {fields.get(b'M', '')}"


def row(body):
    """The texts of one row."""
    values, at = [], 2
    for _ in range(struct.unpack("!h", body[:2])[0]):
        size = struct.unpack("!i", body[at:at + 4])[0]
        at += 4
        values.append(None if size < 0 else body[at:at + size].decode())
        at += max(size, 0)
    return values
