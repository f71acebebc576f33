//! After the first visit nothing is needed but the browser.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::golden;
use crate::page::Page;

#[test]
fn a_kept_file_is_there_after_a_reload_without_a_network() -> Result<()> {
    let mut page = Page::open()?;
    page.browser
        .wait("document.getElementById('offline').innerText !== ''")?;
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
