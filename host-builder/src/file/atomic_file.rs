//! A file written beside its place, and put there only when it is whole and was asked.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tempfile::NamedTempFile;

/// How a file that is not finished is called: `.NAME.RANDOM.lsv.tmp`.
const SUFFIX: &str = ".lsv.tmp";

/// Files that this process has not finished.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
/// One was finished.
static HAS_FINISHED: AtomicBool = AtomicBool::new(false);

/// Remove the files that are not finished, for a process that ends now: no file can be
/// finished any more after this. What was in their places stays. Gives whether one was
/// finished, and is in its place.
pub fn remove_unfinished() -> bool {
    let unfinished = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
    for path in unfinished.iter() {
        let _ = std::fs::remove_file(path);
    }
    // Whoever waits for it would put a removed file in its place.
    std::mem::forget(unfinished);
    HAS_FINISHED.load(Ordering::Relaxed)
}

/// A path in the list, as long as it lives.
struct Unfinished(PathBuf);

impl Unfinished {
    fn new(path: &Path, all: &mut Vec<PathBuf>) -> Self {
        all.push(path.to_path_buf());
        Self(path.to_path_buf())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let mut all = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|path| *path != self.0);
    }
}

/// Why an output could not be written. The file that was there before is as it was, but
/// for [`NotSynced`](Self::NotSynced).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// There is a file already.
    #[error("{}: already exists", .0.display())]
    Exists(PathBuf),
    /// It is what is read, and would be gone.
    #[error("{}: is an input and would be replaced; name another file", .0.display())]
    IsAnInput(PathBuf),
    /// It is a folder, a device or a pipe, or no name.
    #[error("{}: not a file; name the file to write", .0.display())]
    NotAFile(PathBuf),
    /// It would be in a folder that is not there.
    #[error("{}: folder {} not found: create it first", target.display(), folder.display())]
    NoFolder {
        /// The output.
        target: PathBuf,
        /// Its folder.
        folder: PathBuf,
    },
    /// The system said no.
    #[error("{}: cannot write: {error}{}", path.display(), remedy(error))]
    Write {
        /// The output.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// It is in its place, but perhaps not on the medium.
    #[error(
        "{}: the new file was saved, but a power cut may bring back the old one, because the folder \
         cannot be synced: {error}; check the disk, then run this again",
        path.display()
    )]
    NotSynced {
        /// The output.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
}

fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; make room there, or write to another folder: the new file and the one that it replaces need room together"
        }
        io::ErrorKind::FileTooLarge => {
            "; this file system takes no file so large: write to another, or build a smaller filter"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; write to a folder where you have permission"
        }
        _ => "; check the disk, or write to another folder",
    }
}

/// Is the output none of the inputs? Replacing is for older outputs; what a person has only once
/// is not replaced by what is made of it.
///
/// # Errors
/// [`OutputError::IsAnInput`].
pub(crate) fn ensure_no_input<'p>(
    output: &Path,
    inputs: impl IntoIterator<Item = &'p Path>,
) -> Result<(), OutputError> {
    let Some(place) = place_of(output) else {
        return Ok(());
    };
    if inputs
        .into_iter()
        .any(|input| place_of(input).is_some_and(|other| other == place))
    {
        return Err(OutputError::IsAnInput(output.to_path_buf()));
    }
    Ok(())
}

/// What two names of one file have in common; `None` where there is no file. Nothing is opened:
/// an input may be a pipe.
#[cfg(unix)]
fn place_of(path: &Path) -> Option<impl PartialEq + use<>> {
    use std::os::unix::fs::MetadataExt;
    let metadata = path.metadata().ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// As above, where a file has no number: hard links are two files.
#[cfg(not(unix))]
fn place_of(path: &Path) -> Option<impl PartialEq + use<>> {
    path.canonicalize().ok()
}

/// Who may read an output, from its first byte on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// As any new file: the umask says.
    AsUsual,
    /// Its owner, nobody else; what is written stays in no buffer either.
    OwnerOnly,
}

impl Access {
    /// The mode that the file is created with; the umask takes its bits away.
    #[cfg(unix)]
    const fn mode(self) -> u32 {
        match self {
            Self::AsUsual => 0o666,
            Self::OwnerOnly => 0o600,
        }
    }

    const fn buffer_bytes(self) -> usize {
        match self {
            Self::AsUsual => 1 << 20,
            Self::OwnerOnly => 0,
        }
    }
}

/// An output that is not in its place yet. Dropped, it is gone.
pub(crate) struct AtomicFile {
    target: PathBuf,
    folder: PathBuf,
    replace: bool,
    file: BufWriter<NamedTempFile>,
    _unfinished: Unfinished,
}

