//! The libraries of phones, and what their apps need beside them.
//!
//! Android has shared libraries, which JNA loads. Its NDK is on no registry that is reached here, and
//! of it a library needs nothing but the names of the system's functions: `rust-lld` links against
//! libraries that have these names and no code, made of `phone/android/symbols.txt`. A phone has the real ones.
//! What unwinds a panic is the NDK's too; a crate takes its place (feature `unwinder`).
//!
//! iOS has static libraries, which Xcode links.

mod elf;
mod mach;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::bindings::{PACKAGE, copy, libraries};
use testkit::cross::{Cross, Target};
use testkit::run::{output, say};
use testkit::{debian, setup, workspace};

/// A machine that Android runs on.
struct Android {
    target: Target,
    /// As Android names its folder.
    abi: &'static str,
    /// As the linker names it.
    emulation: &'static str,
    architecture: object::Architecture,
}

/// Those of 64 bits: phones, and emulators.
const ANDROID: [Android; 2] = [
    Android {
        target: "aarch64-linux-android",
        abi: "arm64-v8a",
        emulation: "aarch64linux",
        architecture: object::Architecture::Aarch64,
    },
    Android {
        target: "x86_64-linux-android",
        abi: "x86_64",
        emulation: "elf_x86_64",
        architecture: object::Architecture::X86_64,
    },
];

/// Phones, and the simulators of both sorts of Macs.
const IOS: [(Target, object::Architecture); 3] = [
    ("aarch64-apple-ios", object::Architecture::Aarch64),
    ("aarch64-apple-ios-sim", object::Architecture::Aarch64),
    ("x86_64-apple-ios", object::Architecture::X86_64),
];

/// What it is called, on Android too.
const SHARED: &str = "libleaksieve_phone.so";

/// Shared libraries, where an app for Android has them: `jniLibs`, and the minifier's rules. They
/// are looked at, and not run: they must have what the C header and our Kotlin call.
///
/// # Errors
/// When they do not compile or link, or are not what Android loads.
pub(crate) fn android(folder: &Path, kotlin: &str) -> Result<()> {
    let targets = ANDROID.map(|android| android.target);
    let cross = setup::cross_with_source(&targets)?;
    let stubs = Stubs::read()?;
    let header = fs::read_to_string(workspace::root().join("phone/include/leaksieve.h"))?;
    for android in ANDROID {
        say(format!("the library for {}, not run", android.target));
        let mut build = build(&cross, android.target);
        build.args(["--features", "unwinder"]);
        let built = libraries(&mut build)?;
        let all = built.first().context("no static library was built")?;
        let place = folder.join("jniLibs").join(android.abi);
        fs::create_dir_all(&place)?;
        let library = place.join(SHARED);
        android.link(all, &stubs.write(&android)?, &library)?;
        elf::check(&fs::read(&library)?, android.architecture, &header, kotlin)
            .with_context(|| format!("{} is not what Android loads", library.display()))?;
        say(workspace::shown(&library));
    }
    copy(
        &workspace::root().join("phone/android/consumer-rules.pro"),
        folder,
    )
}

/// What is found in a library by its name: C's functions, and those that Kotlin calls.
const EXPORTS: &str =
    "{ global: leaksieve_*; ffi_leaksieve_phone_*; uniffi_leaksieve_phone_*; local: *; };\n";

impl Android {
    /// Make a shared library of a static one. rustc would do it with the NDK's compiler alone.
    fn link(&self, library: &Path, stubs: &Path, output_file: &Path) -> Result<()> {
        let exports = stubs.join("exports");
        fs::write(&exports, EXPORTS)?;
        let mut exports_option = std::ffi::OsString::from("--version-script=");
        exports_option.push(&exports);
        let mut link = self.linker()?;
        link.arg(format!("-soname={SHARED}"))
            .args(["-zmax-page-size=16384", "-zcommon-page-size=16384"])
            .args(["-znoexecstack", "-zrelro", "-znow"])
            // The unwinder finds by it what a function has on the stack.
            .arg("--eh-frame-hdr")
            // Nothing that no library of Android's has.
            .args(["--no-undefined", "--error-limit=0"])
            .args(["--gc-sections", "--strip-all", "--as-needed"])
            .arg(exports_option)
            .arg("--whole-archive")
            .arg(library)
            .args(["--no-whole-archive", "-L"])
            .arg(stubs)
            .args(["-lc", "-ldl", "-o"])
            .arg(output_file);
        output(&mut link).map(drop)
    }

