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
            "error parsing url",
            "failed to parse as url",
            "cannot parse `postgres",
            "illegal character in",
            "could not parse rfc1738 url",
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
    if let Some(line) = facts
        .log_any(&[
            "password authentication failed",
            "access denied for user",
            "authentication failed for user",
            "invalid password for user",
            "authentication failed against database server",
            "login failed for user",
            "er_access_denied_error",
            "invalid username/password; logon denied",
        ])
        .or_else(|| log_line(facts, |text| has_each(text, &[&["mongo"], &["authentication failed"]])))
        .or_else(|| {
            log_line(facts, |text| {
                has_each(
                    text,
                    &[&["role \"", "database \"", "unknown database '"], &["does not exist", "unknown database"]],
                )
            })
        })
    {
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
    let down = log_line(facts, |text| has_each(text, &[DOWN]) && is_of_database(text))
        .filter(|line| !is_over(facts, line, REACHED));
    let early = early.filter(|line| !is_over(facts, line, REACHED));
    if let Some(container) = ended(facts) {
        let suspect = told("db.unreachable", "The container of the database does not run.").saw(
            "docker inspect",
            format!("{}, exit {}, {} restarts", container.state, container.exit, container.restarts),
            container.name.clone(),
        );
        let last = facts.log_lines().filter(|line| line.source == container.name).last();
        let suspect = match last {
            Some(line) => quoted(suspect, line),
            None => suspect,
        }
        .fix(format!("docker logs --tail 50 {}   # mend what its last words name, then start it", container.name));
        return Some(match down {
            Some(line) => quoted(suspect, line),
            // Without a word of the app, what the app itself says comes first.
            None => suspect.deep(3).likely(),
        });
    }
    if early.is_some() || down.is_some_and(|line| was_early(facts, line)) {
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

/// What programs say that got no connection.
const DOWN: &[&str] = &[
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
    "failed to connect to",
    "hostname resolving error",
    "can't connect to server on",
    "can't connect to local",
    "communications link failure",
    "server selection timeout",
    "no such host",
    "enotfound",
    "eai_again",
    "could not translate host name",
    "name or service not known",
    "temporary failure in name resolution",
    "no pg_hba.conf entry",
    "getaddrinfo failed",
    "unknownhostexception",
    "unknown host",
    "connection timed out",
    "etimedout",
    "timeout expired",
];

/// What programs say once they have their database.
const REACHED: &[&str] = &[
    "connected to the database",
    "connected to database",
    "connected to postgres",
    "connected to mysql",
    "connected to mariadb",
    "connected to mongo",
    "connected to db",
    "database is there",
    "database is up",
    "database is ready",
    "database ready",
    "database connection ok",
    "database connected",
    "connection has been established",
    "postgres is up",
    "mysql is up",
    "database is available",
    "database available",
];

/// Whether a line speaks of a database, and not of the proxy's upstream or of another store.
fn is_of_database(text: &str) -> bool {
    let about: &[&str] = &[
        // The words of PostgreSQL's own library.
        "could not translate host name",
        "postgres",
        "database",
        "db:",
        "\"db\"",
        "'db'",
        "`db`",
        "lookup db",
        "enotfound db",
        "eai_again db",
        "mysql",
        "mariadb",
        "sqlalchemy",
        "sqlstate",
        "mongo",
        "server at",
        "hy000",
        "prisma",
        "jdbc",
        "sequelize",
        "activerecord",
        "psycopg",
    ];
    let other: &[&str] = &["upstream", "redis", "smtp", "ldap", "memcache", "queuepool", "from the pool", "from pool"];
    let is_about = has_each(text, &[about]) || has_port(text, &["5432", "3306", "27017", "1433"]) || is_of_named(text);
    is_about && !has_each(text, &[other]) && !has_port(text, &["6379"])
}

/// Whether the name that did not resolve is one that databases are given.
fn is_of_named(text: &str) -> bool {
    let name =
        ["enotfound ", "eai_again ", "lookup "].iter().find_map(|word| text.split_once(word)).map(|(_, rest)| rest);
    let name = name.and_then(|rest| rest.split([' ', ':', ',', '"', '\'']).next()).unwrap_or_default();
    name.split(['-', '_', '.']).any(|part| matches!(part, "db" | "pg" | "sql")) || name.ends_with("db")
}

/// Whether a container is one of a database, by its name.
pub(super) fn is_database(container: &Container) -> bool {
    let name = if container.service.is_empty() { &container.name } else { &container.service }.to_lowercase();
    let helps = ["migrat", "init", "seed", "backup", "admin"].iter().any(|word| name.contains(word));
    !helps
        && (["postgres", "mysql", "mariadb", "mongo", "database"].iter().any(|word| name.contains(word))
            || name.split(['-', '_', '.']).any(|part| matches!(part, "db" | "pg"))
            || name.ends_with("db"))
}

/// A container of a database that does not run.
fn ended(facts: &Facts) -> Option<&Container> {
    let all = facts.host.iter().flat_map(|host| &host.containers);
    all.into_iter().find(|container| {
        is_database(container) && matches!(container.state.as_str(), "exited" | "restarting" | "dead" | "created")
    })
}

/// Whether a database that is up now was still starting when the app asked: both were started together, and the app
/// asked at the right place.
fn was_early(facts: &Facts, line: &Line) -> bool {
    let all = || facts.host.iter().flat_map(|host| &host.containers);
    let database = all().find(|container| is_database(container) && container.state == "running");
    // A name that leads nowhere does not lead there later.
    let is_nameless = has_each(
        &line.text,
        &[&[
            "translate host name",
            "not known",
            "no such host",
            "enotfound",
            "eai_again",
            "getaddrinfo",
            "unknown host",
        ]],
    );
    let is_ready = database.is_some()
        || facts.log_ever(&["database system is ready to accept connections", "ready for start up"]).is_some();
    // In a container, loopback is the app itself, and no waiting helps.
    let is_self = database.is_some()
        && has_each(&line.text, &[&["localhost", "127.0.0.1", "::1"]])
        && !has_each(&line.text, &[&["127.0.0.11"]]);
    let is_long_there = database.filter(|database| database.started > 0).is_some_and(|database| {
        let apps: Vec<_> = all().filter(|other| other.started > 0 && !is_database(other)).collect();
        !apps.is_empty() && apps.iter().all(|app| app.started - database.started > 600)
    });
    is_ready && !is_nameless && !is_self && !is_long_there && !is_elsewhere(facts, &line.text)
}

/// Whether a line asks at a port of this host where nobody listens now, while the database is up.
fn is_elsewhere(facts: &Facts, text: &str) -> bool {
    let Some(host) = facts.host.as_ref().filter(|host| !host.listeners.is_empty()) else { return false };
    let words: Vec<_> = text.split(|c: char| c.is_whitespace() || "\"'(),;`".contains(c)).collect();
    let after = |(at, word): (usize, &&str)| {
        if *word == "port" {
            return words.get(at + 1)?.trim_end_matches(':').parse::<u16>().ok();
        }
        word.trim_end_matches(':').rsplit_once(':')?.1.parse().ok()
    };
    let is_here = has_each(text, &[&["127.0.0.1", "localhost", "::1"]]);
    let port = words.iter().enumerate().find_map(after);
    is_here && port.is_some_and(|port| host.on_port(port).next().is_none())
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
            (
                "django.db.utils.OperationalError: (2002, \"Can't connect to server on 'db' (115)\")",
                Some("db.unreachable"),
            ),
            ("Npgsql.NpgsqlException (0x80004005): Failed to connect to 10.0.4.12:5432", Some("db.unreachable")),
            ("FATAL: role \"shop\" does not exist", Some("db.auth_failed_stale_volume")),
            ("getaddrinfo ENOTFOUND smtp.example.com", None),
            ("connect() failed (111: Connection refused) while connecting to upstream", None),
        ] {
            assert_eq!(code(&RULE, &logged(answered(502), text)), expected, "{text}");
            assert_eq!(code(&RULE, &logged(healthy(), text)), None);
        }
    }

    fn container(service: &str, state: &str, started: i64) -> Container {
        Container {
            name: format!("shop-{service}-1"),
            service: service.into(),
            state: state.into(),
            started,
            ..Container::default()
        }
    }

    fn contained(text: &str, containers: &[Container]) -> Facts {
        let mut facts = logged(answered(502), text);
        facts.host.as_mut().unwrap().containers = containers.to_vec();
        facts
    }

    #[test]
    fn a_database_that_was_there_long_before_was_not_starting() {
        let text = "connection to server at \"db\" (172.18.0.4), port 5432 failed: Connection refused";
        let at =
            |database, app| contained(text, &[container("db", "running", database), container("web", "exited", app)]);
        assert_eq!(code(&RULE, &at(1_000, 1_010)), Some("db.started_too_early"));
        assert_eq!(code(&RULE, &at(1_000, 90_000)), Some("db.unreachable"));
        let own = text.replace("\"db\" (172.18.0.4)", "\"localhost\" (127.0.0.1)");
        let facts = contained(&own, &[container("db", "running", 1_000), container("web", "exited", 1_010)]);
        assert_eq!(code(&RULE, &facts), Some("db.unreachable"), "loopback is the app itself");
    }

    #[test]
    fn a_wrong_port_does_not_become_right_by_waiting() {
        let own = "connection to server at \"127.0.0.1\", port 5433 failed: Connection refused";
        for (text, expected) in
            [(own.to_owned(), "db.unreachable"), (own.replace("5433", "5432"), "db.started_too_early")]
        {
            let facts = logged(answered(502), "LOG: database system is ready to accept connections");
            let mut facts = logged(facts, &text);
            facts.host.as_mut().unwrap().listeners = host(&["127.0.0.1:5432"]).listeners;
            assert_eq!(code(&RULE, &facts), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_database_that_was_reached_in_the_end_is_not_why() {
        let facts = logged(answered(502), "dial tcp 10.0.0.5:5432: connect: connection refused");
        assert_eq!(code(&RULE, &facts), Some("db.unreachable"));
        assert_eq!(code(&RULE, &logged(facts, "INFO connected to the database after 3 attempts")), None);
    }

    #[test]
    fn a_database_whose_container_ended_is_not_reached() {
        let facts = contained("panic: cannot open the store", &[container("mysql", "restarting", 0)]);
        let suspect = (RULE.judge)(&facts).unwrap();
        assert_eq!((suspect.code, suspect.depth), ("db.unreachable", 3));
        let facts = contained("panic: cannot open the store", &[container("feedback", "restarting", 0)]);
        assert_eq!(code(&RULE, &facts), None);
    }

    #[test]
    fn a_time_that_holds_the_number_of_a_port_names_no_database() {
        for (text, expected) in [
            (r#"{"ts":1764550432.5432,"msg":"dial tcp 127.0.0.1:8000: connect: connection refused"}"#, None),
            (r#"{"remote_port":"54326","msg":"connect: connection refused"}"#, None),
            ("connect ECONNREFUSED 10.0.0.4:5432", Some("db.unreachable")),
            ("connection to port 3306 failed: Connection refused.", Some("db.unreachable")),
        ] {
            assert_eq!(code(&RULE, &logged(answered(500), text)), expected, "{text}");
        }
    }

    #[test]
    fn a_name_that_databases_are_given_is_one() {
        for (text, expected) in [
            ("Error: getaddrinfo EAI_AGAIN desk-db", Some("db.unreachable")),
            ("Error: getaddrinfo ENOTFOUND shopdb", Some("db.unreachable")),
            ("Error: getaddrinfo EAI_AGAIN idp.example.com", None),
        ] {
            assert_eq!(code(&RULE, &logged(answered(500), text)), expected, "{text}");
        }
    }
}
