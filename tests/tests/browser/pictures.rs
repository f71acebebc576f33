//! Pictures of the page: they are taken at each run, and written when
//! `LEAKSIEVE_SCREENSHOTS` names a folder, as `cargo xtask screenshots` does.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use leaksieve::input::profile::phone_profile;
use leaksieve::input::source::{Input, Layout};
use leaksieve::pipeline::{BuildOptions, build};
use leaksieve_core::header::Date;
use leaksieve_core::{IdentifierKind, Profile};
use serde_json::json;

use crate::page::Page;
use crate::sign;

/// A leak of generated numbers.
fn phones(folder: &Path) -> Result<PathBuf> {
    let list = folder.join("list.txt");
    let phones: Vec<String> = (0..10_000).map(testkit::sample::phone).collect();
    fs::write(&list, phones.join("\n"))?;
    let file = folder.join("built.lsv");
    let profile = Profile::Phone(phone_profile("CN")?);
    let list = vec![Input::File(list)];
    let mut options = BuildOptions::new(list, IdentifierKind::Phone, profile);
    options.layout = Layout::Line;
    options.name = "Example Shop".into();
    options.date = Date {
        year: 2021,
        month: 6,
        day: 0,
    };
    options.source_note = "generated numbers".into();
    options.seed = Some(1);
    options.created_unix_s = 1_790_000_000;
    options.epoch = 1;
    options.max_rejected_share = 0.0;
    build(&options, &file, &())?;
    let signed = folder.join("example-shop.lsv");
    sign(&file, 7, None, &signed)?;
    Ok(signed)
}

struct Picture {
    name: &'static str,
    width: u32,
    colours: &'static str,
    language: &'static str,
    text: String,
}

#[test]
fn pictures() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let signed = phones(folder.path())?;
    let page = Page::open()?;
    page.browser
        .wait("document.getElementById('offline').innerText !== ''")?;
    let member = testkit::sample::phone(1);
    let picture = |name, width, colours, language, text: &str| Picture {
        name,
        width,
        colours,
        language,
        text: text.to_owned(),
    };
    let pictures = [
        picture("light", 390, "light", "en", &member),
        picture("dark", 390, "dark", "en", "139 0013 9999"),
        picture("chinese", 390, "light", "zh", &member),
        picture("arabic", 390, "light", "ar", &member),
        picture("narrow", 320, "light", "en", "+44 20 7946 0000"),
    ];
    let names: Vec<_> = pictures.iter().map(|picture| picture.name).collect();
    ensure!(names == testkit::web::PICTURES);
    for picture in &pictures {
        take(&page, &signed, picture).context(picture.name)?;
    }
    Ok(())
}

fn take(page: &Page, file: &Path, picture: &Picture) -> Result<()> {
    let size = |height: u64| {
        page.browser.devtools(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": picture.width, "height": height, "deviceScaleFactor": 1, "mobile": true}),
        )
    };
    size(800)?;
    page.browser.devtools(
        "Emulation.setEmulatedMedia",
        json!({"features": [
            {"name": "prefers-color-scheme", "value": picture.colours},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]}),
    )?;
    page.speak(picture.language)?;
    page.choose_good(file)?;
    let said = page.ask(&picture.text)?;
    ensure!(
        !said.sentences.is_empty() && said.error.is_empty(),
        "{said:?}"
    );
    page.browser
        .run("document.activeElement.blur(); scrollTo(0, 0);")?;
    let height = page
        .browser
        .run("return document.documentElement.scrollHeight;")?
        .as_u64()
        .context("no height")?;
    size(height)?;
    let paper = page
        .browser
        .run("return getComputedStyle(document.body).backgroundColor;")?;
    let is_dark = paper == json!("rgb(18, 23, 29)");
    ensure!(is_dark == (picture.colours == "dark"), "{paper}");
    let png = page.browser.picture()?;
    if let Some(folder) = std::env::var_os("LEAKSIEVE_SCREENSHOTS") {
        fs::write(
            Path::new(&folder).join(format!("web-{}.png", picture.name)),
            png,
        )?;
    }
    Ok(())
}
