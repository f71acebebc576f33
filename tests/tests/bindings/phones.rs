//! What is made for phones, which nothing here runs: it is looked at. What the libraries must be
//! `xtask::phones` checks whenever it makes them.

use std::fs;

use anyhow::{Context, Result, ensure};
use leaksieve_tests::is_exhaustive;
use xtask::phones;

use crate::{app, here};

/// Pages, names and dependencies; and all that Kotlin calls is there.
#[test]
#[ignore = "compiles for minutes: cargo xtask test --all"]
fn libraries_for_android_and_ios() -> Result<()> {
    if !is_exhaustive() {
        println!("left to `cargo xtask test --all`");
        return Ok(());
    }
    let (folder, app) = (tempfile::tempdir()?, app()?);
    phones::android(folder.path())?;
    let kotlin = fs::read_to_string(app.path().join("leaksieve/leaksieve.kt"))?;
    let called: Vec<&str> = kotlin
        .lines()
        .filter_map(|line| line.trim().strip_prefix("external fun "))
        .filter_map(|line| line.split('(').next())
        .collect();
    ensure!(called.len() > 20, "Kotlin calls {called:?}");
    for abi in ["arm64-v8a", "x86_64"] {
        let library = folder.path().join("jniLibs").join(abi);
        let library = fs::read(library.join("libleaksieve_phone.so")).context(abi)?;
        let exports = phones::exports(&library)?;
        for function in &called {
            ensure!(exports.contains(*function), "{abi} has no {function}");
        }
        ensure!(!exports.iter().any(|name| name.starts_with("_Unwind")));
    }
    ensure!(folder.path().join("consumer-rules.pro").exists());
    phones::ios(folder.path())
}

/// A minifier leaves the package that `uniffi.toml` names as it is, and what JNA reads of it.
#[test]
fn rules_for_minifiers() -> Result<()> {
    let rules = fs::read_to_string(here("../../../phone/android/consumer-rules.pro"))?;
    let config = fs::read_to_string(here("../../../phone/uniffi.toml"))?;
    let (_, package) = config
        .split_once("package_name = \"")
        .context("no package")?;
    let (package, _) = package.split_once('"').context("no end")?;
    for rule in [
        &*format!("-keep class {package}.** {{ *; }}"),
        "-keep class com.sun.jna.** { *; }",
        "-keepattributes RuntimeVisibleAnnotations",
    ] {
        ensure!(rules.contains(rule), "no {rule}");
    }
    Ok(())
}
