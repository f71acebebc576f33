//! What runs together is of one version, also while its host is being changed.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use testkit::web::{self, Site};

use crate::driver::LIMIT;
use crate::golden;
use crate::page::Page;

/// The page, whose parts tell a version.
fn site_of(version: u8) -> Result<Site> {
    let mut files = web::sources()?;
    let mut change = |name: &str, from: &str, to: &str| -> Result<()> {
        let bytes = files.get_mut(name).context("no such file")?;
        let text = std::str::from_utf8(bytes)?;
        ensure!(text.matches(from).count() == 1, "{name}: {from}");
        *bytes = text.replace(from, to).into_bytes();
        Ok(())
    };
    let meta = format!("<meta name=\"version\" content=\"{version}\"></head>");
    change("index.html", "</head>", &meta)?;
    let title = format!("\"Was it in the leak? {version}\"");
    change("en.json", "\"Was it in the leak?\"", &title)?;
    let style = format!("html {{ --version: {version}; ");
    change("style.css", "html { ", &style)?;
    // A section of no meaning: its id, its length, the length of its name, the name.
    let module = files.get_mut("leaksieve.wasm").context("no module")?;
    module.extend_from_slice(&[0, 2, 1, b'0' + version]);
    Site::of(files)
}

/// The version of page, script, style and module.
fn versions(page: &Page) -> Result<String> {
    let versions = page.browser.run_async(
        "const module = new Uint8Array(await (await fetch('leaksieve.wasm')).arrayBuffer());
         return [
           document.querySelector('meta[name=version]').content,
           document.querySelector('h1').textContent.slice(-1),
           getComputedStyle(document.documentElement).getPropertyValue('--version').trim(),
           String.fromCharCode(module.at(-1)),
         ].join('');",
        &Value::Null,
    )?;
    Ok(versions.as_str().context("no text")?.to_owned())
}

/// Look for a next version, and wait until it is there or was refused.
fn look_for_next(page: &Page) -> Result<bool> {
    let is_there = page.browser.run_async(
        "const registration = await navigator.serviceWorker.getRegistration();
         await registration.update().catch(() => {});
         while (registration.installing) await new Promise((go) => setTimeout(go, 10));
         return Boolean(registration.waiting);",
        &Value::Null,
    )?;
    Ok(is_there == json!(true))
}

fn go(page: &Page, place: &str) -> Result<()> {
    page.browser.goto("about:blank")?;
    page.browser.goto(&format!("{}{place}", page.address))?;
    page.wait_until_started()
}

#[test]
fn a_page_that_is_stored() -> Result<()> {
    let (old, new) = (site_of(1)?, site_of(2)?);
    let page = Page::of(old.clone(), &[])?;
    page.wait_until_offline()?;
    go(&page, "")?;
    ensure!(versions(&page)? == "1111");
    // Half of the next one is none.
    for names in [
        &["sw.js"][..],
        &["sw.js", "index.html"],
        &["sw.js", "index.html", "en.json", "style.css"],
        &["sw.js", "leaksieve.wasm"],
    ] {
        page.server()?.serve(old.clone().with_files_of(&new, names));
        ensure!(!look_for_next(&page)?, "{names:?}");
        for place in ["", "?from=link", "#"] {
            go(&page, place)?;
            ensure!(versions(&page)? == "1111", "{names:?}, {place}");
        }
    }
    page.server()?.serve(new);
    page.browser.goto(&format!("{}?from=link", page.address))?;
    page.wait_until_started()?;
    ensure!(versions(&page)? == "1111");
    ensure!(look_for_next(&page)?);
    page.choose_good(&golden("phone.lsv"))?;
    ensure!(page.ask("13800138000")?.verdict == "exposed");
    page.browser.goto(&format!("{}?from=link", page.address))?;
    // Once no tab has the old one, the new one is there.
    let start = Instant::now();
    loop {
        go(&page, "?from=link")?;
        let versions = versions(&page)?;
        ensure!(["1111", "2222"].contains(&versions.as_str()), "{versions}");
        if versions == "2222" {
            break;
        }
        ensure!(start.elapsed() < LIMIT, "the next version never came");
    }
    page.choose_good(&golden("phone.lsv"))?;
    ensure!(page.ask("13800138000")?.verdict == "exposed");
    Ok(())
}

