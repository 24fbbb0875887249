//! Restoring a backup: whole or not at all, into either database, and into a new epoch.

use std::fs;
use std::path::Path;

use doorward_core::Finding;
use doorward_core::UnixTime;
use doorward_core::audit::{Event, Record};
use doorward_core::factor::totp;
use doorward_core::session::EndReason;
use serde_json::Value;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe, Connection as _, Executor as _};

use crate::archive::{ArchiveReader, Item, KeyFile, Summary};
use crate::backup::ordered;
use crate::connection::{self, finding};
use crate::failure::Failure;
use crate::location::Location;
use crate::migration::{self, Migration};
use crate::row::Columns as _;
use crate::schema::{self, Schema};
use crate::store::look_at_pages;
use crate::write;

/// What a restore has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What the backup held.
    pub summary: Summary,
    /// The key files of the backup, for the caller to put in their places.
    pub files: Vec<KeyFile>,
    /// The new epoch.
    pub epoch: i64,
    /// How many sessions of the backup have ended.
    pub ended_sessions: u64,
}

/// What must outlive a replaced database: nobody gets guesses back, and no epoch comes twice.
#[derive(Default)]
struct Kept {
    epoch: i64,
    budgets: Vec<AnyRow>,
}

/// Replaces what the database holds by a backup, of either database. No service may run on it meanwhile.
///
/// The epoch rises above that of the backup and that of the database that is replaced; every session ends
/// with [`EndReason::EpochRaised`]; unused links, codes and refresh tokens are void, and so are recovery codes, trusted
/// devices, app passwords, waiting mail and TOTP steps up to now; budgets of both stay; `event` is appended to the audit log of the backup. All in one transaction.
///
/// # Errors
/// The backup is damaged or of a newer version, the database is not empty and `force` is false, or the
/// database refuses; nothing has changed then.
pub async fn restore(location: &Location, from: &Path, force: bool, event: &Event) -> Result<Restored, Vec<Finding>> {
    let (summary, files) = check(from).await.map_err(|finding| vec![finding])?;
    let mut connection = connect(location, force, event.at).await.map_err(|finding| vec![finding])?;
    let plan = Plan { location, from, event, schema: summary.schema };
    let done = plan.run(&mut connection, force).await;
    connection.close().await.ok();
    let (epoch, ended_sessions) = done.map_err(|finding| vec![finding])?;
    Ok(Restored { summary, files, epoch, ended_sessions })
}

/// Reads the whole backup once, before anything is touched.
async fn check(from: &Path) -> Result<(Summary, Vec<KeyFile>), Finding> {
    let mut reader = ArchiveReader::open(from)?;
    let version = usize::try_from(reader.summary().schema).unwrap_or(usize::MAX);
    let Some(list) = migration::ALL.get(..version) else {
        let subject = from.display().to_string();
        return Err(Finding::error("store.schema_ahead", subject, "a newer Doorward has written this backup")
            .with_remedy("install that version, or use an older backup"));
    };
    let schema = schema::expected(list).await.map_err(|failure| reader.damage(&failure.into_store().to_string()))?;
    let (mut files, mut table) = (Vec::new(), None);
    while let Some(item) = reader.next()? {
        match item {
            Item::File(file) => files.push(file),
            Item::Table(name, columns) => table = Some(known(&reader, &schema, &name, &columns)?),
            Item::Row(row) => {
                let Some(kinds) = &table else { return Err(reader.damage("a row stands before its table")) };
                if !fits(&row, kinds) {
                    return Err(reader.damage("a row does not fit its table"));
                }
            }
        }
    }
    Ok((reader.summary().clone(), files))
}

/// The kinds of the columns of a table that the schema has.
fn known(reader: &ArchiveReader, schema: &Schema, name: &str, columns: &[String]) -> Result<Vec<String>, Finding> {
    let table = schema.tables.get(name).filter(|_| name != "migration");
    let table = table.ok_or_else(|| reader.damage("it has a table that nobody knows"))?;
    let names: Vec<&str> = table.iter().map(|column| column.name.as_str()).collect();
    if names != columns {
        return Err(reader.damage("a table has other columns than it should"));
    }
    Ok(table.iter().map(|column| column.kind.clone()).collect())
}

fn fits(row: &[Value], kinds: &[String]) -> bool {
    let fits = |(value, kind): (&Value, &String)| match value {
        Value::Null => true,
        Value::String(text) => kind == "TEXT" && !text.contains('\0'),
        Value::Number(number) => kind == "BIGINT" && number.is_i64(),
        _ => false,
    };
    row.len() == kinds.len() && row.iter().zip(kinds).all(fits)
}

