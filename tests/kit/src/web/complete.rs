//! What the page's files say of each other.
//!
//! # Invariant
//! The service worker's list of files and its version, the version that is shown, and every hash
//! by which one file names another, are made of the files themselves, so that none can be
//! forgotten when one of them changes.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use sha2::{Digest, Sha256};

use super::{MODULE, PAGE};

/// What stands in a script for another file's hash: `"INTEGRITY en.json"`.
const INTEGRITY_PLACE: &str = "\"INTEGRITY ";
/// Loads the module.
const LOADER: &str = "filter.js";
/// Loads the texts of a language.
const TEXTS: &str = "texts.js";
/// Shows the page's version.
const VIEW: &str = "view.js";
const PAGE_VERSION_PLACE: &str = "\"VERSION OF THE PAGE\"";
/// The service worker's source, in which two constants are filled in.
const WORKER: &str = "sw.js";
const VERSION_PLACE: &str = "\"VERSION\"";
const FILES_PLACE: &str = "[\"FILES\"]";

/// Fill in what one file says of others. A browser refuses a file that has not the hash by
/// which it is named, so that what runs together is of one version: the page names scripts
/// and styles, scripts the module and the languages, and the service worker all that it keeps.
///
/// # Errors
/// When a file is missing, or has not the places for what is filled in.
pub(super) fn complete(mut files: BTreeMap<String, Vec<u8>>) -> Result<BTreeMap<String, Vec<u8>>> {
    let page_version = version(&files);
    for (name, bytes) in &mut files {
        if name.ends_with(".js") || name.ends_with(".json") {
            *bytes = thin(name, bytes)?;
        }
    }
    let mut take = |name: &str| -> Result<String> {
        let bytes = files.remove(name).with_context(|| format!("no {name}"))?;
        Ok(String::from_utf8(bytes)?)
    };
    let (mut loader, mut texts, mut view) = (take(LOADER)?, take(TEXTS)?, take(VIEW)?);
    let (mut page, mut worker) = (take(PAGE)?, take(WORKER)?);

    for (name, bytes) in &files {
        let script = match name.rsplit_once('.') {
            _ if name == MODULE => &mut loader,
            Some((_, "json")) => &mut texts,
            _ => continue,
        };
        let place = format!("{INTEGRITY_PLACE}{name}\"");
        fill(script, &place, &quoted(&integrity(bytes)))?;
    }
    fill(&mut view, PAGE_VERSION_PLACE, &quoted(&page_version))?;
    for (name, script) in [(LOADER, loader), (TEXTS, texts), (VIEW, view)] {
        ensure!(
            !script.contains(INTEGRITY_PLACE),
            "{name} names a file that is not there"
        );
        files.insert(name.into(), script.into_bytes());
    }

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

/// The workspace's version, and a hash of the files, so that each change of the page shows.
fn version(files: &BTreeMap<String, Vec<u8>>) -> String {
    let mut hasher = blake3::Hasher::new();
    for (name, bytes) in files {
        hasher.update(blake3::hash(name.as_bytes()).as_bytes());
        hasher.update(blake3::hash(bytes).as_bytes());
    }
    let hash = hasher.finalize().to_hex();
    format!("{} ({})", env!("CARGO_PKG_VERSION"), &hash[..8])
}

/// Without the lines that are comments, and without the blanks that lines begin with: a browser
/// needs neither. A text over several lines would lose some, and is refused.
fn thin(name: &str, bytes: &[u8]) -> Result<Vec<u8>> {
    let mut thinned = String::with_capacity(bytes.len());
    for line in std::str::from_utf8(bytes)?.lines() {
        let line = line.trim_start();
        let is_comment = line == "*"
            || ["//", "/*", "* ", "*/"]
                .into_iter()
                .any(|start| line.starts_with(start));
        ensure!(
            !is_comment || line.starts_with("//") || !line.trim_end_matches("*/").contains("*/"),
            "{name} has a comment with something behind it: {line}"
        );
        ensure!(
            is_comment || line.matches('`').count() % 2 == 0,
            "{name} has a text over several lines: {line}"
        );
        if !line.is_empty() && !is_comment {
            thinned.push_str(line);
            // JSON is the same in one line.
            if !name.ends_with(".json") {
                thinned.push('\n');
            }
        }
    }
    Ok(thinned.into_bytes())
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The fewest files that make a page.
    fn files(module: &str, script: &str) -> BTreeMap<String, Vec<u8>> {
        let file = |name: &str, text: &str| (name.to_owned(), text.as_bytes().to_vec());
        BTreeMap::from([
            file("app.js", script),
            file("en.json", "{\n  \"a\": \"b\"\n}\n"),
            file("filter.js", "\"INTEGRITY leaksieve.wasm\""),
            file(
                "index.html",
                "src=\"app.js\" href=\"filter.js\" href=\"texts.js\" href=\"view.js\"",
            ),
            file("leaksieve.wasm", module),
            file("sw.js", "\"VERSION\" [\"FILES\"]"),
            file("texts.js", "\"INTEGRITY en.json\""),
            file("view.js", "\"VERSION OF THE PAGE\""),
        ])
    }

    #[test]
    fn a_file_names_others_by_their_hash() -> Result<()> {
        let files = complete(files("abc", ""))?;
        let text = |name: &str| std::str::from_utf8(&files[name]);
        let hash = |name: &str| integrity(&files[name]);
        // FIPS 180-2, appendix B.1, and the hash of nothing.
        let of_abc = "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
        let of_nothing = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert_eq!(text("filter.js")?, format!("\"{of_abc}\"\n"));
        assert_eq!(text("texts.js")?, format!("\"{}\"\n", hash("en.json")));
        let [loader, texts, view] = ["filter.js", "texts.js", "view.js"].map(hash);
        assert_eq!(
            text("index.html")?,
            format!(
                "src=\"app.js\" integrity=\"{of_nothing}\" href=\"filter.js\" integrity=\"{loader}\" \
                 href=\"texts.js\" integrity=\"{texts}\" href=\"view.js\" integrity=\"{view}\""
            )
        );
        let worker = text("sw.js")?;
        for named in [
            ("app.js", of_nothing),
            ("./", &hash("index.html")),
            ("leaksieve.wasm", of_abc),
        ] {
            let named = format!("[\"{}\",\"{}\"]", named.0, named.1);
            assert!(worker.contains(&named), "{named}: {worker}");
        }
        // All but itself.
        assert_eq!(worker.matches("sha256-").count(), files.len() - 1);
        Ok(())
    }

    #[test]
    fn another_page_has_another_version() -> Result<()> {
        let shown = |files| -> Result<String> {
            Ok(String::from_utf8(complete(files)?["view.js"].clone())?)
        };
        let first = shown(files("1", "1"))?;
        let start = format!("\"{} (", env!("CARGO_PKG_VERSION"));
        assert!(first.starts_with(&start), "{first}");
        assert_eq!(first, shown(files("1", "1"))?);
        assert_ne!(first, shown(files("2", "1"))?);
        assert_ne!(first, shown(files("1", "2"))?);
        Ok(())
    }

    #[test]
    fn what_a_browser_does_not_need_is_left_out() -> Result<()> {
        let script = "// All of it.\n\n/** A function.\n * Of two lines. */\nf(\n  `a`, // b\n);\n";
        assert_eq!(thin("f.js", script.as_bytes())?, b"f(\n`a`, // b\n);\n");
        assert!(thin("f.js", b"f(`a\n  b`)").is_err());
        assert!(thin("f.js", b"/* a */ f();").is_err());
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
        other.insert("sw.js".into(), b"1;\"VERSION\" [\"FILES\"]".to_vec());
        assert_ne!(first, worker(other)?[2..]);
        // A script that the page does not name would not be checked.
        let mut unnamed = files("1", "1");
        unnamed.insert("more.js".into(), Vec::new());
        assert!(complete(unnamed).is_err());
        for name in ["de.json", "leaksieve.wasm.js"] {
            let mut unnamed = files("1", "1");
            unnamed.insert(name.into(), b"{}".to_vec());
            assert!(complete(unnamed).is_err(), "{name}");
        }
        let mut missing = files("1", "1");
        missing.remove("en.json");
        assert!(complete(missing).is_err());
        for name in ["filter.js", "index.html", "sw.js", "texts.js", "view.js"] {
            let mut without = files("1", "1");
            without.insert(name.into(), b"no place".to_vec());
            assert!(complete(without).is_err(), "{name}");
        }
        Ok(())
    }
}
