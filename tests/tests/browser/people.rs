//! Who uses it: by keyboard, by screen reader, on a narrow screen.

use std::collections::BTreeSet;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::driver::LIMIT;
use crate::golden;
use crate::languages::{LANGUAGES, outside};
use crate::page::Page;

const TAB: char = '\u{E004}';
const ENTER: char = '\u{E007}';

#[test]
fn by_keyboard_alone() -> Result<()> {
    let page = Page::open()?;
    let mut order = Vec::new();
    for _ in 0..3 {
        page.browser.press(TAB)?;
        order.push(page.focus()?);
    }
    ensure!(
        order == ["language", "file", "SUMMARY of trust"],
        "{order:?}"
    );
    // Chosen by a person, a file brings them to the question.
    page.choose_good(&golden("phone.lsv"))?;
    ensure!(page.focus()? == "identifier");
    for key in "13800138000".chars().chain([ENTER]) {
        page.browser.press(key)?;
    }
    page.browser
        .wait("document.getElementById('verdict').dataset.verdict === 'exposed'")?;
    ensure!(page.focus()? == "identifier");
    // Beside another question there is no verdict.
    page.browser.press('1')?;
    ensure!(page.text("#verdict")?.is_empty());
    page.browser.press(TAB)?;
    ensure!(page.focus()? == "ask");
    // What has the focus is seen to have it.
    let outline = page
        .browser
        .run("return getComputedStyle(document.activeElement).outlineStyle;")?;
    ensure!(outline == json!("solid"), "{outline}");
    Ok(())
}

/// A button that is gone leaves the focus to what comes next, and not to nothing.
#[test]
fn where_the_focus_goes() -> Result<()> {
    let page = Page::open()?;
    let press = |selector: &str, then: &str, wanted: &str| -> Result<()> {
        let found = page.browser.run(&format!(
            "const element = document.querySelector(`{selector}`);
             element?.closest('details')?.setAttribute('open', '');
             element?.focus();
             return document.activeElement === element;"
        ))?;
        ensure!(found == json!(true), "{selector} cannot have the focus");
        page.browser.press(ENTER)?;
        page.browser.wait(then)?;
        let start = Instant::now();
        while page.focus()? != wanted {
            let focus = page.focus()?;
            ensure!(start.elapsed() < LIMIT, "{selector}: {focus}, not {wanted}");
        }
        Ok(())
    };
    let open = "document.body.dataset.state === 'open'";
    let stored = |count| format!("document.querySelectorAll('#stored-list li').length === {count}");
    page.choose_good(&golden("phone.lsv"))?;
    press("#keep", &stored(1), "Open phone.lsv")?;
    page.choose_good(&golden("signed.lsv"))?;
    press("#keep", &stored(2), "Open signed.lsv")?;
    press("[aria-label='Open phone.lsv']", open, "identifier")?;
    press("[aria-label='Open signed.lsv']", open, "identifier")?;
    press(
        "#pin",
        "!document.getElementById('pin')",
        "SUMMARY of about",
    )?;
    press(
        "[aria-label='Open phone.lsv']",
        "document.body.dataset.state === 'refused'",
        "file",
    )?;
    press("#key-remove", open, "key")?;
    press(
        "#stored-list li:first-child .delete",
        &stored(1),
        "Delete phone.lsv from this browser",
    )?;
    press(".delete", &stored(0), "file")?;

    // When it could not be kept, it can be tried again.
    page.browser.run(
        "FileSystemFileHandle.prototype.createWritable = async () => { throw new Error('no room'); };",
    )?;
    page.choose_good(&golden("phone.lsv"))?;
    let failed = "document.getElementById('notice').innerText.includes('could not be kept')";
    press("#keep", failed, "keep")
}

/// What tells of changes is there before them.
#[test]
fn live_regions() -> Result<()> {
    let page = Page::open()?;
    let regions = page.browser.run(
        "document.getElementById('trust').open = true;
         return Array.from(document.querySelectorAll('[role=status]'), (region) =>
           [region.id, region.checkVisibility(), region.textContent === '']);",
    )?;
    let regions = regions.as_array().context("no list")?;
    ensure!(regions.len() == 6, "{regions:?}");
    ensure!(
        regions.contains(&json!(["verdict", true, true])),
        "{regions:?}"
    );
    ensure!(
        regions.contains(&json!(["notice", true, true])),
        "{regions:?}"
    );
    for region in regions {
        ensure!(region[1] == json!(true), "{region} is not announced");
    }
    Ok(())
}

/// A button that is pressed or not has one name, which is what it shows (WCAG 2.2, 2.5.3).
#[test]
fn a_button_is_called_what_it_shows() -> Result<()> {
    let page = Page::open()?;
    page.choose_good(&golden("password.lsv"))?;
    let states = page.browser.run(
        "const button = document.getElementById('reveal');
         const now = () => [button.ariaLabel ?? button.textContent, button.textContent, button.ariaPressed,
           document.getElementById('identifier').className];
         const states = [now()];
         for (let i = 0; i < 2; i += 1) { button.click(); states.push(now()); }
         return states;",
    )?;
    let hidden = ["Show", "Show", "false", "masked"];
    let wanted = [hidden, ["Show", "Show", "true", ""], hidden];
    ensure!(states == json!(wanted), "{states}");
    Ok(())
}

