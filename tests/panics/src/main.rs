//! That what answers a question cannot panic: no call to the panic machinery in the linked
//! firmware stands in the core's code, the app's, or that of a crate which the core uses.
//!
//! A call is a branch, or an address that is taken; the linker's relocations tell of both. What
//! the standard library calls on our behalf counts as called by us: a function of its own that may
//! reach a panic is machinery like the rest. The debug information says which source lines a call
//! comes from, inlined ones included.
//!
//! Not seen: a call through a table of tables, and a processor's own faults.
//!
//! `cargo xtask test` runs it, as `leaksieve-panics NAME=ELF...`.

mod exceptions;
mod image;
mod source;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use testkit::cross::CORTEX_M3;
use testkit::run::{cargo, output};
use testkit::workspace;

use self::exceptions::{EXCEPTIONS, Exception};
use self::image::Image;
use self::source::{Frame, Source, path};

const USAGE: &str = "usage: leaksieve-panics NAME=ELF...";

/// Say of each firmware how many calls may panic, and whose. Fails when one is in the core's path
/// and not excepted; each is named with function, file and line.
fn main() -> ExitCode {
    match check() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn check() -> Result<()> {
    let guarded = guarded()?;
    ensure!(std::env::args().len() > 1, USAGE);
    let mut all = Vec::new();
    for argument in std::env::args().skip(1) {
        let (name, elf) = argument.split_once('=').context(USAGE)?;
        let sites = sites(Path::new(elf))?;
        eprintln!("{name}: {}", summary(&sites));
        let refused = refused(&sites, &guarded, &EXCEPTIONS);
        all.extend(refused.into_iter().map(|site| format!("{name}: {site}")));
    }
    ensure!(
        all.is_empty(),
        "what answers a question could panic; mend it, or give the reason why it cannot in \
         tests/panics/src/exceptions.rs:\n{}",
        all.join("\n")
    );
    Ok(())
}

/// A call, outside of the standard library, that may end in a panic.
#[derive(Clone, Debug)]
struct Site {
    /// The function, or constant of functions, that is called.
    callee: String,
    /// Where it is called: the innermost line first. At least one is outside of the standard
    /// library.
    frames: Vec<Frame>,
}

impl Site {
    /// The innermost line that is not the standard library's.
    fn author(&self) -> Option<&Frame> {
        self.frames.iter().find(|frame| frame.is_ours())
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ours = self.frames.iter().filter(|frame| frame.is_ours());
        // Where it stands, and for whom.
        for (i, frame) in ours.take(3).enumerate() {
            write!(f, "{}{frame}", if i == 0 { "" } else { ", in " })?;
        }
        write!(f, ": calls {}", self.callee)
    }
}

/// Every such call of a linked firmware, by address.
///
/// # Errors
/// When the ELF cannot be read, or has no panic machinery: then it is stripped of its symbols,
/// since a panic handler is in every firmware of ours.
fn sites(elf: &Path) -> Result<Vec<Site>> {
    let bytes = fs::read(elf).with_context(|| format!("cannot read {}", elf.display()))?;
    let image = Image::read(&bytes).with_context(|| elf.display().to_string())?;
    let mut source = Source::read(&bytes).with_context(|| elf.display().to_string())?;

    let names: BTreeMap<u32, String> = image
        .items
        .iter()
        .map(|(start, item)| (*start, path_of(&item.names)))
        .collect();
    let is_machinery = |name: &String| {
        name.starts_with("core::panicking::") || name.ends_with("rust_begin_unwind")
    };
    let mut may_panic: BTreeSet<u32> = names
        .iter()
        .filter(|(_, name)| is_machinery(name))
        .map(|(start, _)| *start)
        .collect();
    ensure!(
        !may_panic.is_empty(),
        "{} has no symbol of the panic machinery: is it stripped?",
        elf.display()
    );

    let mut callers: BTreeMap<u32, Vec<(u32, u32)>> = BTreeMap::new();
    for (start, item) in &image.items {
        for (at, to) in &item.references {
            callers.entry(*to).or_default().push((*start, *at));
        }
    }
    let mut sites = BTreeMap::new();
    let mut rest: Vec<u32> = may_panic.iter().copied().collect();
    while let Some(callee) = rest.pop() {
        for (caller, at) in callers.get(&callee).into_iter().flatten() {
            let frames = if image.items[caller].is_function {
                source.frames(*at, &names[caller])?
            } else {
                Vec::new()
            };
            if frames.iter().any(Frame::is_ours) {
                let callee = names[&callee].clone();
                sites.insert(*at, Site { callee, frames });
            } else if may_panic.insert(*caller) {
                rest.push(*caller);
            }
        }
    }
    Ok(sites.into_values().collect())
}

/// What is wrong with the calls, a line for each: those with a line in a guarded crate, beyond
/// what is excepted.
fn refused(sites: &[Site], guarded: &BTreeSet<String>, exceptions: &[Exception]) -> Vec<String> {
    let mut lines: Vec<BTreeSet<u32>> = vec![BTreeSet::new(); exceptions.len()];
    let is_guarded = |frame: &Frame| {
        let package = frame.package.as_ref();
        package.is_some_and(|package| guarded.contains(package))
    };
    let mut is_excepted = |site: &Site| {
        let Some(author) = site.author() else {
            return false;
        };
        let mut exceptions = exceptions.iter().zip(&mut lines);
        let found = exceptions.find(|(exception, _)| exception.covers(author));
        found.is_some_and(|(exception, lines)| {
            // A line that is inlined in several places is one.
            lines.insert(author.place.as_ref().map_or(0, |(_, line)| *line));
            lines.len() <= exception.most
        })
    };
    sites
        .iter()
        .filter(|site| site.frames.iter().any(is_guarded) && !is_excepted(site))
        .map(Site::to_string)
        .collect()
}

/// How many calls each crate has, such as `4 calls may panic: md4 4`.
fn summary(sites: &[Site]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for package in sites
        .iter()
        .filter_map(|site| site.author()?.package.as_deref())
    {
        *counts.entry(package).or_default() += 1;
    }
    let counts: Vec<_> = counts
        .iter()
        .map(|(package, count)| format!("{package} {count}"))
        .collect();
    format!("{} calls may panic: {}", sites.len(), counts.join(", "))
}

/// The crates that must not panic: the core, what it uses on the board, and the app.
///
/// # Errors
/// When cargo does not say what the core uses.
fn guarded() -> Result<BTreeSet<String>> {
    let metadata = output(
        cargo()
            .args(["metadata", "--format-version=1", "--filter-platform"])
            .arg(CORTEX_M3)
            .current_dir(workspace::firmware()),
    )?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let mut guarded = used_by("leaksieve-core", &metadata)
        .context("cargo metadata does not say what leaksieve-core uses")?;
    guarded.insert("leaksieve_app".to_owned());
    Ok(guarded)
}

/// A package and all that is linked because of it, as rustc names them.
fn used_by(package: &str, metadata: &Value) -> Option<BTreeSet<String>> {
    let name = |id: &Value| {
        let mut packages = metadata["packages"].as_array()?.iter();
        packages.find(|package| package["id"] == *id)?["name"].as_str()
    };
    let nodes = metadata.pointer("/resolve/nodes")?.as_array()?;
    let first = nodes
        .iter()
        .find(|node| name(&node["id"]) == Some(package))?;
    let mut found = BTreeSet::new();
    let mut rest = vec![first];
    while let Some(node) = rest.pop() {
        if !found.insert(name(&node["id"])?.replace('-', "_")) {
            continue;
        }
        for used in node["deps"].as_array()? {
            // Neither for tests nor for build scripts.
            let is_linked = used["dep_kinds"]
                .as_array()?
                .iter()
                .any(|kind| kind["kind"].is_null());
            let node = nodes.iter().find(|node| node["id"] == used["pkg"]);
            rest.extend(node.filter(|_| is_linked));
        }
    }
    Some(found)
}

/// Of several names, the panic machinery's: what may be called by it is taken as it.
fn path_of(symbols: &[String]) -> String {
    let mut paths: Vec<_> = symbols.iter().map(|symbol| path(symbol)).collect();
    paths.sort_by_key(|path| !path.starts_with("core::panicking::"));
    paths.into_iter().next().unwrap_or_default()
}
