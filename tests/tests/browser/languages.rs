//! The page's languages: none lacks a sentence, only the one in use is loaded, and Arabic runs from
//! right to left.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::golden;
use crate::page::Page;

/// By their codes.
pub(crate) const LANGUAGES: [&str; 5] = ["en", "es", "ru", "ar", "zh"];

/// What can be seen and stands out of the window at its sides.
pub(crate) fn outside(page: &Page) -> Result<Value> {
    page.browser.run(
        "const wide = document.documentElement.clientWidth;
         return Array.from(document.querySelectorAll('body *'))
           .filter((element) => element.checkVisibility() && !element.matches('.unseen, fieldset input'))
           .filter((element) => {
             const { left, right, width } = element.getBoundingClientRect();
             return width > 0 && (left < -0.5 || right > wide + 0.5);
           })
           .map((element) => `${element.tagName} ${element.id} ${element.textContent.slice(0, 40)}`);",
    )
}

/// Each language has each text, with the same places, and each plural that it knows.
#[test]
fn no_sentence_is_missing() -> Result<()> {
    let page = Page::open()?;
    let faults = page.browser.run_async(
        "const { languages, load } = await import('./texts.js');
         const codes = Object.keys(languages);
         if (codes.join() !== given.join()) throw `other languages: ${codes}`;
         const tables = Object.fromEntries(await Promise.all(codes.map(async (code) => [code, await load(code)])));
         const places = (text) => (text.match(/\\{\\w+\\}/g) ?? []).sort().join();
         const faults = [];
         const keys = Object.keys(tables.en);
         if (keys.length < 150) faults.push(`only ${keys.length} texts`);
         for (const code of codes) {
           const table = tables[code];
           const plurals = new Intl.PluralRules(languages[code].tag);
           if (Object.keys(table).join() !== keys.join()) faults.push(`${code} has other keys, or in another order`);
           for (const key of keys) {
             const texts = typeof table[key] === 'string' ? { other: table[key] } : table[key];
             const wanted = places(tables.en[key].other ?? tables.en[key]);
             for (const [form, text] of Object.entries(texts)) {
               // Where there is only one such number, it can be said in words.
               const bare = wanted.replace('{count}', '').replace(/^,|,$|,(?=,)/g, '');
               const isAlone = code === 'ar' && ['one', 'two'].includes(form);
               if (places(text) !== wanted && !(isAlone && places(text) === bare)) faults.push(`${code} ${key} ${form}`);
               if (text.trim() === '' || !plurals.resolvedOptions().pluralCategories.includes(form)) faults.push(`${code} ${key}: ${form}`);
             }
             if (typeof table[key] === 'string') continue;
             for (let n = 1; n < 2e6; n = n < 1000 ? n + 1 : n * 10) {
               if (!(plurals.select(n) in texts)) faults.push(`${code} ${key} of ${n}`);
             }
           }
         }
         // What nobody translated.
         for (const code of codes.slice(1)) {
           for (const key of keys) {
             if (JSON.stringify(tables[code][key]) === JSON.stringify(tables.en[key])) faults.push(`${code} ${key} is English`);
           }
         }
         // What a part of the page names.
         for (const { dataset: { text, label } } of document.querySelectorAll('[data-text], [data-label]')) {
           if (!((text ?? label) in tables.en)) faults.push(`no ${text ?? label}`);
         }
         return faults;",
        &json!(LANGUAGES),
    )?;
    let faults: BTreeSet<String> = serde_json::from_value(faults)?;
    // Nothing but places and signs.
    let same = ["about_dated", "cannot_say"]
        .map(|key| LANGUAGES.map(|code| format!("{code} {key} is English")));
    let faults: Vec<_> = faults
        .iter()
        .filter(|fault| !same.as_flattened().contains(fault))
        .collect();
    ensure!(faults.is_empty(), "{faults:#?}");
    Ok(())
}

