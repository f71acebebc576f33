//! What an app for Android needs beside the library. `cargo xtask bindings --phones` makes the
//! libraries for phones and looks at them; `cargo xtask test --all` runs it.

use std::fs;

use anyhow::{Context, Result, ensure};

use crate::here;

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
