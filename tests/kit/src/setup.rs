//! What the other commands need of the machine: found, or got and said.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::cross::{CORE_TARGETS, CORTEX_M3, Cross, Target, WASM};
use crate::kotlin::Kotlin;
use crate::run::{self, output, say};
use crate::{debian, workspace};

/// How long rustup may take for a target, of about 5 MB each: without a network it
/// retries for minutes.
const RUSTUP_LIMIT: Duration = Duration::from_secs(60);

/// The environment variable that chooses where the cross compiler comes from:
/// `debian` or `rustup`.
pub const ROUTE: &str = "LEAKSIEVE_CROSS";

/// Everything for `demo` and `test`. Returns at once when all is there.
///
/// # Errors
/// When something is missing that cannot be got; the error says what to type.
pub fn all() -> Result<()> {
    let cross = cross(&[&[CORTEX_M3, WASM][..], &CORE_TARGETS].concat())?;
    say(format!("cross compiler: {}", cross.description()));
    say(format!("emulator: {}", emulator()?.display()));
    say(format!("strace: {}", strace()?.display()));
    say(format!("python: {}", python()?.display()));
    say(format!("C compiler: {}", c_compiler()?.display()));
    say(format!(
        "java, for Kotlin: {}",
        Kotlin::get()?.java().display()
    ));
    let (browser, driver) = browser()?;
    say(format!(
        "browser: {}, {}",
        browser.display(),
        driver.display()
    ));
    Ok(())
}

/// A compiler for the targets.
///
/// # Errors
/// When there is none, and neither rustup nor Debian has one.
pub fn cross(targets: &[Target]) -> Result<Cross> {
    let cross = cross_with_source(targets)?;
    if let Cross::Debian { root, linker } = &cross {
        let _lock = lock()?;
        debian::add_targets(root, linker, targets)?;
    }
    Ok(cross)
}

/// Two at once would unpack into the same folder.
fn lock() -> Result<File> {
    let lock = File::create(workspace::target_folder("cross")?.join("lock"))?;
    lock.lock()?;
    Ok(lock)
}

/// A compiler for the targets; Debian's may lack their library, but has its source.
///
/// # Errors
/// As [`cross`].
pub fn cross_with_source(targets: &[Target]) -> Result<Cross> {
    let route = std::env::var(ROUTE).unwrap_or_default();
    if !matches!(route.as_str(), "" | "debian" | "rustup") {
        bail!("{ROUTE} is `{route}`; it may be `debian`, `rustup`, or unset");
    }
    if route != "debian" && targets.iter().all(|target| is_installed(target)) {
        return Ok(Cross::Installed);
    }
    let _lock = lock()?;
    let unpacked = if route == "rustup" {
        None
    } else {
        debian::unpacked()
    };
    if unpacked.is_none() && route != "debian" {
        match rustup_add(targets) {
            Ok(()) => return Ok(Cross::Installed),
            Err(error) if route == "rustup" => return Err(error),
            Err(error) => say(format!(
                "rustup could not: {error}; taking Debian's rustc instead"
            )),
        }
    }
    match unpacked {
        Some(cross) => Ok(cross),
        None => debian::unpack(),
    }
}

/// Whether the rustc in PATH has the target's `core`.
fn is_installed(target: Target) -> bool {
    let folder =
        output(Command::new("rustc").args(["--print", "target-libdir", "--target", target]));
    folder.is_ok_and(|folder| {
        std::fs::read_dir(folder.trim()).is_ok_and(|mut files| files.next().is_some())
    })
}

fn rustup_add(targets: &[Target]) -> Result<()> {
    if which::which("rustup").is_err() {
        bail!("there is no rustup");
    }
    let mut command = Command::new("rustup");
    command.args(["target", "add"]).args(targets);
    say(run::line_of(&command));
    run::within(
        &mut command,
        RUSTUP_LIMIT,
        &workspace::target_folder("cross")?.join("rustup.log"),
    )?;
    if !targets.iter().all(|target| is_installed(target)) {
        bail!("it added the targets to another toolchain than the rustc in PATH");
    }
    Ok(())
}

/// The program that emulates the board.
///
/// # Errors
/// When it is not in PATH and cannot be installed; the error says what to type.
pub fn emulator() -> Result<PathBuf> {
    program(
        "qemu-system-arm",
        "qemu-system-arm",
        "LEAKSIEVE_QEMU",
        "install QEMU (macOS: brew install qemu)",
    )
}

/// The environment variable that names a `strace`.
pub const STRACE: &str = "LEAKSIEVE_STRACE";

/// The program that makes the system's calls fail, for the tests of that.
///
/// # Errors
/// When it is not in PATH and cannot be installed, or this system does not let it look
/// into other programs; the error says what to do.
pub fn strace() -> Result<PathBuf> {
    let path = program(
        "strace",
        "strace",
        STRACE,
        "install strace (it needs Linux)",
    )?;
    let mut look = Command::new(&path);
    look.args(["-f", "-e", "trace=none", "true"]);
    if let Err(error) = output(&mut look) {
        bail!(
            "strace may not look into other programs here: {error}; allow it \
             (in a container: --cap-add=SYS_PTRACE), then run this again"
        );
    }
    Ok(path)
}

