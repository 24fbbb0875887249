//! The outbox by itself: what waits is found without the letters that were sent, and strangers' letters come last.

use super::Migration;

/// What the outbox is looked through by, from here on.
pub(super) const MIGRATION: Migration = Migration {
    version: 4,
    name: "outbox",
    statements: &[
        "ALTER TABLE mail ADD COLUMN is_strangers BIGINT NOT NULL DEFAULT 0",
        "UPDATE mail SET is_strangers = 1 WHERE kind IN ('registration', 'already_registered', 'password_reset')",
        "DROP INDEX mail_due",
        "DROP INDEX mail_recipient",
        "CREATE INDEX mail_next ON mail (is_strangers, due_at, id) WHERE sent_at IS NULL AND failed_at IS NULL",
        "CREATE INDEX mail_room ON mail (recipient, is_strangers) WHERE sent_at IS NULL AND failed_at IS NULL",
        "CREATE INDEX mail_created ON mail (created_at)",
    ],
};
