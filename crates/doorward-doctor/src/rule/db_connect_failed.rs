//! `db.connect_failed`: the app does not get to its database.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "db.connect_failed", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    if !is_failing_inside(facts) {
        return None;
    }
    let refused = database(facts).map(|database| database.refused.clone()).unwrap_or_default();
    let told = |code, why: &str| Suspect::new(code, why).at(shows_inside(facts, Link::Db)).deep(6);
    let broken = database(facts).is_some_and(|database| database.is_url_broken);
    let nameless: &[&str] = &[
        "could not translate host name",
        "enotfound",
        "name or service not known",
        "no such host",
        "unknown server host",
    ];
    let url = log_line(facts, |text| has_each(text, &[nameless, &["@"]])).or_else(|| {
        facts.log_any(&[
            "invalid port",
            "invalid integer value for connection option \"port\"",
            "port could not be cast",
            "invalid port number",
            "invalid uri",
            "port could not be parsed",
            "empty host",
            "invalid database url",
            "error parsing connection string",
            "could not parse sqlalchemy url",
        ])
    });
    if broken || url.is_some() {
        let suspect = told(
            "config.db_url_unescaped",
            "A character of the password ends a part of the database's URL, so its host or port is wrong.",
        )
        .not("db.unreachable", "no connection was even tried")
        .fix("DATABASE_URL with the password percent-encoded: @ is %40, # is %23, / is %2F, ? is %3F, : is %3A");
        return Some(match url {
            Some(line) => quoted(suspect, line),
            None => suspect.saw("the URL of the database", "its host is part of the password", "settings"),
        });
    }
    if let Some(line) = facts.log_any(&[
        "password authentication failed",
        "access denied for user",
        "authentication failed for user",
        "invalid password for user",
    ]) {
        return Some(
            quoted(
                told(
                    "db.auth_failed_stale_volume",
                    "The database refuses the app's password: its volume was made with another one.",
                )
                .not("db.unreachable", "the database answers"),
                line,
            )
            .fix("in the database: ALTER USER NAME WITH PASSWORD '…';   # the one of the settings"),
        );
    }
    if refused.to_lowercase().contains("authentication") {
        return Some(
            told("db.auth_failed_stale_volume", "The database refuses the app's password.")
                .saw("connect", refused, "database"),
        );
    }
    let early = facts.log_any(&[
        "the database system is starting up",
        "database system is shutting down",
        "not yet accepting connections",
    ]);
    let down = facts
        .log_any(&[
            "connection to server",
            "could not connect to server",
            "econnrefused",
            "connection refused",
            "can't connect to mysql",
            "no route to host",
            "connect to database",
            "can't reach database server",
            "connection to database failed",
            "database is unreachable",
            "could not connect to the database",
            "failed to connect to `",
            "hostname resolving error",
        ])
        .filter(|line| {
            let text = line.text.to_lowercase();
            [
                "5432",
                "3306",
                "postgres",
                "database",
                "db:",
                "mysql",
                "sqlalchemy",
                "27017",
                "server at",
                "hy000",
                "prisma",
            ]
            .iter()
            .any(|word| text.contains(word))
                && !text.contains("upstream")
                && !text.contains("6379")
                && !text.contains("redis")
        });
    let ready = facts.host.iter().flat_map(|host| &host.containers).any(|container| {
        (container.service.contains("db")
            || container.service.contains("postgres")
            || container.name.contains("postgres")
            || container.name.contains("-db-"))
            && container.state == "running"
    }) || facts.log_ever(&["database system is ready to accept connections"]).is_some();
    if early.is_some() || down.is_some() && ready {
        let suspect = told("db.started_too_early", "The app asked for its database while that was still starting, and did not ask again.").not("db.unreachable", "the database is up now").fix("healthcheck of the database: test: [\"CMD-SHELL\", \"pg_isready -h 127.0.0.1\"]; depends_on: condition: service_healthy").fix("docker compose restart APP");
        return early.or(down).map(|line| quoted(suspect, line));
    }
    if let Some(line) = down {
        return Some(
            quoted(told("db.unreachable", "The app does not reach its database."), line)
                .fix("start the database, and compare host and port with the app's settings"),
        );
    }
    (!refused.is_empty() && !refused.to_lowercase().contains("too many"))
        .then(|| told("db.unreachable", "The database does not take a connection.").saw("connect", refused, "database"))
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn the_apps_words_tell() {
        for (text, expected) in [
            ("could not translate host name \"xxx@db\" to address", Some("config.db_url_unescaped")),
            ("FATAL: password authentication failed for user \"shop\"", Some("db.auth_failed_stale_volume")),
            (
                "connection to server at \"db\" (172.18.0.4), port 5432 failed: Connection refused",
                Some("db.unreachable"),
            ),
            (
                "failed to connect to `user=shop database=shop`: hostname resolving error: lookup db: no such host",
                Some("db.unreachable"),
            ),
            ("FATAL: the database system is starting up", Some("db.started_too_early")),
            ("connect() failed (111: Connection refused) while connecting to upstream", None),
        ] {
            assert_eq!(code(&RULE, &logged(answered(502), text)), expected, "{text}");
            assert_eq!(code(&RULE, &logged(healthy(), text)), None);
        }
    }
}
