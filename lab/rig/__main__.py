"""The rig: builds one deployment inside the namespaces it was started in, runs the doctor against it, says what came of it.

It reads a plan (JSON) from standard input and writes one line of JSON. Everything it makes lives in namespaces and on
a tmpfs that end with it. `cargo xtask lab` starts it; nothing else should.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

import docker
import part
import recording
import zone
from certificate import Authority
from edge import Edge
from network import DNS, EDGE, RUN, Network
from wire import Reader

SECTIONS = {"net", "dns", "tls", "run", "edge", "docker", "files", "firewall", "kernel", "load", "doctor", "apply",
            "own_files", "after", "har"}


class Rig:
    """One deployment that runs."""

    def __init__(self, order):
        self.plan, self.program, self.cache = order["plan"], order["program"], order["cache"]
        unknown = set(self.plan) - SECTIONS
        if unknown:
            raise ValueError(f"unknown sections: {', '.join(sorted(unknown))}")
        self.authority, self.certificates, self.logs = None, {}, {}
        self.network = None

    # What parts ask for

    def certificate(self, name):
        """Paths of a certificate and its key, by its name under [tls]."""
        if name not in self.certificates:
            self.certificates[name] = self.authority.leaf(**self.plan["tls"][name])
        return self.certificates[name]

    def python(self, program):
        """A program of the virtual environment."""
        return os.path.join(self.cache, "python/bin", program)

    def node(self):
        """Where packages of Node.js are."""
        return os.path.join(self.cache, "node/node_modules")

    def as_another(self, words, **options):
        """Runs a program that refuses to be root: the same user under the number of a system account, which every machine has."""
        words = ["unshare", "-U", "--map-user=1", "--map-group=1", *words]
        return subprocess.run(words, text=True, capture_output=True, **options)

    def database(self, programs):
        """A fresh cluster of PostgreSQL, made once and copied."""
        kept = os.path.join(self.cache, "postgres")
        if not os.path.exists(os.path.join(kept, "ready")):
            making = f"{kept}.{os.getpid()}-{time.time_ns()}"
            done = self.as_another([f"{programs}/initdb", "-D", making, "-U", "postgres", "-A", "scram-sha-256", "-N",
                                    "--no-instructions", "--pwfile", part.write(f"{RUN}/password", "lab")])
            if done.returncode != 0:
                raise ValueError(f"initdb: {done.stderr}")
            sql = "CREATE ROLE shop LOGIN PASSWORD 'lab'; CREATE DATABASE shop OWNER shop;\n"
            for statement in sql.split(";")[:-1]:
                self.as_another([f"{programs}/postgres", "--single", "-D", making, "postgres"], input=statement + ";\n")
            part.write(f"{making}/ready", "")
            try:
                os.rename(making, kept)
            except OSError:
                shutil.rmtree(making)
        return kept

    # Building

    def build(self):
        """Everything up to a deployment that answers."""
        self.ground()
        self.network = Network(**self.plan.get("net", {}))
        self.names()
        for name, files in self.plan.get("own_files", {}).items():
            for number, (target, text) in enumerate(files.items()):
                self.network[name].files[target] = part.write(f"{RUN}/own/{name}-{number}", text)
        for name, settings in self.plan.get("kernel", {}).items():
            self.network[name].set(**settings)
        self.programs()
        self.front()
        if self.plan.get("docker"):
            docker.serve(self.plan["docker"])
        for name, rules in self.plan.get("firewall", {}).items():
            self.network[name].filter(firewall(**rules))
        for words in self.plan.get("after", []):
            self.network[words[0]].run(["sh", "-c", words[1]], check=True, stdout=subprocess.DEVNULL)
        self.load()

    def ground(self):
        """The folder on the tmpfs, trust, and the files of the machine that a deployment has of its own."""
        os.makedirs(f"{RUN}/site/.lab", exist_ok=True)
        self.authority = Authority(f"{RUN}/ca")
        trust = part.write(f"{RUN}/trust.pem", open(self.authority.root[0]).read())
        self.bind("/etc/resolv.conf", "nameserver 192.0.2.53\noptions timeout:1 attempts:1\n")
        self.bind("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n")
        if os.path.exists("/etc/ssl/certs/ca-certificates.crt"):
            subprocess.run(["mount", "--bind", trust, "/etc/ssl/certs/ca-certificates.crt"], check=True)
        shim = '#!/bin/sh\nwhile [ "${1#-}" != "$1" ]; do case "$1" in -[oplFi]) shift 2;; *) shift;; esac; done\n'
        shim += 'host=${1##*@}; shift; exec ip netns exec "$host" sh -c "$*"\n'
        os.chmod(part.write(f"{RUN}/bin/ssh", shim), 0o755)
        os.symlink(self.program, f"{RUN}/bin/doorward")
        self.plan = fill(self.plan, self)
        for path, text in self.plan.get("files", {}).items():
            part.write(os.path.join(f"{RUN}/site", path), text)
        for path, calls in self.plan.get("har", {}).items():
            part.write(os.path.join(f"{RUN}/site", path), recording.har(calls))

    def bind(self, target, text):
        """Gives the whole rig its own version of a file."""
        source = part.write(RUN + target, text)
        real = os.path.realpath(target)
        if not os.path.exists(real):
            part.write(real, "")
        subprocess.run(["mount", "--bind", source, real], check=True)

    def names(self):
        """The name server, where there is a net to stand on."""
        if "dns" not in self.network.hosts:
            self.bind("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
            return
        said = dict(self.plan.get("dns", {}))
        views = said.pop("view", {})
        known = {address: host.name for host in self.network.hosts.values() for address in host.addresses}
        known.update({"203.0.113.10": "origin"})
        self.network["dns"].call(zone.serve, zone.Zone(said, views), known)

    def programs(self):
        """All programs, side by side; one that `needs` others is started once they answer."""
        waiting = {name: dict(settings) for name, settings in self.plan.get("run", {}).items()}
        while waiting:
            free = [name for name, settings in waiting.items() if not set(settings.get("needs", [])) & set(waiting)]
            if not free:
                raise ValueError(f"these need each other: {', '.join(waiting)}")
            started = []
            for name in free:
                settings = waiting.pop(name)
                settings.pop("needs", None)
                started.append(self.start(name, settings))
            for host, process, name, addresses in started:
                for address in addresses:
                    self.await_door(host, process, name, address)

    def start(self, name, settings):
        """Starts one part, and gives where to knock."""
        kind, host = settings.pop("kind"), self.network[settings.pop("on", "origin")]
        cwd = settings.pop("cwd", None)
        folder = f"{RUN}/{name}"
        os.makedirs(folder, exist_ok=True)
        made = part.KINDS[kind](self, folder, **settings)
        self.logs[name] = f"{folder}/log"
        env = {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "HOME": folder, "LANG": "C.UTF-8",
               "PYTHONDONTWRITEBYTECODE": "1", **made.env}
        env = {key: value for key, value in env.items() if value is not None}
        process = host.start(made.words, env=env, cwd=cwd or folder, stdin=subprocess.DEVNULL,
                             stdout=open(self.logs[name], "w"), stderr=subprocess.STDOUT, start_new_session=True)
        return host, process, name, made.wait

    def await_door(self, host, process, name, address):
        """Waits until something answers on an address, as long as its program lives."""
        place, _, port = address.rpartition(":")
        for _ in range(400):
            if process.poll() is not None:
                raise ValueError(f"{name} ended with {process.returncode}: {tail(self.logs[name])}")
            try:
                host.call(knock, place.strip("[]"), int(port))
                return
            except OSError:
                time.sleep(0.025)
        raise ValueError(f"{name} does not answer on {address}: {tail(self.logs[name])}")

    def front(self):
        """The edge of a CDN, where the scenario has one."""
        if "edge" not in self.plan:
            return
        settings = dict(self.plan["edge"])
        certificate = settings.pop("tls", "edge")
        if settings.get("client_certificate"):
            settings["client_certificate"] = self.certificate(settings["client_certificate"])
        made = Edge(**settings)
        pair = self.certificate(certificate) if certificate else None
        self.network["edge"].call(made.serve, EDGE[0].split("/")[0], pair, f"{RUN}/trust.pem")

    def load(self):
        """Requests of other visitors, which go on while the doctor looks."""
        for word in self.plan.get("load", []):
            host, address, path, count = word
            for _ in range(count):
                self.network[host].thread(visit, address, path)
        if self.plan.get("load"):
            time.sleep(0.3)

    # Examining

    def examine(self, wait):
        """Runs the doctor and gives its report."""
        said = dict(self.plan.get("doctor", {}))
        host = self.network[said.get("from", "client" if "client" in self.network.hosts else "origin")]
        words = [self.program, "doctor", *([said["url"]] if said.get("url") else []), "--json", "--no-journal", "--ca", f"{RUN}/trust.pem"]
        flags = dict(said.get("flags", {}))
        if flags.keys() & {"host", "dir", "ssh"} and said.get("logs", True):
            flags["log"] = [*flags.get("log", []), *self.written()]
        if said.get("login"):
            flags |= {"login": "ada", "password-file": part.write(f"{RUN}/site/.lab/password", "correct horse battery\n")}
        words += spelled(flags)
        env = {"PATH": f"{RUN}/bin:{os.environ['PATH']}:/usr/sbin:/sbin", "HOME": f"{RUN}/home", "LANG": "C.UTF-8",
               "SSL_CERT_FILE": f"{RUN}/trust.pem", **said.get("env", {})}
        if self.plan.get("docker"):
            env["DOCKER_HOST"] = f"unix://{docker.SOCKET}"
        os.makedirs(f"{RUN}/home", exist_ok=True)
        since = time.monotonic()
        try:
            done = host.run(words, env=env, cwd=f"{RUN}/site", stdin=subprocess.DEVNULL, capture_output=True, timeout=wait)
            exit_code, out, err = done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        except subprocess.TimeoutExpired as late:
            exit_code, out, err = None, "", f"no end after {wait} s: {(late.stderr or b'').decode('utf-8', 'replace')}"
        seconds = time.monotonic() - since
        try:
            report = json.loads(out)
        except ValueError:
            report = None
            err += out
        return {"exit": exit_code, "seconds": round(seconds, 3), "report": report, "said": err[-4000:],
                "words": words, "requests": self.count()}

    def written(self):
        """Logs of the parts, as far as there is something in them."""
        paths = [path for name in self.logs for path in (f"{RUN}/{name}/error.log", self.logs[name])]
        return [path for path in paths if os.path.exists(path) and os.path.getsize(path)]

    def count(self):
        """Requests that arrived at the sites of this rig."""
        return sum(open(path).read().count('" ') for name, path in self.logs.items()
                   if self.plan["run"][name]["kind"] == "site")

    def mend(self, report):
        """Applies the copyable commands of the root cause on the origin and asks for the page again."""
        applied, wanted = [], self.plan["apply"]
        for line in report["root_cause"]["fix"]:
            if line.split(" ")[0] in ("nft", "iptables", "ip6tables"):
                done = self.network["origin"].run(["sh", "-c", line], capture_output=True, text=True)
                applied.append([line, done.returncode, done.stderr.strip()])
        said = self.network["client"].run(
            ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "5", "--cacert", f"{RUN}/trust.pem",
             wanted["url"]], capture_output=True, text=True)
        return {"applied": applied, "status": said.stdout, "wanted": str(wanted["status"])}


def fill(value, rig):
    """Replaces ${tls.NAME.certificate}, ${tls.NAME.key} and ${run} in every text of a plan."""
    if isinstance(value, dict):
        return {key: fill(inner, rig) for key, inner in value.items()}
    if isinstance(value, list):
        return [fill(inner, rig) for inner in value]
    if isinstance(value, str) and "${" in value:
        value = value.replace("${run}", RUN).replace("${trust}", f"{RUN}/trust.pem")
        for name in rig.plan.get("tls", {}):
            if "${tls." + name + "." in value:
                certificate, key = rig.certificate(name)
                value = value.replace("${tls." + name + ".certificate}", certificate).replace("${tls." + name + ".key}", key)
    return value


def spelled(flags):
    """Flags as words: `true` is the flag alone, a list is the flag for each."""
    words = []
    for name, value in flags.items():
        for one in value if isinstance(value, list) else [value]:
            words += [] if one is False else [f"--{name}"] if one is True else [f"--{name}", str(one)]
    return words


def firewall(policy="accept", input=(), forward=(), output=(), raw=""):
    """Rules of a host, as a text for nft."""
    if raw:
        return raw
    lines = " ".join(rule.rstrip(";") + ";\n    " for rule in input)
    through = " ".join(rule.rstrip(";") + ";" for rule in forward)
    out = " ".join(rule.rstrip(";") + ";" for rule in output)
    return (f'table inet filter {{\n  chain input {{\n    type filter hook input priority filter; policy {policy};\n'
            f'    iif "lo" accept;\n    ct state established,related accept;\n    {lines}}}\n'
            f"  chain forward {{ type filter hook forward priority filter; policy accept; {through} }}\n"
            f"  chain output {{ type filter hook output priority filter; policy accept; {out} }}\n}}\n")


def knock(host, port):
    """Connects and lets go."""
    socket.create_connection((host, port), timeout=1).close()


def visit(address, path):
    """One request that waits for its answer."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=60) as stream:
            stream.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            Reader(stream).response()
    except OSError:
        pass