impl AtomicFile {
    /// Begin a file that will be at `target`. With `replace`, an existing file is
    /// replaced in the end.
    pub(crate) fn create(
        target: &Path,
        replace: bool,
        access: Access,
    ) -> Result<Self, OutputError> {
        // A folder, a device or a pipe is replaced by nothing, not even by force.
        let is_file = target.metadata().map_or(true, |found| found.is_file());
        let name = target
            .file_name()
            .filter(|_| is_file)
            .ok_or_else(|| OutputError::NotAFile(target.to_path_buf()))?;
        if !replace && target.symlink_metadata().is_ok() {
            return Err(OutputError::Exists(target.to_path_buf()));
        }
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
            _ => PathBuf::from("."),
        };
        if !folder.exists() {
            return Err(OutputError::NoFolder {
                target: target.to_path_buf(),
                folder,
            });
        }
        let mut prefix = OsString::from(".");
        prefix.push(name);
        prefix.push(".");
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix).suffix(SUFFIX);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(access.mode()));
        }
        // Before there is another: a run that is killed between the two adds none.
        remove_left_overs(&folder, &prefix);
        // A signal that comes now waits until the file is in the list.
        let mut all = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
        let file = create_locked(&builder, &folder).map_err(|error| OutputError::Write {
            path: target.to_path_buf(),
            error,
        })?;
        Ok(Self {
            target: target.to_path_buf(),
            folder,
            replace,
            _unfinished: Unfinished::new(file.path(), &mut all),
            file: BufWriter::with_capacity(access.buffer_bytes(), file),
        })
    }

    /// The folder of the target.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
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

    /// Begin anew: what was written is gone.
    pub(crate) fn clear(&mut self) -> Result<(), OutputError> {
        self.seek(0)?;
        let cleared = self.file.get_ref().as_file().set_len(0);
        cleared.map_err(|error| self.error(error))
    }

    /// Write what comes next.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), OutputError> {
        self.file
            .write_all(bytes)
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
        // A signal that comes now waits, or has removed the file: then this fails.
        let signals = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
        let persisted = if self.replace {
            file.persist(&self.target)
        } else {
            file.persist_noclobber(&self.target)
        };
        persisted.map_err(|failed| match failed.error.kind() {
            io::ErrorKind::AlreadyExists => OutputError::Exists(self.target.clone()),
            _ => error(failed.error),
        })?;
        HAS_FINISHED.store(true, Ordering::Relaxed);
        drop(signals);
        sync_folder(&self.folder).map_err(|error| OutputError::NotSynced {
            path: self.target.clone(),
            error,
        })
    }

    pub(crate) fn error(&self, error: io::Error) -> OutputError {
        OutputError::Write {
            path: self.target.clone(),
            error,
        }
    }
}

/// A new file whose lock says that somebody works on it. The system gives the lock back
/// when that process ends, in whatever way.
fn create_locked(builder: &tempfile::Builder, folder: &Path) -> io::Result<NamedTempFile> {
    loop {
        let file = builder.tempfile_in(folder)?;
        // Between these two lines another process may take it for a left-over.
        let _ = file.as_file().try_lock();
        // One that cannot be asked for is taken as there: if it is not, it cannot be put
        // in its place in the end.
        if file.path().try_exists().unwrap_or(true) {
            return Ok(file);
        }
    }
}

