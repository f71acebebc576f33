//! After the first visit nothing is needed but the browser.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::golden;
use crate::page::Page;

#[test]
fn a_kept_file_is_there_after_a_reload_without_a_network() -> Result<()> {
    let mut page = Page::open()?;
    page.wait_until_offline()?;
    let errors = page
        .browser
        .devtools("Page.getInstallabilityErrors", json!({}))?;
    ensure!(errors["installabilityErrors"] == json!([]), "{errors}");
    page.choose_good(&golden("phone.lsv"))?;
    page.keep()?;
    ensure!(page.text("#stored-list")?.contains("phone.lsv"));

    page.server.take().context("no server")?.stop();
    ensure!(
        std::net::TcpStream::connect(page.address["http://".len()..].trim_end_matches('/'))
            .is_err()
    );
    for _ in 0..2 {
        page.reload()?;
        page.browser
            .wait("document.body.dataset.state === 'open'")?;
        ensure!(page.ask("138 0013 8000")?.verdict == "exposed");
        ensure!(page.ask("13900139999")?.verdict == "not_exposed");
    }
    // A file that is chosen opens as well; it can be kept, and both deleted.
    page.choose_good(&golden("signed.lsv"))?;
    page.keep()?;
    ensure!(page.ask("13800138000")?.verdict == "exposed");
    for left in [1, 0] {
        page.browser.click("#stored-list li button:last-of-type")?;
        page.browser.wait(&format!(
            "document.querySelectorAll('#stored-list li').length === {left}"
        ))?;
    }
    // What is deleted is not asked.
    ensure!(page.browser.run("return document.body.dataset.state;")? == json!("none"));
    page.reload()?;
    ensure!(page.browser.run("return document.body.dataset.state;")? == json!("none"));
    Ok(())
}

/// Another file under the name of one that is kept takes its place, when it is kept too.
#[test]
fn a_file_that_is_kept_again_is_the_newer_one() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let page = Page::open()?;
    let path = folder.path().join("list.lsv");
    for (from, kind) in [("phone.lsv", "phone"), ("email.lsv", "email")] {
        fs::copy(golden(from), &path)?;
        page.choose_good(&path)?;
        page.keep()?;
        page.reload()?;
        page.browser
            .wait("document.body.dataset.state === 'open'")?;
        ensure!(page.kinds()? == [kind]);
        fs::remove_file(&path)?;
    }
    Ok(())
}

/// Two files of one name and one length are two files.
#[test]
fn a_file_that_could_not_be_kept_is_not_taken_for_the_one_that_is() -> Result<()> {
    let folders = (tempfile::tempdir()?, tempfile::tempdir()?);
    let (old, new) = (
        folders.0.path().join("list.lsv"),
        folders.1.path().join("list.lsv"),
    );
    fs::copy(golden("id.lsv"), &old)?;
    fs::copy(golden("email.lsv"), &new)?;
    ensure!(fs::metadata(&old)?.len() == fs::metadata(&new)?.len());
    let page = Page::open()?;
    let can_be_kept = || {
        let shown = "return !document.getElementById('keep').hidden;";
        Ok::<_, anyhow::Error>(page.browser.run(shown)? == json!(true))
    };
    page.choose_good(&golden("phone.lsv"))?;
    page.keep()?;
    page.choose_good(&old)?;
    ensure!(can_be_kept()?);
    page.keep()?;
    ensure!(!can_be_kept()?);

    page.choose_good(&new)?;
    ensure!(can_be_kept()?);
    page.browser.run(
        "FileSystemFileHandle.prototype.createWritable = async () => {
           throw new DOMException('no room', 'QuotaExceededError');
         };",
    )?;
    page.browser.click("#keep")?;
    page.browser
        .wait("document.getElementById('keeping').hidden")?;
    ensure!(page.text("#notice")?.contains("could not be kept"));
    ensure!(can_be_kept()? && page.kinds()? == ["email"]);
    // Nor is it after another was deleted.
    page.browser.click("[aria-label^='Delete phone.lsv']")?;
    page.browser
        .wait("document.querySelectorAll('#stored-list li').length === 1")?;
    ensure!(can_be_kept()? && page.kinds()? == ["email"]);
    page.browser.click("[aria-label^='Open list.lsv']")?;
    page.browser
        .wait("document.querySelector('#kinds input').value === 'id'")?;
    ensure!(!can_be_kept()?);
    // The one that is kept is deleted; the other one, chosen again, is not.
    page.choose_good(&new)?;
    page.browser.click("[aria-label^='Delete list.lsv']")?;
    page.browser
        .wait("document.getElementById('stored').hidden")?;
    ensure!(can_be_kept()? && page.ask("member0@example.com")?.verdict == "exposed");
    Ok(())
}
