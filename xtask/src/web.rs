//! The web page: made in `target/web`, and served to this machine.
//!
//! # Invariant
//! The service worker's list of files and its version, and every hash by which one file
//! names another, are made of the files themselves, so that none can be forgotten when one
//! of them changes.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use sha2::{Digest, Sha256};

use crate::cross::{Cross, WASM};
use crate::run::{run, say};
use crate::{setup, workspace};

mod server;

pub use server::Server;

/// The pictures of the page in `docs/`.
pub const PICTURES: [&str; 4] = ["light", "dark", "chinese", "narrow"];
/// The environment variable that says that the module was compiled just now.
pub const MADE: &str = "LEAKSIEVE_WEB";
/// Most bytes of module and scripts with one language's texts, as they are: 150 KiB.
const MAX_CODE_BYTES: usize = 150 << 10;
/// The module's name there.
const MODULE: &str = "leaksieve.wasm";
/// Loads the module; its hash is filled in there.
const LOADER: &str = "filter.js";
const INTEGRITY_PLACE: &str = "\"INTEGRITY\"";
/// The page itself, which names its scripts and styles.
const PAGE: &str = "index.html";
/// The service worker's source, in which two constants are filled in.
const WORKER: &str = "sw.js";
const VERSION_PLACE: &str = "\"VERSION\"";
const FILES_PLACE: &str = "[\"FILES\"]";
/// What a type of file is called.
const TYPES: [(&str, &str); 7] = [
    ("css", "text/css; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("wasm", "application/wasm"),
    ("webmanifest", "application/manifest+json"),
];

/// What `cargo xtask web` takes.
#[derive(clap::Args, Debug)]
pub struct Options {
    /// The port to serve on
    #[arg(long, default_value_t = 8000)]
    port: u16,
    /// Make target/web, and serve nothing
    #[arg(long)]
    build_only: bool,
}

/// Make the page and serve it, until it is interrupted.
///
/// # Errors
/// When it cannot be built, or the port is taken.
pub fn web(options: &Options) -> Result<()> {
    let site = build(&setup::cross(&[WASM])?)?;
    say(format!(
        "the page is in target/web, {}: any static host can serve it (https, or http on localhost)",
        site.size()
    ));
    if options.build_only {
        return Ok(());
    }
    let server = Server::start(site, options.port)?;
    println!("{}", server.address());
    say("Ctrl-C ends");
    server.wait();
    Ok(())
}

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

    /// Bytes of the module, and of the scripts with the texts of one language, the one that has
    /// most.
    pub fn code_bytes(&self) -> (usize, usize) {
        let of = |is: &dyn Fn(&str) -> bool| {
            let files = self.files.iter().filter(|(name, _)| is(name));
            files.map(|(_, bytes)| bytes.len()).collect::<Vec<usize>>()
        };
        let is_language = |name: &str| {
            name != WORKER && name.strip_suffix(".js").is_some_and(|code| code.len() == 2)
        };
        let scripts = of(&|name| name.ends_with(".js") && !is_language(name));
        let languages = of(&is_language);
        let module = of(&|name| name.ends_with(".wasm"));
        let scripts = scripts.iter().sum::<usize>() + languages.into_iter().max().unwrap_or(0);
        (module.iter().sum(), scripts)
    }

    /// How large these are, in words.
    pub fn size(&self) -> String {
        let (module, scripts) = self.code_bytes();
        format!(
            "{:.1} KiB of module and {:.1} KiB of scripts",
            module as f64 / 1024.0,
            scripts as f64 / 1024.0
        )
    }
}

