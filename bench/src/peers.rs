//! The other programs: got into `target/bench`, never installed on the machine.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use testkit::run::{self, output, say};
use testkit::workspace;

use crate::measure::Step;

/// A program that builds a filter of a list, and asks it.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) kind: Kind,
    path: PathBuf,
    pub(crate) version: String,
    /// Where its own libraries lie.
    libraries: Option<OsString>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Rust, Bloom filter: <https://github.com/hashlookup/poppy>
    Poppy,
    /// Go, Bloom filter: <https://github.com/DCSO/bloom>
    Bloom,
    /// C, cuckoo filter: <https://www.openwall.com/passwdqc/>
    Pwqfilter,
}

/// Of the Cargo registry.
const POPPY: (&str, &str) = ("poppy-filters", "0.2.1");
/// Of Debian; the last is a library of the one before.
const PACKAGES: [&str; 3] = ["golang-github-dcso-bloom-cli", "passwdqc", "libpasswdqc1"];

impl Program {
    pub(crate) const fn name(&self) -> &'static str {
        match self.kind {
            Kind::Poppy => "poppy",
            Kind::Bloom => "bloom",
            Kind::Pwqfilter => "pwqfilter",
        }
    }

    fn step(&self) -> Step {
        let mut step = Step::new(&self.path);
        if let Some(libraries) = &self.libraries {
            step.command.env("LD_LIBRARY_PATH", libraries);
        }
        step
    }

    /// How it builds `filter` of `list`, at a rate where it has a choice.
    pub(crate) fn build(&self, list: &Path, num_items: u64, rate: f64, filter: &Path) -> Vec<Step> {
        let capacity = num_items.to_string();
        let rate = rate.to_string();
        match self.kind {
            Kind::Poppy => vec![
                self.step()
                    .args(["-j", "1", "create", "-p", &rate])
                    .args([filter, list]),
            ],
            Kind::Bloom => vec![
                self.step()
                    .args(["create", "-p", &rate, "-n", &capacity])
                    .args([filter]),
                self.step().args(["insert"]).args([filter]).reads(list),
            ],
            // It takes up to 98 % of its capacity.
            Kind::Pwqfilter => vec![
                self.step()
                    .args([format!("--create={}", num_items + num_items / 32 + 64)])
                    .args([Path::new("-o"), filter])
                    .reads(list),
            ],
        }
    }

    /// How it is asked about each line of `questions`; it prints those that it knows.
    pub(crate) fn check(&self, filter: &Path, questions: &Path) -> Step {
        let step = match self.kind {
            Kind::Poppy => self.step().args(["-j", "1", "check"]).args([filter]),
            Kind::Bloom => self.step().args(["check"]).args([filter]),
            Kind::Pwqfilter => self.step().args([Path::new("-f"), filter]),
        };
        step.reads(questions)
    }
}

/// The programs that are there, or can be got. Says which cannot, and why.
pub(crate) fn programs() -> Vec<Program> {
    let mut programs = Vec::new();
    match poppy() {
        Ok(program) => programs.push(program),
        Err(error) => say(format!("without poppy: {error:#}")),
    }
    match debian_programs() {
        Ok(found) => programs.extend(found),
        Err(error) => say(format!("without bloom and pwqfilter: {error:#}")),
    }
    programs
}

/// The program of a package of the registry, compiled into `target/bench` once, with a profile of
/// Cargo's: what is not measured need not be optimised.
///
/// # Errors
/// When it cannot be fetched or compiled.
pub(crate) fn cargo_install(
    package: &str,
    version: &str,
    program: &str,
    profile: &str,
) -> Result<PathBuf> {
    let root = workspace::target_folder("bench")?;
    // The version is in the path, so that another one is not taken for it.
    let root = root.join(format!("{package}-{version}"));
    let path = root.join("bin").join(program);
    if !path.exists() {
        let mut command = run::cargo();
        command
            .args(["install", package, "--version", version, "--locked"])
            .args(["--profile", profile, "--root"])
            .arg(&root)
            .arg("--target-dir")
            .arg(root.join("build"));
        say(format!(
            "compiling {package} {version} into {}, once",
            workspace::shown(&root)
        ));
        run::within(
            &mut command,
            Duration::from_secs(900),
            &workspace::target_folder("bench")?.join("install.log"),
        )?;
        fs::remove_dir_all(root.join("build"))?;
    }
    Ok(path)
}

/// poppy alone.
///
/// # Errors
/// When it cannot be fetched or compiled.
pub(crate) fn poppy() -> Result<Program> {
    let (package, version) = POPPY;
    Ok(Program {
        kind: Kind::Poppy,
        path: cargo_install(package, version, "poppy", "release")?,
        version: version.into(),
        libraries: None,
    })
}

fn debian_programs() -> Result<[Program; 2]> {
    let root = workspace::target_folder("bench")?.join("debian");
    if !root.exists() {
        for tool in ["apt-get", "dpkg"] {
            ensure!(
                which::which(tool).is_ok(),
                "they are Debian packages, and there is no `{tool}` to get them with"
            );
        }
        say(format!(
            "downloading into target/bench: {}; nothing is installed on the machine",
            PACKAGES.join(" ")
        ));
        let partial = workspace::target_folder("bench")?.join("debian.partial");
        testkit::debian::unpack_packages(&PACKAGES, &partial)?;
        fs::rename(&partial, &root)?;
    }
    let libraries = ["lib", "usr/lib"]
        .iter()
        .map(|folder| root.join(folder))
        .chain(multiarch(&root.join("usr/lib")))
        .chain(multiarch(&root.join("lib")));
    let libraries = std::env::join_paths(libraries)?;
    let version = |package: &str| -> Result<String> {
        fs::read_to_string(root.join(format!("{package}.version")))
            .with_context(|| format!("{} is not whole: delete it", workspace::shown(&root)))
    };
    let program = |kind, name: &str, package| -> Result<Program> {
        let program = Program {
            kind,
            path: root.join("usr/bin").join(name),
            version: version(package)?,
            libraries: Some(libraries.clone()),
        };
        // What does not run here is told before hours of work, not after.
        output(
            Command::new(&program.path)
                .arg("--version")
                .env("LD_LIBRARY_PATH", &libraries),
        )?;
        Ok(program)
    };
    Ok([
        program(Kind::Bloom, "bloom", PACKAGES[0])?,
        program(Kind::Pwqfilter, "pwqfilter", PACKAGES[1])?,
    ])
}

/// Folders such as `x86_64-linux-gnu`.
fn multiarch(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect()
}