/// The programs that people format cards with, for the tests of what a device makes of a card.
///
/// # Errors
/// When one cannot be found or installed; the error says what to type.
pub fn card_programs() -> Result<()> {
    const PROGRAMS: [(&str, &str); 5] = [
        ("mkfs.fat", "dosfstools"),
        ("mkfs.exfat", "exfatprogs"),
        ("mkntfs", "ntfs-3g"),
        ("sfdisk", "fdisk"),
        ("sgdisk", "gdisk"),
    ];
    for (name, package) in PROGRAMS {
        installed(name, package, "install what formats cards (it needs Linux)")?;
    }
    Ok(())
}

/// The environment variable that names a Chromium.
pub const BROWSER: &str = "LEAKSIEVE_CHROMIUM";
/// The environment variable that names the `chromedriver` of that Chromium's version.
pub const DRIVER: &str = "LEAKSIEVE_CHROMEDRIVER";

/// A browser for the tests of the web page, and the program that drives it.
///
/// # Errors
/// When one is not in PATH and cannot be installed; the error says what to type.
pub fn browser() -> Result<(PathBuf, PathBuf)> {
    let elsewhere = "install Chromium and its chromedriver";
    Ok((
        program("chromium", "chromium", BROWSER, elsewhere)?,
        program("chromedriver", "chromium-driver", DRIVER, elsewhere)?,
    ))
}

/// The environment variable that names a `python3`.
pub const PYTHON: &str = "LEAKSIEVE_PYTHON";

/// Python, for the tests of what apps in it are told.
///
/// # Errors
/// When it is not in PATH and cannot be installed; the error says what to type.
pub fn python() -> Result<PathBuf> {
    program("python3", "python3", PYTHON, "install Python 3")
}

/// The environment variable that names a `java`, of version 17 or newer.
pub const JAVA: &str = "LEAKSIEVE_JAVA";

/// The Java that compiles and runs Kotlin.
///
/// # Errors
/// When it is not in PATH and cannot be installed; the error says what to type.
pub fn java() -> Result<PathBuf> {
    program(
        "java",
        "default-jre-headless",
        JAVA,
        "install Java, 17 or newer",
    )
}

/// The environment variable that names a C compiler.
pub const C_COMPILER: &str = "LEAKSIEVE_CC";
/// What tells a C compiler to have memory errors and undefined behaviour found.
pub const SANITIZERS: [&str; 2] = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

/// A C compiler that has its sanitizers, for the tests of what programs in C are told.
///
/// # Errors
/// When there is none and none can be installed, or it has no sanitizers; the error says what to do.
pub fn c_compiler() -> Result<PathBuf> {
    // What links Rust's programs, if it has them.
    if std::env::var_os(C_COMPILER).is_none()
        && let Ok(path) = which::which("cc")
        && try_sanitizers(&path).is_ok()
    {
        return Ok(path);
    }
    let path = program("gcc", "gcc", C_COMPILER, "install GCC with its sanitizers")?;
    try_sanitizers(&path).with_context(|| {
        format!(
            "{} has no sanitizers; install those of its version, or name another C compiler in {C_COMPILER}",
            path.display()
        )
    })?;
    Ok(path)
}

/// Compile a program with them, and run it.
fn try_sanitizers(compiler: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (source, program) = (folder.path().join("try.c"), folder.path().join("try"));
    std::fs::write(&source, "int main(void) { return 0; }\n")?;
    let mut compile = Command::new(compiler);
    compile.args(SANITIZERS).arg("-o").args([&program, &source]);
    output(&mut compile)?;
    output(&mut Command::new(&program)).map(drop)
}

/// A program that the environment variable names, or that is [`installed`].
fn program(name: &str, package: &str, variable: &str, elsewhere: &str) -> Result<PathBuf> {
    if let Some(path) = std::env::var_os(variable) {
        return Ok(path.into());
    }
    installed(name, package, elsewhere)
}

/// A program that is in PATH or among the administrator's, or that a package of Debian's brings
/// there.
fn installed(name: &str, package: &str, elsewhere: &str) -> Result<PathBuf> {
    let find = || {
        let administrators = ["/usr/sbin", "/sbin"].map(|folder| Path::new(folder).join(name));
        which::which(name).or_else(|error| {
            let mut paths = administrators.into_iter();
            paths.find(|path| path.exists()).ok_or(error)
        })
    };
    if let Ok(path) = find() {
        return Ok(path);
    }
    if which::which("apt-get").is_err() {
        bail!("{name} is missing: {elsewhere}, then run this again");
    }
    let Some(apt) = privileged_apt() else {
        bail!("{name} is missing; type: sudo apt-get install -y --no-install-recommends {package}");
    };
    let install = || {
        let mut command = apt();
        command.args(["install", "-y", "--no-install-recommends", package]);
        say(run::line_of(&command));
        output(&mut command)
    };
    if install().is_err() {
        let mut command = apt();
        command.arg("update");
        say(run::line_of(&command));
        output(&mut command)?;
        install()?;
    }
    Ok(find()?)
}

/// `apt-get` as root, where that needs no password.
fn privileged_apt() -> Option<impl Fn() -> Command> {
    let is_root = output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !is_root && output(Command::new("sudo").args(["-n", "true"])).is_err() {
        return None;
    }
    Some(move || {
        let mut command = Command::new(if is_root { "env" } else { "sudo" });
        if !is_root {
            command.args(["-n", "env"]);
        }
        command.args([
            "DEBIAN_FRONTEND=noninteractive",
            "apt-get",
            "-qq",
            "-oDPkg::Lock::Timeout=120",
        ]);
        command
    })
}
