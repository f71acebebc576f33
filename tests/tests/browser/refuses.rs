//! Files that are not as they should be: an error, never a verdict.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use leaksieve::file::FilterFile;
use leaksieve_core::Identifier;
use leaksieve_core::sector::SECTOR_BYTES;
use serde_json::json;
use testkit::run;

use crate::page::Page;
use crate::{golden, sign};

/// A number that no list has.
const STRANGER: &str = "13900139999";

fn changed(name: &str, change: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<Vec<u8>> {
    let mut bytes = fs::read(golden(name))?;
    change(&mut bytes)?;
    Ok(bytes)
}

#[test]
fn malformed_files() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let page = Page::open()?;
    let forge = |bytes: &mut Vec<u8>, sector, at| testkit::sign::forge(bytes, sector, at, 1);
    let last = |bytes: &[u8]| (bytes.len() / SECTOR_BYTES - 1) as u32;
    let flip = |at: usize| {
        changed("phone.lsv", |bytes| {
            *bytes.get_mut(at).context("no such byte")? ^= 1;
            Ok(())
        })
    };
    for (name, bytes, error) in [
        ("empty", Vec::new(), "not_a_filter"),
        ("short", vec![0x93; 511], "not_a_filter"),
        (
            "shopping list",
            b"apples\nbread\nmilk, 2 litres\n".to_vec(),
            "not_a_filter",
        ),
        (
            "cut in its header",
            changed("phone.lsv", |bytes| {
                bytes.truncate(100);
                Ok(())
            })?,
            "not_a_filter",
        ),
        ("foreign", vec![b'x'; 4096], "not_a_filter"),
        ("magic", flip(0)?, "not_a_filter"),
        ("header", flip(100)?, "sector_damaged"),
        (
            "version",
            { changed("phone.lsv", |bytes| forge(bytes, 0, 8))? },
            "unsupported_version",
        ),
        (
            "reserved",
            changed("phone.lsv", |bytes| forge(bytes, 0, 14))?,
            "header_malformed",
        ),
        (
            "cut",
            changed("phone.lsv", |bytes| {
                bytes.truncate(bytes.len() - 1);
                Ok(())
            })?,
            "truncated",
        ),
        (
            "signed header",
            changed("signed.lsv", |bytes| forge(bytes, 0, 60))?,
            "forged",
        ),
        (
            "signature",
            changed("signed.lsv", |bytes| {
                let last = last(bytes);
                forge(bytes, last, 40)
            })?,
            "forged",
        ),
        (
            "tags",
            changed("signed.lsv", |bytes| {
                let tags = last(bytes) - 1;
                forge(bytes, tags, 3)
            })?,
            "forged",
        ),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, &bytes)?;
        let Err(host) = FilterFile::open(&path) else {
            bail!("{name}: the host opens it");
        };
        // Whether or not another file was open before.
        for before in [false, true] {
            if before {
                page.choose_good(&golden("phone.lsv"))?;
            }
            let refused = page.choose(&path)?;
            ensure!(refused.as_deref() == Some(error), "{name}: {refused:?}");
            // For the host's reason.
            let detail = page.text("#file-status .detail")?;
            ensure!(
                !detail.is_empty() && host.to_string().contains(&format!(": {detail}")),
                "{name}: {detail}; the host: {host}"
            );
            let sentence = page.text("#file-status [data-outcome=error]")?;
            ensure!(sentence.len() > 30, "{name} has no sentence: {sentence}");
            let is_asked = page
                .browser
                .run("return !document.getElementById('question').hidden;")?;
            ensure!(is_asked == json!(false), "{name} can be asked");
            let verdict = page
                .browser
                .run("return document.getElementById('verdict').innerText;")?;
            ensure!(verdict == json!(""), "{name}: {verdict}");
        }
    }
    Ok(())
}

#[test]
fn damaged_and_forged_pages() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let page = Page::open()?;
    for (name, golden_name, is_forged, error) in [
        ("damaged.lsv", "phone.lsv", false, "sector_damaged"),
        ("forged.lsv", "signed.lsv", true, "forged"),
    ] {
        let good = FilterFile::open(&golden(golden_name))?;
        let dataset = &good.catalogue().datasets()[0];
        let (first, count) = (dataset.first_sector.0, dataset.num_sectors);
        let bytes = changed(golden_name, |bytes| {
            for sector in first..first + count {
                if is_forged {
                    testkit::sign::forge(bytes, sector, 7, 0x10)?;
                } else {
                    bytes[sector as usize * SECTOR_BYTES + 7] ^= 0x10;
                }
            }
            Ok(())
        })?;
        let path = folder.path().join(name);
        fs::write(&path, bytes)?;
        let host = FilterFile::open(&path)?;
        page.choose_good(&path)?;
        for text in [STRANGER, "13800138000"] {
            let said = page.ask(text)?;
            ensure!(said.verdict == "error" && said.error == error, "{said:?}");
            let Err(host) = host.check(Identifier::new(text.as_bytes()), &mut [0; 512]) else {
                bail!("{name}: the host answers");
            };
            let detail = page.text("#verdict .detail")?;
            ensure!(
                !detail.is_empty() && host.to_string().contains(&format!(": {detail}")),
                "{name}: {detail}; the host: {host}"
            );
        }
        // After it, another file answers.
        page.choose_good(&golden(golden_name))?;
        ensure!(page.ask(STRANGER)?.verdict == "not_exposed");
    }
    Ok(())
}

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
