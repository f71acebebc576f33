//! What the documents name is there.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

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
