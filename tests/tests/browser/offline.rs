//! After the first visit nothing is needed but the browser.

use std::fs;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::driver::LIMIT;
use crate::page::Page;
use crate::{golden, sign_of_epoch};

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
        if kind == "email" {
            // The one before is still there, and the button says what it would do.
            page.reload()?;
            ensure!(page.kinds()? == ["phone"]);
            page.choose_good(&path)?;
            page.keep()?;
            ensure!(
                page.text("#notice")?
                    .starts_with("Another file with the name list.lsv is kept")
            );
            ensure!(page.text("#keep")? == "Replace the kept file");
            page.keep()?;
        }
        page.reload()?;
        page.browser
            .wait("document.body.dataset.state === 'open'")?;
        ensure!(page.kinds()? == [kind]);
        fs::remove_file(&path)?;
    }
    Ok(())
}

/// Of several that are kept the newest opens, by epoch and creation time, whichever was copied last.
#[test]
fn the_newest_of_the_kept_files_opens() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (old, new) = (folder.path().join("old.lsv"), folder.path().join("new.lsv"));
    for (epoch, path) in [(2, &old), (3, &new)] {
        sign_of_epoch(&golden("phone.lsv"), 7, (epoch, None), path)?;
    }
    let page = Page::open()?;
    for path in [&new, &old] {
        page.choose_good(path)?;
        page.keep()?;
    }
    page.reload()?;
    page.browser
        .wait("document.body.dataset.state === 'open'")?;
    let first = page.text("#stored-list li")?;
    ensure!(first.starts_with("new.lsv"), "{first}");
    ensure!(page.text("#file-status")?.contains("new.lsv"));
    Ok(())
}

/// A browser that asks a person may never say whether it will keep files.
#[test]
fn a_browser_that_does_not_answer() -> Result<()> {
    let page = Page::open()?;
    page.choose_good(&golden("phone.lsv"))?;
    page.browser
        .run("navigator.storage.persist = () => new Promise(() => {});")?;
    page.keep()?;
    let notice = page.text("#notice")?;
    ensure!(
        notice.contains("may delete it") && notice.contains("Installing this page helps"),
        "{notice}"
    );
    // One that promises to keep them is believed, also when it answers late.
    page.choose_good(&golden("signed.lsv"))?;
    page.browser
        .run("navigator.storage.persist = () => new Promise((go) => setTimeout(go, 500, true));")?;
    page.keep()?;
    page.browser.wait(
        "document.getElementById('notice').innerText === \
         'signed.lsv is kept in this browser, and opens by itself next time.'",
    )?;
    ensure!(page.ask("13800138000")?.verdict == "exposed");
    Ok(())
}

/// Nor is a person who cancels kept waiting: by whatever gives the file, nor by what undoes a copy.
#[test]
fn a_copy_that_is_cancelled() -> Result<()> {
    let page = Page::open()?;
    page.choose_good(&golden("phone.lsv"))?;
    page.browser.run(
        "navigator.storage.persist = () => new Promise(() => {});
         File.prototype.stream = () => new ReadableStream({
           start: (controller) => controller.enqueue(new Uint8Array(512)),
           cancel: () => new Promise(() => {}),
         });",
    )?;
    page.browser.click("#keep")?;
    page.browser
        .wait("document.getElementById('progress').value > 0")?;
    page.browser.click("#stop-keeping")?;
    page.browser
        .wait("document.getElementById('notice').innerText === 'Not kept.'")?;
    ensure!(
        page.browser
            .run("return document.getElementById('stored').hidden;")?
            == json!(true)
    );
    ensure!(page.ask("13800138000")?.verdict == "exposed");
    Ok(())
}

/// From a file manager no script runs.
#[test]
fn a_page_that_is_opened_as_a_file() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for (name, bytes) in testkit::web::sources()? {
        fs::write(folder.path().join(name), bytes)?;
    }
    let page = Page::unopened(testkit::web::site()?, &[])?;
    let path = folder.path().join("index.html");
    page.browser.goto(&format!("file://{}", path.display()))?;
    page.browser
        .wait("getComputedStyle(document.getElementById('dead')).visibility === 'visible'")?;
    let said = page.text("#dead")?;
    ensure!(said.contains("it has to come from a web server"), "{said}");
    ensure!(said.lines().filter(|line| !line.is_empty()).count() == 5);
    Ok(())
}

