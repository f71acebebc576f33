//! Files that the system opens with the page, or that another program shares with it.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::golden;
use crate::page::Page;

/// Post a file to where the system would, from a page of another site.
fn share(page: &Page, file: &str) -> Result<()> {
    let form = format!(
        "data:text/html,<form id=form method=post enctype=multipart/form-data action={}share>\
         <input type=file name=file id=file></form>",
        page.address
    );
    page.browser.goto(&form)?;
    if !file.is_empty() {
        let path = golden(file).canonicalize()?;
        page.browser
            .type_into("#file", &path.display().to_string())?;
    }
    page.browser
        .run("document.getElementById('form').submit();")?;
    page.browser
        .wait("location.protocol === 'http:' && document.body?.dataset.started")
}

#[test]
fn a_file_that_is_shared() -> Result<()> {
    let mut page = Page::open()?;
    page.wait_until_offline()?;
    page.choose_good(&golden("email.lsv"))?;
    page.keep()?;
    let before = page.server()?.requests();
    share(&page, "phone.lsv")?;
    let after = page.server()?.requests();
    let sent: Vec<_> = after[before.len()..]
        .iter()
        .filter(|request| *request != "GET /sw.js")
        .collect();
    ensure!(sent.is_empty(), "{sent:?}");
    // No site has a file opened without a word: what is kept is open, and a person is asked.
    let state = "return [document.body.dataset.state, document.getElementById('shared').hidden, location.search];";
    ensure!(page.browser.run(state)? == json!(["open", false, ""]));
    ensure!(page.kinds()? == ["email"]);
    ensure!(
        page.text("#shared-text")?
            == "phone.lsv was sent to this page. Open it only if you sent it yourself."
    );
    ensure!(page.focus()? == "shared-open");
    page.browser.click("#shared-open")?;
    page.browser
        .wait("document.querySelector('#kinds input')?.value === 'phone'")?;
    ensure!(page.ask("13800138000")?.verdict == "exposed");
    ensure!(page.browser.run(state)? == json!(["open", true, ""]));
    // It is given once.
    page.reload()?;
    ensure!(page.kinds()? == ["email"] && page.browser.run(state)? == json!(["open", true, ""]));

    // Without a network too; and who does not want it goes on.
    page.server.take().context("no server")?.stop();
    share(&page, "phone.lsv")?;
    page.browser.click("#shared-refuse")?;
    ensure!(page.browser.run(state)? == json!(["open", true, ""]));
    ensure!(page.kinds()? == ["email"]);
    // It is in none of the browser's stores.
    let stored = page.browser.run_async(
        "const names = [];
         for (const cache of await caches.keys()) {
           for (const request of await (await caches.open(cache)).keys()) names.push(request.url);
         }
         return names.filter((name) => name.includes('share'));",
        &Value::Null,
    )?;
    ensure!(stored == json!([]), "{stored}");
    // What is no file is nothing.
    share(&page, "")?;
    let name = page.text("#file-status")?;
    ensure!(name.contains("email.lsv"), "{name}");
    Ok(())
}

/// The system gives it to the page, where that is installed.
#[test]
fn a_file_that_the_system_opens() -> Result<()> {
    let page = Page::open()?;
    page.browser.devtools(
        "Page.addScriptToEvaluateOnNewDocument",
        json!({"source": "Object.defineProperty(window, 'launchQueue', {
            value: { setConsumer: (consumer) => { window.launch = consumer; } },
        });"}),
    )?;
    page.reload()?;
    page.browser.run_async(
        "const file = new File([new Uint8Array(given)], 'opened.lsv');
         await window.launch({ files: [] });
         await window.launch({ files: [{ getFile: async () => file }] });",
        &json!(std::fs::read(golden("email.lsv"))?),
    )?;
    page.browser
        .wait("document.body.dataset.state === 'open'")?;
    ensure!(page.text("#file-status")?.contains("opened.lsv"));
    ensure!(page.ask("member0@example.com")?.verdict == "exposed");
    Ok(())
}

#[test]
fn the_manifest_names_both() -> Result<()> {
    let page = Page::open()?;
    let manifest = page.browser.devtools("Page.getAppManifest", json!({}))?;
    ensure!(manifest["errors"] == json!([]), "{}", manifest["errors"]);
    let text = manifest["data"].as_str().context("no manifest")?;
    let manifest: Value = serde_json::from_str(text)?;
    let handled = &manifest["file_handlers"][0];
    ensure!(handled["action"] == json!("./"), "{handled}");
    ensure!(handled["accept"] == json!({"application/x-leaksieve": [".lsv"]}));
    let shared = &manifest["share_target"];
    ensure!(shared["action"] == json!("share") && shared["method"] == json!("POST"));
    ensure!(shared["enctype"] == json!("multipart/form-data"));
    let files = &shared["params"]["files"][0];
    ensure!(files["name"] == json!("file"), "{files}");
    let accepted = files["accept"].as_array().context("no list")?;
    ensure!(accepted.contains(&json!(".lsv")), "{files}");
    Ok(())
}
