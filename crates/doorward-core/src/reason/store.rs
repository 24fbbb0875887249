//! Reasons of the family `store`.

use super::entry::cause;
use super::{Kind, Reason, Text};

/// What a visitor reads while the store is away, whatever the cause.
const LATER: Text = Text {
    en: "We cannot sign you in right now. Please try again in a few minutes; nothing that you did is lost.",
    de: "Die Anmeldung ist gerade nicht möglich. Bitte versuchen Sie es in ein paar Minuten noch einmal; nichts geht dabei verloren.",
};

const fn refusal(code: &'static str, title: Text, operator: &'static str, remedy: &'static str) -> Reason {
    Reason { code, kind: Kind::Refusal, status: 503, is_retryable: true, title, visitor: LATER, operator, remedy }
}

/// The family, in the order of the reference page.
pub(super) const REASONS: &[Reason] = &[
    refusal(
        "store.unavailable",
        Text { en: "Please try again shortly", de: "Bitte gleich noch einmal versuchen" },
        "The database did not answer in time, is read-only, or is busy beyond the wait. Sessions that are already \
         known keep working; sign-ins and changes get this answer. Nothing that was acknowledged is lost.",
        "Look at `doorward doctor` and the log line with the cause; start the database, or end what holds its lock. \
         Doorward goes on by itself as soon as the database answers.",
    ),
    refusal(
        "store.full",
        Text { en: "Please try again shortly", de: "Bitte gleich noch einmal versuchen" },
        "The disk of the database is full, so nothing new can be stored. Sessions that are already known keep working.",
        "`df -h` on the data directory; make room. Doorward goes on by itself as soon as there is some.",
    ),
    refusal(
        "store.corrupt",
        Text { en: "Please try again later", de: "Bitte später noch einmal versuchen" },
        "The database holds something that it cannot hold: the file is damaged, or rows were changed by hand. \
         Doorward refuses what it cannot read instead of guessing.",
        "Stop Doorward, keep a copy of the file for later, then `doorward restore --force LATEST-BACKUP`.",
    ),
    cause(
        "store.schema_ahead",
        Text { en: "The database is newer than the program", de: "Die Datenbank ist neuer als das Programm" },
        "A newer version of Doorward has changed the tables. This version does not know them and does not start, \
         because it might write what the newer one misreads.",
        "Install the newer version again, or restore the backup that was written before the upgrade \
         (`doorward-before-vN.db` beside the database).",
    ),
    cause(
        "store.schema_altered",
        Text { en: "The tables were changed by hand", de: "Die Tabellen wurden von Hand verändert" },
        "A table or column is missing, has another type, or was added by hand; the finding names it. The classic is \
         a missing `users.status`, which would otherwise show as an error at every sign-in.",
        "Undo the change by hand, or `doorward restore --force LATEST-BACKUP`.",
    ),
    cause(
        "store.migration_changed",
        Text { en: "A migration reads otherwise", de: "Eine Migration lautet anders" },
        "The database remembers a migration with other statements than this program has, so the tables may differ \
         from what the program expects.",
        "Use the release of Doorward that made this database. If both are releases, report it: a released migration \
         never changes.",
    ),
    cause(
        "store.migration_pending",
        Text { en: "The database waits for a migration", de: "Die Datenbank wartet auf eine Migration" },
        "This version needs tables that the PostgreSQL database does not have yet. A database server is not changed \
         without being asked.",
        "`doorward backup FILE`, then `doorward migrate up`.",
    ),
    cause(
        "store.migration_failed",
        Text { en: "A migration failed", de: "Eine Migration ist fehlgeschlagen" },
        "The database refused a statement of a migration, or the copy before it could not be written. Nothing was \
         changed: a migration is applied whole or not at all.",
        "Mend what the finding quotes (rights, room on the disk), then start again or `doorward migrate up`.",
    ),
    cause(
        "store.data_directory",
        Text { en: "The data directory cannot be used", de: "Das Datenverzeichnis ist nicht benutzbar" },
        "The embedded database cannot be made, opened or written: the directory is missing, read-only, or belongs to \
         somebody else.",
        "`chown -R doorward: DIRECTORY && chmod 0700 DIRECTORY`, or set another `data_directory`.",
    ),
    cause(
        "store.location_unreachable",
        Text { en: "The database server cannot be reached", de: "Der Datenbankserver ist nicht erreichbar" },
        "PostgreSQL does not answer at the configured place, or does not let this user in.",
        "Check `DATABASE_URL` (or `POSTGRES_*`), try `psql \"$DATABASE_URL\" -c 'select 1'`, and start the server.",
    ),
    cause(
        "store.backup_damaged",
        Text { en: "The backup cannot be used", de: "Die Sicherung ist nicht verwendbar" },
        "The file is no backup of Doorward, was cut short, or was changed after it was written. It is refused whole: \
         half a backup would be worse than none.",
        "Use another backup; copy it anew if it came over a network.",
    ),
    cause(
        "store.not_empty",
        Text { en: "The database is not empty", de: "Die Datenbank ist nicht leer" },
        "A restore would replace users and sessions that are there now.",
        "`doorward backup FILE` first, then `doorward restore --force BACKUP`.",
    ),
];