    fn linker(&self) -> Result<Command> {
        let mut link = Command::new(debian::linker()?);
        link.args(["-flavor", "gnu", "-shared", "-m", self.emulation]);
        Ok(link)
    }
}

/// Static libraries, a folder for each target, and the privacy manifest. Nothing is linked.
///
/// # Errors
/// When they do not compile, or ask the system for what the manifest does not say.
pub(crate) fn ios(folder: &Path) -> Result<()> {
    let cross = setup::cross_with_source(&IOS.map(|(target, _)| target))?;
    let manifest = workspace::root().join("phone/ios/PrivacyInfo.xcprivacy");
    fs::create_dir_all(folder)?;
    for (target, architecture) in IOS {
        say(format!("the library for {target}, not linked and not run"));
        let mut build = build(&cross, target);
        if !cfg!(target_os = "macos") {
            // A dependency asks Xcode for its folder, then for a C compiler, and does without.
            build.env("SDKROOT", workspace::target());
        }
        let built = libraries(&mut build)?;
        let library = built.first().context("no static library was built")?;
        mach::check(
            &fs::read(library)?,
            architecture,
            &fs::read_to_string(&manifest)?,
        )
        .with_context(|| library.display().to_string())?;
        let place = folder.join(target);
        fs::create_dir_all(&place)?;
        copy(library, &place)?;
    }
    copy(&manifest, folder)
}

/// A build of the package as a static library.
fn build(cross: &Cross, target: Target) -> Command {
    let mut build = cross.cargo("rustc", target);
    build
        .args(["--quiet", "--release", "--lib"])
        .args(PACKAGE)
        .args(["--crate-type", "staticlib", "--target-dir"])
        .arg(workspace::target().join("phones"))
        .current_dir(workspace::root());
    if let Cross::Debian { .. } = cross {
        // Debian has no compiled library for them, but its source.
        build
            .arg("-Zbuild-std=std,panic_unwind")
            .env("RUSTC_BOOTSTRAP", "1");
    }
    build
}

/// Android's libraries, and the names of theirs that we use.
struct Stubs(BTreeMap<String, Vec<String>>);

impl Stubs {
    /// `LIBRARY: NAME ...`, lines of them.
    fn read() -> Result<Self> {
        let path = workspace::root().join("phone/android/symbols.txt");
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut stubs: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            if let Some((library, names)) = line.split_once(':') {
                let names = names.split_whitespace().map(str::to_owned);
                stubs.entry(library.to_owned()).or_default().extend(names);
            }
        }
        Ok(Self(stubs))
    }

    /// A folder of libraries that have these names, and no code.
    fn write(&self, android: &Android) -> Result<PathBuf> {
        let folder = workspace::target_folder("phones/stubs")?.join(android.abi);
        fs::create_dir_all(&folder)?;
        // The linker wants one file, whatever is in it.
        let nothing = folder.join("nothing");
        fs::write(&nothing, "-")?;
        for (library, names) in &self.0 {
            let mut link = android.linker()?;
            link.arg(format!("-soname={library}.so"))
                .arg("--format=binary")
                .arg(&nothing)
                .arg("--format=elf")
                .args(names.iter().map(|name| format!("--defsym={name}=0")))
                .arg("-o")
                .arg(folder.join(format!("{library}.so")));
            output(&mut link)?;
        }
        Ok(folder)
    }
}
