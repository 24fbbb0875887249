//! Reasons of the family `tls`: certificates, and where they come from.

use super::Reason;
use super::entry::{self, text};

const fn cause(
    code: &'static str,
    en: &'static str,
    de: &'static str,
    operator: &'static str,
    remedy: &'static str,
) -> Reason {
    entry::cause(code, text(en, de), operator, remedy)
}

/// The family, in the order of the reference page.
pub(super) const REASONS: &[Reason] = &[
    cause(
        "tls.certificate_missing",
        "There is no certificate",
        "Es gibt kein Zertifikat",
        "HTTPS is spoken and a certificate is missing: none is configured, or the first order at the issuer is not finished. Handshakes for its names are refused; plain HTTP still proves hosts and leads to HTTPS.",
        "Name one in `[tls] certificate` and `key`, or let `[tls] acme` fetch one; the log says how an order went.",
    ),
    cause(
        "tls.certificate_unreadable",
        "A certificate cannot be read",
        "Ein Zertifikat ist nicht lesbar",
        "The file is missing, may not be read by the user of Doorward, holds no certificate in PEM, or one without a subject alternative name. A certificate that is in force stays in force.",
        "Name the file with the whole chain in PEM, the server's own certificate first (`fullchain.pem`).",
    ),
    cause(
        "tls.certificate_expired",
        "A certificate has expired",
        "Ein Zertifikat ist abgelaufen",
        "Browsers refuse the certificate since its end. A start with it is refused, and a running program keeps it only for want of another.",
        "Renew it and put the files in place; they are read anew within seconds. With `[tls] acme` the log says why renewing fails.",
    ),
    cause(
        "tls.certificate_expiring",
        "A certificate expires soon",
        "Ein Zertifikat läuft bald ab",
        "The certificate has less than a week, or a sixth of its life, and nothing newer is there.",
        "See why whatever renews it does not, and put the new files in place; they are read anew within seconds.",
    ),
    cause(
        "tls.certificate_not_yet_valid",
        "A certificate does not count yet",
        "Ein Zertifikat gilt noch nicht",
        "The certificate counts only from a later moment on, or the clock of this machine is behind.",
        "Compare `date -u` with the right time, and the certificate with `openssl x509 -noout -dates`.",
    ),
    cause(
        "tls.key_unreadable",
        "The key of a certificate cannot be read",
        "Der Schlüssel eines Zertifikats ist nicht lesbar",
        "The file is missing, may not be read by the user of Doorward, has a passphrase, or holds a key of a kind that is not spoken here.",
        "Name a PEM file with an ECDSA P-256 or P-384, Ed25519 or RSA key (2048 bits or more) without a passphrase, readable for the user of Doorward alone.",
    ),
    cause(
        "tls.key_mismatch",
        "Key and certificate do not belong together",
        "Schlüssel und Zertifikat gehören nicht zusammen",
        "The key is of another certificate: the files were mixed up, only one of the two was renewed, or the chain does not begin with the server's own certificate.",
        "Compare `openssl x509 -noout -pubkey -in CERTIFICATE` with `openssl pkey -pubout -in KEY`: both must print the same.",
    ),
    cause(
        "tls.acme_directory",
        "The issuer cannot be used",
        "Der Aussteller ist nicht verwendbar",
        "`[tls] acme` is neither `letsencrypt`, `letsencrypt-staging` or `off`, nor the https URL of an ACME directory.",
        "Write `letsencrypt`, or the https URL of your own directory with its root in `acme_ca`.",
    ),
    cause(
        "tls.acme_host",
        "No certificate can be had for a host",
        "Für einen Host ist kein Zertifikat zu bekommen",
        "An address, `localhost`, a single label or a name of a local network has no owner whom a public issuer could ask.",
        "Write a name of a domain that is registered to you; for local names use certificates from files.",
    ),
    cause(
        "tls.acme_challenge",
        "The issuer may not reach the proof",
        "Der Aussteller erreicht den Nachweis vielleicht nicht",
        "http-01 is asked for on port 80 of the host, and no plain listener can be reached from outside.",
        "Let `[server] listen` name `0.0.0.0:80`, lead port 80 to the plain listener, or use `tls-alpn-01`.",
    ),
    cause(
        "tls.account_unreadable",
        "The account at the issuer cannot be kept",
        "Das Konto beim Aussteller lässt sich nicht aufbewahren",
        "The files below `acme` in the data directory cannot be read or written. Without them each start would make a new account, so none is made.",
        "Let the user of Doorward own the directory (mode 0700) and its files (0600), or put them back from the backup.",
    ),
    cause(
        "tls.renewal_failing",
        "A certificate cannot be renewed",
        "Ein Zertifikat lässt sich nicht erneuern",
        "An order at the issuer failed: it cannot be reached, it refuses, or it could not reach the proof of the host. The old certificate stays in force until its end, and the next try comes later each time, after a day at most.",
        "Read what the issuer said: the name must lead to this machine in DNS, port 443 (tls-alpn-01) or 80 (http-01) must reach Doorward from outside, and CAA must allow the issuer.",
    ),
];
