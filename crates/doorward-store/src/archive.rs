//! The file of a backup: one JSON value a line, the same for both databases, sealed by a digest.
//!
//! The first line says what it is and of which schema. Then come the key files, then each table as one line
//! with its columns and one line for each row, and at last a line with the counts and the SHA-256 of all
//! bytes before it. A file that was cut, grown or changed is refused whole.

use std::fmt;
use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward_core::{Finding, UnixTime};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The version of this format.
const FORMAT: i64 = 1;

/// The longest line that is read, in bytes.
const LONGEST_LINE: u64 = 16 * 1024 * 1024;

/// A key file inside a backup.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyFile {
    /// Its path below the data directory, such as `keys/signing-1.pem`.
    pub name: String,
    /// Its bytes.
    pub content: Vec<u8>,
}

impl fmt::Debug for KeyFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "KeyFile({}, ****)", self.name)
    }
}

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// When it was written.
    pub at: UnixTime,
    /// The number of migrations that its tables have.
    pub schema: i64,
    /// Rows of all tables.
    pub rows: u64,
    /// Key files.
    pub files: u64,
}

/// The first line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    doorward_backup: i64,
    schema: i64,
    at: UnixTime,
}

/// A line in the middle or at the end.
#[derive(Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Line {
    Row(Vec<Value>),
    Table { table: String, columns: Vec<String> },
    File { file: String, base64: String },
    End { rows: u64, files: u64, sha256: String },
}

/// One thing that stands in an archive.
pub(crate) enum Item {
    /// A key file.
    File(KeyFile),
    /// The rows that follow are of this table, with these columns.
    Table(String, Vec<String>),
    /// One row.
    Row(Vec<Value>),
}

/// Writes an archive.
pub(crate) struct ArchiveWriter {
    file: BufWriter<File>,
    digest: Sha256,
    summary: Summary,
}

impl ArchiveWriter {
    /// Begins an archive in an empty file.
    pub(crate) fn begin(file: File, schema: i64, at: UnixTime) -> std::io::Result<Self> {
        let summary = Summary { at, schema, rows: 0, files: 0 };
        let mut writer = Self { file: BufWriter::new(file), digest: Sha256::new(), summary };
        writer.line(&Head { doorward_backup: FORMAT, schema, at })?;
        Ok(writer)
    }

    /// Adds a key file; they come before the tables.
    pub(crate) fn file(&mut self, file: &KeyFile) -> std::io::Result<()> {
        self.summary.files += 1;
        self.line(&Line::File { file: file.name.clone(), base64: STANDARD.encode(&file.content) })
    }

    /// Begins a table.
    pub(crate) fn table(&mut self, table: &str, columns: &[String]) -> std::io::Result<()> {
        self.line(&Line::Table { table: table.to_owned(), columns: columns.to_vec() })
    }

    /// Adds a row of the table.
    pub(crate) fn row(&mut self, row: Vec<Value>) -> std::io::Result<()> {
        self.summary.rows += 1;
        self.line(&Line::Row(row))
    }

    /// Seals the archive and makes it durable.
    pub(crate) fn finish(mut self) -> std::io::Result<Summary> {
        let sha256 = hex(&self.digest.clone().finalize());
        self.line(&Line::End { rows: self.summary.rows, files: self.summary.files, sha256 })?;
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        Ok(self.summary)
    }

    fn line(&mut self, value: &impl Serialize) -> std::io::Result<()> {
        let mut text = serde_json::to_vec(value)?;
        text.push(b'\n');
        self.digest.update(&text);
        self.file.write_all(&text)
    }
}

/// Reads an archive, line by line.
pub(crate) struct ArchiveReader {
    file: BufReader<File>,
    path: String,
    digest: Sha256,
    counted: Summary,
}

