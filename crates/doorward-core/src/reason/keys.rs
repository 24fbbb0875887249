//! Reasons of the family `keys`.

use super::entry::cause;
use super::{Reason, Text};

/// The family, in the order of the reference page.
pub(super) const REASONS: &[Reason] = &[
    cause(
        "keys.missing",
        Text { en: "A key file is missing", de: "Eine Schlüsseldatei fehlt" },
        "The database was used with keys that are no longer there. New keys would leave every stored password and \
         every token behind, so none are made.",
        "Put the key files back from the backup (`doorward restore`), or say where they are with `keys.directory`.",
    ),
    cause(
        "keys.unreadable",
        Text { en: "A key file cannot be read", de: "Eine Schlüsseldatei ist nicht lesbar" },
        "The file exists and cannot be opened, is cut short, or does not hold a key of the kind its name says.",
        "Let the user of Doorward own the file, or put it back from the backup; never edit it.",
    ),
    cause(
        "keys.permissions",
        Text { en: "A key file is open to others", de: "Eine Schlüsseldatei ist für andere offen" },
        "Other users of this machine can read or replace the key file, and with it sign tokens or read what it protects.",
        "`chmod 0600 FILE` and `chmod 0700` on its directory; if others had access, rotate the key.",
    ),
    cause(
        "keys.duplicate",
        Text { en: "Two keys have one id", de: "Zwei Schlüssel haben eine Kennung" },
        "Two key files carry the same key id, so it is not clear which of them a token or a password was made with.",
        "Keep the file that the backup has, and move the other one away.",
    ),
];
