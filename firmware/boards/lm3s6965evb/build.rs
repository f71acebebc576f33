//! Puts `memory.x` where the linker finds it, and names the linker scripts, so that the
//! board builds the same from any folder.

use std::env;
use std::fs;
use std::path::PathBuf;

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
    println!("cargo::rustc-link-search={}", out.display());
    for argument in ["--nmagic", "-Tlink.x", "-Tdefmt.x"] {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