/// A browser without service workers, or a first visit.
#[test]
fn a_page_from_its_host() -> Result<()> {
    let (old, new) = (site_of(1)?, site_of(2)?);
    let page = Page::unopened(old.clone(), &[])?;
    page.browser.devtools(
        "Page.addScriptToEvaluateOnNewDocument",
        json!({"source": "delete Navigator.prototype.serviceWorker;"}),
    )?;
    go(&page, "")?;
    page.browser
        .wait("performance.getEntriesByName(new URL('leaksieve.wasm', location)).length === 1")?;
    // What is open needs nothing of a host that has another version by now.
    page.server()?.serve(new.clone());
    let before = page.server()?.requests();
    page.choose_good(&golden("phone.lsv"))?;
    ensure!(page.ask("13800138000")?.verdict == "exposed");
    ensure!(page.server()?.requests() == before);

    // Another version's module is not run, nor are scripts.
    page.server()?
        .serve(old.clone().with_files_of(&new, &["leaksieve.wasm"]));
    go(&page, "")?;
    let refused = page.choose(&golden("phone.lsv"))?;
    ensure!(refused.as_deref() == Some("cannot_load"), "{refused:?}");
    for name in ["en.json", "filter.js"] {
        page.server()?
            .serve(old.clone().with_files_of(&new, &[name]));
        page.browser.goto("about:blank")?;
        page.browser.goto(&page.address)?;
        page.browser.wait("document.readyState === 'complete'")?;
        let title = page.text("h1")?;
        ensure!(title.is_empty(), "{name}: {title}");
    }
    // A page that was loaded in between is loaded anew.
    page.server()?.serve(new);
    page.reload()?;
    ensure!(versions(&page)? == "2222");
    page.choose_good(&golden("phone.lsv"))
}

/// A person is told of the next version, and can have it at once. Another tab keeps what it has.
#[test]
fn a_next_version_is_told_of() -> Result<()> {
    let (old, new) = (site_of(1)?, site_of(2)?);
    let page = Page::of(old, &[])?;
    page.wait_until_offline()?;
    page.reload()?;
    let shown = page.text("#version")?;
    let start = format!("Version {} (", env!("CARGO_PKG_VERSION"));
    ensure!(shown.starts_with(&start), "{shown}");
    let is_told = "document.getElementById('update-text').innerText === 'A new version of this page is ready.' \
                   && !document.getElementById('reload').hidden";
    let is_new = "document.querySelector('meta[name=version]')?.content === '2' && document.body?.dataset.started";
    let is_there = |condition: &str| {
        let script = format!("return Boolean({condition});");
        Ok::<_, anyhow::Error>(page.browser.run(&script)? == json!(true))
    };
    ensure!(!look_for_next(&page)? && !is_there(is_told)?);

    page.server()?.serve(new);
    ensure!(look_for_next(&page)?);
    page.browser.wait(is_told)?;
    page.choose_good(&golden("phone.lsv"))?;
    page.browser.in_another_tab(|| {
        page.browser.goto(&page.address)?;
        page.wait_until_started()?;
        page.browser.wait(is_told)?;
        page.browser.click("#reload")?;
        page.browser.wait(is_new)?;
        page.wait_until_offline()?;
        ensure!(versions(&page)? == "2222");
        ensure!(page.text("#update-text")?.is_empty());
        ensure!(page.text("#version")? != shown);
        Ok(())
    })?;
    ensure!(is_there(is_told)? && !is_there(is_new)?);
    ensure!(page.ask("13800138000")?.verdict == "exposed");
    // Texts of the other version are not mixed in.
    page.speak("zh")?;
    page.browser.run(
        "const select = document.getElementById('language');
         select.value = 'en';
         select.dispatchEvent(new Event('change'));",
    )?;
    page.browser.wait(
        "document.getElementById('notice').innerText === '本页无法加载自己的文件。请重新加载。'",
    )?;
    ensure!(is_there(
        "document.getElementById('language').value === 'zh'"
    )?);
    page.browser.click("#reload")?;
    page.browser.wait(is_new)?;
    Ok(())
}