/// Remove what killed runs for the same target have left: files of its name that nobody
/// has locked. What cannot be locked is left alone.
fn remove_left_overs(folder: &Path, prefix: &OsStr) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_left_over = name.len() > prefix.len() + SUFFIX.len()
            && name
                .as_encoded_bytes()
                .starts_with(prefix.as_encoded_bytes())
            && name.as_encoded_bytes().ends_with(SUFFIX.as_bytes());
        if is_left_over
            && let Ok(file) = File::options().write(true).open(entry.path())
            && file.try_lock().is_ok()
        {
            let _ = std::fs::remove_file(entry.path());
        }
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
        let mut new_file = AtomicFile::create(&target, false, Access::AsUsual).unwrap();
        new_file.write(b"new").unwrap();
        assert!(!target.exists());
        drop(new_file);
        assert!(names(folder.path()).is_empty());

        let mut new_file = AtomicFile::create(&target, false, Access::AsUsual).unwrap();
        new_file.write(b"new").unwrap();
        new_file.commit().unwrap();
        assert_eq!(names(folder.path()), ["a.lsv"]);
        assert_eq!(std::fs::read(&target).unwrap(), b"new");
    }

    #[test]
    fn an_existing_file_is_kept_unless_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.lsv");
        // One that comes while ours is written is kept too.
        let new_file = AtomicFile::create(&target, false, Access::AsUsual).unwrap();
        std::fs::write(&target, b"old").unwrap();
        assert!(matches!(new_file.commit(), Err(OutputError::Exists(_))));
        assert!(matches!(
            AtomicFile::create(&target, false, Access::AsUsual),
            Err(OutputError::Exists(_))
        ));
        assert_eq!(std::fs::read(&target).unwrap(), b"old");

        let mut new_file = AtomicFile::create(&target, true, Access::AsUsual).unwrap();
        new_file.write(b"new").unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"old");
        new_file.commit().unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"new");
        assert_eq!(names(folder.path()), ["a.lsv"]);
    }

    #[test]
    fn an_input_is_known_by_any_name() {
        let folder = tempfile::tempdir().unwrap();
        let [list, other] = ["list", "other"].map(|name| folder.path().join(name));
        std::fs::write(&list, b"1").unwrap();
        let again = folder.path().join(".").join("list");
        assert!(ensure_no_input(&again, [&*other]).is_ok());
        assert!(ensure_no_input(&other, [&*list]).is_ok());
        std::fs::write(&other, b"1").unwrap();
        assert!(ensure_no_input(&other, [&*list]).is_ok());
        let is_refused = |output: &Path| {
            matches!(
                ensure_no_input(output, [&*other, &*list]),
                Err(OutputError::IsAnInput(_))
            )
        };
        assert!(is_refused(&again));
        #[cfg(unix)]
        {
            let link = folder.path().join("link");
            std::fs::hard_link(&list, &link).unwrap();
            assert!(is_refused(&link));
        }
    }

    #[test]
    fn what_a_killed_run_left_is_removed_and_what_a_running_one_writes_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.lsv");
        let left_over = ".a.lsv.AbCdEf.lsv.tmp";
        let others = [
            ".a.lsv.tmp",
            ".b.lsv.AbCdEf.lsv.tmp",
            "a.lsv.AbCdEf.lsv.tmp",
        ];
        for name in others.iter().chain([&left_over]) {
            std::fs::write(folder.path().join(name), b"half").unwrap();
        }
        let running = AtomicFile::create(&target, false, Access::AsUsual).unwrap();
        let mut second = AtomicFile::create(&target, false, Access::AsUsual).unwrap();
        assert_eq!(names(folder.path()).len(), others.len() + 2);
        second.write(b"new").unwrap();
        second.commit().unwrap();
        drop(running);
        let mut expected: Vec<&str> = others.to_vec();
        expected.push("a.lsv");
        expected.sort_unstable();
        assert_eq!(names(folder.path()), expected);
        assert!(
            UNFINISHED
                .lock()
                .unwrap()
                .iter()
                .all(|path| !path.starts_with(&folder))
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_secret_is_readable_by_its_owner_alone_from_the_start() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("key");
        let mode = |name: &str| {
            let metadata = std::fs::metadata(folder.path().join(name)).unwrap();
            metadata.permissions().mode() & 0o7777
        };
        // Also in place of a file that all could read.
        std::fs::write(&target, b"old").unwrap();
        std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o644)).unwrap();
        let mut new_file = AtomicFile::create(&target, true, Access::OwnerOnly).unwrap();
        for name in names(folder.path()).iter().filter(|name| *name != "key") {
            assert_eq!(mode(name), 0o600);
        }
        new_file.write(b"secret").unwrap();
        new_file.commit().unwrap();
        assert_eq!(mode("key"), 0o600);
        assert_eq!(std::fs::read(&target).unwrap(), b"secret");
    }

    #[test]
    fn no_place_for_a_file() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(
            AtomicFile::create(folder.path(), true, Access::AsUsual),
            Err(OutputError::NotAFile(_))
        ));
        assert!(matches!(
            AtomicFile::create(&folder.path().join("none/a.lsv"), true, Access::AsUsual),
            Err(OutputError::NoFolder { .. })
        ));
    }

    /// Where there are none, a pipe stands for all that is no file.
    #[cfg(unix)]
    #[test]
    fn no_device_or_pipe_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let mut make = std::process::Command::new("mkfifo");
        assert!(make.arg(&pipe).status().unwrap().success());
        for target in [pipe.as_path(), Path::new("/dev/null"), folder.path()] {
            assert!(matches!(
                AtomicFile::create(target, true, Access::AsUsual),
                Err(OutputError::NotAFile(_))
            ));
        }
    }
}
