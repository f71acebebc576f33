//! What tests and commands need of the machine: found, or got and said. What cannot be got is an
//! error that says what to type.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::cross::{Cross, Target};
use crate::run::{self, output, say};
use crate::{debian, workspace};

/// How long rustup may take for a target, of about 5 MB each: without a network it
/// retries for minutes.
const RUSTUP_LIMIT: Duration = Duration::from_secs(60);

/// The environment variable that chooses where the cross compiler comes from:
/// `debian` or `rustup`.
pub const ROUTE: &str = "LEAKSIEVE_CROSS";

/// A compiler for the targets.
///
/// # Errors
/// When there is none, and neither rustup nor Debian has one.
pub fn cross(targets: &[Target]) -> Result<Cross> {
    let cross = cross_with_source(targets)?;
    if let Cross::Debian { root, linker } = &cross {
        let _lock = workspace::lock("cross")?;
        debian::add_targets(root, linker, targets)?;
    }
    Ok(cross)
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
    let _lock = workspace::lock("cross")?;
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

/// A program that tests run.
#[derive(Clone, Copy, Debug)]
struct Program {
    /// Its names; the first that is there and works is taken.
    names: &'static [&'static str],
    /// Debian's package, which brings the last of them.
    package: &'static str,
    /// The environment variable that names it, where it is elsewhere.
    variable: &'static str,
    /// What to do where there is no apt.
    elsewhere: &'static str,
    /// Whether it can do here what it is for.
    works: fn(&Path) -> Result<()>,
}

const fn program(
    name: &'static [&'static str],
    package: &'static str,
    variable: &'static str,
    elsewhere: &'static str,
) -> Program {
    Program {
        names: name,
        package,
        variable,
        elsewhere,
        works: |_| Ok(()),
    }
}

const QEMU: Program = program(
    &["qemu-system-arm"],
    "qemu-system-arm",
    "LEAKSIEVE_QEMU",
    "install QEMU (macOS: brew install qemu)",
);
const STRACE: Program = Program {
    works: may_look_into_others,
    ..program(
        &["strace"],
        "strace",
        "LEAKSIEVE_STRACE",
        "install strace (it needs Linux)",
    )
};
const CHROMIUM: Program = program(
    &["chromium"],
    "chromium",
    "LEAKSIEVE_CHROMIUM",
    "install Chromium",
);
const CHROMEDRIVER: Program = program(
    &["chromedriver"],
    "chromium-driver",
    "LEAKSIEVE_CHROMEDRIVER",
    "install the chromedriver of Chromium's version",
);
const PYTHON: Program = program(
    &["python3"],
    "python3",
    "LEAKSIEVE_PYTHON",
    "install Python 3",
);
const JAVA: Program = program(
    &["java"],
    "default-jre-headless",
    "LEAKSIEVE_JAVA",
    "install Java, 17 or newer",
);
const C_COMPILER: Program = Program {
    works: has_sanitizers,
    // `cc` links Rust's programs; Debian's gcc has sanitizers.
    ..program(
        &["cc", "gcc"],
        "gcc",
        "LEAKSIEVE_CC",
        "install GCC with its sanitizers",
    )
};

/// The programs that tests run, each with the environment variable that names it to them.
pub fn programs() -> Result<Vec<(&'static str, PathBuf)>> {
    let programs = [
        QEMU,
        STRACE,
        CHROMIUM,
        CHROMEDRIVER,
        PYTHON,
        JAVA,
        C_COMPILER,
    ];
    let found = programs.map(|program| Ok((program.variable, program.get()?)));
    found.into_iter().collect()
}

/// What emulates boards.
pub fn emulator() -> Result<PathBuf> {
    QEMU.get()
}

/// What makes the system's calls fail.
pub fn strace() -> Result<PathBuf> {
    STRACE.get()
}

/// A browser, and what drives it.
pub fn browser() -> Result<(PathBuf, PathBuf)> {
    Ok((CHROMIUM.get()?, CHROMEDRIVER.get()?))
}

/// Python.
pub fn python() -> Result<PathBuf> {
    PYTHON.get()
}

/// Java, for Kotlin.
pub fn java() -> Result<PathBuf> {
    JAVA.get()
}

/// A C compiler that has [`SANITIZERS`].
pub fn c_compiler() -> Result<PathBuf> {
    C_COMPILER.get()
}

