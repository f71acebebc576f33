//! Kotlin on the Java virtual machine, for the tests of what apps are told. No package registry that
//! is reached here has Kotlin's compiler by itself, but a package of PyPI's carries it whole; JNA,
//! by which Kotlin calls what is compiled, is Debian's. Both lie in `target/kotlin`; of the machine it
//! takes Java.
//!
//! # Invariant
//! A folder bears its final name only when it is complete.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::run::{self, output, say};
use crate::{debian, setup, venv, workspace};

/// It carries the compiler, which it calls for what is typed into a notebook.
const COMPILER: &str = "kotlin-jupyter-kernel==0.19.0.944";

/// The environment variable that names a `jna.jar` with its native library in it, as the one on
/// Maven Central is.
pub const JNA: &str = "LEAKSIEVE_JNA";

/// What compiles and runs Kotlin.
#[derive(Clone, Debug)]
pub struct Kotlin {
    java: PathBuf,
    compiler: Vec<PathBuf>,
    /// What programs need beside their own classes.
    libraries: Vec<PathBuf>,
}

impl Kotlin {
    /// Get what is missing; at once when all is there.
    ///
    /// # Errors
    /// When something cannot be got; the error says what to do.
    pub fn get() -> Result<Self> {
        let java = setup::java()?;
        let _lock = workspace::lock("kotlin")?;
        let jars = jars()?;
        let jar = |start: &str, end: &str| {
            let mut entries = fs::read_dir(&jars)?.flatten().map(|entry| entry.path());
            entries
                .find(|path| {
                    let name = path.file_name().unwrap_or_default().to_string_lossy();
                    name.starts_with(start) && name.ends_with(end)
                })
                .with_context(|| format!("{COMPILER} has no {start}*{end}"))
        };
        let library = jar("kotlin-stdlib-", ".jar")?;
        Ok(Self {
            java,
            compiler: vec![
                jar("kotlin-jupyter-kernel-", "-all.jar")?,
                library.clone(),
                jar("kotlin-script-runtime-", ".jar")?,
            ],
            libraries: [vec![library], jna()?].concat(),
        })
    }

    /// The classes of a program. It is compiled if its sources are not those of an earlier time.
    ///
    /// # Errors
    /// When it does not compile.
    pub fn classes(&self, sources: &[PathBuf]) -> Result<PathBuf> {
        let _lock = workspace::lock("kotlin")?;
        let mut hasher = blake3::Hasher::new();
        for text in [COMPILER.as_bytes().to_vec()]
            .into_iter()
            .map(Ok)
            .chain(sources.iter().map(fs::read))
        {
            let text = text?;
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(&text);
        }
        let hash = hasher.finalize().to_hex();
        let folder = workspace::target_folder("kotlin")?;
        let classes = folder.join(format!("classes-{}", &hash[..16]));
        if classes.exists() {
            return Ok(classes);
        }
        let start = Instant::now();
        let partial = folder.join("classes.partial");
        if partial.exists() {
            fs::remove_dir_all(&partial)?;
        }
        let mut compile = Command::new(&self.java);
        compile
            // Half the time for what runs once.
            .args(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp"])
            .arg(joined(&self.compiler)?)
            .arg("org.jetbrains.kotlin.cli.jvm.K2JVMCompiler")
            .args(["-no-stdlib", "-no-reflect", "-cp"])
            .arg(joined(&self.libraries)?)
            .arg("-d")
            .arg(&partial)
            .args(sources);
        output(&mut compile)?;
        fs::rename(&partial, &classes)?;
        say(format!(
            "Kotlin compiled ({})",
            run::seconds(start.elapsed())
        ));
        Ok(classes)
    }

    /// Run a class, which finds shared libraries in a folder.
    ///
    /// # Errors
    /// When a path cannot be told to Java.
    pub fn program(&self, classes: &Path, class: &str, libraries: &Path) -> Result<Command> {
        let mut path = vec![classes.to_owned()];
        path.extend(self.libraries.iter().cloned());
        let mut library_path = std::ffi::OsString::from("-Djna.library.path=");
        library_path.push(libraries);
        let mut command = Command::new(&self.java);
        command
            .args(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
            .arg(library_path)
            .arg("-cp")
            .arg(joined(&path)?)
            .arg(class);
        Ok(command)
    }
}

/// A class path.
fn joined(paths: &[PathBuf]) -> Result<std::ffi::OsString> {
    Ok(std::env::join_paths(paths)?)
}

/// The folder of the compiler's jars.
fn jars() -> Result<PathBuf> {
    let environment = workspace::target().join("kotlin/python");
    let installed = || {
        let folders = fs::read_dir(environment.join("lib")).ok()?;
        folders
            .flatten()
            .map(|entry| entry.path().join("site-packages/run_kotlin_kernel/jars"))
            .find(|folder| folder.exists())
    };
    if let Some(folder) = installed() {
        return Ok(folder);
    }
    say("installing Kotlin's compiler into target/kotlin (80 MB)");
    let python = venv::environment("kotlin")?;
    venv::install(&python, &["--no-deps", COMPILER])
        .with_context(|| format!("{COMPILER}, for the tests of Kotlin, cannot be got"))?;
    installed().with_context(|| format!("{COMPILER} brings no jars"))
}

/// JNA, and where its native library is found.
fn jna() -> Result<Vec<PathBuf>> {
    if let Some(path) = std::env::var_os(JNA) {
        return Ok(vec![path.into()]);
    }
    let folder = workspace::target().join("kotlin/jna");
    let (jar, native) = (folder.join("usr/share/java/jna.jar"), folder.join("native"));
    if !native.exists() {
        say("unpacking JNA into target/kotlin; nothing is installed on the machine");
        debian::unpack_packages(&["libjna-java", "libjna-jni"], &folder).with_context(|| {
            format!("no JNA for the tests of Kotlin: name the jna.jar of Maven Central in {JNA}")
        })?;
        // Debian's jar looks for it in the system's folders, then as a resource of this name.
        let machine = std::env::consts::ARCH.replace('_', "-");
        let partial = folder.join("native.partial");
        let place = partial.join(format!("com/sun/jna/linux-{machine}"));
        fs::create_dir_all(&place)?;
        let library = fs::read_dir(folder.join("usr/lib"))?
            .flatten()
            .map(|entry| entry.path().join("jni/libjnidispatch.system.so"))
            .find(|path| path.exists())
            .context("libjna-jni has no native library")?;
        fs::copy(library, place.join("libjnidispatch.so"))?;
        fs::rename(partial, &native)?;
    }
    Ok(vec![jar, native])
}
