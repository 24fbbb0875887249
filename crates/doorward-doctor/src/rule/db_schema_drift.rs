//! `db.schema_drift`: the schema is not the program's.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "db.schema_drift", judge };

/// Whether a line says that the database has no such column.
pub(super) fn is_missing_column(line: &str) -> bool {
    let line = line.to_lowercase();
    ["undefinedcolumn", "undefined column", "no such column", "unknown column"].iter().any(|words| line.contains(words))
        || line.contains("column") && line.contains("does not exist")
}

/// How a program says that a version is not the one that it needs.
const OTHER: &[&str] =
    &["mismatch", "expected", "older", "newer", "outdated", "unsupported", "requires", "behind", "not match"];

/// Words of whoever checks the schema of a database; the schema of a request is another one.
const STORES: &[&str] =
    &["database", "migration", "table", "column", "sql", "flyway", "liquibase", "hibernate", "prisma"];

fn judge(facts: &Facts) -> Option<Suspect> {
    let lacking = database(facts)
        .filter(|database| !database.missing.is_empty() || !database.lacking.is_empty() || !database.ahead.is_empty());
    let line = facts
        .log_any(&[
            "no such table",
            "undefinedtable",
            "does not exist on table",
            "pending migration",
            "migrations are pending",
            "unapplied migration",
            "pendingmigration",
            "schema is out of date",
            "schema is not up to date",
            "undefined_table",
            "undefined_column",
            "er_no_such_table",
            "er_bad_field_error",
            "invalid object name",
            "invalid column name",
            "schema-validation: missing",
            "can't locate revision",
            "dirty database version",
            "migrations have failed validation",
            "failed migrations in the target database",
            "ora-00904",
            "ora-00942",
            "has changed since the database was created",
        ])
        .or_else(|| log_line(facts, |text| has_each(text, &[&["schema validation failed"], STORES])))
        .or_else(|| log_line(facts, |text| has_each(text, &[&["schema version"], OTHER])))
        .or_else(|| facts.log_lines().filter(|line| is_missing_column(&line.text)).last())
        .or_else(|| {
            let gone: &[&str] = &["does not exist", "doesn't exist", "not found"];
            log_line(facts, |text| has_each(text, &[&["relation", "table \"", "table '", "table `"], gone]))
        });
    if !is_failing_inside(facts) || lacking.is_none() && line.is_none() {
        return None;
    }
    let mut suspect = Suspect::new("db.schema_drift", "The database lacks what this version of the app needs: its migrations have not run to the end.").at(shows_inside(facts, Link::Db)).deep(6).not("db.unreachable", "the database answers").fix(match facts.profile.as_str() {
        "django" => "python manage.py migrate",
        "doorward" => "doorward migrate up",
        _ => "run the app's migrations (alembic upgrade head, npx prisma migrate deploy, rails db:migrate, …), and let its start do so",
    });
    if let Some(database) = lacking.filter(|database| !database.ahead.is_empty()) {
        suspect.fix = vec!["install the newer version again, or restore the backup from before the upgrade".to_owned()];
        suspect = suspect.saw(
            "the schema",
            format!("made by a newer program: {}", database.ahead.join(", ")),
            database.place.clone(),
        );
    } else if let Some(database) = lacking {
        suspect = suspect.saw(
            "the schema",
            format!(
                "missing: {}",
                database.missing.iter().chain(&database.lacking).cloned().collect::<Vec<_>>().join(", ")
            ),
            database.place.clone(),
        );
    }
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
    fn a_missing_column_is_a_migration_that_did_not_run() {
        let mut facts = logged(healthy(), "ERROR: column users.status does not exist");
        assert_eq!(code(&RULE, &facts), None);
        facts.signin.attempts = vec![Attempt { answer: Answer::Failure, status: 500, ..Attempt::default() }];
        assert_eq!(code(&RULE, &facts), Some("db.schema_drift"));
        // What the program itself misses counts, however the site answers a stranger.
        let mut seen = healthy();
        let lacking = vec!["users.status".to_owned()];
        let database = crate::facts::Database { is_tried: true, lacking, ..Default::default() };
        seen.host = Some(Host { database: Some(database), ..Host::default() });
        assert_eq!(code(&RULE, &seen), Some("db.schema_drift"));
    }

    #[test]
    fn programs_of_each_language_say_that_a_migration_is_missing() {
        for (text, expected) in [
            ("ActiveRecord::PendingMigrationError (", Some("db.schema_drift")),
            ("Schema-validation: missing column [status] in table [users]", Some("db.schema_drift")),
            ("schema version 41 is older than 42", Some("db.schema_drift")),
            ("schema version 42 is in use", None),
            ("Database schema validation failed: users.status", Some("db.schema_drift")),
            ("request schema validation failed: body must have required property 'email'", None),
        ] {
            assert_eq!(code(&RULE, &logged(answered(500), text)), expected, "{text}");
        }
    }
}
