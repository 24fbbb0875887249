"""Docker's API as far as it is read: containers of a scenario, their state, environment and last lines."""

import json
import os
import re
import socket
import struct
import threading
import time

from wire import Reader, answer

SOCKET = "/run/docker.sock"


def serve(containers):
    """Answers on Docker's socket, until the process ends; nothing can be changed through it."""
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(SOCKET)
    os.chmod(SOCKET, 0o666)
    server.listen(16)
    known = {f"{number:x}" * 12 + "0" * 52: described(name, number, **said)
             for number, (name, said) in enumerate(containers.items(), start=10)}
    threading.Thread(target=_accept, args=(server, known), daemon=True).start()


def _accept(server, known):
    while True:
        stream, _ = server.accept()
        threading.Thread(target=_talk, args=(stream, known), daemon=True).start()


def _talk(stream, known):
    with stream:
        reader = Reader(stream)
        while (request := reader.request()) is not None:
            status, body, kind = respond(request, known)
            stream.sendall(answer(status, [("Content-Type", kind), ("Api-Version", "1.45"), ("Server", "Docker/26.1")],
                                  body, keep=True))


def described(name, number, image="app:1", state="running", exit=0, oom=False, restarts=0, health=None, health_log="",
              health_exit=0, health_test=("CMD-SHELL", "curl -f http://localhost:8000/health"), env=None, log="",
              ports=None, address=None, networks=("shop_default",), age=3600, user="", mounts=(), pid=0, retries=3,
              interval=10, start_period=0):
    """What `inspect` says of a container."""
    now = time.time()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - age))
    said = {
        "Name": "/" + f"shop-{name}-1", "Created": stamp, "Image": "sha256:" + "ab" * 32, "RestartCount": restarts,
        "State": {"Status": state, "Running": state == "running", "Restarting": state == "restarting",
                  "OOMKilled": oom, "ExitCode": exit, "Pid": pid, "StartedAt": stamp, "FinishedAt": stamp,
                  "Paused": False, "Dead": False, "Error": ""},
        "Config": {"Image": image, "Env": [f"{key}={value}" for key, value in (env or {}).items()], "User": user,
                   "Tty": False, "Labels": {"com.docker.compose.project": "shop", "com.docker.compose.service": name}},
        "HostConfig": {"RestartPolicy": {"Name": "unless-stopped", "MaximumRetryCount": 0}, "NetworkMode": "shop_default"},
        "NetworkSettings": {
            "Networks": {network: {"IPAddress": address or f"172.18.0.{number - 8}", "Aliases": [name]}
                         for network in networks},
            "Ports": {f"{inner}/tcp": [{"HostIp": place.rpartition(":")[0] or "0.0.0.0",
                                        "HostPort": place.rpartition(":")[2]}] for inner, place in (ports or {}).items()}},
        "Mounts": [{"Type": "volume", "Name": mount, "Destination": f"/{mount}", "RW": True} for mount in mounts],
    }
    if health:
        entry = {"Start": stamp, "End": stamp, "ExitCode": health_exit, "Output": health_log}
        said["State"]["Health"] = {"Status": health, "FailingStreak": 0 if health == "healthy" else 5, "Log": [entry] * 3}
        second = 1_000_000_000
        said["Config"]["Healthcheck"] = {"Test": list(health_test), "Interval": interval * second, "Retries": retries,
                                         "StartPeriod": start_period * second}
    return said, log


def respond(request, known):
    """Status, body and kind of one answer."""
    if request.method not in ("GET", "HEAD"):
        return 403, json.dumps({"message": "read only"}), "application/json"
    path = re.sub(r"^/v1\.\d+", "", request.path)
    if path == "/_ping":
        return 200, "OK", "text/plain"
    if path == "/version":
        return 200, json.dumps({"Version": "26.1.0", "ApiVersion": "1.45", "MinAPIVersion": "1.24"}), "application/json"
    if path == "/containers/json":
        return 200, json.dumps([summary(number, said) for number, (said, _) in known.items()]), "application/json"
    match = re.match(r"^/containers/([^/]+)/(json|logs)$", path)
    for number, (said, log) in known.items():
        if match and (number.startswith(match[1]) or said["Name"] in (match[1], "/" + match[1])):
            if match[2] == "json":
                return 200, json.dumps({"Id": number, **said}), "application/json"
            return 200, framed(log), "application/vnd.docker.multiplexed-stream"
    return 404, json.dumps({"message": "No such container"}), "application/json"


def summary(number, said):
    """One row of the list."""
    health = said["State"].get("Health", {}).get("Status")
    return {"Id": number, "Names": [said["Name"]], "Image": said["Config"]["Image"], "State": said["State"]["Status"],
            "Status": said["State"]["Status"] + (f" ({health})" if health else ""), "Labels": said["Config"]["Labels"],
            "NetworkSettings": {"Networks": said["NetworkSettings"]["Networks"]},
            "Ports": [{"IP": place["HostIp"], "PublicPort": int(place["HostPort"]),
                       "PrivatePort": int(inner.split("/")[0]), "Type": "tcp"}
                      for inner, places in said["NetworkSettings"]["Ports"].items() for place in places]}


def framed(log):
    """A log in the frames of a stream without a terminal."""
    lines = log if isinstance(log, list) else log.splitlines()
    stamped = [f"{line}\n".encode() for line in lines]
    return b"".join(struct.pack(">BxxxI", 2, len(line)) + line for line in stamped)
