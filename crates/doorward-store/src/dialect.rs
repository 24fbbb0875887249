//! The few words in which the two databases differ.

/// Which database is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// The embedded one.
    Sqlite,
    /// The server.
    Postgres,
}

impl Dialect {
    /// Begins a transaction that will write. SQLite takes its one write lock at once, so that the
    /// transaction never fails half-way because another one was faster.
    pub(crate) fn begin_write(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }

    /// Begins a transaction that reads one moment throughout.
    pub(crate) fn begin_snapshot(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN",
            Self::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        }
    }

    /// What lets a long reading take its time.
    pub(crate) fn unhurried(self) -> &'static [&'static str] {
        match self {
            Self::Sqlite => &[],
            Self::Postgres => &["SET LOCAL statement_timeout = 0"],
        }
    }

    /// Reads the head of the audit chain and keeps it from every other writer until the transaction ends.
    /// The embedded database has only one writer anyway.
    pub(crate) fn lock_head(self) -> &'static str {
        match self {
            Self::Sqlite => "SELECT seq, chain FROM audit_head WHERE id = 1",
            Self::Postgres => "SELECT seq, chain FROM audit_head WHERE id = 1 FOR UPDATE",
        }
    }

    /// Reads one budget and keeps it from every other writer.
    pub(crate) fn lock_budget(self) -> &'static str {
        match self {
            Self::Sqlite => "SELECT recent, consecutive, blocked_until FROM budget WHERE budget_key = $1",
            Self::Postgres => "SELECT recent, consecutive, blocked_until FROM budget WHERE budget_key = $1 FOR UPDATE",
        }
    }

    /// Begins the transaction of a migration, which no other process may enter.
    pub(crate) fn begin_migration(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN EXCLUSIVE",
            Self::Postgres => "BEGIN",
        }
    }

    /// What is said first in a migration's transaction: PostgreSQL waits for its turn, without a limit on
    /// the statements that follow.
    pub(crate) fn enter_migration(self) -> &'static [&'static str] {
        match self {
            Self::Sqlite => &[],
            Self::Postgres => &[
                "SET LOCAL statement_timeout = 0",
                "SET LOCAL lock_timeout = 0",
                "SELECT pg_advisory_xact_lock(1685024626)",
            ],
        }
    }

    /// The text of a migration in this dialect. PostgreSQL sorts text by the locale unless told to sort by
    /// bytes, as SQLite does.
    pub(crate) fn definition(self, sql: &str) -> String {
        match self {
            Self::Sqlite => sql.to_owned(),
            Self::Postgres => sql.replace(" TEXT", " TEXT COLLATE \"C\""),
        }
    }

    /// How many connections there are and may be, this one left out, where others have any: `idle`, `used`, `most`,
    /// and of this database alone `used_here`, `most_here` (-1 for no bound).
    pub(crate) fn connections(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(
                "SELECT CAST(COUNT(*) FILTER (WHERE datname = current_database() \
                 AND state LIKE 'idle in transaction%') AS BIGINT) AS idle, \
                 CAST(COUNT(*) AS BIGINT) AS used, \
                 CAST(COUNT(*) FILTER (WHERE datname = current_database()) AS BIGINT) AS used_here, \
                 CAST(current_setting('max_connections') AS BIGINT) \
                 - CAST(current_setting('superuser_reserved_connections') AS BIGINT) AS most, \
                 CAST((SELECT datconnlimit FROM pg_database WHERE datname = current_database()) AS BIGINT) AS most_here \
                 FROM pg_stat_activity WHERE datname IS NOT NULL AND pid <> pg_backend_pid()",
            ),
        }
    }

    /// Every column: `table_name`, `column_name`, `column_type` (upper case), `is_required`.
    pub(crate) fn columns(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "SELECT t.name AS table_name, c.name AS column_name, UPPER(c.type) AS column_type, \
                 c.\"notnull\" AS is_required FROM sqlite_master t JOIN pragma_table_info(t.name) c \
                 WHERE t.type = 'table' ORDER BY t.name, c.cid"
            }
            Self::Postgres => {
                "SELECT CAST(table_name AS TEXT) AS table_name, CAST(column_name AS TEXT) AS column_name, \
                 UPPER(CAST(data_type AS TEXT)) AS column_type, \
                 CAST(CASE is_nullable WHEN 'NO' THEN 1 ELSE 0 END AS BIGINT) AS is_required \
                 FROM information_schema.columns WHERE table_schema = current_schema() \
                 ORDER BY table_name, ordinal_position"
            }
        }
    }

    /// Every named index: `table_name`, `index_name`, `is_unique`.
    pub(crate) fn indexes(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "SELECT t.name AS table_name, i.name AS index_name, i.\"unique\" AS is_unique \
                 FROM sqlite_master t JOIN pragma_index_list(t.name) i \
                 WHERE t.type = 'table' AND i.origin = 'c'"
            }
            Self::Postgres => {
                "SELECT CAST(t.relname AS TEXT) AS table_name, CAST(c.relname AS TEXT) AS index_name, \
                 CAST(CASE WHEN i.indisunique THEN 1 ELSE 0 END AS BIGINT) AS is_unique \
                 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid \
                 JOIN pg_namespace n ON n.oid = t.relnamespace \
                 WHERE n.nspname = current_schema() AND i.indisvalid"
            }
        }
    }
}
