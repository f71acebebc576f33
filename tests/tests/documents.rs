//! What the documents name is there, and what they give as an example is so.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use leaksieve::profile::{phone_plan, phone_profile};
use leaksieve_core::identifier::phone::plan::Plan;
use leaksieve_core::identifier::store::{Stored, store};
use leaksieve_core::{Identifier, Profile};

/// `file.rs` or `file.rs::test`, in backquotes; `::test` alone is of the file named before it.
#[test]
fn every_test_that_the_threat_model_names() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = fs::read_to_string(root.join("docs/threat-model.md"))?;
    let mut file = String::new();
    let mut num_tests = 0;
    for quoted in text.split('`').skip(1).step_by(2) {
        let (path, test) = match quoted.split_once("::") {
            Some((path, test)) if path.is_empty() || path.ends_with(".rs") => (path, Some(test)),
            None if quoted.ends_with(".rs") => (quoted, None),
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

/// `+54 11 2345 6789: +54 9 11 2345 6789` in a cell: an old number and today's.
#[test]
fn every_old_number_of_the_plans_that_changed_is_stored_as_todays() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = fs::read_to_string(root.join("docs/numbering-plans.md"))?;
    let plan = phone_plan("world")?;
    let profile = Profile::Phone(phone_profile("world")?);
    let mut num_examples = 0;
    for cell in text.split('|').map(str::trim) {
        let Some((old, new)) = cell.split_once(": +").filter(|_| cell.starts_with('+')) else {
            continue;
        };
        let mut stored = Stored::new();
        let line = Identifier::new(old.as_bytes());
        store(&profile, &line, Some(Plan(&plan.payloads)), &mut stored)?;
        let new: Vec<u8> = new.bytes().filter(u8::is_ascii_digit).collect();
        ensure!(
            stored.items().iter().any(|item| item.as_bytes() == new),
            "{cell}"
        );
        ensure!(!stored.is_outside_plan(), "{cell}");
        num_examples += 1;
    }
    ensure!(num_examples >= 14, "only {num_examples} examples");
    Ok(())
}