def tail(path):
    """The last words of a program."""
    return open(path, errors="replace").read()[-1500:].strip()


def main():
    """One run: build, examine, and mend where asked."""
    order = json.load(sys.stdin)
    rig = Rig(order)
    answer = {}
    since = time.monotonic()
    try:
        rig.build()
        answer["ready"] = round(time.monotonic() - since, 3)
        if order.get("enter"):
            enter(rig, order["enter"])
            return
        answer["doctor"] = rig.examine(order["wait"])
        if rig.plan.get("apply") and (answer["doctor"]["report"] or {}).get("root_cause"):
            answer["mended"] = rig.mend(answer["doctor"]["report"])
        if order.get("logs"):
            answer["logs"] = {name: tail(path) for name, path in rig.logs.items()}
    except Exception as error:  # whatever went wrong is the answer of this run
        answer["trouble"] = f"{type(error).__name__}: {error}"
    print(json.dumps(answer), flush=True)
    os._exit(0)


def enter(rig, command):
    """Runs a command of the author inside, with the terminal of the author."""
    said = rig.plan.get("doctor", {})
    host = rig.network[said.get("from", "client" if "client" in rig.network.hosts else "origin")]
    done = host.run(["sh", "-c", command], cwd=f"{RUN}/site", stdin=subprocess.DEVNULL,
                    env={**os.environ, "PATH": f"{RUN}/bin:{os.environ['PATH']}:/usr/sbin", "SSL_CERT_FILE": f"{RUN}/trust.pem"})
    os._exit(done.returncode)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