/// Each text is named by a script or the page, and what they name is there.
#[test]
fn no_sentence_is_too_many() -> Result<()> {
    let sources = testkit::web::sources()?;
    let texts: serde_json::Map<String, Value> = serde_json::from_slice(&sources["en.json"])?;
    let mut code = String::new();
    for (name, bytes) in &sources {
        if name.ends_with(".js") || name.ends_with(".html") {
            code.push_str(std::str::from_utf8(bytes)?);
        }
    }
    let groups = [
        "kind_", "hint_", "noun_", "found_", "reason_", "advice_", "error_", "covers_",
    ];
    for key in texts.keys() {
        let is_of_group = groups.iter().any(|group| key.starts_with(group));
        // A verdict's word, and the label of a button of the kept files.
        let is_named = code.contains(&format!("\"{key}\""))
            || code.contains(&format!("{key}:"))
            || key
                .strip_suffix("_label")
                .is_some_and(|key| texts.contains_key(key));
        ensure!(is_of_group || is_named, "nothing says {key}");
    }
    for call in ["say(\"", "parts(\"", "shown(\"", "fact(\"", "notice = [\""] {
        for (at, _) in code.match_indices(call) {
            let key = code[at + call.len()..].split('"').next();
            let key = key.context("no end")?;
            ensure!(texts.contains_key(key), "{call}{key}");
        }
    }
    Ok(())
}

#[test]
fn the_language_of_the_browser_or_of_a_person() -> Result<()> {
    let page = Page::open()?;
    ensure!(page.text("h1")? == "Was it in the leak?");
    let agent = page.browser.run("return navigator.userAgent;")?;
    for (wanted, title, lang) in [
        ("fr-FR,zh-CN,en", "它在泄露数据里吗？", "zh-Hans"),
        ("es-MX,en", "¿Está en la filtración?", "es"),
        ("ru", "Есть ли это в утечке?", "ru"),
        ("ar-EG,en", "هل هو في التسريب؟", "ar"),
        ("fr", "Was it in the leak?", "en"),
    ] {
        page.browser.devtools(
            "Emulation.setUserAgentOverride",
            json!({"userAgent": agent, "acceptLanguage": wanted}),
        )?;
        page.reload()?;
        ensure!(page.text("h1")? == title, "{wanted}");
        let seen = page
            .browser
            .run("return [document.documentElement.lang, document.getElementById('language').selectedOptions[0].lang];")?;
        ensure!(seen == json!([lang, lang]), "{wanted}: {seen}");
    }
    // A verdict changes its language and stays the same.
    page.choose_good(&golden("phone.lsv"))?;
    page.ask("13900139999")?;
    for (language, word) in [
        ("es", "No expuesto"),
        ("ru", "Нет в утечке"),
        ("ar", "غير موجود في التسريب"),
        ("zh", "未泄露"),
        ("en", "Not exposed"),
        ("ru", "Нет в утечке"),
    ] {
        page.speak(language)?;
        ensure!(page.text("#verdict")?.contains(word), "{language}");
    }
    // What was chosen stays.
    page.reload()?;
    ensure!(page.text("h1")? == "Есть ли это в утечке?");
    Ok(())
}

/// Russian has three forms, Arabic five.
#[test]
fn numbers_have_their_forms() -> Result<()> {
    let page = Page::open()?;
    let said = page.browser.run_async(
        "const { say, speak } = await import('./sentences.js');
         const said = [];
         for (const [language, count] of given) {
           await speak(language);
           said.push(say('reads', { count, size: 'x' }));
         }
         return said;",
        &json!([
            ["ru", 1],
            ["ru", 3],
            ["ru", 11],
            ["ru", 21],
            ["ru", 1000],
            ["ar", 1],
            ["ar", 2],
            ["ar", 3],
            ["ar", 11],
            ["ar", 1000],
            ["es", 1],
            ["es", 2],
            ["en", 1],
            ["en", 1000],
            ["zh", 1],
        ]),
    )?;
    let said: Vec<String> = serde_json::from_value(said)?;
    for (said, wanted) in said.iter().zip([
        "Прочитан 1 сектор ",
        "Прочитано 3 сектора ",
        "Прочитано 11 секторов ",
        "Прочитан 21 сектор ",
        "Прочитано 1\u{a0}000 секторов ",
        "قُرئ قطاع واحد ",
        "قُرئ قطاعان ",
        "قُرئت 3 قطاعات ",
        "قُرئ 11 قطاعًا ",
        "قُرئ 1,000 قطاع ",
        "Se leyó 1 sector ",
        "Se leyeron 2 sectores ",
        "Read 1 sector ",
        "Read 1,000 sectors ",
        "已读取此文件的 1 个扇区",
    ]) {
        ensure!(said.starts_with(wanted), "{said}, not {wanted}");
    }
    Ok(())
}