/// Connects. A damaged embedded database is moved aside where it is to be replaced anyway.
async fn connect(location: &Location, force: bool, at: UnixTime) -> Result<AnyConnection, Finding> {
    let opened = match connection::single(location).await {
        Ok(mut connection) if matches!(location, Location::Sqlite(_)) => {
            look_at_pages(&mut connection, location, i64::MAX).await.map(|()| connection)
        }
        other => other,
    };
    match (opened, location) {
        (Err(finding), Location::Sqlite(path)) if force && finding.code == "store.corrupt" => {
            move_aside(path, at)?;
            connection::single(location).await
        }
        (opened, _) => opened,
    }
}

fn move_aside(path: &Path, at: UnixTime) -> Result<(), Finding> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for end in ["", "-wal", "-shm"] {
        let target = path.with_file_name(format!("{name}.damaged-{}{end}", at.0));
        let moved = fs::rename(path.with_file_name(format!("{name}{end}")), &target);
        if let Err(error) =
            moved.or_else(|error| if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
        {
            let why = format!("the damaged database cannot be moved aside: {error}");
            return Err(Finding::error("store.data_directory", path.display().to_string(), why)
                .with_remedy("let Doorward write to its data directory"));
        }
    }
    tracing::warn!(database = %path.display(), "moved the damaged database aside");
    Ok(())
}

/// One restore under way.
struct Plan<'a> {
    location: &'a Location,
    from: &'a Path,
    event: &'a Event,
    schema: i64,
}

impl Plan<'_> {
    async fn run(&self, connection: &mut AnyConnection, force: bool) -> Result<(i64, u64), Finding> {
        let failed = |error: sqlx::Error| finding(self.location, error.into());
        let dialect = self.location.dialect();
        let mut transaction = connection.begin_with(dialect.begin_migration()).await.map_err(failed)?;
        for statement in dialect.enter_migration() {
            transaction.execute(*statement).await.map_err(failed)?;
        }
        let kept = self.clear(&mut transaction, force).await?;
        let split = usize::try_from(self.schema).unwrap_or(0).min(migration::ALL.len());
        let (before, after) = migration::ALL.split_at(split);
        migration::run(&mut transaction, self.location, before).await?;
        self.load(&mut transaction, before).await?;
        migration::run(&mut transaction, self.location, after).await?;
        let done = self.raise(&mut transaction, kept).await.map_err(|failure| finding(self.location, failure))?;
        transaction.commit().await.map_err(failed)?;
        Ok(done)
    }

    /// Drops the tables that are there, unless they hold something and nobody said that it may go.
    async fn clear(&self, connection: &mut AnyConnection, force: bool) -> Result<Kept, Finding> {
        let failed = |failure: Failure| finding(self.location, failure);
        let there = schema::read(connection, self.location.dialect()).await.map_err(failed)?;
        let ours = schema::expected(migration::ALL).await.map_err(failed)?;
        let is_there = |table: &str| there.tables.contains_key(table);
        let mut kept = Kept::default();
        if is_there("users") && is_there("audit") && !force {
            let query = "SELECT id FROM users UNION ALL SELECT chain FROM audit LIMIT 1";
            let row =
                sqlx::query(query).fetch_optional(&mut *connection).await.map_err(|error| failed(error.into()))?;
            if row.is_some() {
                let subject = self.location.to_string();
                return Err(Finding::error("store.not_empty", subject, "the database holds users or an audit log")
                    .with_remedy("doorward backup FILE; then doorward restore --force BACKUP"));
            }
        }
        // Whatever can still be read protects on; a damaged table protects nobody and must not be in the way.
        if is_there("epoch") {
            let row = sqlx::query("SELECT value FROM epoch WHERE id = 1").fetch_optional(&mut *connection).await;
            kept.epoch =
                row.map_err(|error| failed(error.into()))?.map_or(Ok(0), |row| row.number("value")).map_err(failed)?;
        }
        if is_there("budget") && there.tables.get("budget") == ours.tables.get("budget") {
            let query = sqlx::query("SELECT budget_key, recent, consecutive, blocked_until, touched_at FROM budget");
            kept.budgets = query.fetch_all(&mut *connection).await.map_err(|error| failed(error.into()))?;
        }
        let mut tables = ordered(&ours);
        tables.reverse();
        tables.push("migration");
        for table in tables.into_iter().filter(|table| is_there(table)) {
            let drop = AssertSqlSafe(format!("DROP TABLE {table}"));
            connection.execute(drop).await.map_err(|error| failed(error.into()))?;
        }
        Ok(kept)
    }

    /// Fills the tables with the rows of the backup.
    async fn load(&self, connection: &mut AnyConnection, list: &[Migration]) -> Result<(), Finding> {
        let failed = |error: sqlx::Error| finding(self.location, error.into());
        let mut reader = ArchiveReader::open(self.from)?;
        let schema = schema::expected(list).await.map_err(|failure| finding(self.location, failure))?;
        let (mut insert, mut kinds) = (String::new(), Vec::new());
        while let Some(item) = reader.next()? {
            match item {
                Item::File(_) => {}
                Item::Table(table, columns) => {
                    kinds = known(&reader, &schema, &table, &columns)?;
                    let places: Vec<String> = (1..=columns.len()).map(|place| format!("${place}")).collect();
                    insert = format!("INSERT INTO {table} ({}) VALUES ({})", columns.join(", "), places.join(", "));
                    // The migrations have put their first rows there.
                    connection.execute(AssertSqlSafe(format!("DELETE FROM {table}"))).await.map_err(failed)?;
                }
                Item::Row(row) => {
                    let query = bound(sqlx::query(AssertSqlSafe(insert.clone())), row, &kinds);
                    query.execute(&mut *connection).await.map_err(failed)?;
                }
            }
        }
        Ok(())
    }

    /// Ends whatever the backup would bring back to life, and says so in the log.
    async fn raise(&self, connection: &mut AnyConnection, kept: Kept) -> Result<(i64, u64), Failure> {
        let at = self.event.at.0;
        let query = sqlx::query(
            "INSERT INTO ended_session (id, token, ended_at, reason, user_id, created_at, address, device) \
             SELECT id, token, CAST($1 AS BIGINT), CAST($2 AS TEXT), CASE WHEN stage = 'full' THEN user_id END, \
             created_at, address, device FROM user_session",
        );
        let query = query.bind(at).bind(EndReason::EpochRaised.as_str());
        let ended = query.execute(&mut *connection).await?.rows_affected();
        connection.execute("DELETE FROM user_session").await?;
        // What was used, sent or revoked since the backup must not come back.
        for sql in [
            "DELETE FROM entry_code",
            "DELETE FROM challenge",
            "DELETE FROM email_code",
            "DELETE FROM recovery_code",
            "DELETE FROM trusted_device",
            "DELETE FROM app_password",
            "DELETE FROM mail",
        ] {
            connection.execute(sql).await?;
        }
        // A code that was used since the backup is of a step that has begun by now.
        let step = totp::step_at(self.event.at);
        let query = sqlx::query("UPDATE credential SET last_step = $1 WHERE kind = 'totp' AND last_step < $1");
        query.bind(step).execute(&mut *connection).await?;
        for sql in [
            "UPDATE refresh_token SET withdrawn_at = $1 WHERE used_at IS NULL AND withdrawn_at IS NULL",
            "UPDATE link SET withdrawn_at = $1 WHERE used_at IS NULL AND withdrawn_at IS NULL",
        ] {
            sqlx::query(sql).bind(at).execute(&mut *connection).await?;
        }
        for budget in &kept.budgets {
            keep_budget(connection, budget).await?;
        }
        let row = sqlx::query("SELECT value FROM epoch WHERE id = 1").fetch_optional(&mut *connection).await?;
        let row = row.ok_or_else(|| Failure::corrupt("the epoch is missing"))?;
        let epoch = row.number("value")?.max(kept.epoch) + 1;
        sqlx::query("UPDATE epoch SET value = $1 WHERE id = 1").bind(epoch).execute(&mut *connection).await?;
        append(connection, self.event).await?;
        Ok((epoch, ended))
    }
}