/// The programs that people format cards with, for the tests of what a device makes of a card.
pub fn card_programs() -> Result<()> {
    const PROGRAMS: [(&[&str], &str); 5] = [
        (&["mkfs.fat"], "dosfstools"),
        (&["mkfs.exfat"], "exfatprogs"),
        (&["mkntfs"], "ntfs-3g"),
        (&["sfdisk"], "fdisk"),
        (&["sgdisk"], "gdisk"),
    ];
    for (name, package) in PROGRAMS {
        program(name, package, "", "install what formats cards").find_or_install()?;
    }
    Ok(())
}

/// What tells a C compiler to have memory errors and undefined behaviour found.
pub const SANITIZERS: [&str; 2] = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

/// Compile a program with them, and run it.
fn has_sanitizers(compiler: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (source, program) = (folder.path().join("try.c"), folder.path().join("try"));
    std::fs::write(&source, "int main(void) { return 0; }\n")?;
    let mut compile = Command::new(compiler);
    compile.args(SANITIZERS).arg("-o").args([&program, &source]);
    output(&mut compile)?;
    output(&mut Command::new(&program)).map(drop)
}

fn may_look_into_others(strace: &Path) -> Result<()> {
    output(Command::new(strace).args(["-f", "-e", "trace=none", "true"]))
        .map(drop)
        .context(
            "it may not look into other programs (in a container, allow it: --cap-add=SYS_PTRACE)",
        )
}

impl Program {
    /// What the environment variable names, what is on the machine, or what a package brings there.
    fn get(&self) -> Result<PathBuf> {
        match std::env::var_os(self.variable) {
            Some(path) => Ok(path.into()),
            None => self.find_or_install(),
        }
    }

    /// In PATH, or among the administrator's.
    fn find(&self, name: &str) -> Result<PathBuf> {
        let administrators = ["/usr/sbin", "/sbin"].map(|folder| Path::new(folder).join(name));
        let path = which::which(name).or_else(|error| {
            let mut paths = administrators.into_iter();
            paths.find(|path| path.exists()).ok_or(error)
        })?;
        (self.works)(&path).with_context(|| format!("{} does not work here", path.display()))?;
        Ok(path)
    }

    fn find_or_install(&self) -> Result<PathBuf> {
        if let Some(path) = self.names.iter().find_map(|name| self.find(name).ok()) {
            return Ok(path);
        }
        let Self {
            names,
            package,
            elsewhere,
            ..
        } = self;
        let name = names.last().context("a program without a name")?;
        if which::which("apt-get").is_err() {
            bail!("{name} is missing: {elsewhere}, then run this again");
        }
        let apt = |arguments: &[&str]| -> Result<()> {
            let mut command = privileged_apt().with_context(|| {
                format!(
                    "{name} is missing; type: \
                     sudo apt-get install -y --no-install-recommends {package}"
                )
            })?;
            command.args(arguments);
            say(run::line_of(&command));
            output(&mut command).map(drop)
        };
        let install = ["install", "-y", "--no-install-recommends", package];
        if apt(&install).is_err() {
            apt(&["update"])?;
            apt(&install)?;
        }
        self.find(name)
    }
}

/// The path of a program of the Cargo registry, `cargo-NAME` in one version; got into
/// `target/tools` if it is missing.
///
/// # Errors
/// When it cannot be had.
pub fn cargo_tool((name, version): (&str, &str)) -> Result<PathBuf> {
    let root = workspace::target_folder("tools")?;
    let path = root.join("bin").join(name);
    let subcommand = name.trim_start_matches("cargo-");
    let is_ours = run::output(Command::new(&path).args([subcommand, "--version"]))
        .is_ok_and(|found| found.trim().ends_with(version));
    if !is_ours {
        run::say(format!(
            "getting {name} {version} into {}",
            workspace::shown(&root)
        ));
        run::run(
            run::cargo()
                .args(["install", "--quiet", "--locked", name, "--version", version])
                .arg("--root")
                .arg(&root)
                .arg("--target-dir")
                .arg(root.join("build")),
        )?;
    }
    Ok(path)
}

/// `apt-get` as root, where that needs no password.
fn privileged_apt() -> Option<Command> {
    let is_root = output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    let mut command = Command::new(if is_root { "env" } else { "sudo" });
    if !is_root {
        output(Command::new("sudo").args(["-n", "true"])).ok()?;
        command.args(["-n", "env"]);
    }
    command.args([
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "-qq",
        "-oDPkg::Lock::Timeout=120",
    ]);
    Some(command)
}