/// A first visit loads the texts of one language; the worker keeps all of them.
#[test]
fn one_language_is_loaded_and_all_are_kept() -> Result<()> {
    let mut page = Page::open()?;
    let loaded = page.browser.run(
        "return performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => name.endsWith('.json'));",
    )?;
    ensure!(
        loaded == json!([format!("{}en.json", page.address)]),
        "{loaded}"
    );
    page.wait_until_offline()?;
    page.server.take().context("no server")?.stop();
    for language in LANGUAGES {
        page.speak(language)?;
    }
    page.speak("ar")?;
    page.reload()?;
    ensure!(page.text("h1")? == "هل هو في التسريب؟");
    Ok(())
}

#[test]
fn in_arabic() -> Result<()> {
    let page = Page::open()?;
    page.browser.devtools(
        "Emulation.setDeviceMetricsOverride",
        json!({"width": 320, "height": 640, "deviceScaleFactor": 2, "mobile": true}),
    )?;
    page.speak("ar")?;
    page.choose_good(&golden("bundle.lsv"))?;
    page.browser
        .run("for (const part of document.querySelectorAll('details')) part.open = true;")?;
    let said = page.ask("13800138000")?;
    ensure!(
        said.verdict == "exposed" && said.word == "موجود في التسريب",
        "{said:?}"
    );
    let seen = page.browser.run(
        "const direction = (selector) => getComputedStyle(document.querySelector(selector)).direction;
         const start = (selector) => document.querySelector(selector).getBoundingClientRect();
         return [document.documentElement.dir, direction('#verdict'), direction('#identifier'), direction('#key'),
           // The sign stands to the right of its word, the heading at the right edge.
           start('#verdict .sign').left > 160, start('header img').left > start('#language').left,
           document.getElementById('verdict').translate];",
    )?;
    ensure!(
        seen == json!(["rtl", "rtl", "ltr", "ltr", true, true, false]),
        "{seen}"
    );
    // Names, dates and codes keep their own order.
    let islands = page.browser.run(
        "return Array.from(document.querySelectorAll('bdi'))
           .filter((island) => /^[+A-Za-z0-9]/.test(island.textContent) && getComputedStyle(island).direction !== 'ltr')
           .map((island) => island.textContent);",
    )?;
    ensure!(islands == json!([]), "{islands}");
    // As they are seen: each character to the right of the one before it.
    let mixed = page.browser.run(
        "const left = (text, at) => {
           const range = document.createRange();
           range.setStart(text, at);
           range.setEnd(text, at + 1);
           return range.getBoundingClientRect().left;
         };
         const codes = Array.from(document.querySelectorAll('bdi'), (island) => island.firstChild)
           .filter((text) => /^(\\+\\d+|\\d{4}-\\d\\d(-\\d\\d)?)$/.test(text.data));
         if (codes.length < 3) throw `only ${codes.length} codes and dates`;
         return codes.map((text) => [text.data, left(text, 0) < left(text, text.length - 1)]);",
    )?;
    let mixed = mixed.as_array().context("no list")?;
    ensure!(mixed.iter().all(|code| code[1] == json!(true)), "{mixed:?}");
    let names = page.browser.run(
        "return Array.from(document.querySelectorAll('#verdict p:nth-of-type(2) bdi'), (island) => island.textContent);",
    )?;
    ensure!(names[0] == json!("Golden phone.txt"), "{names}");
    ensure!(outside(&page)? == json!([]));
    let wide = page
        .browser
        .run("return document.documentElement.scrollWidth;")?;
    ensure!(wide.as_u64().is_some_and(|wide| wide <= 320), "{wide}");
    for (text, verdict) in [("13900139999", "not_exposed"), ("1390013", "not_covered")] {
        ensure!(page.ask_all(&[("phone", text)])?[0].verdict == verdict);
        ensure!(outside(&page)? == json!([]), "{text}");
    }
    page.speak("en")?;
    ensure!(page.browser.run("return document.documentElement.dir;")? == json!("ltr"));
    Ok(())
}
