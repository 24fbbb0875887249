//! Second factors, trusted devices, app passwords, recovery and the spool of mail.

use super::Migration;

/// The tables of second factors, and what sessions and links know more from here on.
pub(super) const MIGRATION: Migration = Migration {
    version: 2,
    name: "factors",
    statements: &[
        // Before, a session had proven a password and nothing else.
        "ALTER TABLE user_session ADD COLUMN proven TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE user_session ADD COLUMN credential TEXT",
        "UPDATE user_session SET proven = 'pwd=' || CAST(authenticated_at AS VARCHAR(20)) WHERE methods = 1",
        "CREATE INDEX user_session_credential ON user_session (credential)",
        // A link of a user is good for the address that the user had.
        "ALTER TABLE link ADD COLUMN address TEXT NOT NULL DEFAULT ''",
        "UPDATE link SET address = COALESCE((SELECT email FROM users WHERE users.id = link.person), '') \
         WHERE purpose = 'password_reset'",
        "CREATE TABLE credential (id TEXT NOT NULL PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id), \
         kind TEXT NOT NULL, name TEXT NOT NULL, secret TEXT NOT NULL, last_step BIGINT NOT NULL, key_id TEXT, \
         rp_id TEXT NOT NULL, sign_count BIGINT NOT NULL, is_discoverable BIGINT NOT NULL, \
         is_device_bound BIGINT NOT NULL, is_backed_up BIGINT NOT NULL, transports TEXT NOT NULL, \
         created_at BIGINT NOT NULL, last_used_at BIGINT)",
        "CREATE INDEX credential_user ON credential (user_id)",
        "CREATE UNIQUE INDEX credential_key ON credential (rp_id, key_id)",
        "CREATE TABLE recovery_code (hash TEXT NOT NULL PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id), \
         created_at BIGINT NOT NULL, used_at BIGINT)",
        "CREATE INDEX recovery_code_user ON recovery_code (user_id)",
        "CREATE TABLE grace (user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id), began_at BIGINT NOT NULL)",
        "CREATE TABLE verified_address (user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id), \
         email TEXT NOT NULL, verified_at BIGINT NOT NULL)",
        "CREATE TABLE challenge (hash TEXT NOT NULL PRIMARY KEY, ceremony TEXT NOT NULL, user_id TEXT, \
         browser TEXT NOT NULL, state TEXT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, \
         used_at BIGINT)",
        "CREATE INDEX challenge_browser ON challenge (browser)",
        "CREATE INDEX challenge_expires ON challenge (expires_at)",
        "CREATE TABLE email_code (user_id TEXT NOT NULL REFERENCES users (id), purpose TEXT NOT NULL, \
         browser TEXT NOT NULL, hash TEXT NOT NULL, tries BIGINT NOT NULL, created_at BIGINT NOT NULL, \
         expires_at BIGINT NOT NULL, used_at BIGINT, PRIMARY KEY (user_id, purpose, browser))",
        "CREATE INDEX email_code_expires ON email_code (expires_at)",
        "CREATE TABLE trusted_device (id TEXT NOT NULL PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id), \
         hash TEXT NOT NULL, name TEXT NOT NULL, address TEXT NOT NULL, created_at BIGINT NOT NULL, \
         last_used_at BIGINT NOT NULL, expires_at BIGINT NOT NULL)",
        "CREATE UNIQUE INDEX trusted_device_hash ON trusted_device (hash)",
        "CREATE INDEX trusted_device_user ON trusted_device (user_id)",
        "CREATE TABLE app_password (id TEXT NOT NULL PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id), \
         app TEXT NOT NULL, name TEXT NOT NULL, hash TEXT NOT NULL, created_at BIGINT NOT NULL, \
         last_used_at BIGINT, expires_at BIGINT)",
        "CREATE UNIQUE INDEX app_password_hash ON app_password (hash)",
        "CREATE INDEX app_password_user ON app_password (user_id)",
        "CREATE TABLE mail (id TEXT NOT NULL PRIMARY KEY, recipient TEXT NOT NULL, user_id TEXT, \
         kind TEXT NOT NULL, body TEXT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, \
         due_at BIGINT NOT NULL, leased_until BIGINT NOT NULL, tries BIGINT NOT NULL, sent_at BIGINT, \
         failed_at BIGINT, why TEXT NOT NULL)",
        "CREATE INDEX mail_due ON mail (due_at)",
        "CREATE INDEX mail_recipient ON mail (recipient)",
    ],
};
