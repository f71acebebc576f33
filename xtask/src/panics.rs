//! That what answers a question cannot panic: no call to the panic machinery in the linked
//! firmware stands in the core's code, the app's, or that of a crate which the core uses.
//!
//! A call is a branch, or an address that is taken. What the standard library calls on our
//! behalf counts as called by us: a function of its own that may reach a panic is machinery
//! like the rest. The debug information says which source lines a call comes from, inlined
//! ones included.
//!
//! Not seen: a call through a table of tables, and a processor's own faults.

mod image;
mod source;
#[cfg(test)]
mod tests;
mod thumb;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use self::image::Image;
pub(crate) use self::source::Frame;
use self::source::{Source, path};
use testkit::cross::CORTEX_M3;
use testkit::run::{cargo, output, say};
use testkit::workspace;

/// Calls that are never reached, and that cannot be mended here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exception {
    /// The crate in whose source they stand, as rustc names it.
    pub(crate) package: &'static str,
    /// The function that they stand in, inlined or not, by its own name; none for all of the
    /// crate.
    pub(crate) function: Option<&'static str>,
    /// Lines that may call; one more is looked at anew.
    pub(crate) most: usize,
    /// Why none is reached.
    pub(crate) reason: &'static str,
}

impl Exception {
    fn covers(&self, frame: &Frame) -> bool {
        let is_function = |function| function == frame.name();
        frame.package.as_deref() == Some(self.package) && self.function.is_none_or(is_function)
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let function = self.function.unwrap_or("*");
        write!(f, "{}, {function}: {}", self.package, self.reason)
    }
}

/// What may stand where nothing may.
pub(crate) const EXCEPTIONS: [Exception; 17] = [
    Exception {
        package: "cobs",
        function: Some("decode_in_place_report"),
        most: 2,
        reason: "it reads as many bytes as a code says only when they end before the frame does, which \
                 is no longer than its slice",
    },
    Exception {
        package: "postcard",
        function: Some("varint_u16"),
        most: 1,
        reason: "a loop over the 3 bytes that 16 bits need, in an array of 3",
    },
    Exception {
        package: "postcard",
        function: Some("varint_u32"),
        most: 1,
        reason: "a loop over the 5 bytes that 32 bits need, in an array of 5",
    },
    Exception {
        package: "xxhash_rust",
        function: Some("read_u64"),
        most: 27,
        reason: "eight bytes of a stripe or of the secret, whose lengths choose the way; published \
                 vectors of each way are among the core's tests",
    },
    Exception {
        package: "md4",
        function: Some("compress"),
        most: 6,
        reason: "indices of a block's 16 words, from tables of constants below 16",
    },
    Exception {
        package: "md4",
        function: Some("finalize_fixed_core"),
        most: 2,
        reason: "four words of state go into 16 bytes of output",
    },
    Exception {
        package: "sha1",
        function: Some("finalize_fixed_core"),
        most: 2,
        reason: "five words of state go into 20 bytes of output",
    },
    Exception {
        package: "embedded_sdmmc",
        function: Some("mark_card_uninit"),
        most: 1,
        reason: "the card's RefCell is borrowed only while one of the driver's functions runs; none \
                 of them calls the app back, and no interrupt is ever taken",
    },
    Exception {
        package: "blake3",
        function: Some("fill_buf"),
        most: 1,
        reason: "the buffer of 64 bytes starts empty, and a fill takes no more than it has room for",
    },
    ed25519(
        "load_be",
        2,
        "eight bytes at 8 i, i below 8 of a state or 16 of a block of 128",
    ),
    ed25519("store_be", 2, "eight bytes at 8 i, i below 8, of 64"),
    ed25519("M", 1, "its callers' indices are constants below 16"),
    ed25519("F", 1, "its callers' indices are constants below 16"),
    ed25519(
        "update",
        2,
        "what the buffer of 128 bytes holds is less than a block, and is filled to a block at most",
    ),
    ed25519(
        "finalize",
        1,
        "what the buffer of 128 bytes holds is less than a block",
    ),
    ed25519(
        "slide",
        1,
        "its callers' scalars are of 32 bytes or 64, and 256 bits are read",
    ),
    ed25519(
        "double_scalarmult_vartime",
        4,
        "a digit that slide makes is odd and from -15 to 15, whatever the scalar, so that half of it \
         is an index below 8",
    ),
];

const fn ed25519(function: &'static str, most: usize, reason: &'static str) -> Exception {
    Exception {
        package: "ed25519_compact",
        function: Some(function),
        most,
        reason,
    }
}

/// Check the linked firmware, every variant, and say how many calls may panic, and whose.
///
/// # Errors
/// When one is in the core's path and not excepted; each is named with function, file and line.
pub(crate) fn check(elves: &[(&str, &Path)]) -> Result<()> {
    let guarded = guarded()?;
    let mut all = Vec::new();
    for (name, elf) in elves {
        let sites = sites(elf)?;
        say(format!("{name}: {}", summary(&sites)));
        let refused = refused(&sites, &guarded, &EXCEPTIONS);
        all.extend(refused.into_iter().map(|site| format!("{name}: {site}")));
    }
    ensure!(
        all.is_empty(),
        "what answers a question could panic; mend it, or give the reason why it cannot in \
         xtask/src/panics.rs:\n{}",
        all.join("\n")
    );
    for exception in EXCEPTIONS {
        say(format!("could call, and never does: {exception}"));
    }
    Ok(())
}

/// A call, outside of the standard library, that may end in a panic.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// The function, or constant of functions, that is called.
    pub(crate) callee: String,
    /// Where it is called: the innermost line first. At least one is outside of the standard
    /// library.
    pub(crate) frames: Vec<Frame>,
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
pub(crate) fn sites(elf: &Path) -> Result<Vec<Site>> {
    let bytes = fs::read(elf).with_context(|| format!("cannot read {}", elf.display()))?;
    let image = Image::read(&bytes).with_context(|| elf.display().to_string())?;
    let mut source = Source::read(elf)?;

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
pub(crate) fn refused(
    sites: &[Site],
    guarded: &BTreeSet<String>,
    exceptions: &[Exception],
) -> Vec<String> {
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
pub(crate) fn summary(sites: &[Site]) -> String {
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
pub(crate) fn guarded() -> Result<BTreeSet<String>> {
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
