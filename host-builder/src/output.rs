//! A file written beside its place, and put there only when it is whole and was asked.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// How a file that is not finished is called: `.NAME.RANDOM.lsv.tmp`.
const SUFFIX: &str = ".lsv.tmp";

/// Why an output could not be written. The file that was there before is as it was.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// There is a file already.
    #[error("{}: exists already; name another file, or say --force to replace it", .0.display())]
    Exists(PathBuf),
    /// It is no place for a file.
    #[error("{}: not a file name", .0.display())]
    NotAFile(PathBuf),
    /// The system said no.
    #[error("{}: cannot be written: {error}", path.display())]
    Write {
        /// The output.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// An output that is not in its place yet. Dropped, it is gone.
pub(crate) struct Beside {
    target: PathBuf,
    folder: PathBuf,
    replace: bool,
    file: BufWriter<NamedTempFile>,
}

impl Beside {
    /// Begin a file that will be at `target`. With `replace`, an existing file is
    /// replaced in the end.
    pub(crate) fn create(target: &Path, replace: bool) -> Result<Self, OutputError> {
        let name = target
            .file_name()
            .filter(|_| !target.is_dir())
            .ok_or_else(|| OutputError::NotAFile(target.to_path_buf()))?;
        if !replace && target.symlink_metadata().is_ok() {
            return Err(OutputError::Exists(target.to_path_buf()));
        }
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
            _ => PathBuf::from("."),
        };
        let mut prefix = std::ffi::OsString::from(".");
        prefix.push(name);
        prefix.push(".");
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix).suffix(SUFFIX);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As any new file; the umask takes its bits away.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let file = builder
            .tempfile_in(&folder)
            .map_err(|error| OutputError::Write {
                path: target.to_path_buf(),
                error,
            })?;
        Ok(Self {
            target: target.to_path_buf(),
            folder,
            replace,
            file: BufWriter::with_capacity(1 << 20, file),
        })
    }

    /// The file as it is read back: opened anew, all of it written.
    pub(crate) fn reopen(&mut self) -> Result<File, OutputError> {
        let reopen = |file: &mut BufWriter<NamedTempFile>| {
            file.flush()?;
            file.get_ref().reopen()
        };
        reopen(&mut self.file).map_err(|error| self.error(error))
    }

    /// Go to a byte, to write there next.
    pub(crate) fn seek(&mut self, byte: u64) -> Result<(), OutputError> {
        self.file
            .seek(SeekFrom::Start(byte))
            .map(drop)
            .map_err(|error| self.error(error))
    }

    /// Put the file in its place, so that it is there after a power cut too.
    pub(crate) fn commit(mut self) -> Result<(), OutputError> {
        let error = |error| OutputError::Write {
            path: self.target.clone(),
            error,
        };
        self.file.flush().map_err(error)?;
        let file = self
            .file
            .into_inner()
            .map_err(|failed| error(failed.into_error()))?;
        file.as_file().sync_all().map_err(error)?;
        let persisted = if self.replace {
            file.persist(&self.target)
        } else {
            file.persist_noclobber(&self.target)
        };
        persisted.map_err(|failed| match failed.error.kind() {
            io::ErrorKind::AlreadyExists => OutputError::Exists(self.target.clone()),
            _ => error(failed.error),
        })?;
        sync_folder(&self.folder).map_err(error)
    }

    pub(crate) fn error(&self, error: io::Error) -> OutputError {
        OutputError::Write {
            path: self.target.clone(),
            error,
        }
    }
}

impl Write for Beside {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A rename is on the medium once the folder is.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn nothing_is_in_its_place_before_commit_and_nothing_else_after() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.lsv");
        let mut beside = Beside::create(&target, false).unwrap();
        beside.write_all(b"new").unwrap();
        assert!(!target.exists());
        drop(beside);
        assert!(names(folder.path()).is_empty());

        let mut beside = Beside::create(&target, false).unwrap();
        beside.write_all(b"new").unwrap();
        beside.commit().unwrap();
        assert_eq!(names(folder.path()), ["a.lsv"]);
        assert_eq!(std::fs::read(&target).unwrap(), b"new");
    }

    #[test]
    fn an_existing_file_is_kept_unless_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.lsv");
        // One that comes while ours is written is kept too.
        let beside = Beside::create(&target, false).unwrap();
        std::fs::write(&target, b"old").unwrap();
        assert!(matches!(beside.commit(), Err(OutputError::Exists(_))));
        assert!(matches!(
            Beside::create(&target, false),
            Err(OutputError::Exists(_))
        ));
        assert_eq!(std::fs::read(&target).unwrap(), b"old");

        let mut beside = Beside::create(&target, true).unwrap();
        beside.write_all(b"new").unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"old");
        beside.commit().unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"new");
        assert_eq!(names(folder.path()), ["a.lsv"]);
    }

    #[test]
    fn no_place_for_a_file() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(
            Beside::create(folder.path(), true),
            Err(OutputError::NotAFile(_))
        ));
        assert!(matches!(
            Beside::create(&folder.path().join("none/a.lsv"), true),
            Err(OutputError::Write { .. })
        ));
    }
}
