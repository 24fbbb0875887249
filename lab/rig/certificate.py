"""Certificates of a scenario: an authority that its hosts trust, an intermediate, and leaves that are as wrong as asked."""

import os
import subprocess
from datetime import datetime, timedelta, timezone

CONFIG = """
[ca]
default_ca = lab
[lab]
dir = {folder}
database = {folder}/index
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
copy_extensions = none
[any]
commonName = supplied
[req]
distinguished_name = name
[name]
"""


class Authority:
    """Issues into one folder; keys are elliptic, since those are made in milliseconds."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self._write("index", "")
        self._write("ca.cnf", CONFIG.format(folder=folder))
        self.root = self._issue("lab root", None, "basicConstraints=critical,CA:true\nkeyUsage=keyCertSign,cRLSign\n")
        self.between = self._issue(
            "lab intermediate", self.root, "basicConstraints=critical,CA:true\nkeyUsage=keyCertSign,cRLSign\n")

    def leaf(self, names, days=(-1, 80), issuer="intermediate", chain=True, subject=None):
        """Paths of a certificate chain and of its key. `issuer` is intermediate, root, self or stranger."""
        signers = {"intermediate": self.between, "root": self.root, "self": None}
        if issuer == "stranger":
            signers["stranger"] = self._issue("somebody else", None, "basicConstraints=critical,CA:true\n")
        kinds = ",".join(("IP:" if _is_address(name) else "DNS:") + name for name in names)
        signer = signers[issuer]
        path, key = self._issue(subject or names[0], signer, f"subjectAltName={kinds}\n", days)
        if chain and issuer in ("intermediate", "stranger"):
            with open(path, "a") as file:
                file.write(open(signer[0]).read())
        return path, key

    def _issue(self, name, signer, extensions, days=(-10, 3000)):
        stem = f"{self.folder}/{name.replace(' ', '-').replace('*', 'any')}-{len(os.listdir(self.folder))}"
        path, key = stem + ".pem", stem + ".pem.key"  # where HAProxy looks for it
        self._write(stem + ".ext", extensions)
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key,
                "-out", stem + ".csr", "-subj", f"/CN={name}", "-config", f"{self.folder}/ca.cnf")
        now = datetime.now(timezone.utc)
        start, end = ((now + timedelta(days=day)).strftime("%Y%m%d%H%M%SZ") for day in days)
        by = ["-selfsign", "-keyfile", key] if signer is None else ["-cert", signer[0], "-keyfile", signer[1]]
        openssl("ca", "-batch", "-notext", "-config", f"{self.folder}/ca.cnf", "-in", stem + ".csr", "-out", path,
                "-startdate", start, "-enddate", end, "-extfile", stem + ".ext", *by)
        return path, key

    def _write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(text)


def openssl(*words):
    """Runs openssl, and says why where it fails."""
    done = subprocess.run(["openssl", *words], capture_output=True, text=True)
    if done.returncode != 0:
        raise ValueError(f"openssl {words[0]}: {done.stderr.strip()}")


def _is_address(name):
    return name.replace(".", "").isdigit() or ":" in name
