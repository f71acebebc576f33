//! The wheel for Python, installed beside the libraries that it works with.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use testkit::ask::cases;
use testkit::ask::vectors::{golden, judge};
use testkit::ask::{Way, Wheel, compare};
use testkit::{host, run, wheel, workspace};

/// The wheel as tests take it, built once.
pub(crate) fn built() -> Result<PathBuf> {
    static BUILT: Mutex<Option<PathBuf>> = Mutex::new(None);
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(wheel) = &*built {
        return Ok(wheel.clone());
    }
    let wheel = wheel::build("dev", &workspace::target().join("wheel/built"))?;
    Ok(built.insert(wheel).clone())
}

/// All that asks the wheel, so that it is built and installed once.
#[test]
#[ignore = "needs pip's registry and the host tool: cargo xtask test"]
fn the_wheel() -> Result<()> {
    let python = wheel::environment(&built()?)?;
    let root = workspace::root().join("python");

    let mut asker = Wheel::start(&python)?;
    judge(&mut asker, 1)?;
    let folder = tempfile::tempdir()?;
    for way in [Way::Path, Way::Bytes, Way::Object] {
        asker.way = way;
        let good = compare(&mut asker, &cases::good()?, 7)?;
        ensure!(good.exposed > 100 && good.not_exposed > 100 && good.errors == 0);
        let compared = compare(&mut asker, &cases::trusted(folder.path())?, 1)?;
        ensure!(compared.opened == 5 && compared.refused == 5);
        let compared = compare(&mut asker, &cases::with_caveats(folder.path())?, 7)?;
        ensure!(compared.not_covered > 100);
        let stride = if way == Way::Path { 1 } else { 20 };
        let compared = compare(&mut asker, &cases::bad(folder.path())?, stride)?;
        ensure!(compared.refused > 50 && compared.errors > 100);
    }

    let mut api = Command::new(&python);
    api.arg(root.join("tests/api.py"))
        .arg(golden("phone.lsv").parent().context("no folder")?)
        .arg(host::cli()?);
    ensure!(run::output(&mut api)? == "done\n");

    for name in ["pandas", "polars", "pyarrow", "duckdb"] {
        let mut example = Command::new(&python);
        example
            .arg(root.join(format!("examples/{name}_example.py")))
            .arg(golden("phone.lsv"));
        let said = run::output(&mut example)?;
        for (person, verdict) in [
            ("Ann", "exposed"),
            ("Bo", "not_exposed"),
            ("Di", "not_covered"),
        ] {
            let line = said.lines().find(|line| line.contains(person));
            let mut words = line
                .unwrap_or_default()
                .split(|c: char| c != '_' && !c.is_alphabetic());
            ensure!(
                words.any(|word| word == verdict),
                "{name} says of {person}: {said}"
            );
        }
    }

    let types = |arguments: &[&str]| {
        let mut mypy = Command::new(&python);
        mypy.args(["-m", "mypy", "--strict", "--config-file"])
            .arg(root.join("pyproject.toml"))
            .arg("--cache-dir")
            .arg(workspace::target().join("wheel/mypy"))
            .args(arguments)
            .current_dir(&root);
        run::output(&mut mypy)
    };
    types(&["python/leaksieve", "examples"])?;
    let mut stubs = Command::new(&python);
    stubs
        .args(["-m", "mypy.stubtest", "leaksieve._native"])
        .current_dir(folder.path());
    run::output(&mut stubs).map(drop)
}
