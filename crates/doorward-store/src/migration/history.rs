//! Who made a link and how it travelled, whose a session was that has ended, and passwords that came by a link.

use super::Migration;

/// What links and ended sessions know more from here on.
pub(super) const MIGRATION: Migration = Migration {
    version: 3,
    name: "history",
    statements: &[
        // Of a link from before nobody knows who made it; registrations were always mailed.
        "ALTER TABLE link ADD COLUMN author TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE link ADD COLUMN is_mailed BIGINT NOT NULL DEFAULT 0",
        "UPDATE link SET is_mailed = 1 WHERE purpose = 'registration'",
        "CREATE TABLE reset_by_link (user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id), reset_at BIGINT NOT NULL)",
        "ALTER TABLE ended_session ADD COLUMN user_id TEXT",
        "ALTER TABLE ended_session ADD COLUMN created_at BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE ended_session ADD COLUMN address TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE ended_session ADD COLUMN device TEXT NOT NULL DEFAULT ''",
        "CREATE INDEX ended_session_user ON ended_session (user_id, ended_at)",
        // Guesses at codes are counted for each way from here on.
        "DELETE FROM budget WHERE budget_key LIKE 'factor:%:%'",
        "UPDATE budget SET budget_key = budget_key || ':otp' WHERE budget_key LIKE 'factor:%'",
    ],
};
