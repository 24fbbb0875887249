"""A small name server: authoritative for what a scenario writes, with views by the asker and by the server asked.

A record is one line, `A 203.0.113.10`; an answer that is no record is one word: NXDOMAIN, NODATA, SERVFAIL,
REFUSED, SILENT, or BOGUS before a record (SERVFAIL unless checking is disabled, as a validating resolver does).
"""

import ipaddress
import socket
import struct
import threading

from network import NAME_SERVERS, PUBLIC_RESOLVER

CODES = {"NODATA": 0, "SERVFAIL": 2, "NXDOMAIN": 3, "REFUSED": 5}
TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "MX": 15, "TXT": 16, "AAAA": 28, "DS": 43}
SERVERS = {"resolver": "192.0.2.53", "ns1": NAME_SERVERS[0], "ns2": NAME_SERVERS[1], "public": PUBLIC_RESOLVER}


class Zone:
    """The names of a scenario: `names` for everybody, `from_` by asking host, `at` by the server asked."""

    def __init__(self, names, views):
        self.names = names
        self.views = views

    def lines(self, name, asker, server):
        """The records of a name, or None where there is no such name."""
        label = "*." + name.partition(".")[2]
        for table in [self.views.get(f"{server}/{asker}"), self.views.get(server), self.views.get(asker), self.names]:
            for key in (name, label):
                if table and key in table:
                    found = table[key]
                    return [found] if isinstance(found, str) else found
        return None

    def apex(self, name):
        """The zone that a name belongs to: its last two labels."""
        return ".".join(name.split(".")[-2:])

    def answer(self, name, kind, flags, asker, server):
        """The response code, the answers and whether the zone's SOA belongs to it; None is silence."""
        lines, checked = self.lines(name, asker, server), not flags & 0x0010
        apex = self.apex(name)
        if kind in (TYPES["NS"], TYPES["SOA"]) and name == apex and self._is_known(apex):
            return 0, [(name, kind, line) for line in self._apex(apex, kind, server)]
        if lines is None:
            below = any(known.endswith("." + name) for known in self.names)
            return (0 if below else 3), []
        records = []
        for line in lines:
            word, _, rest = line.partition(" ")
            if word == "SILENT":
                return None
            if word in CODES:
                return CODES[word], []
            if word == "BOGUS":
                if checked and server in ("resolver", "public"):
                    return CODES["SERVFAIL"], []
                word, _, rest = rest.partition(" ")
            if TYPES[word] == kind or word == "CNAME":
                records.append((name, TYPES[word], rest))
            if word == "CNAME" and kind != TYPES["CNAME"]:
                code, more = self.answer(rest.rstrip("."), kind, flags, asker, server) or (2, [])
                return code, records + more
        return 0, records

    def _is_known(self, apex):
        return any(name == apex or name.endswith("." + apex) for name in self.names)

    def _apex(self, apex, kind, server):
        if kind == TYPES["SOA"]:
            serial = self.views.get(server, {}).get("serial", "2026010101")
            return [f"ns1.{apex} hostmaster.{apex} {serial} 3600 600 86400 60"]
        return [f"ns1.{apex}", f"ns2.{apex}"]


def serve(zone, addresses):
    """Answers on every server address, until the process ends; `addresses` names askers by address."""
    for name, address in SERVERS.items():
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagrams.bind((address, 53))
        threading.Thread(target=_datagrams, args=(zone, datagrams, name, addresses), daemon=True).start()
        streams = socket.create_server((address, 53))
        threading.Thread(target=_streams, args=(zone, streams, name, addresses), daemon=True).start()


def _datagrams(zone, server, name, addresses):
    while True:
        query, peer = server.recvfrom(4096)
        reply = respond(zone, query, addresses.get(peer[0], peer[0]), name)
        if reply:
            server.sendto(reply, peer)


def _streams(zone, server, name, addresses):
    while True:
        stream, peer = server.accept()
        with stream:
            query = stream.recv(4096)[2:]
            reply = respond(zone, query, addresses.get(peer[0], peer[0]), name)
            if reply:
                stream.sendall(struct.pack(">H", len(reply)) + reply)


def respond(zone, query, asker, server):
    """The bytes of an answer to the bytes of a question; None is silence."""
    try:
        number, flags, _, _, _, _ = struct.unpack(">6H", query[:12])
        name, end = _name(query, 12)
        kind, _ = struct.unpack(">2H", query[end:end + 4])
    except (struct.error, IndexError, UnicodeDecodeError):
        return None
    name = name.lower()
    found = zone.answer(name, kind, flags, asker, server)
    if name.startswith(("ns1.", "ns2.")) and name not in zone.names:
        found = 0, [(name, 1, SERVERS[name[:3]])] if kind == 1 else []
    if found is None:
        return None
    code, records = found
    authority = []
    if not records and code in (0, 3):
        apex = zone.apex(name)
        authority = [(apex, TYPES["SOA"], line) for line in zone._apex(apex, TYPES["SOA"], server)]
    recursive = 0x0080 if server in ("resolver", "public") else 0
    own = 0x0400 if server.startswith("ns") and code in (0, 3) else 0
    head = struct.pack(">6H", number, 0x8000 | own | (flags & 0x0110) | recursive | code, 1, len(records),
                       len(authority), 0)
    body = b"".join(_record(*record) for record in records + authority)
    return head + query[12:end + 4] + body


def _name(message, at):
    labels = []
    while message[at]:
        length = message[at]
        labels.append(message[at + 1:at + 1 + length].decode("ascii"))
        at += 1 + length
    return ".".join(labels), at + 1


def _pack(name):
    labels = [label.encode() for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _record(name, kind, text):
    if kind in (TYPES["A"], TYPES["AAAA"]):
        data = ipaddress.ip_address(text).packed
    elif kind in (TYPES["CNAME"], TYPES["NS"]):
        data = _pack(text)
    elif kind == TYPES["SOA"]:
        primary, mail, *numbers = text.split()
        data = _pack(primary) + _pack(mail) + struct.pack(">5I", *map(int, numbers))
    elif kind == TYPES["TXT"]:
        data = bytes([len(text)]) + text.encode()
    else:
        data = text.encode()
    return _pack(name) + struct.pack(">2HIH", kind, 1, 60, len(data)) + data
