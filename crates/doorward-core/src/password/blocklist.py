"""Makes blocklist.bin anew: the sorted 40-bit fingerprints of common passwords, words and names.

Run it in an empty directory, with the target as its argument: python3 blocklist.py path/to/blocklist.bin
It needs pip and npm, and stops where a source is not byte for byte the one that is named here.
"""

import gzip
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import unicodedata
import zipfile

WHEELS = {
    "Django==5.2.19": ("django-5.2.19-py3-none-any.whl", "5965d974a5218a2b68a11dd1276434707f23886525c23f0598eccedaf4f4ca00"),
    "zxcvbn==4.5.0": ("zxcvbn-4.5.0-py2.py3-none-any.whl", "2b6eed621612ce6d65e6e4c7455b966acee87d0280e257956b1f06ccc66bd5ff"),
}
PACKAGES = {
    "@zxcvbn-ts/language-common@4.1.3": ("zxcvbn-ts-language-common-4.1.3.tgz", "bf3027c16c069d7877e25dc8751bc819e10e479afcc5ee1a323eb2ab73129ca9"),
    "@zxcvbn-ts/language-en@4.1.1": ("zxcvbn-ts-language-en-4.1.1.tgz", "4515020b65ad9ea2b7dc9275089d60ceb39a267f4ed4b9389ff6a2c44f7372a8"),
    "@zxcvbn-ts/language-de@3.0.2": ("zxcvbn-ts-language-de-3.0.2.tgz", "8b8b3879ce48c4ae35a3d11eb89981c00497007ba6541d514c9052b5a8a3096a"),
}
LEAST = 4  # Shorter ones are refused for their length under every rule.


def fetch():
    for name, (file, digest) in WHEELS.items():
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", name], check=True)
        check(file, digest)
    for name, (file, digest) in PACKAGES.items():
        subprocess.run(["npm", "pack", "-s", name], check=True, stdout=subprocess.DEVNULL)
        check(file, digest)


def check(file, digest):
    with open(file, "rb") as opened:
        found = hashlib.sha256(opened.read()).hexdigest()
    if found != digest:
        sys.exit(f"{file} is not the file that this list was made from: {found}")


def leaked():
    wheel, _ = WHEELS["Django==5.2.19"]
    packed = zipfile.ZipFile(wheel).read("django/contrib/auth/common-passwords.txt.gz")
    yield from gzip.decompress(packed).decode().splitlines()
    yield from zxcvbn()["passwords"]
    yield from lists("@zxcvbn-ts/language-common@4.1.3", {"passwords"})


def words():
    for name, entries in zxcvbn().items():
        if name != "passwords":
            yield from entries
    kinds = {"commonWords", "firstnames", "lastnames", "wikipedia"}
    yield from lists("@zxcvbn-ts/language-en@4.1.1", kinds)
    yield from lists("@zxcvbn-ts/language-de@3.0.2", kinds)


def zxcvbn():
    wheel, _ = WHEELS["zxcvbn==4.5.0"]
    if wheel not in sys.path:
        sys.path.insert(0, wheel)
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return FREQUENCY_LISTS


def lists(package, kinds):
    file, _ = PACKAGES[package]
    with tarfile.open(file) as archive:
        for kind in sorted(kinds):
            yield from json.load(io.BytesIO(archive.extractfile(f"package/src/{kind}.json").read()))


def fold(text):
    """As `fold::lower` has it: each character by itself, then NFC."""
    return unicodedata.normalize("NFC", "".join(character.lower() for character in text))


def main(target):
    fetch()
    passwords = {fold(text) for text in leaked()}
    everything = {text for text in passwords | {fold(text) for text in words()} if len(text) >= LEAST}
    prints = sorted({hashlib.sha256(text.encode()).digest()[:5] for text in everything})
    with open(target, "wb") as opened:
        opened.write(b"".join(prints))
    print(f"{len(prints)} fingerprints, {sum(len(text) >= LEAST for text in passwords)} of them of leaked passwords")


main(sys.argv[1])
