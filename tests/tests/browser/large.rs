//! A file of 2 GiB: what is read of it, how long that takes, and in how much memory.

use std::time::Instant;

use anyhow::{Result, ensure};
use leaksieve_tests::pages::BLOOM;
use leaksieve_tests::{SparseFilter, addresses};

use crate::golden;
use crate::page::Page;

/// 2 GiB.
const NUM_SECTORS: u32 = 4 << 20;
const NUM_ASKED: usize = 50;
/// How much more memory than with a file of 4 KiB; the browser's own comes and goes.
const MAX_MORE_KIB: u64 = 128 << 10;

#[test]
fn two_gibibytes() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("large.lsv");
    let members = addresses("member", NUM_ASKED);
    let strangers = addresses("stranger", NUM_ASKED);
    SparseFilter::new(BLOOM, NUM_SECTORS, [&members, &strangers, &[]])?.write(&path)?;

    let page = Page::open()?;
    page.choose_good(&golden("email.lsv"))?;
    page.ask("member0@example.com")?;
    let small_kib = page.browser.peak_renderer_kib()?;

    let start = Instant::now();
    page.choose_good(&path)?;
    let opened = start.elapsed();
    let read_to_open = page.sectors_read()?;
    let start = Instant::now();
    let said = page.ask(&members[0])?;
    let asked = start.elapsed();
    ensure!(said.verdict == "exposed", "{said:?}");
    let read_to_ask = page.sectors_read()? - read_to_open;
    ensure!(
        (read_to_open, read_to_ask) == (1, 1),
        "{read_to_open}, {read_to_ask}"
    );

    let questions = |texts: &[String], verdict: &str| -> Result<()> {
        let questions: Vec<_> = texts.iter().map(|text| ("email", text.as_str())).collect();
        for said in page.ask_all(&questions)? {
            ensure!(said.verdict == verdict, "{said:?}");
        }
        // What is not collected yet counts, too, and on a busy machine that is much.
        page.browser.collect_garbage()
    };
    questions(&members, "exposed")?;
    questions(&strangers, "not_exposed")?;
    // Nobody sealed these pages.
    questions(&addresses("hole", NUM_ASKED), "error")?;
    ensure!(page.sectors_read()? == 2 + 3 * NUM_ASKED as u64);
    let large_kib = page.browser.peak_renderer_kib()?;
    println!(
        "2 GiB: {} bytes read to open it ({} ms), {} for a question ({} ms with its typing); \
         the page's process has had {} MiB at most, and {} MiB before the file",
        read_to_open * 512,
        opened.as_millis(),
        read_to_ask * 512,
        asked.as_millis(),
        large_kib >> 10,
        small_kib >> 10,
    );
    ensure!(
        large_kib < small_kib + MAX_MORE_KIB,
        "{small_kib} KiB, then {large_kib} KiB"
    );
    Ok(())
}
