//! A folder for the files that a target is given: in memory where that is possible.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    // `cargo xtask fuzz` removes what it names here.
    let parent =
        std::env::var_os("LEAKSIEVE_FUZZ_FOLDER").map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = parent.join(format!("leaksieve-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for scratch files");
    folder
});

/// The path of a file in it.
pub(crate) fn path(name: &str) -> PathBuf {
    FOLDER.join(name)
}

/// A file in it with this content, in place of an earlier one.
pub(crate) fn write(name: &str, content: &[u8]) -> PathBuf {
    let path = path(name);
    std::fs::write(&path, content).expect("a scratch file");
    path
}

/// The folder itself.
pub(crate) fn folder() -> &'static Path {
    &FOLDER
}
