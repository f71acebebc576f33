//! The web page: made in `target/web`, and served to this machine.
//!
//! Its files are those of `phone/web/page` and the module, with what `complete` fills in.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, anyhow, ensure};

use crate::cross::{Cross, WASM};
use crate::run::{run, say};
use crate::{setup, workspace};

mod complete;
mod server;

use complete::complete;
pub use server::Server;

/// The pictures of the page in `docs/`.
pub const PICTURES: [&str; 5] = ["light", "dark", "chinese", "arabic", "narrow"];
/// The environment variable that says that the module was compiled just now.
pub const MADE: &str = "LEAKSIEVE_WEB";
/// Most bytes of module, scripts and one language's texts, as they are served: 150 KiB.
const MAX_CODE_BYTES: usize = 150 << 10;
/// The module's name there.
const MODULE: &str = "leaksieve.wasm";
/// The page itself, which names its scripts and styles.
const PAGE: &str = "index.html";
/// What a type of file is called.
const TYPES: [(&str, &str); 8] = [
    ("css", "text/css; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("json", "application/json"),
    ("js", "text/javascript; charset=utf-8"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("wasm", "application/wasm"),
    ("webmanifest", "application/manifest+json"),
];

/// The page's files, in memory: what is not one of them is not served.
#[derive(Clone, Debug)]
pub struct Site {
    files: BTreeMap<String, Vec<u8>>,
    /// What the page may load and send, as the header that says so too.
    policy: Option<String>,
}

impl Site {
    /// Of the files that [`sources`] gives, changed or not: each is told the others' hashes.
    ///
    /// # Errors
    /// When one is missing, or has not the places for what is filled in.
    pub fn of(sources: BTreeMap<String, Vec<u8>>) -> Result<Self> {
        let files = complete(sources)?;
        let page = files.get(PAGE).with_context(|| format!("no {PAGE}"))?;
        let policy = Some(policy(std::str::from_utf8(page)?)?);
        Ok(Self { files, policy })
    }

    /// The names of all files.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// The same, but with some files of another version: a host that is being changed.
    pub fn with_files_of(mut self, other: &Self, names: &[&str]) -> Self {
        for (name, bytes) in &other.files {
            if names.contains(&name.as_str()) {
                self.files.insert(name.clone(), bytes.clone());
            }
        }
        self
    }

    /// The same, as a host serves it that sends no header of its own.
    pub fn without_header(mut self) -> Self {
        self.policy = None;
        self
    }

    /// Bytes of module and scripts, and of the texts of the language that has most, as they are
    /// served.
    pub fn code_bytes(&self) -> usize {
        let sizes_of = |extension: &'static str| {
            let files = self.files.iter();
            files
                .filter(move |(name, _)| name.ends_with(extension))
                .map(|(_, bytes)| bytes.len())
        };
        let texts = sizes_of(".json").max().unwrap_or_default();
        sizes_of(".wasm").chain(sizes_of(".js")).sum::<usize>() + texts
    }
}

/// The page. `cargo xtask test` compiles its module beforehand; without that, the first call does.
///
/// # Errors
/// When it cannot be built.
pub fn site() -> Result<Site> {
    static IS_MADE: Mutex<bool> = Mutex::new(false);
    let mut is_made = IS_MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if !*is_made && std::env::var_os(MADE).is_none() {
        build(&setup::cross(&[WASM])?)?;
    }
    *is_made = true;
    Site::of(sources()?)
}

/// Build the module and put `target/web` together.
///
/// # Errors
/// When it does not compile, or is larger than it may be.
pub fn build(cross: &Cross) -> Result<Site> {
    let mut command = cross.cargo("build", WASM);
    command
        .args(["--quiet", "--package", "leaksieve-web", "--profile", "web"])
        .arg("--target-dir")
        .arg(built())
        .current_dir(workspace::root());
    run(&mut command)?;

    let site = Site::of(sources()?)?;
    let folder = folder();
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::create_dir_all(&folder)?;
    for (name, bytes) in &site.files {
        fs::write(folder.join(name), bytes)?;
    }
    let bytes = site.code_bytes();
    say(format!(
        "what one person needs of the web page is {bytes} bytes, and may be {MAX_CODE_BYTES}"
    ));
    ensure!(bytes <= MAX_CODE_BYTES, "the web page is too large");
    Ok(site)
}

/// The page's files as they are written, and the module as it was built last.
///
/// # Errors
/// When one cannot be read, or is of no type that is served.
pub fn sources() -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let folder = workspace::root().join("phone/web/page");
    for entry in fs::read_dir(&folder).with_context(|| format!("no {}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name().into_string();
        let name = name.map_err(|name| anyhow!("{} is no name", name.display()))?;
        type_of(&name).with_context(|| format!("{name} is of no type that is served"))?;
        files.insert(name, fs::read(entry.path())?);
    }
    let module = built().join(WASM).join("web/leaksieve_web.wasm");
    let module = fs::read(&module).with_context(|| format!("no {}", module.display()))?;
    files.insert(MODULE.into(), module);
    Ok(files)
}

fn folder() -> PathBuf {
    workspace::target().join("web")
}

/// Where the module is compiled, by another rustc than the host's.
fn built() -> PathBuf {
    workspace::target().join("wasm")
}

/// The page's own policy, for the header of the same name. A header can say one thing
/// more: that no other page shows this one in a frame.
fn policy(page: &str) -> Result<String> {
    let (_, tag) = page
        .split_once("http-equiv=\"Content-Security-Policy\"")
        .context("index.html has no Content-Security-Policy")?;
    let (_, content) = tag.split_once("content=\"").context("without content")?;
    let (policy, _) = content.split_once('"').context("that does not end")?;
    let words: Vec<&str> = policy.split_whitespace().collect();
    Ok(format!("{}; frame-ancestors 'none'", words.join(" ")))
}

fn type_of(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    let (_, text) = TYPES.iter().find(|(known, _)| *known == extension)?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_texts_one_language_counts() {
        let file = |name: &str, bytes: usize| (name.to_owned(), vec![b' '; bytes]);
        let files = [
            file("app.js", 3),
            file("en.json", 5),
            file("ru.json", 7),
            file("sw.js", 2),
            file("leaksieve.wasm", 11),
            file("style.css", 100),
        ];
        let site = Site {
            files: BTreeMap::from(files),
            policy: None,
        };
        assert_eq!(site.code_bytes(), 3 + 7 + 2 + 11);
    }

    #[test]
    fn the_page_says_its_policy() -> Result<()> {
        let page = "<meta http-equiv=\"Content-Security-Policy\" content=\"a 'b';\n  c\">";
        assert_eq!(policy(page)?, "a 'b'; c; frame-ancestors 'none'");
        assert!(policy("<meta>").is_err());
        Ok(())
    }
}