/// As in the Lockdown Mode of iPhones.
#[test]
fn a_browser_without_web_assembly() -> Result<()> {
    let page = Page::open()?;
    page.browser.devtools(
        "Page.addScriptToEvaluateOnNewDocument",
        json!({ "source": "delete globalThis.WebAssembly;" }),
    )?;
    page.reload()?;
    // Before anybody looks for a file.
    ensure!(page.text("#notice")?.contains("Lockdown Mode"));
    ensure!(page.choose(&golden("phone.lsv"))? == Some("no_module".into()));
    ensure!(page.text("#file-status")?.contains("Lockdown Mode"));
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
    // The first asks.
    page.keep()?;
    page.keep()?;
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

/// The browser takes a while to say whether a name is taken: who presses again meanwhile starts no
/// second copy.
#[test]
fn one_copy_at_a_time() -> Result<()> {
    let page = Page::open()?;
    page.choose_good(&golden("phone.lsv"))?;
    page.browser.run(
        "window.copies = 0;
         const { getFileHandle } = FileSystemDirectoryHandle.prototype;
         FileSystemDirectoryHandle.prototype.getFileHandle = async function (...args) {
           await new Promise((resolve) => setTimeout(resolve, 500));
           return getFileHandle.apply(this, args);
         };
         const { createWritable } = FileSystemFileHandle.prototype;
         FileSystemFileHandle.prototype.createWritable = function (...args) {
           window.copies += 1;
           return createWritable.apply(this, args);
         };",
    )?;
    page.browser
        .run("for (let i = 0; i < 3; i += 1) document.getElementById('keep').click();")?;
    page.browser
        .wait("!document.getElementById('keep').ariaBusy")?;
    ensure!(page.browser.run("return window.copies;")? == json!(1));
    ensure!(page.ask("13800138000")?.verdict == "exposed");
    Ok(())
}

/// What the page was closed upon is not kept, and keeps nothing else from opening.
#[test]
fn a_copy_that_was_not_finished() -> Result<()> {
    let page = Page::open()?;
    page.choose_good(&golden("phone.lsv"))?;
    page.keep()?;
    // The bar of the next copy does not begin where this one ended.
    let share = "return document.getElementById('progress').value;";
    ensure!(page.browser.run(share)?.as_f64() == Some(0.0));
    page.choose_good(&golden("signed.lsv"))?;
    // It does not end.
    page.browser.run(
        "File.prototype.stream = () => new ReadableStream({
           start: (controller) => controller.enqueue(new Uint8Array(512)),
         });",
    )?;
    page.browser.click("#keep")?;
    page.browser
        .wait("document.getElementById('progress').value > 0")?;
    let copies = || {
        page.browser.run_async(
            "const names = [];
             for await (const folder of (await navigator.storage.getDirectory()).values()) {
               for await (const name of folder.keys()) if (name !== 'phone.lsv') names.push(name);
             }
             return names.sort();",
            &json!(null),
        )
    };
    let begun = copies()?;
    ensure!(begun != json!([]), "it is nowhere");
    // Another tab does not list it, and does not disturb it.
    page.browser.in_another_tab(|| {
        page.browser.goto(&page.address)?;
        page.wait_until_started()?;
        opens_only_phone(&page)
    })?;
    ensure!(copies()? == begun);

    let start = Instant::now();
    loop {
        page.reload()?;
        opens_only_phone(&page)?;
        let left = copies()?;
        if left == json!([]) {
            break;
        }
        // The browser may still be ending the page that was left.
        ensure!(start.elapsed() < LIMIT, "{left}");
    }
    Ok(())
}

/// Is `phone.lsv` open, and alone listed?
fn opens_only_phone(page: &Page) -> Result<()> {
    let state = page
        .browser
        .run("return [document.body.dataset.state, document.getElementById('stored-list').childElementCount];")?;
    ensure!(state == json!(["open", 1]), "{state}");
    ensure!(page.text("#stored-list")?.contains("phone.lsv"));
    ensure!(page.text("#notice")?.is_empty());
    ensure!(page.ask("13800138000")?.verdict == "exposed");
    Ok(())
}

/// The newest that opens does, and a newer one that does not is told of.
#[test]
fn a_kept_file_that_does_not_open() -> Result<()> {
    let page = Page::open()?;
    for name in ["phone.lsv", "signed.lsv"] {
        page.choose_good(&golden(name))?;
        page.browser.click("#keep")?;
        page.browser.wait(&format!(
            "document.querySelector('#stored-list [aria-label=\"Open {name}\"]')"
        ))?;
    }
    let damage = |name: &str| {
        page.browser.run_async(
            "const root = await navigator.storage.getDirectory();
             const folder = await root.getDirectoryHandle('filters');
             const handle = await folder.getFileHandle(given);
             const writable = await handle.createWritable({ keepExistingData: true });
             await writable.write({ type: 'write', position: 0, data: 'no filter' });
             await writable.close();",
            &json!(name),
        )
    };
    damage("signed.lsv")?;
    page.reload()?;
    ensure!(page.browser.run("return document.body.dataset.state;")? == json!("open"));
    ensure!(page.text("#file-status")?.contains("phone.lsv"));
    let notice = page.text("#notice")?;
    ensure!(
        notice.starts_with("signed.lsv may be newer, and could not be opened"),
        "{notice}"
    );
    ensure!(page.ask("13800138000")?.verdict == "exposed");
    // When none opens, it is said why.
    damage("phone.lsv")?;
    page.reload()?;
    let error = "return [document.body.dataset.state, document.body.dataset.error];";
    ensure!(page.browser.run(error)? == json!(["refused", "not_a_filter"]));
    ensure!(page.text("#file-status")?.contains("not a filter file"));
    ensure!(page.text("#notice")?.is_empty());
    Ok(())
}