/// The page, whose module was compiled under `cargo xtask test` before, else now.
///
/// # Errors
/// When it cannot be built.
pub fn site() -> Result<Site> {
    if std::env::var_os(MADE).is_some() {
        Site::of(sources()?)
    } else {
        build(&setup::cross(&[WASM])?)
    }
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
    let (module, scripts) = site.code_bytes();
    ensure!(
        module + scripts <= MAX_CODE_BYTES,
        "module and scripts have {} bytes, and may have {MAX_CODE_BYTES}",
        module + scripts
    );
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

/// Fill in what one file says of others. A browser refuses a file that has not the hash by
/// which it is named, so that what runs together is of one version: the page names scripts
/// and styles, a script the module, and the service worker all that it keeps.
fn complete(mut files: BTreeMap<String, Vec<u8>>) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut take = |name: &str| -> Result<String> {
        let bytes = files.remove(name).with_context(|| format!("no {name}"))?;
        Ok(String::from_utf8(bytes)?)
    };
    let (mut loader, mut page, mut worker) = (take(LOADER)?, take(PAGE)?, take(WORKER)?);

    let module = files.get(MODULE).with_context(|| format!("no {MODULE}"))?;
    fill(&mut loader, INTEGRITY_PLACE, &quoted(&integrity(module)))?;
    files.insert(LOADER.into(), loader.into_bytes());

    for (name, bytes) in &files {
        let attribute = match name.rsplit_once('.') {
            Some((_, "css")) => "href",
            Some((_, "js")) if page.contains(&format!("src=\"{name}\"")) => "src",
            Some((_, "js")) => "href",
            _ => continue,
        };
        let named = format!("{attribute}=\"{name}\"");
        let checked = format!("{named} integrity=\"{}\"", integrity(bytes));
        fill(&mut page, &named, &checked)?;
    }
    files.insert(PAGE.into(), page.into_bytes());

    // The page is what a host gives for its folder.
    let kept: Vec<[String; 2]> = files
        .iter()
        .map(|(name, bytes)| {
            let name = if name == PAGE { "./" } else { name };
            [name.to_owned(), integrity(bytes)]
        })
        .collect();
    let kept = serde_json::to_string(&kept)?;
    let version = blake3::hash(format!("{worker}{kept}").as_bytes()).to_hex();
    fill(&mut worker, FILES_PLACE, &kept)?;
    fill(&mut worker, VERSION_PLACE, &quoted(&version[..16]))?;
    files.insert(WORKER.into(), worker.into_bytes());
    Ok(files)
}

/// Write a value in its place, which a text has once.
fn fill(text: &mut String, place: &str, value: &str) -> Result<()> {
    ensure!(
        text.matches(place).count() == 1,
        "{place} is not once in: {}",
        text.lines().next().unwrap_or_default()
    );
    *text = text.replacen(place, value, 1);
    Ok(())
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// As browsers take it (W3C, Subresource Integrity, section 3.5).
fn integrity(bytes: &[u8]) -> String {
    format!("sha256-{}", BASE64.encode(Sha256::digest(bytes)))
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

    /// The fewest files that make a page.
    fn files(module: &str, script: &str) -> BTreeMap<String, Vec<u8>> {
        let file = |name: &str, text: &str| (name.to_owned(), text.as_bytes().to_vec());
        BTreeMap::from([
            file("app.js", script),
            file("filter.js", "\"INTEGRITY\""),
            file("index.html", "src=\"app.js\" href=\"filter.js\""),
            file("leaksieve.wasm", module),
            file("sw.js", "\"VERSION\" [\"FILES\"]"),
        ])
    }

    #[test]
    fn a_file_names_others_by_their_hash() -> Result<()> {
        let files = complete(files("abc", ""))?;
        let text = |name: &str| std::str::from_utf8(&files[name]);
        // FIPS 180-2, appendix B.1, and the hash of nothing.
        let of_abc = "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
        let of_nothing = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert_eq!(text("filter.js")?, format!("\"{of_abc}\""));
        let of_loader = integrity(&files["filter.js"]);
        assert_eq!(
            text("index.html")?,
            format!(
                "src=\"app.js\" integrity=\"{of_nothing}\" href=\"filter.js\" integrity=\"{of_loader}\""
            )
        );
        let of_page = integrity(&files["index.html"]);
        let kept = format!(
            "[[\"app.js\",\"{of_nothing}\"],[\"filter.js\",\"{of_loader}\"],[\"./\",\"{of_page}\"],[\"leaksieve.wasm\",\"{of_abc}\"]]"
        );
        assert!(text("sw.js")?.ends_with(&kept), "{}", text("sw.js")?);
        Ok(())
    }

    #[test]
    fn a_worker_of_other_files_has_another_version() -> Result<()> {
        let worker = |files| complete(files).map(|files| files["sw.js"].clone());
        let first = worker(files("1", "1"))?;
        assert_eq!(first, worker(files("1", "1"))?);
        assert_ne!(first, worker(files("2", "1"))?);
        assert_ne!(first, worker(files("1", "2"))?);
        let mut other = files("1", "1");
        other.insert("sw.js".into(), b" \"VERSION\" [\"FILES\"]".to_vec());
        assert_ne!(first, worker(other)?[1..]);
        // A script that the page does not name would not be checked.
        let mut unnamed = files("1", "1");
        unnamed.insert("more.js".into(), Vec::new());
        assert!(complete(unnamed).is_err());
        for name in ["filter.js", "index.html", "sw.js"] {
            let mut without = files("1", "1");
            without.insert(name.into(), b"no place".to_vec());
            assert!(complete(without).is_err(), "{name}");
        }
        Ok(())
    }

    #[test]
    fn the_page_says_its_policy() -> Result<()> {
        let page = "<meta http-equiv=\"Content-Security-Policy\" content=\"a 'b';\n  c\">";
        assert_eq!(policy(page)?, "a 'b'; c; frame-ancestors 'none'");
        assert!(policy("<meta>").is_err());
        Ok(())
    }
}