impl ArchiveReader {
    /// Opens an archive and reads its first line.
    pub(crate) fn open(path: &Path) -> Result<Self, Finding> {
        let text = path.display().to_string();
        let file = File::open(path).map_err(|error| damaged(&text, &error.to_string()))?;
        let counted = Summary { at: UnixTime(0), schema: 0, rows: 0, files: 0 };
        let mut reader = Self { file: BufReader::new(file), path: text, digest: Sha256::new(), counted };
        let line = reader.read_line()?;
        let head: Head = serde_json::from_slice(&line).map_err(|_| reader.damage("it is no backup of Doorward"))?;
        reader.digest.update(&line);
        if head.doorward_backup != FORMAT || head.schema < 1 {
            return Err(reader.damage("its format is not known to this version"));
        }
        reader.counted = Summary { at: head.at, schema: head.schema, ..reader.counted };
        Ok(reader)
    }

    /// What was counted so far; all of it after the end.
    pub(crate) fn summary(&self) -> &Summary {
        &self.counted
    }

    /// The next thing, or nothing at a sound end.
    pub(crate) fn next(&mut self) -> Result<Option<Item>, Finding> {
        let text = self.read_line()?;
        let line: Line = serde_json::from_slice(&text).map_err(|_| self.damage("a line cannot be read"))?;
        let seal = self.digest.clone();
        self.digest.update(&text);
        match line {
            Line::Row(row) => {
                self.counted.rows += 1;
                Ok(Some(Item::Row(row)))
            }
            Line::Table { table, columns } => Ok(Some(Item::Table(table, columns))),
            Line::File { file, base64 } => {
                self.counted.files += 1;
                let content = STANDARD.decode(base64).map_err(|_| self.damage("a key file cannot be read"))?;
                if !is_plain_path(&file) {
                    return Err(self.damage("a key file would leave the data directory"));
                }
                Ok(Some(Item::File(KeyFile { name: file, content })))
            }
            Line::End { rows, files, sha256 } => {
                let is_sound = sha256 == hex(&seal.finalize())
                    && (rows, files) == (self.counted.rows, self.counted.files)
                    && self.file.fill_buf().is_ok_and(<[u8]>::is_empty);
                if is_sound { Ok(None) } else { Err(self.damage("it was changed after it was written")) }
            }
        }
    }

    fn read_line(&mut self) -> Result<Vec<u8>, Finding> {
        let mut line = Vec::new();
        let read = (&mut self.file).take(LONGEST_LINE).read_until(b'\n', &mut line);
        read.map_err(|error| self.damage(&error.to_string()))?;
        if line.last() != Some(&b'\n') {
            return Err(self.damage("it was cut short"));
        }
        Ok(line)
    }

    /// The finding for this archive.
    pub(crate) fn damage(&self, why: &str) -> Finding {
        damaged(&self.path, why)
    }
}

/// Reads a whole backup and says what it holds, without restoring anything.
///
/// # Errors
/// The file is missing, is no backup, or was cut short or changed.
pub fn verify(path: &Path) -> Result<Summary, Finding> {
    let mut reader = ArchiveReader::open(path)?;
    while reader.next()?.is_some() {}
    Ok(reader.summary().clone())
}

/// Whether a name stays below the directory that it is written to.
fn is_plain_path(name: &str) -> bool {
    !name.is_empty()
        && name.split('/').all(|part| !matches!(part, "" | "." | ".."))
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte))
}

fn damaged(path: &str, why: &str) -> Finding {
    Finding::error("store.backup_damaged", path, format!("the backup cannot be used: {why}"))
        .with_remedy("use another backup, or copy this one anew; nothing was changed")
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").ok();
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_file_leaves_its_directory() {
        for name in ["keys/a.pem", "a", "keys/signing-1_2.key"] {
            assert!(is_plain_path(name), "{name}");
        }
        for name in ["", "/etc/passwd", "../a", "keys/../../a", "keys//a", "a\0b", ".", "a/"] {
            assert!(!is_plain_path(name), "{name}");
        }
    }
}
