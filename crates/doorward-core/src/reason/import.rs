//! Reasons of the family `import`: why a line of another program's file is not taken over.

use super::Reason;
use super::entry::{cause, text};

/// The family, in the order of the reference page.
pub(super) const REASONS: &[Reason] = &[
    cause(
        "import.file_unreadable",
        text("The file cannot be read", "Die Datei ist nicht lesbar"),
        "It is not there, is larger than 16 MiB, is no UTF-8, or is not of the format that was named. Nothing was imported.",
        "Name the format with `--from`: `authelia` for `users_database.yml`, `htpasswd` for a file of Apache or nginx.",
    ),
    cause(
        "import.hash_weak",
        text("The hash is too weak", "Der Hash ist zu schwach"),
        "MD5 (`$apr1$`), SHA-1 (`{SHA}`), DES and plain text are guessed by the billion each second, so whoever has ever read \
         the file has the password. It would stay known however it was kept here, so nobody is made with it.",
        "Invite the person, who then chooses a new password: `doorward user invite ada@example.com`.",
    ),
    cause(
        "import.hash_costly",
        text("The hash is too costly", "Der Hash ist zu teuer"),
        "It asks for more than 256 MiB, bcrypt of cost 15 or more, more than a million rounds of SHA-crypt, two million of \
         PBKDF2, or 1024 MiB of work of Argon2 or scrypt: one sign-in could exhaust the machine.",
        "Invite the person: `doorward user invite ada@example.com`.",
    ),
    cause(
        "import.hash_unknown",
        text("The hash is of no known kind", "Der Hash ist von keiner bekannten Art"),
        "It is damaged, or of a kind that is not read, such as yescrypt. Read are Argon2, bcrypt, SHA-crypt, PBKDF2 and scrypt.",
        "Invite the person: `doorward user invite ada@example.com`.",
    ),
    cause(
        "import.address_missing",
        text("There is no e-mail address", "Es gibt keine E-Mail-Adresse"),
        "People sign in with an address. The line has none, and its name is none.",
        "Say which domain to put behind names: `--domain example.com` makes `ada` into `ada@example.com`.",
    ),
    cause(
        "import.line_invalid",
        text("The line cannot be read", "Die Zeile ist nicht lesbar"),
        "It is no `name:hash`, or an entry whose fields are not what the format says.",
        "Mend the line, and import again: who is there already stays as they are.",
    ),
    cause(
        "import.user_exists",
        text("The account is there already", "Das Konto gibt es schon"),
        "An account has this address, or an earlier line of the same file. An import never changes an account.",
        "Nothing is to be done. To change the account, use the page of users or `doorward user`.",
    ),
    cause(
        "import.group_left_out",
        text("A group was left out", "Eine Gruppe wurde weggelassen"),
        "Its name has other characters than a-z, 0-9, `-`, `_` and `.`, or it is `admins`, whose members may manage this \
         Doorward, which nobody becomes by the way. Names are not turned into others, since rules of apps name them.",
        "`doorward user groups ADDRESS GROUP…`; to take over administrators, import with `--administrators`.",
    ),
    cause(
        "import.no_administrator",
        text("Nobody would administrate", "Niemand würde verwalten"),
        "There is no account yet, and after the import there would be accounts and no administrator: the first start makes \
         one only where there is nobody. Nothing was imported.",
        "Start the server once, or import with `--administrators` a file in which somebody active is in `admins`.",
    ),
];
