//! What the documents name is there.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// `file.rs`, `file.trycmd` or `file.rs::test`, in backquotes; `::test` alone is of the file named before it.
#[test]
fn every_test_that_the_threat_model_names() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = fs::read_to_string(root.join("docs/threat-model.md"))?;
    let mut file = String::new();
    let mut num_tests = 0;
    for quoted in text.split('`').skip(1).step_by(2) {
        let (path, test) = match quoted.split_once("::") {
            Some((path, test)) if path.is_empty() || path.ends_with(".rs") => (path, Some(test)),
            None if quoted.ends_with(".rs") || quoted.ends_with(".trycmd") => (quoted, None),
            _ => continue,
        };
        if !path.is_empty() {
            file = fs::read_to_string(root.join(path))
                .with_context(|| format!("the threat model names {path}"))?;
        }
        if let Some(test) = test {
            ensure!(
                file.contains(&format!("fn {test}(")),
                "there is no {quoted}"
            );
            num_tests += 1;
        }
    }
    ensure!(num_tests >= 15, "only {num_tests} tests are named");
    Ok(())
}

/// A place in one of our documents leads to a file that is there, and to a heading of it.
#[test]
fn every_link_leads_somewhere() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut num_links = 0;
    for document in [
        "README.md",
        "CONTRIBUTING.md",
        "docs/guide.md",
        "docs/threat-model.md",
        "docs/numbering-plans.md",
        "core/FORMAT.md",
        "firmware/README.md",
        "phone/README.md",
        "phone/web/README.md",
    ] {
        let path = root.join(document);
        let text = fs::read_to_string(&path).with_context(|| document.to_owned())?;
        for link in text.split("](").skip(1) {
            let link = link.split(')').next().unwrap_or_default();
            if link.contains("://") {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => path.clone(),
                _ => path.with_file_name(file),
            };
            ensure!(target.exists(), "{document}: {link}");
            if !heading.is_empty() {
                let text = fs::read_to_string(&target)?;
                let mut headings = text.lines().filter(|line| line.starts_with('#'));
                ensure!(
                    headings.any(|line| anchor(line) == heading),
                    "{document}: {link}"
                );
            }
            num_links += 1;
        }
    }
    ensure!(num_links > 60, "only {num_links} links");
    Ok(())
}

/// What a heading is called in a link: small letters, digits and hyphens for blanks.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}
