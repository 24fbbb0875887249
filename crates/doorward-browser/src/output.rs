//! The one folder that tools write to and read from.

use std::path::{Component, Path, PathBuf};

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
        // A link of that name could lead elsewhere.
        if path.is_symlink() {
            return Err(Failure::said(format!("{} is a link, and is not written through", path.display())));
        }
        std::fs::write(&path, content)
            .map_err(|error| Failure::said(format!("{} cannot be written: {error}", path.display())))?;
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
