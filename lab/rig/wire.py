"""HTTP on the wire, read and written byte for byte, for the parts that must break its rules on purpose."""


class Request:
    """One request as it came: header fields keep their order, spelling and repetition."""

    def __init__(self, method, target, version, fields, body):
        self.method, self.target, self.version = method, target, version
        self.fields, self.body = fields, body

    @property
    def path(self):
        return self.target.split("?", 1)[0]

    @property
    def query(self):
        return self.target.partition("?")[2]

    def all(self, name):
        """Every value of a field."""
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def first(self, name, default=""):
        """The first value of a field."""
        return next(iter(self.all(name)), default)

    def bytes(self):
        """The request as it is sent on."""
        lines = [f"{self.method} {self.target} {self.version}"] + [f"{key}: {value}" for key, value in self.fields]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + self.body


class Reader:
    """Reads messages from a stream."""

    def __init__(self, stream):
        self.stream = stream
        self.rest = b""

    def _head(self, limit=1 << 20):
        while b"\r\n\r\n" not in self.rest:
            more = self.stream.recv(65536)
            if not more or len(self.rest) > limit:
                return None
            self.rest += more
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        fields = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:] if ":" in line]
        return lines[0], fields

    def _take(self, length):
        while len(self.rest) < length:
            more = self.stream.recv(65536)
            if not more:
                raise ConnectionError("the body ended early")
            self.rest += more
        body, self.rest = self.rest[:length], self.rest[length:]
        return body

    def _body(self, fields, to_end=False):
        names = {key.lower(): value for key, value in fields}
        if "chunked" in names.get("transfer-encoding", "").lower():
            body = b""
            while True:
                while b"\r\n" not in self.rest:
                    self.rest += self.stream.recv(65536)
                size, self.rest = self.rest.split(b"\r\n", 1)
                chunk = self._take(int(size.split(b";")[0], 16))
                self._take(2)
                if not chunk:
                    return body
                body += chunk
        if "content-length" in names:
            return self._take(int(names["content-length"]))
        if not to_end:
            return b""
        while more := self.stream.recv(65536):
            self.rest += more
        body, self.rest = self.rest, b""
        return body

    def request(self):
        """The next request, or None at the end."""
        head = self._head()
        if head is None:
            return None
        method, target, version = (head[0].split(" ") + ["", ""])[:3]
        return Request(method, target, version, head[1], self._body(head[1]))

    def response(self, method="GET"):
        """Status, fields and body of the next answer; None where there is none."""
        head = self._head()
        if head is None or not head[0].startswith("HTTP/"):
            return None
        status = int(head[0].split(" ")[1])
        empty = method == "HEAD" or status in (101, 204, 304)
        return status, head[1], b"" if empty else self._body(head[1], to_end=True)


def answer(status, fields, body=b"", keep=False):
    """An answer as bytes."""
    if isinstance(body, str):
        body = body.encode()
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}"]
    dropped = ("content-length", "transfer-encoding", "connection", "keep-alive")
    lines += [f"{key}: {value}" for key, value in fields if key.lower() not in dropped]
    if status not in (101, 204, 304):
        lines.append(f"Content-Length: {len(body)}")
    lines.append("Connection: " + ("upgrade" if status == 101 else "keep-alive" if keep else "close"))
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


REASONS = {
    101: "Switching Protocols", 200: "OK", 201: "Created", 204: "No Content", 301: "Moved Permanently", 302: "Found",
    303: "See Other", 304: "Not Modified", 307: "Temporary Redirect", 308: "Permanent Redirect", 400: "Bad Request",
    401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 413: "Content Too Large",
    419: "Page Expired", 426: "Upgrade Required", 429: "Too Many Requests", 431: "Request Header Fields Too Large",
    500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
}
