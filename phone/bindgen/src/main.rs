//! `cargo xtask bindings` runs this.
//!
//! - `leaksieve-bindgen header FILE` writes the C header.
//! - `leaksieve-bindgen languages LIBRARY FOLDER` writes Kotlin and Swift, and Python for tests.

use std::path::Path;

use anyhow::{Context, Result, bail};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["header", file] => std::fs::write(file, leaksieve_bindgen::header()?)
            .with_context(|| format!("cannot write {file}")),
        ["languages", library, folder] => {
            leaksieve_bindgen::languages(Path::new(library), Path::new(folder))
        }
        _ => bail!("give `header FILE` or `languages LIBRARY FOLDER`"),
    }
}
