//! Which lines of source an instruction comes from, and whose they are.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use addr2line::Loader;
use anyhow::{Result, anyhow};
use object::Endianness;
use object::elf::{FileHeader32, SHT_REL};
use object::read::elf::{FileHeader, SectionHeader};
use testkit::workspace;

/// The standard library's crates.
const STANDARD: [&str; 4] = ["core", "alloc", "std", "compiler_builtins"];

/// A line of source, in the function that it was written in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The crate, as rustc names it; none for assembly and what a linker makes.
    pub(crate) package: Option<String>,
    /// The function's path.
    pub(crate) function: String,
    /// File and line, where the debug information has them.
    pub(crate) place: Option<(String, u32)>,
}

impl Frame {
    /// Not the standard library's.
    pub(crate) fn is_ours(&self) -> bool {
        let package = self.package.as_deref();
        package.is_some_and(|package| !STANDARD.contains(&package))
    }

    /// The function's own name: `read` of `<card::Card<D> as Storage>::read::{{closure}}`.
    /// The rest of the path is written in more than one way, by the compiler's version.
    pub(crate) fn name(&self) -> &str {
        let mut depth = 0;
        let mut before = ' ';
        let outside = |c: char| {
            depth += i32::from(c == '<');
            let is_outside = depth == 0;
            // Not the arrow of a function's type.
            depth -= i32::from(c == '>' && before != '-');
            before = c;
            !is_outside || c == ':'
        };
        let words = self.function.split(outside);
        let names = words.filter(|word| !word.is_empty() && !word.starts_with('{'));
        names.last().unwrap_or_default()
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.function)?;
        match &self.place {
            Some((file, line)) => write!(f, " ({}:{line})", shown(file)),
            None => Ok(()),
        }
    }
}

/// A file as a person standing in the workspace would write it; one of a registry's packages
/// from the package's name on.
fn shown(file: &str) -> String {
    match file
        .split_once("/registry/src/")
        .and_then(|(_, file)| file.split_once('/'))
    {
        Some((_registry, file)) => file.to_owned(),
        None => workspace::shown(Path::new(file)),
    }
}

/// The debug information of a firmware.
pub(crate) struct Source {
    debug: Loader,
    packages: Packages,
}

impl Source {
    pub(crate) fn read(elf: &[u8]) -> Result<Self> {
        let file = tempfile::NamedTempFile::new()?;
        fs::write(file.path(), without_relocations(elf)?)?;
        Ok(Self {
            debug: Loader::new(file.path()).map_err(|error| anyhow!("{error}"))?,
            packages: Packages::default(),
        })
    }

    /// The lines that an instruction comes from, the innermost first. Without debug information
    /// there is the function alone.
    pub(crate) fn frames(&mut self, at: u32, symbol: &str) -> Result<Vec<Frame>> {
        let unreadable =
            |error: &dyn fmt::Display| anyhow!("debug information at {at:#x}: {error}");
        let mut frames = Vec::new();
        let mut found = self
            .debug
            .find_frames(at.into())
            .map_err(|error| unreadable(&error))?;
        while let Some(frame) = found.next().map_err(|error| unreadable(&error))? {
            let function = match &frame.function {
                Some(name) => path(&name.raw_name().map_err(|error| unreadable(&error))?),
                None => symbol.to_owned(),
            };
            let location = frame.location;
            let file = location.as_ref().and_then(|location| location.file);
            let place = file.map(|file| {
                let line = location.as_ref().and_then(|location| location.line);
                (file.to_owned(), line.unwrap_or_default())
            });
            frames.push(Frame {
                package: self.packages.of(file, &function),
                function,
                place,
            });
        }
        if frames.is_empty() {
            frames.push(Frame {
                package: self.packages.of(None, symbol),
                function: symbol.to_owned(),
                place: None,
            });
        }
        Ok(frames)
    }
}

/// The linker has applied the relocations that it left in; who reads debug information would apply
/// them again.
fn without_relocations(elf: &[u8]) -> Result<Vec<u8>> {
    let header = FileHeader32::<Endianness>::parse(elf)?;
    let endian = header.endian()?;
    let table = header.e_shoff(endian) as usize;
    let mut bytes = elf.to_vec();
    for (index, section) in header.section_headers(endian, elf)?.iter().enumerate() {
        if section.sh_type(endian) == SHT_REL {
            let kind = table + index * size_of_val(section) + size_of::<u32>();
            bytes[kind..][..size_of::<u32>()].fill(0);
        }
    }
    Ok(bytes)
}

/// Which crate a file belongs to, found once.
#[derive(Default)]
struct Packages(BTreeMap<String, Option<String>>);

impl Packages {
    /// By the file, else by the function's name.
    fn of(&mut self, file: Option<&str>, function: &str) -> Option<String> {
        let by_file = file.and_then(|file| {
            let found = self.0.entry(file.to_owned());
            found.or_insert_with(|| package_of_file(file)).clone()
        });
        by_file.or_else(|| package_of_function(function))
    }
}

/// Where the standard library was compiled need not be here; other packages have a manifest
/// above the file.
fn package_of_file(file: &str) -> Option<String> {
    for package in STANDARD {
        if file.contains(&format!("/library/{package}/src/")) {
            return Some(package.to_owned());
        }
    }
    Path::new(file).ancestors().skip(1).find_map(|folder| {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).ok()?;
        let mut lines = manifest
            .lines()
            .skip_while(|line| line.trim() != "[package]");
        let name =
            lines.find_map(|line| line.strip_prefix("name")?.trim_start().strip_prefix('='))?;
        Some(name.trim().trim_matches('"').replace('-', "_"))
    })
}

/// The first word of a path such as `<leaksieve_app::card::CardFile<D> as Storage>::mount`.
fn package_of_function(function: &str) -> Option<String> {
    let is_of_a_word = |c: char| c.is_alphanumeric() || c == '_';
    let path = function.trim_start_matches(|c| !is_of_a_word(c));
    let path = path.trim_start_matches("mut ").trim_start_matches("dyn ");
    let (word, rest) = path.split_at(path.find(|c| !is_of_a_word(c))?);
    rest.starts_with("::").then(|| word.to_owned())
}

/// The path that a symbol stands for, without the numbers that tell versions apart.
pub(crate) fn path(symbol: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(symbol))
}
