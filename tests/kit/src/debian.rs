//! The Debian route to a cross compiler: for machines that reach a package mirror and
//! nothing else.
//!
//! Debian's own rustc is downloaded with `apt-get download` and unpacked with
//! `dpkg -x` into `target/cross/debian`: no root, and nothing changes outside of
//! `target/`. Debian packages no compiled `core` for the chips, so that is compiled
//! here from the packaged source, once a chip, and put where rustc looks for it. From
//! then on this rustc is like one of rustup's with the targets installed.
//!
//! # Invariant
//! A folder bears its final name only when it is complete; what an interrupted run
//! leaves behind is thrown away by the next.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::cross::{Cross, Target, library_path, target_variable};
use crate::run::{self, output, say};
use crate::workspace;

/// What is asked for; apt adds what these need.
const PACKAGES: [&str; 3] = ["rustc-web", "rust-web-src", "rust-web-clippy"];

/// The oldest rustc that the workspace builds with.
const OLDEST_RUSTC: &str = env!("CARGO_PKG_RUST_VERSION");

/// The compiler that an earlier run unpacked, if it is there and new enough.
pub fn unpacked() -> Option<Cross> {
    let root = final_root();
    let version = version(&root).ok()?;
    if !at_least(&version, OLDEST_RUSTC) {
        return None;
    }
    Some(Cross::Debian {
        linker: linker().ok()?,
        root,
    })
}

/// Download and unpack the compiler. Takes about half a minute and 800 MB.
///
/// # Errors
/// When this is no Debian or Ubuntu, its mirror has no such packages, or what was
/// unpacked does not run.
pub fn unpack() -> Result<Cross> {
    let advice = format!(
        "Debian 12 and newer have a cross compiler; on a machine with internet, type: rustup target add {}",
        crate::cross::CORTEX_M3
    );
    let linker = linker()?;
    let start = Instant::now();
    let partial = workspace::target_folder("cross")?.join("debian.partial");
    remove(&partial)?;
    let apt = Apt::new().context(advice.clone())?;
    let plan = apt.plan().context(advice)?;
    say(format!("downloading into target/cross: {}", plan.join(" ")));
    apt.unpack(&plan, &partial)?;
    say("unpacked there (700 MB); nothing is installed on the machine");
    prune_source(&partial)?;

    let version = version(&partial).context("Debian's rustc was unpacked, but does not run")?;
    ensure!(
        at_least(&version, OLDEST_RUSTC),
        "this machine's package sources have rustc {version}, and {OLDEST_RUSTC} or newer is needed \
         (the security archive has the newest)"
    );
    let root = final_root();
    remove(&root)?;
    fs::rename(&partial, &root)?;
    say(format!(
        "Debian's rustc {version} is ready ({})",
        run::seconds(start.elapsed())
    ));
    Ok(Cross::Debian { root, linker })
}

/// Download packages, without what they depend on, and unpack them into a folder, which
/// is emptied first; `PACKAGE.version` there tells the version of each. Nothing is
/// installed.
///
/// # Errors
/// When the machine's package sources do not have them.
pub fn unpack_packages(packages: &[&str], folder: &Path) -> Result<()> {
    remove(folder)?;
    let packages: Vec<String> = packages.iter().copied().map(str::to_owned).collect();
    Apt::new()?.unpack(&packages, folder)
}

