//! Comparing the tables that are there with the tables that the migrations make.

use std::collections::BTreeMap;

use doorward_core::Finding;
use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, ConnectOptions as _, Connection as _};

use crate::connection::finding;
use crate::dialect::Dialect;
use crate::failure::Failure;
use crate::location::Location;
use crate::migration::{self, Migration};
use crate::row::Columns as _;

/// The columns of every table, in their order, and the named indexes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Schema {
    pub(crate) tables: BTreeMap<String, Vec<Column>>,
    pub(crate) indexes: BTreeMap<String, Index>,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) is_required: bool,
}

/// One named index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Index {
    pub(crate) table: String,
    pub(crate) is_unique: bool,
}

/// Reads the schema of a database.
pub(crate) async fn read(connection: &mut AnyConnection, dialect: Dialect) -> Result<Schema, Failure> {
    let mut schema = Schema::default();
    for row in sqlx::query(dialect.columns()).fetch_all(&mut *connection).await? {
        let column = Column {
            name: row.text("column_name")?,
            kind: row.text("column_type")?,
            is_required: row.flag("is_required")?,
        };
        schema.tables.entry(row.text("table_name")?).or_default().push(column);
    }
    for row in sqlx::query(dialect.indexes()).fetch_all(connection).await? {
        let index = Index { table: row.text("table_name")?, is_unique: row.flag("is_unique")? };
        schema.indexes.insert(row.text("index_name")?, index);
    }
    Ok(schema)
}

/// What migrations make, found by running them on an empty database in memory.
pub(crate) async fn expected(list: &[Migration]) -> Result<Schema, Failure> {
    sqlx::any::install_default_drivers();
    let memory: AnyConnectOptions = "sqlite::memory:".parse()?;
    let mut connection = memory.disable_statement_logging().connect().await?;
    let nowhere = Location::Sqlite(":memory:".into());
    let made = migration::run(&mut connection, &nowhere, list).await;
    made.map_err(|finding| Failure::corrupt(finding.why))?;
    let schema = read(&mut connection, Dialect::Sqlite).await?;
    connection.close().await?;
    Ok(schema)
}

/// Refuses a database whose tables were altered by hand. Further tables are nobody's business: the database
/// may be shared.
pub(crate) async fn compare(connection: &mut AnyConnection, location: &Location) -> Result<(), Vec<Finding>> {
    let failed = |failure| vec![finding(location, failure)];
    let expected = expected(migration::ALL).await.map_err(failed)?;
    let found = read(connection, location.dialect()).await.map_err(failed)?;
    let findings: Vec<_> = differences(&expected, &found).iter().map(altered).collect();
    if findings.is_empty() { Ok(()) } else { Err(findings) }
}

/// What is missing, by its name alone, and what is otherwise than it should be.
pub(crate) fn told(expected: &Schema, found: &Schema) -> Vec<String> {
    let told = |difference: Difference| match difference.why.as_str() {
        "the table is missing" | "the column is missing" => difference.subject,
        why => format!("{} ({why})", difference.subject),
    };
    differences(expected, found).into_iter().map(told).collect()
}

/// One thing that is not as the migrations make it.
struct Difference {
    /// A table, or `table.column`.
    subject: String,
    why: String,
}

impl Difference {
    fn new(subject: &str, why: &str) -> Self {
        Self { subject: subject.to_owned(), why: why.to_owned() }
    }
}

fn differences(expected: &Schema, found: &Schema) -> Vec<Difference> {
    let mut findings = Vec::new();
    for (table, columns) in &expected.tables {
        match found.tables.get(table) {
            None => findings.push(Difference::new(table, "the table is missing")),
            Some(found) => compare_columns(table, columns, found, &mut findings),
        }
    }
    for (name, index) in &expected.indexes {
        if found.indexes.get(name) != Some(index) {
            let kind = if index.is_unique { "unique index" } else { "index" };
            findings.push(Difference::new(&index.table, &format!("the {kind} {name} is missing or altered")));
        }
    }
    findings
}

fn compare_columns(table: &str, expected: &[Column], found: &[Column], findings: &mut Vec<Difference>) {
    for column in expected {
        let subject = format!("{table}.{}", column.name);
        match found.iter().find(|other| other.name == column.name) {
            None => findings.push(Difference::new(&subject, "the column is missing")),
            Some(other) if other.kind != column.kind => {
                let why = format!("the column has the type {} instead of {}", other.kind, column.kind);
                findings.push(Difference::new(&subject, &why));
            }
            Some(other) if other.is_required != column.is_required => {
                let why = if column.is_required { "the column may be empty" } else { "the column may not be empty" };
                findings.push(Difference::new(&subject, why));
            }
            Some(_) => {}
        }
    }
    for column in found {
        if !expected.iter().any(|other| other.name == column.name) {
            findings.push(Difference::new(&format!("{table}.{}", column.name), "nobody knows this column"));
        }
    }
}

fn altered(difference: &Difference) -> Finding {
    let why = format!("the database was altered by hand: {}", difference.why);
    Finding::error("store.schema_altered", difference.subject.clone(), why)
        .with_remedy("doorward restore --force LATEST-BACKUP, or undo the change by hand")
}
