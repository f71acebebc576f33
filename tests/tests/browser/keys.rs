//! A publisher's key: what it did not sign is refused, and nothing else is said of what is open.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use leaksieve::file::FilterFile;
use leaksieve_core::Trust;
use serde_json::json;

use crate::page::Page;
use crate::{golden, sign};

/// Of the key that signed the golden file.
const DIGITS: &str = "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c";

#[test]
fn files_that_the_chosen_publisher_did_not_sign() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let page = Page::open()?;
    let strange = folder.path().join("strange.lsv");
    let stranger = sign(&golden("phone.lsv"), 8, None, &strange)?;
    let all = [golden("signed.lsv"), strange.clone(), golden("phone.lsv")];
    let refused = |wanted: [Option<&str>; 3]| -> Result<()> {
        for (file, wanted) in all.iter().zip(wanted) {
            let error = page.choose(file)?;
            ensure!(error.as_deref() == wanted, "{}: {error:?}", file.display());
        }
        Ok(())
    };
    refused([None, None, None])?;
    ensure!(page.text("#file-status")?.contains("Not signed"));

    // By the signer of the file that is open.
    page.choose_good(&golden("signed.lsv"))?;
    let digits = "ea4a6c63 e29c520a bef5507b 132ec5f9 954776ae bebe7b92 421eea69 1446d22c";
    page.browser
        .run("document.getElementById('about').open = true;")?;
    ensure!(page.text("#about-list")?.contains(digits));
    page.browser.click("#pin")?;
    page.browser
        .wait("document.body.dataset.state === 'open'")?;
    let only_signed = [None, Some("unknown_signer"), Some("unsigned")];
    refused(only_signed)?;
    // It stays so.
    page.reload()?;
    refused(only_signed)?;

    // As digits and as PEM; what is neither changes nothing.
    page.browser
        .run("document.getElementById('trust').open = true;")?;
    page.browser
        .type_into("#key", &stranger.public().to_string()[1..])?;
    page.browser.click("#key-form button[type=submit]")?;
    // Whose files are accepted is said still.
    let status = page.text("#key-status")?;
    ensure!(
        status.contains("not a public key") && status.contains(digits),
        "{status}"
    );
    refused(only_signed)?;
    page.browser
        .run("document.getElementById('key').value = '';")?;
    page.browser
        .type_into("#key", &stranger.public().to_string())?;
    page.browser.click("#key-form button[type=submit]")?;
    refused([Some("unknown_signer"), None, Some("unsigned")])?;
    let pem = fs::read_to_string(testkit::sign::public_key())?;
    page.browser.type_into("#key", &pem)?;
    page.browser.click("#key-form button[type=submit]")?;
    refused(only_signed)?;
    page.browser.click("#key-remove")?;
    refused([None, None, None])?;
    // The host refuses the same.
    let keys = [stranger.public()];
    let trust = Trust::in_keys(&keys);
    let opens = |file: &Path| FilterFile::open_trusted(file, &trust).is_ok();
    ensure!(!opens(&all[0]) && opens(&all[1]) && !opens(&all[2]));
    Ok(())
}

/// What is said of a file is said of how it was opened.
#[test]
fn a_key_that_comes_later() -> Result<()> {
    let page = Page::open()?;
    page.choose_good(&golden("signed.lsv"))?;
    let trusted = "by the publisher that you chose";
    let with = format!(
        "localStorage.setItem('leaksieve.key', '{}');",
        "1".repeat(64)
    );
    page.browser.run(&with)?;
    for language in ["zh", "en"] {
        page.speak(language)?;
    }
    let status = page.text("#file-status")?;
    ensure!(status.contains("Signed by ea4a6c63"), "{status}");
    ensure!(!status.contains(trusted), "{status}");

    // Another tab's key is this one's, at once.
    page.browser.run("localStorage.clear();")?;
    for (digits, error) in [
        ("1".repeat(64), "unknown_signer"),
        (DIGITS.into(), ""),
        ("2".repeat(64), "unknown_signer"),
    ] {
        page.browser.in_another_tab(|| {
            page.browser.goto(&page.address)?;
            page.browser.run(&format!(
                "localStorage.setItem('leaksieve.key', '{digits}');"
            ))
        })?;
        let state = if error.is_empty() { "open" } else { "refused" };
        page.browser.wait(&format!(
            "document.body.dataset.state === '{state}' && document.body.dataset.error === '{error}'"
        ))?;
        ensure!(page.text("#file-status")?.contains(trusted) == error.is_empty());
    }
    page.browser.in_another_tab(|| {
        page.browser.goto(&page.address)?;
        page.browser.run("localStorage.clear();")
    })?;
    page.browser
        .wait("document.body.dataset.state === 'open'")?;
    ensure!(!page.text("#file-status")?.contains(trusted));
    Ok(())
}

/// Where nothing can be stored, a key holds as long as the page.
#[test]
fn a_key_that_cannot_be_stored() -> Result<()> {
    let page = Page::open()?;
    page.browser.run(
        "Storage.prototype.setItem = () => { throw new DOMException('no room', 'QuotaExceededError'); };
         document.getElementById('trust').open = true;",
    )?;
    page.browser.type_into("#key", DIGITS)?;
    page.browser.click("#key-form button[type=submit]")?;
    ensure!(page.text("#key-status")?.contains("ea4a6c63"));
    ensure!(page.choose(&golden("phone.lsv"))?.as_deref() == Some("unsigned"));
    page.choose_good(&golden("signed.lsv"))?;
    let none = page
        .browser
        .run("return localStorage.getItem('leaksieve.key');")?;
    ensure!(none == json!(null), "{none}");
    Ok(())
}