/// Compile `core` and `alloc` for the targets that do not have them yet. About 20 s
/// for each.
///
/// # Errors
/// When they, or a program that uses them, cannot be compiled.
pub fn add_targets(root: &Path, linker: &Path, targets: &[Target]) -> Result<()> {
    let rustlib = root.join("usr/lib/rustlib");
    let missing: Vec<Target> = targets
        .iter()
        .copied()
        .filter(|target| !rustlib.join(target).exists())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    say(format!(
        "compiling the core library for {}, once",
        missing.join(", ")
    ));
    let start = Instant::now();
    let build = workspace::target_folder("cross")?.join("core.partial");
    remove(&build)?;
    fs::create_dir_all(build.join("src"))?;
    fs::write(build.join("Cargo.toml"), PROBE_MANIFEST)?;
    fs::write(build.join("src/main.rs"), PROBE)?;

    let cross = Cross::Debian {
        root: root.to_owned(),
        linker: linker.to_owned(),
    };
    let mut command = cross.cargo("build", missing[0]);
    command.current_dir(&build).args([
        "--quiet",
        "--release",
        "--target-dir=built",
        "-Zbuild-std=core,alloc",
        "-Zbuild-std-features=compiler-builtins-mem",
    ]);
    for target in &missing[1..] {
        command.args(["--target", target]);
    }
    for target in &missing {
        command.env(target_variable(target, "LINKER"), linker);
    }
    // -Z on a stable rustc; and what rustup ships has bitcode too, for a linker's LTO.
    command
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Cembed-bitcode=yes");
    output(&mut command).context("Debian's rustc cannot compile for the chips")?;

    for target in &missing {
        let finished = rustlib.join(target);
        let partial = rustlib.join(format!("{target}.partial"));
        remove(&partial)?;
        fs::create_dir_all(partial.join("lib"))?;
        for entry in fs::read_dir(build.join("built").join(target).join("release/deps"))? {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "rlib")
            {
                let name = path.file_name().unwrap_or_default();
                fs::copy(&path, partial.join("lib").join(name))?;
            }
        }
        fs::rename(&partial, &finished)?;
    }
    remove(&build)?;
    say(format!("compiled ({})", run::seconds(start.elapsed())));
    Ok(())
}

const PROBE_MANIFEST: &str = r#"[package]
name = "probe"
edition = "2024"
[workspace]
"#;

/// Links only if `core`, and the memory functions that compiled code calls, are there.
const PROBE: &str = r#"#![no_std]
#![no_main]
extern crate alloc as _;
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! { loop {} }
struct NoMemory;
unsafe impl core::alloc::GlobalAlloc for NoMemory {
    unsafe fn alloc(&self, _: core::alloc::Layout) -> *mut u8 { core::ptr::null_mut() }
    unsafe fn dealloc(&self, _: *mut u8, _: core::alloc::Layout) {}
}
#[global_allocator]
static NO_MEMORY: NoMemory = NoMemory;
#[unsafe(no_mangle)]
extern "C" fn _start(from: &[u8; 512], to: &mut [u8; 512]) -> ! { to.copy_from_slice(from); loop {} }
"#;

fn final_root() -> PathBuf {
    workspace::target().join("cross/debian")
}