/// The query with the values of a row; a nothing has to be of its column's type.
fn bound<'q>(query: Query<'q, Any, AnyArguments>, row: Vec<Value>, kinds: &[String]) -> Query<'q, Any, AnyArguments> {
    row.into_iter().zip(kinds).fold(query, |query, (value, kind)| match value {
        Value::String(text) => query.bind(text),
        value if kind == "TEXT" => query.bind(value.as_str().map(str::to_owned)),
        value => query.bind(value.as_i64()),
    })
}

/// Guesses counted since the backup count on.
async fn keep_budget(connection: &mut AnyConnection, budget: &AnyRow) -> Result<(), Failure> {
    sqlx::query(
        "INSERT INTO budget (budget_key, recent, consecutive, blocked_until, touched_at) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (budget_key) DO UPDATE SET recent = excluded.recent, \
         consecutive = excluded.consecutive, blocked_until = excluded.blocked_until, \
         touched_at = excluded.touched_at",
    )
    .bind(budget.text("budget_key")?)
    .bind(budget.text("recent")?)
    .bind(budget.number("consecutive")?)
    .bind(budget.number("blocked_until")?)
    .bind(budget.number("touched_at")?)
    .execute(connection)
    .await?;
    Ok(())
}

/// Appends the event of the restore to the chain of the backup.
async fn append(connection: &mut AnyConnection, event: &Event) -> Result<(), Failure> {
    let row = sqlx::query("SELECT seq, chain FROM audit_head WHERE id = 1").fetch_optional(&mut *connection).await?;
    let row = row.ok_or_else(|| Failure::corrupt("the audit chain has no head"))?;
    let record = Record::place(event, row.number("seq")? + 1, &row.text("chain")?);
    let (seq, chain) = (record.seq, record.chain.clone());
    write::insert(connection, record).await?;
    let query = sqlx::query("UPDATE audit_head SET seq = $1, chain = $2 WHERE id = 1");
    query.bind(seq).bind(chain).execute(connection).await?;
    Ok(())
}
