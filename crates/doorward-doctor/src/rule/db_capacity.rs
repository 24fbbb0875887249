//! `db.capacity`: no connection to the database is left.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "db.capacity", judge };

/// What pools and databases say of connections that are taken and not given back.
const LEAKS: &[&str] = &[
    "idle in transaction",
    "idle-in-transaction",
    "connection leak",
    "leaked connection",
    "connection was leaked",
    "non-checked-in connection",
    "never returned to the pool",
    "not returned to the pool",
];

fn judge(facts: &Facts) -> Option<Suspect> {
    let full = database(facts).filter(|database| {
        database.used.is_some_and(|(used, most)| used >= most)
            || ["too many clients", "too many connections"]
                .iter()
                .any(|words| database.refused.to_lowercase().contains(words))
    });
    // Threads are no connections.
    let line = |words: &[&str]| facts.log_any(words).filter(|line| !line.text.to_lowercase().contains("thread pool"));
    let (code, why, line, fix) = if let Some(line) = line(&[
        "too many clients already",
        "too many connections",
        "remaining connection slots are reserved",
        "max_user_connections",
        "er_con_count_error",
        "no more connections allowed",
        "maximum number of connections",
        "maximum number of sessions",
        "connection limit exceeded",
        "max client connections reached",
        "ora-00018",
        "ora-00020",
        "ora-12516",
        "ora-12519",
    ]) {
        (
            "db.too_many_connections",
            "The database has no connection left: all pools together want more than it allows.",
            Some(line),
            "workers × pool size must stay below max_connections: lower the pool, or put pgbouncer between",
        )
    } else if let Some(line) = line(&[
        "queuepool limit",
        "connection pool exhausted",
        "pool timed out",
        "timed out fetching a new connection from the connection pool",
        "timeout acquiring a connection",
        "unable to acquire a connection",
        "pool is full",
        "is probably full",
        "connection is not available, request timed out",
        "connectionacquiretimeout",
        "pool exhausted",
        "poolerror",
        "timed out while waiting for an open connection",
        "timeout exceeded when trying to connect",
        "timed out waiting for connection from pool",
        "remaining connection pool",
        "could not obtain a connection from the pool",
        "all pooled connections were in use",
        "pooltimeout",
        "poolexhausted",
        "connection pool has been exhausted",
        "obtaining a connection from the pool",
        "checkout a connection has timed out",
        "checking out a connection from connection pool",
        "waiting for a slot to become available",
        "your connection pool cannot serve them",
        "no connections available",
        "request was dropped from queue",
        "waiting for a free connection",
    ]) {
        let idle =
            database(facts).is_some_and(|database| database.idle_in_transaction > 1) || facts.log_ever(LEAKS).is_some();
        if idle {
            (
                "db.pool_leak",
                "The app's pool is used up by connections that are taken and not given back.",
                Some(line),
                "close the session in every way out of a request; ALTER SYSTEM SET idle_in_transaction_session_timeout = '30s'",
            )
        } else {
            (
                "db.pool_exhausted",
                "All connections of the app's pool are in use, and the sign-in waits until it gives up.",
                Some(line),
                "give connections back before slow work; raise the pool within the database's limit",
            )
        }
    } else if full.is_some() {
        (
            "db.too_many_connections",
            "The database has no connection left.",
            None,
            "workers × pool size must stay below max_connections: lower the pool, or put pgbouncer between",
        )
    } else {
        return None;
    };
    if !is_failing_inside(facts) {
        return None;
    }
    let suspect = Suspect::new(code, why)
        .at(shows_inside(facts, Link::Db))
        .deep(6)
        .not("db.unreachable", "the database answers")
        .fix(fix);
    Some(match line {
        Some(line) => quoted(suspect, line),
        None => suspect,
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn the_words_of_pool_and_database_tell() {
        for (text, expected) in [
            ("FATAL: sorry, too many clients already", Some("db.too_many_connections")),
            ("QueuePool limit of size 10 overflow 20 reached, connection timed out", Some("db.pool_exhausted")),
            (
                "ActiveRecord::ConnectionTimeoutError (could not obtain a connection from the pool within 5.000 seconds)",
                Some("db.pool_exhausted"),
            ),
            ("psycopg_pool.PoolTimeout: couldn't get a connection after 30.00 sec", Some("db.pool_exhausted")),
            (
                "Apparent connection leak detected; Connection is not available, request timed out after 30000ms",
                Some("db.pool_leak"),
            ),
            ("SequelizeConnectionError: code: 'ER_CON_COUNT_ERROR', errno: 1040", Some("db.too_many_connections")),
            ("all well", None),
        ] {
            let mut facts = logged(healthy(), text);
            facts.signin.attempts = vec![Attempt { answer: Answer::Failure, status: 500, ..Attempt::default() }];
            assert_eq!(code(&RULE, &facts), expected);
        }
    }

    #[test]
    fn a_role_without_a_connection_left_is_full() {
        let mut facts = healthy();
        let refused = "FATAL: too many connections for role \"shop\"".to_owned();
        let database = crate::facts::Database { is_tried: true, refused, ..Default::default() };
        facts.host.get_or_insert_default().database = Some(database);
        assert_eq!(code(&RULE, &facts), Some("db.too_many_connections"));
    }
}