/// rustup's `rust-lld`, or one in PATH.
///
/// # Errors
/// When there is none.
pub fn linker() -> Result<PathBuf> {
    let sysroot = output(Command::new("rustc").args(["--print", "sysroot"]))?;
    let bundled = fs::read_dir(Path::new(sysroot.trim()).join("lib/rustlib"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin/rust-lld"))
        .find(|path| path.exists());
    match bundled {
        Some(path) => Ok(path),
        None => which::which("rust-lld").context(
            "no linker for the chips: rust-lld is neither in rustc's folder nor in PATH; \
             it comes with rustup's toolchain (https://rustup.rs)",
        ),
    }
}

fn version(root: &Path) -> Result<String> {
    let rustc = root.join("usr/bin/rustc");
    let text = output(
        Command::new(&rustc)
            .arg("--version")
            .env("LD_LIBRARY_PATH", library_path(root)),
    )?;
    text.split_whitespace()
        .nth(1)
        .map(str::to_owned)
        .with_context(|| format!("{} did not say its version", rustc.display()))
}

fn at_least(version: &str, oldest: &str) -> bool {
    let numbers = |text: &str| -> Vec<u32> {
        text.split(['.', '-'])
            .map_while(|part| part.parse().ok())
            .collect()
    };
    numbers(version) >= numbers(oldest)
}

/// Only `library/` of the compiler's source is needed; the rest is half of all the room.
fn prune_source(root: &Path) -> Result<()> {
    for entry in fs::read_dir(root.join("usr/src"))? {
        let source = entry?.path();
        for part in ["compiler", "src"] {
            remove(&source.join(part))?;
        }
    }
    Ok(())
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// apt, with package lists of our own: the machine's may be missing or out of date.
struct Apt {
    options: [String; 2],
}

impl Apt {
    /// With lists of today.
    fn new() -> Result<Self> {
        for tool in ["apt-get", "apt-cache", "dpkg"] {
            ensure!(which::which(tool).is_ok(), "there is no `{tool}`");
        }
        let [lists, cache] = ["lists", "cache"].map(|name| format!("cross/apt/{name}"));
        workspace::target_folder(&format!("{lists}/partial"))?;
        let apt = Self {
            options: [
                format!(
                    "-oDir::State::Lists={}",
                    workspace::target_folder(&lists)?.display()
                ),
                format!(
                    "-oDir::Cache={}",
                    workspace::target_folder(&cache)?.display()
                ),
            ],
        };
        output(apt.command("apt-get").arg("update"))?;
        Ok(apt)
    }

    fn command(&self, tool: &str) -> Command {
        let mut command = Command::new(tool);
        command.args(&self.options).env("LC_ALL", "C");
        // Root's apt steps down to a user who may not write below target/.
        command.arg("-oAPT::Sandbox::User=root");
        command
    }

    /// Download the packages into a folder and unpack them there.
    fn unpack(&self, packages: &[String], folder: &Path) -> Result<()> {
        let downloads = folder.join("deb");
        fs::create_dir_all(&downloads)?;
        run::within(
            self.command("apt-get")
                .arg("download")
                .args(packages)
                .current_dir(&downloads),
            std::time::Duration::from_secs(1800),
            &folder.join("download.log"),
        )?;
        for entry in fs::read_dir(&downloads)? {
            let file = entry?.path();
            output(Command::new("dpkg").arg("-x").arg(&file).arg(folder))?;
            // PACKAGE_VERSION_ARCHITECTURE.deb
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let mut parts = name.split('_');
            if let (Some(package), Some(version)) = (parts.next(), parts.next()) {
                fs::write(folder.join(format!("{package}.version")), version)?;
            }
        }
        remove(&downloads)
    }

    /// The packages to download: the ones asked for, the compiler's own libraries of
    /// the version that it depends on, and what else the machine lacks for them.
    fn plan(&self) -> Result<Vec<String>> {
        let mut plan = BTreeSet::new();
        let depends = output(self.command("apt-cache").args([
            "depends",
            "--recurse",
            "--no-recommends",
            "--no-suggests",
            "--no-conflicts",
            "--no-breaks",
            "--no-replaces",
            "--no-enhances",
            PACKAGES[0],
        ]))?;
        plan.extend(
            depends
                .lines()
                .filter(|line| line.starts_with("libstd-rust-")),
        );
        plan.extend(PACKAGES);
        let simulated = output(
            self.command("apt-get")
                .args([
                    "--simulate",
                    "-oDebug::NoLocking=1",
                    "--no-install-recommends",
                    "install",
                ])
                .args(&plan),
        )?;
        plan.extend(
            simulated
                .lines()
                .filter_map(|line| line.strip_prefix("Inst "))
                .filter_map(|line| line.split_whitespace().next()),
        );
        if plan.len() == PACKAGES.len() {
            bail!(
                "apt does not say which libraries {} depends on",
                PACKAGES[0]
            );
        }
        Ok(plan.into_iter().map(str::to_owned).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::at_least;

    #[test]
    fn versions_compare_as_numbers() {
        assert!(at_least("1.96.0", "1.90"));
        assert!(at_least("1.100.0", "1.90"));
        assert!(at_least("1.90.0-nightly", "1.90"));
        assert!(!at_least("1.85.0", "1.90"));
    }
}
