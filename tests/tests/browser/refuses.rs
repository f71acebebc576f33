//! Files that change while they are asked, or have expired: an error, never "not exposed".

use std::fs;
use std::process::Command;

use anyhow::{Result, ensure};
use testkit::run;

use crate::page::Page;
use crate::{golden, sign};

/// A number that no list has.
const STRANGER: &str = "13900139999";

/// A file that is written to, or cut, while it is open.
#[test]
fn a_file_that_changes_under_the_page() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let page = Page::open()?;
    let path = folder.path().join("changing.lsv");
    for change in [false, true] {
        fs::copy(golden("phone.lsv"), &path)?;
        page.choose_good(&path)?;
        ensure!(page.ask(STRANGER)?.verdict == "not_exposed");
        if change {
            fs::write(&path, fs::read(golden("email.lsv"))?)?;
        } else {
            fs::OpenOptions::new()
                .write(true)
                .open(&path)?
                .set_len(700)?;
        }
        let said = page.ask(STRANGER)?;
        ensure!(
            said.verdict == "error" && said.error == "cannot_read",
            "{said:?}"
        );
        fs::remove_file(&path)?;
    }
    Ok(())
}

#[test]
fn an_expired_file_does_not_say_not_exposed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let page = Page::open()?;
    let expired = folder.path().join("expired.lsv");
    sign(&golden("phone.lsv"), 7, Some(1_700_000_000), &expired)?;
    page.choose_good(&expired)?;
    ensure!(page.text("#file-status")?.contains("expired on 2023-11-14"));
    let said = page.ask(STRANGER)?;
    ensure!(said.verdict == "expired", "{said:?}");
    let verdict = page.text("#verdict")?;
    ensure!(
        verdict.contains("Cannot say") && verdict.contains("2023-11-14"),
        "{verdict}"
    );
    ensure!(page.ask("13800138000")?.verdict == "exposed");

    // Where a leak of another country cannot say either, of one that lacks it the expiry is said.
    let list = folder.path().join("us.txt");
    fs::write(&list, "+12128675309\n")?;
    let american = folder.path().join("us.lsv");
    let both = folder.path().join("both.lsv");
    let cli = testkit::host::cli()?;
    run::output(
        Command::new(&cli)
            .args(["build", "--quiet", "--kind=phone", "--region=US"])
            .args(["--name=American", "--expires=1700000000", "--output"])
            .args([&american, &list]),
    )?;
    run::output(
        Command::new(&cli)
            .args(["bundle", "--quiet", "--output"])
            .args([&both, &golden("phone.lsv"), &american]),
    )?;
    page.choose_good(&both)?;
    let said = page.ask("+8613900139999")?;
    ensure!(said.verdict == "not_covered", "{said:?}");
    let gaps: Vec<_> = said.of("not_covered").collect();
    ensure!(
        gaps.len() == 2
            && gaps[0].starts_with("American")
            && !gaps[0].contains("expired")
            && gaps[1].starts_with("the file expired on 2023-11-14"),
        "{said:?}"
    );
    ensure!(said.of("absent").next().is_none(), "{said:?}");
    ensure!(page.ask("+8613800138000")?.verdict == "exposed");
    Ok(())
}
