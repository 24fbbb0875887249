"""The network of a scenario: hosts as network namespaces, wires between them, routes and packet filters.

    client ── net ── wan ── router ── origin        topology = "home"
              │ └─── origin                         topology = "direct"
           dns, edge

`net` stands for everything between providers. With topology = "host" there is the origin alone.
"""

import ctypes
import ipaddress
import os
import subprocess
import threading

RUN = "/run/lab"
CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000
MS_BIND = 4096
MS_PRIVATE_REC = 0x44000

_libc = ctypes.CDLL(None, use_errno=True)

# Documentation addresses, and one of a range that a CDN publishes, since the doctor knows those ranges.
CLIENT = ("198.51.100.10/24", "2001:db8:1::10/64")
DNS = ("192.0.2.53/24", "2001:db8:53::53/64")
NAME_SERVERS = ["192.0.2.54", "192.0.2.55"]
PUBLIC_RESOLVER = "192.0.2.99"
EDGE = ("104.16.0.10/24", "2606:4700:10::10/64")
WAN = ("203.0.113.10/24", "2001:db8:10::10/64")
CARRIER = ("100.64.0.10/10", None)
LAN = ("192.168.1.10/24", None)
BRIDGE = "172.18.0"


def _check(result):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def gateway(address):
    """The first address of a network is that of its router."""
    return str(next(ipaddress.ip_interface(address).network.hosts()))


class Host:
    """One namespace with its own network and, where it has any, files of its own."""

    def __init__(self, name):
        self.name = name
        self.files = {}
        self.addresses = []
        subprocess.run(["ip", "netns", "add", name], check=True)
        self._net = os.open(f"/run/netns/{name}", os.O_RDONLY | os.O_CLOEXEC)
        # Without the search for duplicates, addresses of IPv6 can be used at once.
        self.set(ipv6_conf__default__accept_dad=0, ipv6_conf__default__dad_transmits=0, ipv4_ip_unprivileged_port_start=0)
        self.ip("link set lo up")

    def ip(self, *lines):
        """Runs lines of `ip` here, all in one process."""
        _ip(lines, ["-n", self.name])

    def enter(self):
        """Moves the calling process or thread here; what it opens from now on is of this host."""
        _check(_libc.setns(self._net, CLONE_NEWNET))

    def become(self):
        """What a child process does before it turns into its program."""
        self.enter()
        _check(_libc.unshare(CLONE_NEWNS))
        _check(_libc.mount(None, b"/", None, MS_PRIVATE_REC, None))
        for target, source in self.files.items():
            _check(_libc.mount(source.encode(), target.encode(), None, MS_BIND, None))

    def start(self, command, **options):
        """Starts a program here."""
        return subprocess.Popen(command, preexec_fn=self.become, **options)

    def run(self, command, **options):
        """Runs a program here to its end."""
        return subprocess.run(command, preexec_fn=self.become, **options)

    def thread(self, work, *arguments):
        """Runs `work` in a thread that lives on this host."""

        def body():
            self.enter()
            work(*arguments)

        thread = threading.Thread(target=body, daemon=True)
        thread.start()
        return thread

    def call(self, work, *arguments):
        """Runs `work` on this host and gives its answer."""
        answer = []

        def keep():
            try:
                answer.append((True, work(*arguments)))
            except BaseException as error:  # handed to the caller below
                answer.append((False, error))

        self.thread(keep).join()
        done, value = answer[0]
        if done:
            return value
        raise value

    def set(self, **values):
        """Writes settings of the kernel, `net.ipv4.x` as `ipv4_x`."""
        self.call(_write, values)

    def filter(self, rules):
        """Loads a text of nft rules."""
        done = self.run(["nft", "-f", "-"], input=rules, text=True, capture_output=True)
        if done.returncode != 0:
            raise ValueError(f"nft on {self.name}: {done.stderr.strip()}\n{rules}")


def _write(values):
    for name, value in values.items():
        family, rest = name.split("_", 1)
        with open(f"/proc/sys/net/{family}/{rest.replace('__', '/')}", "w") as file:
            file.write(str(value))


def _ip(lines, where=()):
    done = subprocess.run(["ip", *where, "-batch", "-"], input="\n".join(lines), text=True, capture_output=True)
    if done.returncode != 0:
        raise ValueError(f"ip {' '.join(where)}: {done.stderr.strip()}")


