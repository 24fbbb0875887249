//! The first tables.

use super::Migration;

/// Users, sessions, tokens, links, codes of entry, budgets, the audit chain and the epoch.
pub(super) const MIGRATION: Migration = Migration {
    version: 1,
    name: "initial",
    statements: &[
        "CREATE TABLE users (id TEXT NOT NULL PRIMARY KEY, email TEXT NOT NULL, name TEXT NOT NULL, \
         group_names TEXT NOT NULL, status TEXT NOT NULL, password TEXT, password_changed_at BIGINT NOT NULL, \
         must_change_password BIGINT NOT NULL, created_at BIGINT NOT NULL)",
        "CREATE UNIQUE INDEX users_email ON users (email)",
        "CREATE TABLE user_session (id TEXT NOT NULL PRIMARY KEY, token TEXT, handle TEXT NOT NULL, \
         user_id TEXT NOT NULL REFERENCES users (id), kind TEXT NOT NULL, stage TEXT NOT NULL, \
         methods BIGINT NOT NULL, is_persistent BIGINT NOT NULL, created_at BIGINT NOT NULL, \
         authenticated_at BIGINT NOT NULL, last_seen BIGINT NOT NULL, address TEXT NOT NULL, device TEXT NOT NULL)",
        "CREATE UNIQUE INDEX user_session_token ON user_session (token)",
        "CREATE INDEX user_session_user ON user_session (user_id)",
        "CREATE TABLE ended_session (id TEXT NOT NULL PRIMARY KEY, token TEXT, ended_at BIGINT NOT NULL, \
         reason TEXT NOT NULL)",
        "CREATE INDEX ended_session_ended ON ended_session (ended_at)",
        "CREATE TABLE refresh_token (hash TEXT NOT NULL PRIMARY KEY, session_id TEXT NOT NULL, \
         access_id TEXT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, used_at BIGINT, \
         successor TEXT, access_used_at BIGINT, withdrawn_at BIGINT)",
        "CREATE UNIQUE INDEX refresh_token_access ON refresh_token (access_id)",
        "CREATE INDEX refresh_token_session ON refresh_token (session_id)",
        "CREATE TABLE link (id TEXT NOT NULL PRIMARY KEY, hash TEXT NOT NULL, purpose TEXT NOT NULL, \
         person TEXT NOT NULL, group_names TEXT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, \
         used_at BIGINT, withdrawn_at BIGINT)",
        "CREATE UNIQUE INDEX link_hash ON link (hash)",
        "CREATE INDEX link_person ON link (person)",
        "CREATE TABLE entry_code (hash TEXT NOT NULL PRIMARY KEY, handle TEXT NOT NULL, user_id TEXT NOT NULL, \
         host TEXT NOT NULL, browser TEXT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, \
         used_at BIGINT)",
        "CREATE INDEX entry_code_expires ON entry_code (expires_at)",
        "CREATE TABLE budget (budget_key TEXT NOT NULL PRIMARY KEY, recent TEXT NOT NULL, \
         consecutive BIGINT NOT NULL, blocked_until BIGINT NOT NULL, touched_at BIGINT NOT NULL)",
        "CREATE TABLE known_browser (user_id TEXT NOT NULL REFERENCES users (id), browser TEXT NOT NULL, \
         seen_at BIGINT NOT NULL, PRIMARY KEY (user_id, browser))",
        "CREATE TABLE audit (seq BIGINT NOT NULL PRIMARY KEY, happened_at BIGINT NOT NULL, action TEXT NOT NULL, \
         actor TEXT NOT NULL, user_id TEXT NOT NULL, session_id TEXT NOT NULL, address TEXT NOT NULL, \
         device TEXT NOT NULL, reason TEXT NOT NULL, request_id TEXT NOT NULL, detail TEXT NOT NULL, \
         chain TEXT NOT NULL)",
        "CREATE INDEX audit_user ON audit (user_id, seq)",
        "CREATE INDEX audit_request ON audit (request_id)",
        "CREATE TABLE audit_head (id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1), seq BIGINT NOT NULL, \
         chain TEXT NOT NULL)",
        "INSERT INTO audit_head (id, seq, chain) VALUES (1, 0, '')",
        "CREATE TABLE refusal (hour BIGINT NOT NULL, reason TEXT NOT NULL, network TEXT NOT NULL, \
         refused BIGINT NOT NULL, sample TEXT NOT NULL, PRIMARY KEY (hour, reason, network))",
        "CREATE TABLE epoch (id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1), value BIGINT NOT NULL)",
        "INSERT INTO epoch (id, value) VALUES (1, 1)",
    ],
};
