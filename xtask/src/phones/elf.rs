//! A shared library as Android's loader takes it.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use object::elf::{
    DT_NEEDED, DT_SONAME, DT_TEXTREL, FileHeader64, PT_GNU_EH_FRAME, PT_GNU_RELRO, PT_LOAD, PT_TLS,
};
use object::read::elf::{Dyn, FileHeader, ProgramHeader};
use object::{Architecture, Endianness, Object, ObjectSymbol};

use super::SHARED;

/// A page of the newest phones.
const PAGE_BYTES: u64 = 16 << 10;

/// What every phone has beside our library.
const SYSTEM: [&str; 2] = ["libc.so", "libdl.so"];

/// That it is loaded on pages of 16 KiB (and of 4), by Android 5, and has every function of the C
/// header, and each that Kotlin calls.
pub(super) fn check(
    library: &[u8],
    architecture: Architecture,
    header: &str,
    kotlin: &str,
) -> Result<()> {
    let file = object::File::parse(library)?;
    ensure!(
        file.architecture() == architecture && file.kind() == object::ObjectKind::Dynamic,
        "not a shared library for {architecture:?}"
    );
    let elf = FileHeader64::<Endianness>::parse(library)?;
    let endian = elf.endian()?;
    let (mut num_loaded, mut unwinds) = (0, false);
    for segment in elf.program_headers(endian, library)? {
        let (start, align) = (segment.p_vaddr(endian), segment.p_align(endian));
        match segment.p_type(endian) {
            PT_LOAD => {
                num_loaded += 1;
                ensure!(
                    align >= PAGE_BYTES
                        && align.is_power_of_two()
                        && start % align == segment.p_offset(endian) % align,
                    "a segment at {start:#x} is aligned to {align} bytes"
                );
            }
            // What is behind it in its last page is made read-only with it.
            PT_GNU_RELRO => ensure!(
                (start + segment.p_memsz(endian)) % PAGE_BYTES == 0,
                "what becomes read-only at {start:#x} ends within a page"
            ),
            PT_TLS => anyhow::bail!("it has thread-local variables, which only Android 10 knows"),
            PT_GNU_EH_FRAME => unwinds = true,
            _ => {}
        }
    }
    ensure!(unwinds, "a panic in it ends the app");
    ensure!(num_loaded > 1, "it has {num_loaded} segments");

    let sections = elf.sections(endian, library)?;
    let (entries, strings) = sections
        .dynamic(endian, library)?
        .map(|(entries, index)| anyhow::Ok((entries, sections.strings(endian, library, index)?)))
        .context("it has no dynamic section")??;
    let mut names = BTreeSet::new();
    for entry in entries {
        let tag = entry.d_tag(endian);
        ensure!(tag != DT_TEXTREL, "its code is changed when it is loaded");
        if tag == DT_NEEDED || tag == DT_SONAME {
            let offset = u32::try_from(entry.d_val(endian))?;
            let name = strings.get(offset).ok().context("a name is missing")?;
            let name = String::from_utf8_lossy(name);
            let is_right = match tag {
                DT_SONAME => name == SHARED,
                _ => SYSTEM.contains(&&*name),
            };
            ensure!(is_right, "it names {name}");
            names.insert(name.into_owned());
        }
    }
    ensure!(names.contains(SHARED), "it has no name");
    ensure!(names.contains("libc.so"), "it does without libc.so");

    let symbols = exports(library)?;
    let mut functions = functions(header);
    ensure!(functions.len() > 5, "the header has no functions");
    let of_header = functions.len();
    functions.extend(
        kotlin
            .lines()
            .filter_map(|line| line.trim().strip_prefix("external fun "))
            .filter_map(|line| line.split('(').next()),
    );
    ensure!(functions.len() > of_header + 20, "Kotlin calls nothing");
    for function in functions {
        ensure!(symbols.contains(function), "it has no {function}");
    }
    ensure!(
        !symbols.iter().any(|name| name.starts_with("_Unwind")),
        "others would find its unwinder"
    );
    Ok(())
}

/// What is found in a shared library by its name.
fn exports(library: &[u8]) -> Result<BTreeSet<String>> {
    let file = object::File::parse(library)?;
    let symbols = file.dynamic_symbols();
    let defined = symbols.filter(|symbol| symbol.is_definition() && symbol.is_global());
    let names = defined.map(|symbol| symbol.name().map(str::to_owned));
    Ok(names.collect::<Result<_, _>>()?)
}

/// The functions of the C header.
fn functions(header: &str) -> Vec<&str> {
    let code = header.lines().filter(|line| !line.starts_with("//"));
    code.filter_map(|line| {
        let (before, _) = line.split_once('(')?;
        let name = before.rsplit([' ', '*']).next()?;
        name.starts_with("leaksieve_").then_some(name)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_of_the_header() {
        let header = include_str!("../../../phone/include/leaksieve.h");
        let functions = functions(header);
        for name in ["leaksieve_open", "leaksieve_open_region", "leaksieve_check"] {
            assert!(functions.contains(&name), "{functions:?}");
        }
    }

    /// This test's own program: a file of the machine's, which no phone loads.
    #[test]
    fn what_is_no_library_for_android_is_refused() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        for architecture in [Architecture::X86_64, Architecture::Aarch64] {
            assert!(check(&own, architecture, "leaksieve_open(", "").is_err());
        }
        assert!(check(b"", Architecture::X86_64, "", "").is_err());
    }
}
