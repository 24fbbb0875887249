//! `db.write_refused`: reading works and writing does not.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "db.write_refused", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let failing = is_failing_inside(facts)
        || facts
            .signin
            .attempts
            .iter()
            .any(|attempt| attempt.variant == Variant::Real && attempt.answer != Answer::Welcome)
        || facts.signin.after.iter().any(|status| *status >= 400);
    if !failing {
        return None;
    }
    let full = facts.host.iter().flat_map(|host| &host.disks).find(|disk| {
        disk.total > 0 && (disk.free < 64 * 1024 || disk.files_free == 0 && disk.total > 0 && disk.free == 0)
    });
    let line = facts.log_any(&[
        "no space left on device",
        "disk full",
        "database or disk is full",
        "enospc",
        "errno 28",
        "error number 28",
        "errcode: 28",
        "got error 28",
        "os error 28",
        "disk is full",
        "disk quota exceeded",
        "could not extend file",
    ]);
    // MySQL says of a table what is so of its disk.
    let line = line.or_else(|| log_line(facts, |text| has_each(text, &[&["the table '"], &["is full"]])));
    let read_only = facts.log_any(&[
        "attempt to write a readonly database",
        "readonly database",
        "read-only file system",
        "cannot execute insert in a read-only transaction",
        "read-only transaction",
        "erofs",
        "cannot execute update in a read-only",
        "--read-only option",
        "--super-read-only option",
        "database is read-only",
        "is in read-only mode",
        "notwritableprimary",
        "notprimarynosecondaryok",
        "notprimaryorsecondary",
        "sqlite_readonly",
    ]);
    // MongoDB's words, which others use of a leader among any servers.
    let read_only = read_only.or_else(|| {
        log_line(facts, |text| has_each(text, &[&["not primary"], &["mongo", "10107", "replica set", "replset"]]))
    });
    // What a role may read and not write; where it may not even read, the table is somebody else's.
    let denied = log_line(facts, |text| {
        has_each(
            text,
            &[
                &["permission denied for table", "permission denied for relation", "permission denied for sequence"],
                &["insert", "update", "delete", "nextval"],
            ],
        ) || has_each(
            text,
            &[&[
                "insert command denied to user",
                "update command denied to user",
                "the insert permission was denied",
                "the update permission was denied",
            ]],
        )
    });
    let write = database(facts).map(|database| database.write.to_lowercase()).unwrap_or_default();
    let told = |code, why: &str, fix: &str| {
        Suspect::new(code, why)
            .at(shows_inside(facts, Link::Db))
            .deep(7)
            .not("db.unreachable", "reading works")
            .fix(fix)
    };
    if let Some(line) = read_only {
        return Some(quoted(
            told(
                "db.read_only",
                "The app may read its database and not write it.",
                "chown -R APP-USER: the folder of the database, not the file alone",
            ),
            line,
        ));
    }
    if line.is_some() || full.is_some() || write.contains("full") {
        let suspect = told(
            "db.disk_full",
            "The disk is full, so nothing can be written.",
            "df -h; df -i   # then free space, and let logs rotate",
        );
        let suspect = match full {
            Some(disk) => suspect.saw(
                format!("room at {}", disk.path),
                format!("{} bytes of {}", disk.free, disk.total),
                "the host",
            ),
            None => suspect,
        };
        return Some(match line {
            Some(line) => quoted(suspect, line),
            None => suspect,
        });
    }
    if denied.is_some() || write.contains("permission denied") {
        let suspect = told(
            "db.read_only",
            "The role of the database may read the tables and not write them.",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ROLE;   # and ALTER DEFAULT PRIVILEGES for tables to come",
        );
        return Some(match denied {
            Some(line) => quoted(suspect, line),
            None => suspect.saw("write and roll back", write, "database"),
        });
    }
    (write.contains("readonly") || write.contains("read-only")).then(|| {
        told(
            "db.read_only",
            "A write that was rolled back is refused.",
            "give the folder of the database to the app's user, or connect to the primary",
        )
        .saw("write and roll back", write, "database")
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn tells_a_full_disk_from_a_closed_folder() {
        for (text, expected) in [
            ("OSError: [Errno 28] No space left on device", Some("db.disk_full")),
            ("sqlite3.OperationalError: attempt to write a readonly database", Some("db.read_only")),
            ("Error 1114 (HY000): The table 'sessions' is full", Some("db.disk_full")),
            ("(1290, 'The MySQL server is running with the --read-only option so it cannot')", Some("db.read_only")),
            ("(1142, \"INSERT command denied to user 'shop'@'10.0.0.4' for table 'sessions'\")", Some("db.read_only")),
            ("permission denied for table sessions [SQL: INSERT INTO sessions ...]", Some("db.read_only")),
            ("permission denied for table users [SQL: SELECT id FROM users]", None),
            ("MongoServerError: not primary", Some("db.read_only")),
            ("scheduler: this node is not primary, jobs are left to the leader", None),
            ("all well", None),
        ] {
            let mut facts = logged(healthy(), text);
            facts.signin.attempts = vec![Attempt { answer: Answer::Failure, status: 500, ..Attempt::default() }];
            assert_eq!(code(&RULE, &facts), expected);
        }
    }
}
