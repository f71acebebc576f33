//! Puts `memory.x` where the linker finds it, names the linker scripts, so that the
//! board builds the same from any folder, and reads the public keys that are built in.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use spki::der::pem::PemLabel;
use spki::der::{Document, oid::ObjectIdentifier};
use spki::{SubjectPublicKeyInfoRef, der::Decode};

/// Paths of public keys, separated as in PATH. Relative ones begin at this folder.
const KEYS: &str = "LEAKSIEVE_KEYS";
/// id-Ed25519 (RFC 8410 section 3).
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The filter's place in the flash-only build; the program ends before it.
const FILTER_ORIGIN: u32 = 0x0002_0000;
const FLASH_BYTES: u32 = 256 * 1024;
const RAM_BYTES: u32 = 64 * 1024;

fn main() {
    let filter_in_flash = env::var_os("CARGO_FEATURE_INTERNAL_FLASH").is_some();
    let program_bytes = if filter_in_flash {
        FILTER_ORIGIN
    } else {
        FLASH_BYTES
    };
    let script = format!(
        "MEMORY\n{{\n  FLASH : ORIGIN = 0x00000000, LENGTH = {program_bytes:#x}\n  \
         RAM : ORIGIN = 0x20000000, LENGTH = {RAM_BYTES:#x}\n}}\n\
         __filter_start = {FILTER_ORIGIN:#x};\n__filter_end = {FLASH_BYTES:#x};\n"
    );
    let Some(out) = env::var_os("OUT_DIR").map(PathBuf::from) else {
        println!("cargo::error=run this through cargo, which sets OUT_DIR");
        return;
    };
    if let Err(error) = fs::write(out.join("memory.x"), script) {
        println!("cargo::error=cannot write memory.x: {error}");
        return;
    }
    match keys() {
        Ok(keys) => {
            if let Err(error) = fs::write(out.join("keys.rs"), keys) {
                println!("cargo::error=cannot write keys.rs: {error}");
            }
        }
        Err(error) => println!("cargo::error={KEYS}: {error}"),
    }
    println!("cargo::rustc-link-search={}", out.display());
    for argument in ["--nmagic", "-Tlink.x", "-Tdefmt.x"] {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
    println!("cargo::rerun-if-changed=build.rs");
}

/// The keys that the device trusts, as a constant.
fn keys() -> Result<String, String> {
    println!("cargo::rerun-if-env-changed={KEYS}");
    let paths = env::var_os(KEYS).unwrap_or_default();
    let mut list = String::new();
    for path in env::split_paths(&paths).filter(|path| !path.as_os_str().is_empty()) {
        println!("cargo::rerun-if-changed={}", path.display());
        let key = public_key(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        // Writing to a String does not fail.
        let _ = writeln!(list, "    PublicKey({key:?}),");
    }
    if !list.is_empty() && env::var_os("CARGO_FEATURE_SIGNATURES").is_none() {
        return Err(
            "without the feature `signatures` the device refuses every signed filter: \
                    build with it, or without a key"
                .to_owned(),
        );
    }
    Ok(format!(
        "/// The keys whose filters are accepted; with none, all are.\n\
         pub(crate) const KEYS: &[PublicKey] = &[\n{list}];\n"
    ))
}

/// The Ed25519 key of a SubjectPublicKeyInfo in PEM (RFC 8410 section 4).
fn public_key(path: &Path) -> Result<[u8; 32], String> {
    const MAKE_ONE: &str = "give the file that `leaksieve keygen` or `openssl pkey -pubout` made";
    let text = fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))?;
    if text.contains("PRIVATE KEY") {
        return Err(format!(
            "a private key, which no device may hold: {MAKE_ONE}"
        ));
    }
    let no_key = |error| format!("not a public key in PEM form ({error}): {MAKE_ONE}");
    let (label, document) = Document::from_pem(&text).map_err(no_key)?;
    SubjectPublicKeyInfoRef::validate_pem_label(label).map_err(|error| no_key(error.into()))?;
    let info = SubjectPublicKeyInfoRef::from_der(document.as_bytes()).map_err(no_key)?;
    let key = info.subject_public_key.as_bytes();
    match key.and_then(|key| key.try_into().ok()) {
        Some(key) if info.algorithm.oid == ED25519 => Ok(key),
        _ => Err(format!(
            "a key of another algorithm than Ed25519: {MAKE_ONE}, from an Ed25519 key"
        )),
    }
}
