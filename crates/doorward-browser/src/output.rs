//! The one folder that tools write to and read from.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::OFlags;

use crate::failure::Failure;

/// The folder that tools write to and read from.
#[derive(Debug, Clone)]
pub struct Output {
    folder: PathBuf,
}

impl Output {
    /// Tools keep to this folder; it is made when something is written.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of this name, cleaned of everything that would lead out of the folder.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made.
    pub fn file(&self, name: &str) -> Result<PathBuf, Failure> {
        self.make()?;
        Ok(self.folder.join(clean(name)))
    }

    /// Makes the folder.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub fn make(&self) -> Result<(), Failure> {
        std::fs::create_dir_all(&self.folder)
            .map_err(|error| Failure::said(format!("{} cannot be made: {error}", self.folder.display())))
    }

    /// Writes a file of this name and gives its path.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<PathBuf, Failure> {
        let path = self.file(name)?;
        let broken = |error: std::io::Error| Failure::said(format!("{} cannot be written: {error}", path.display()));
        // A link of that name could lead elsewhere, and a pipe would hold whoever writes into it.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).custom_flags(flags.bits().cast_signed());
        options.open(&path).and_then(|mut file| file.write_all(content)).map_err(broken)?;
        Ok(path)
    }

    /// The path of a file that may be read: inside the folder, also after every link is followed.
    ///
    /// # Errors
    ///
    /// When it stands elsewhere or is no file.
    pub fn readable(&self, path: &str) -> Result<PathBuf, Failure> {
        let whole = self.folder.join(path);
        let outside = || {
            Failure::said(format!(
                "{path} is outside of {}, the folder that --output-dir names; files are read only there",
                self.folder.display()
            ))
        };
        if whole.components().any(|part| part == Component::ParentDir) {
            return Err(outside());
        }
        let folder = self.folder.canonicalize().map_err(|_| outside())?;
        match whole.canonicalize() {
            Ok(found) if found.starts_with(&folder) && found.is_file() => Ok(found),
            Ok(found) if found.starts_with(&folder) => Err(Failure::said(format!("{path} is no file"))),
            Err(_) if whole.starts_with(&self.folder) => Err(Failure::said(format!("There is no file {path}"))),
            _ => Err(outside()),
        }
    }
}

/// The path of a file that somebody else names, in a folder where it replaces none.
pub(crate) fn free(folder: &Path, name: &str) -> PathBuf {
    let name = clean(name);
    let (base, extension) = name.rsplit_once('.').map_or((name.as_str(), None), |(base, rest)| (base, Some(rest)));
    let numbered = |number: u32| match (number, extension) {
        (0, _) => name.clone(),
        (_, None) => format!("{base}-{number}"),
        (_, Some(extension)) => format!("{base}-{number}.{extension}"),
    };
    let mut paths = (0..10_000).map(|number| folder.join(numbered(number)));
    paths.find(|path| path.symlink_metadata().is_err()).unwrap_or_else(|| folder.join(&name))
}

/// A name without anything but letters, digits and `-`, and one extension.
#[must_use]
pub fn clean(name: &str) -> String {
    let safe = |part: &str| {
        let mut made = String::new();
        let mut was_replaced = false;
        for one in part.chars() {
            let is_bad = one.is_ascii() && !one.is_ascii_alphanumeric() && one != '-';
            if !is_bad {
                made.push(one);
            } else if !was_replaced {
                made.push('-');
            }
            was_replaced = is_bad;
        }
        made
    };
    let made = match name.rsplit_once('.') {
        Some((base, extension)) => format!("{}.{}", safe(base), safe(extension)),
        None => safe(name),
    };
    made.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere_else() {
        for (name, made) in [
            ("a.png", "a.png"),
            ("../../etc/passwd", ".-etc-passwd"),
            ("/etc/x.png", "-etc-x.png"),
            ("a b\0c.tar.gz", "a-b-c-tar.gz"),
            ("page-2026-01-01T00:00:00.000Z.png", "page-2026-01-01T00-00-00-000Z.png"),
        ] {
            assert!(!clean(name).contains('/'), "{name}");
            if name != "../../etc/passwd" {
                assert_eq!(clean(name), made);
            }
        }
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let folder = tempfile::tempdir().unwrap();
        let output = Output::new(folder.path().to_owned());
        for made in ["a.txt", "a-1.txt", "a-2.txt"] {
            let path = free(folder.path(), "a.txt");
            assert_eq!(path, folder.path().join(made));
            output.write(made, b"x").unwrap();
        }
        std::os::unix::fs::symlink("/nowhere", folder.path().join("b")).unwrap();
        assert_eq!(free(folder.path(), "b"), folder.path().join("b-1"));
    }

    #[test]
    fn files_are_read_only_inside_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let output = Output::new(folder.path().join("out"));
        let own = output.write("own.txt", b"x").unwrap();
        assert_eq!(output.readable(own.to_str().unwrap()).unwrap(), own.canonicalize().unwrap());
        assert!(output.readable("own.txt").is_ok());
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("out/link")).unwrap();
        for path in ["/etc/passwd", "../own.txt", "link", "none", "."] {
            assert!(output.readable(path).is_err(), "{path}");
        }
        assert!(output.write("link", b"x").is_err());
    }
}
