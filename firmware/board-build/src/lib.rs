//! What the build script of every board does: it puts `memory.x` where the linker finds it,
//! names the linker scripts, so that a board builds the same from any folder, and reads the
//! public keys that are built in.
//!
//! A build script calls [`cortex_m`], or [`public_keys`] alone where a HAL brings the rest.
//! What goes wrong is told to cargo, which ends the build.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

pub use leaksieve_link::{Board, boards};
use spki::der::pem::PemLabel;
use spki::der::{Document, oid::ObjectIdentifier};
use spki::{SubjectPublicKeyInfoRef, der::Decode};

/// Paths of public keys, separated as in PATH. Relative ones begin at this folder.
const KEYS: &str = "LEAKSIEVE_KEYS";
/// id-Ed25519 (RFC 8410 section 3).
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// A part of the address space, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// The address of its first byte.
    pub origin: u32,
    /// How long it is.
    pub bytes: u32,
}

impl Region {
    /// What a board's program may fill.
    pub const fn program_of(board: &Board) -> Self {
        Self {
            origin: board.flash_address + board.program_offset,
            bytes: board.program_bytes(),
        }
    }

    /// What its variables and stack are in.
    pub const fn ram_of(board: &Board) -> Self {
        Self {
            origin: board.ram_address,
            bytes: board.ram_bytes,
        }
    }
}

/// All that a board with a Cortex-M needs: its memory map, followed by more text for the
/// linker; the linker scripts of cortex-m-rt and of defmt; [`public_keys`].
pub fn cortex_m(flash: Region, ram: Region, more: &str) {
    let region = |name, Region { origin, bytes }| {
        format!("  {name} : ORIGIN = {origin:#x}, LENGTH = {bytes:#x}\n")
    };
    let regions = region("FLASH", flash) + &region("RAM", ram);
    let script = format!("MEMORY\n{{\n{regions}}}\n{more}");
    if let Some(out) = write("memory.x", &script) {
        println!("cargo::rustc-link-search={}", out.display());
    }
    // The relocations stay, by which `tests/panics` sees what calls what; no device gets them.
    for argument in ["--nmagic", "-Tlink.x", "-Tdefmt.x", "--emit-relocs"] {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
    public_keys();
}

/// `keys.rs` in cargo's OUT_DIR: the constant `KEYS`, the public keys that the variable
/// `LEAKSIEVE_KEYS` names.
pub fn public_keys() {
    match keys() {
        Ok(keys) => {
            write("keys.rs", &keys);
        }
        Err(error) => println!("cargo::error={KEYS}: {error}"),
    }
    println!("cargo::rerun-if-changed=build.rs");
}

/// Gives the folder that the file is in, if it could be written.
fn write(name: &str, text: &str) -> Option<PathBuf> {
    let Some(out) = env::var_os("OUT_DIR").map(PathBuf::from) else {
        println!("cargo::error=run this through cargo, which sets OUT_DIR");
        return None;
    };
    if let Err(error) = fs::write(out.join(name), text) {
        println!("cargo::error=cannot write {name}: {error}");
        return None;
    }
    Some(out)
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
