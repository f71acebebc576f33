//! Where things are.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The workspace's root folder.
pub fn root() -> &'static Path {
    // The manifest folder is `tests/kit`.
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap_or(manifest)
}

/// The workspace's own `target/`, whatever `CARGO_TARGET_DIR` says: what is set up
/// once must be found again by the next run.
pub fn target() -> PathBuf {
    root().join("target")
}

/// A folder under `target/`, made if it is not there.
///
/// # Errors
/// When it cannot be made.
pub fn target_folder(name: &str) -> Result<PathBuf> {
    let folder = target().join(name);
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    Ok(folder)
}

/// Held as long as the value is: two at once would write into the same folder of that name under
/// `target/`.
///
/// # Errors
/// When the file system has no locks.
pub fn lock(name: &str) -> Result<File> {
    let lock = File::create(target_folder(name)?.join("lock"))?;
    lock.lock()?;
    Ok(lock)
}

/// A path as a person standing in the workspace would write it.
pub fn shown(path: &Path) -> String {
    match path.strip_prefix(root()) {
        Ok(inside) if inside.as_os_str().is_empty() => ".".into(),
        Ok(inside) => inside.display().to_string(),
        Err(_) => path.display().to_string(),
    }
}

/// The firmware's workspace.
pub fn firmware() -> PathBuf {
    root().join("firmware")
}

/// The workspace of the fuzz targets.
pub fn fuzz() -> PathBuf {
    root().join("fuzz")
}