class Network:
    """Every host of a scenario, by name."""

    def __init__(self, topology="direct", containers=(), publish=None, forward=None, hairpin=True, cgnat=False,
                 router_ports=(), provider_drops=(), mtu=1500, icmp=True, bridge_hairpin=True, ipv6=True, addresses=()):
        self.hosts = {}
        self.ipv6 = ipv6
        build = {"host": self._host, "direct": self._direct, "home": self._home}
        build[topology](mtu)
        if topology == "home":
            self._translate(forward or {}, hairpin, cgnat, router_ports)
        if topology != "host":
            self._between(provider_drops, icmp)
        if containers:
            self._bridge(list(containers), publish or {}, bridge_hairpin)
        for address in addresses:
            self.hosts["origin"].ip(f"addr add {address} dev eth0 nodad")

    def __getitem__(self, name):
        if name not in self.hosts:
            raise ValueError(f"no host {name!r}; there are {', '.join(sorted(self.hosts))}")
        return self.hosts[name]

    def _add(self, *names):
        for name in names:
            self.hosts[name] = Host(name)

    def _host(self, _mtu):
        self._add("origin")

    def _direct(self, mtu):
        self._internet()
        self._wire("origin", WAN, mtu)

    def _home(self, mtu):
        self._internet()
        self._add("router")
        self._wire("router", WAN, mtu)
        self._add("origin")
        _ip(["link add name lan netns router type veth peer name eth0 netns origin"])
        self["router"].ip("link set lan up", "addr add 192.168.1.1/24 dev lan")
        self["origin"].ip("link set eth0 up", f"addr add {LAN[0]} dev eth0", "route add default via 192.168.1.1")
        self["router"].set(ipv4_ip_forward=1, ipv6_conf__all__forwarding=1)

    def _internet(self):
        self._add("net")
        self["net"].set(ipv4_ip_forward=1, ipv6_conf__all__forwarding=1)
        self._wire("client", CLIENT)
        self._wire("dns", DNS)
        self["dns"].ip(*(f"addr add {address}/24 dev eth0" for address in [*NAME_SERVERS, PUBLIC_RESOLVER]))
        self._wire("edge", EDGE)

    def _wire(self, name, addresses, mtu=1500):
        """A host with its own network behind `net`."""
        if name not in self.hosts:
            self._add(name)
        host, net = self[name], self["net"]
        _ip([f"link add name {name} netns net mtu {mtu} type veth peer name eth0 netns {name}"])
        host.ip("link set eth0 up")
        net.ip(f"link set {name} up")
        for address in addresses:
            if not address or (":" in address and not self.ipv6):
                continue
            length = address.split("/")[1]
            first = gateway(address)
            host.addresses.append(address.split("/")[0])
            net.ip(f"addr add {first}/{length} dev {name} nodad")
            host.ip(f"addr add {address} dev eth0 nodad", f"route add default via {first}")

    def _translate(self, forward, hairpin, cgnat, router_ports):
        """The router at home: what leaves takes its address, what arrives is forwarded where it says so."""
        router, outside = self["router"], WAN[0].split("/")[0]
        if cgnat:
            self._carrier()
            outside = CARRIER[0].split("/")[0]
        # Without hairpin, what comes from inside to the outside address meets the guard below instead of a forward.
        side = "" if hairpin else 'iifname != "lan" '
        forwards = [f"{side}ip daddr {outside} tcp dport {port} dnat to {to};" for port, to in forward.items()]
        back = "ip saddr 192.168.1.0/24 ip daddr 192.168.1.0/24 masquerade;" if hairpin else ""
        own = " ".join(f"tcp dport {port} accept;" for port in router_ports)
        router.filter(
            f"table ip nat {{ chain pre {{ type nat hook prerouting priority dstnat; {' '.join(forwards)} }}\n"
            f' chain post {{ type nat hook postrouting priority srcnat; oifname "eth0" masquerade; {back} }}\n}}\n'
            'table ip guard { chain in { type filter hook input priority filter; policy drop; iif "lo" accept;'
            " ct state established,related accept; icmp type echo-request accept;"
            f' iifname "lan" ip daddr 192.168.1.1 accept; {own} }}\n}}')

    def _carrier(self):
        """A provider that puts many customers behind one address."""
        self["router"].ip("addr flush dev eth0", f"addr add {CARRIER[0]} dev eth0", "route add default via 100.64.0.1")
        self["net"].ip("addr add 203.0.113.10/32 dev lo", "addr add 100.64.0.1/10 dev router")
        self["net"].filter(
            "table ip carrier { chain out { type nat hook postrouting priority srcnat;"
            " ip saddr 100.64.0.0/10 snat to 203.0.113.10; }\n"
            " chain in { type filter hook input priority filter; ip daddr 203.0.113.10 ct state new drop; }\n}")

    def _between(self, dropped, icmp):
        """What a provider does on the way: ports that it filters, messages that it loses."""
        lost = "" if icmp else "icmp type destination-unreachable drop; icmpv6 type packet-too-big drop;"
        if dropped or lost:
            way = " ".join(f"{rule} drop;" for rule in dropped)
            # Messages about too large packets are made by `net` itself, so they leave through its output chain.
            self["net"].filter(
                f"table inet provider {{ chain way {{ type filter hook forward priority filter; {way} {lost} }}\n"
                f" chain own {{ type filter hook output priority filter; {lost} }}\n}}")

    def _bridge(self, containers, publish, hairpin):
        """Containers on a bridge of the origin, as Docker makes them."""
        origin = self["origin"]
        origin.set(ipv4_ip_forward=1)
        origin.ip("link add name docker0 type bridge", f"addr add {BRIDGE}.1/16 dev docker0", "link set docker0 up")
        for number, name in enumerate(containers, start=2):
            self._add(name)
            _ip([f"link add name v-{name} netns origin type veth peer name eth0 netns {name}"])
            origin.ip(f"link set v-{name} master docker0", f"link set v-{name} up")
            if hairpin:
                origin.ip(f"link set v-{name} type bridge_slave hairpin on")
            address = f"{BRIDGE}.{number}"
            self[name].addresses.append(address)
            self[name].ip("link set eth0 up", f"addr add {address}/16 dev eth0", f"route add default via {BRIDGE}.1")
        rules = []
        for port, target in publish.items():
            name, inner = target.split(":")
            rules.append(f'fib daddr type local tcp dport {port} dnat ip to {self.address(name)}:{inner};')
        post = f'ip saddr {BRIDGE}.0/16 oifname != "docker0" masquerade;'
        if hairpin:
            post += f" ip saddr {BRIDGE}.0/16 ip daddr {BRIDGE}.0/16 masquerade;"
        origin.filter(
            f"table ip docker {{ chain pre {{ type nat hook prerouting priority dstnat; {' '.join(rules)} }}\n"
            f" chain out {{ type nat hook output priority -100; {' '.join(rules)} }}\n"
            f" chain post {{ type nat hook postrouting priority srcnat; {post} }}\n}}")

    def address(self, name):
        """The first address of a host."""
        return self[name].addresses[0]