/// Of a file of several countries, no single one's code is asked for.
#[test]
fn how_to_write_a_number() -> Result<()> {
    let page = Page::open()?;
    let hints = page.browser.run_async(
        "const { hint } = await import('./sentences.js');
         return given.map((codes) =>
           hint({ datasets: codes.map((code) => ({ kind: 'phone', calling_code: code })) }, 'phone')
             .map((part) => part.value ?? part).join(''));",
        &json!([[86], [86, 44], [86, 86], [86, 0]]),
    )?;
    let write = |codes| format!("However you write it, with or without {codes}.");
    let world = "With its country code, as in +44 20 7946 0000.";
    let wanted = [
        write("+86"),
        write("+86 / +44"),
        write("+86"),
        world.to_owned(),
    ];
    ensure!(hints == json!(wanted), "{hints}");
    Ok(())
}

#[test]
fn by_screen_reader() -> Result<()> {
    let page = Page::open()?;
    page.choose_good(&golden("bundle.lsv"))?;
    page.browser
        .run("for (const part of document.querySelectorAll('details')) part.open = true;")?;
    page.ask("13800138000")?;
    page.browser.devtools("Accessibility.enable", json!({}))?;
    let tree = page
        .browser
        .devtools("Accessibility.getFullAXTree", json!({}))?;
    let mut seen = BTreeSet::new();
    for node in tree["nodes"].as_array().context("no tree")? {
        let role = node["role"]["value"].as_str().unwrap_or_default();
        let name = node["name"]["value"].as_str().unwrap_or_default();
        let needs_name = [
            "button",
            "textbox",
            "radio",
            "link",
            "heading",
            "combobox",
            "combobox",
            "DisclosureTriangle",
        ];
        if node["ignored"] == json!(false) && needs_name.contains(&role) {
            ensure!(!name.is_empty(), "a {role} without a name: {node}");
            seen.insert(format!("{role}: {name}"));
        }
        if role == "StaticText" {
            // A sign that is read out would say nothing.
            ensure!(
                !["!", "✓", "?", "×"].contains(&name),
                "the sign is read out"
            );
        }
    }
    for wanted in [
        "textbox: Phone number",
        "radio: Password",
        "button: Check",
        "button: Choose a filter file",
        "heading: The file",
        "combobox: Language",
    ] {
        let wanted = wanted.replace("Choose a filter file", "Another file");
        ensure!(seen.contains(&wanted), "{wanted}: {seen:?}");
    }
    let live = page.browser.run(
        "const { ariaLive, role } = document.getElementById('verdict'); return [ariaLive, role];",
    )?;
    ensure!(live == json!(["polite", "status"]), "{live}");
    Ok(())
}

#[test]
fn on_a_screen_of_320_pixels() -> Result<()> {
    let page = Page::open()?;
    page.browser.devtools(
        "Emulation.setDeviceMetricsOverride",
        json!({"width": 320, "height": 640, "deviceScaleFactor": 2, "mobile": true}),
    )?;
    for file in ["bundle.lsv", "signed.lsv", "password.lsv"] {
        page.choose_good(&golden(file))?;
        page.browser
            .run("for (const part of document.querySelectorAll('details')) part.open = true;")?;
        page.ask("13800138000")?;
        // The verdict is in sight when it comes.
        let top = page
            .browser
            .run("return document.getElementById('verdict').getBoundingClientRect().top;")?;
        ensure!(top.as_f64().is_some_and(|top| top < 600.0), "{file}: {top}");
        for language in LANGUAGES {
            page.speak(language)?;
            page.browser
                .run("document.getElementById('verdict').scrollIntoView();")?;
            let width = page
                .browser
                .run("return document.documentElement.scrollWidth;")?;
            ensure!(
                width.as_u64().is_some_and(|width| width <= 320),
                "{file}, {language}: {width}"
            );
            ensure!(outside(&page)? == json!([]), "{file}, {language}");
        }
        page.speak("en")?;
    }
    Ok(())
}

#[test]
fn a_file_that_is_dropped() -> Result<()> {
    let page = Page::open()?;
    let bytes = std::fs::read(golden("email.lsv"))?;
    page.browser.run_async(
        "const data = new DataTransfer();
         data.items.add(new File([new Uint8Array(given)], 'dropped.lsv'));
         const drop = new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true });
         document.body.dispatchEvent(drop);
         return drop.defaultPrevented;",
        &json!(bytes),
    )?;
    page.browser
        .wait("document.body.dataset.state === 'open'")?;
    ensure!(page.text("#file-status")?.contains("dropped.lsv"));
    ensure!(page.ask("member0@example.com")?.verdict == "exposed");
    Ok(())
}
