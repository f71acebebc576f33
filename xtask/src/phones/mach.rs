//! A static library for iOS, beside the privacy manifest.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use object::read::archive::ArchiveFile;
use object::{Architecture, Object, ObjectSymbol};

/// What Apple wants a reason for, and the category that the manifest names it by.
const WITH_REASONS: [(&str, &[&str]); 4] = [
    (
        "FileTimestamp",
        &[
            "fstat",
            "fstatat",
            "getattrlist",
            "getattrlistat",
            "getattrlistbulk",
            "fgetattrlist",
            "lstat",
            "stat",
        ],
    ),
    ("SystemBootTime", &["mach_absolute_time"]),
    ("DiskSpace", &["fstatfs", "fstatvfs", "statfs", "statvfs"]),
    ("UserDefaults", &["OBJC_CLASS_$_NSUserDefaults"]),
];

/// That it is for this machine, has the functions of C, and uses nothing that Apple wants a reason
/// for and the manifest has none for.
pub(super) fn check(library: &[u8], architecture: Architecture, manifest: &str) -> Result<()> {
    let archive = ArchiveFile::parse(library)?;
    let (mut defined, mut used) = (BTreeSet::new(), BTreeSet::new());
    for member in archive.members() {
        let data = member?.data(library)?;
        let Ok(file) = object::File::parse(data) else {
            continue;
        };
        ensure!(
            file.architecture() == architecture && file.format() == object::BinaryFormat::MachO,
            "a part of it is for {:?}",
            file.architecture()
        );
        for symbol in file.symbols() {
            // In C without the underscore, and without a version such as `$INODE64`.
            let name = symbol.name()?.trim_start_matches('_').to_owned();
            if symbol.is_undefined() {
                used.insert(name.split("$INODE").next().unwrap_or_default().to_owned());
            } else if symbol.is_global() {
                defined.insert(name);
            }
        }
    }
    ensure!(
        defined.contains("leaksieve_check") && used.contains("pread"),
        "it is not leaksieve's"
    );
    for (category, names) in WITH_REASONS {
        let named = manifest.contains(&format!("NSPrivacyAccessedAPICategory{category}<"));
        let uses: Vec<_> = names.iter().filter(|name| used.contains(**name)).collect();
        ensure!(
            uses.is_empty() || named,
            "it uses {uses:?}, and PrivacyInfo.xcprivacy has no {category}"
        );
        // A reason for what is not used would be refused by nobody, and is untrue.
        ensure!(
            !uses.is_empty() || !named,
            "PrivacyInfo.xcprivacy has {category}, of which it uses nothing"
        );
    }
    Ok(())
}
