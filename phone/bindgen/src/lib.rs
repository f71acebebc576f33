//! What other languages need of `leaksieve-phone`: the C header, and Kotlin and Swift, of what UniFFI
//! left in a shared library that was built; and Python, by which tests ask it.

use std::path::Path;

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use uniffi_bindgen::bindings::{GenerateOptions, TargetLanguage, generate_with_bindgen_paths};
use uniffi_bindgen::{BindgenPaths, BindgenPathsLayer};

/// The folder of `leaksieve-phone`.
fn phone() -> &'static Path {
    // The manifest folder is that of `phone/bindgen/`, so there is always a parent.
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}

/// The C header, of the sources that say what crosses into C.
///
/// # Errors
/// When a source cannot be read or understood.
pub fn header() -> Result<Vec<u8>> {
    let phone = phone();
    let config = cbindgen::Config::from_file(phone.join("cbindgen.toml"))
        .map_err(anyhow::Error::msg)
        .context("phone/cbindgen.toml")?;
    let sources = ["c/types.rs", "kind.rs", "reason.rs", "c.rs"];
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in sources {
        builder = builder.with_src(phone.join("src").join(source));
    }
    let mut header = Vec::new();
    builder.generate()?.write(&mut header);
    Ok(header)
}

/// Where the one package is: its `uniffi.toml` names Kotlin's package.
struct Phone;

impl BindgenPathsLayer for Phone {
    fn get_crate_root(&self, name: &str) -> Option<Utf8PathBuf> {
        let root = Utf8PathBuf::from_path_buf(phone().to_owned()).ok();
        root.filter(|_| name == "leaksieve_phone")
    }
}

/// Write the Kotlin and Swift that fit a shared library, and Python's `leaksieve_uniffi`, which tests
/// use: `leaksieve` is the wheel of `python/`.
///
/// # Errors
/// When the library is not one of `leaksieve-phone`, or the folder cannot be written.
pub fn languages(library: &Path, folder: &Path) -> Result<()> {
    let mut paths = BindgenPaths::default();
    paths.add_layer(Phone);
    let options = GenerateOptions {
        languages: vec![
            TargetLanguage::Kotlin,
            TargetLanguage::Swift,
            TargetLanguage::Python,
        ],
        source: utf8(library)?.to_owned(),
        out_dir: utf8(folder)?.to_owned(),
        ..GenerateOptions::default()
    };
    generate_with_bindgen_paths(options, paths)?;
    let made = folder.join("leaksieve.py");
    let mut text = std::fs::read_to_string(&made)
        .with_context(|| format!("cannot read {}", made.display()))?;
    std::fs::remove_file(&made).with_context(|| format!("cannot remove {}", made.display()))?;
    let python = folder.join("leaksieve_uniffi.py");
    text.push_str(NO_COPIES);
    std::fs::write(&python, text).with_context(|| format!("cannot write {}", python.display()))
}

/// Behind UniFFI's Python. Its objects hold a handle that Python would copy; the first copy
/// that goes away closes the file under the others, which then read what is not theirs.
const NO_COPIES: &str = r#"

def _cannot_be_copied(self):
    raise TypeError("a Filter cannot be copied or pickled: open the file again")


Filter.__reduce__ = _cannot_be_copied
"#;

fn utf8(path: &Path) -> Result<&Utf8Path> {
    Utf8Path::from_path(path).with_context(|| format!("{} is not UTF-8", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_that_of_the_sources() -> Result<()> {
        let made = String::from_utf8(header()?)?;
        let committed = std::fs::read_to_string(phone().join("include/leaksieve.h"))?;
        assert!(
            made == committed,
            "phone/include/leaksieve.h is not what phone/src/c says: run `cargo xtask bindings`"
        );
        Ok(())
    }
}
