//! `cargo xtask test`: what a change can break, the emulated boards included; `--all`: the rest.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::Value;

use testkit::boards::{self as packages, Package};
use testkit::cross::{CORE_TARGETS, CORTEX_M0, CORTEX_M3, Cross, WASM, targets};
use testkit::emulator::Storage;
use testkit::firmware::{self, Variant};
use testkit::kotlin::Kotlin;
use testkit::run::{self, cargo, output, run, say};
use testkit::{host, sample, setup, sign, web, workspace};

use crate::{binaries, bindings, boards, fuzz, oracle};

/// The environment variable that has the tests try all of their cases, where they else try some.
const EXHAUSTIVE: &str = "LEAKSIEVE_EXHAUSTIVE";

/// Set up, build, test, and print what the firmware takes of its chip. `all`: every case of every
/// test, every board, the fuzz targets, and the numbers of all regions.
///
/// # Errors
/// When something cannot be set up or built, or a test fails.
pub(crate) fn test(all: bool) -> Result<()> {
    let start = Instant::now();
    let cross = setup::cross(&targets(all))?;
    let qemu = setup::emulator()?;
    let programs = setup::programs()?;
    setup::card_programs()?;
    Kotlin::get()?;
    say(format!("cross compiler: {}", cross.description()));

    // The other core has the firmware. The tests need most of what the tool is made of, too, and
    // take it as it was compiled for that.
    let profile = if all { "release" } else { "dev" };
    let cli = std::thread::spawn(move || host::build(profile, &[]));
    say("building the firmware, in all variants");
    let mut elves = Vec::new();
    for variant in Variant::ALL {
        elves.push((variant, firmware::build(&cross, variant)?));
    }
    let others = packages::build(&cross, packages::packages(all))?;
    let microbit = packages::microbit_of(&others)?;
    let embassy = packages::build_embassy_microbit()?;
    let named = elves.iter().map(|(variant, elf)| (variant.name(), &**elf));
    panics(named.chain([("micro:bit", microbit)]))?;
    flash_limits(&elves)?;
    boards::microbit_limits(microbit, 0)?;
    core_alone(&cross, all)?;
    web::build(&cross)?;
    let cli = cli
        .join()
        .map_err(|_| anyhow!("the thread that builds the command line ended"))??;

    // Before the tests, which take far longer.
    let sizes = sizes(&qemu, &cli, &elves, &others)?;

    binaries::test_workspace(|tests| {
        tests
            .envs(programs.iter().map(|(name, value)| (name, value)))
            .env(web::MADE, "1")
            .env(host::CLI, &cli)
            .env(packages::MICROBIT_VARIABLE, microbit)
            .env(packages::EMBASSY_VARIABLE, &embassy);
        for (variant, elf) in &elves {
            tests.env(variant.variable(), elf);
        }
        if all {
            tests.env(EXHAUSTIVE, "1");
        }
    })?;

    core_by_features(all)?;

    say("cargo test --package leaksieve-app --features signatures, on this machine");
    run(cargo()
        .args(["test", "--package", "leaksieve-app"])
        .args(["--features", "signatures", "--target-dir"])
        .arg(workspace::target().join("firmware"))
        .args(["--", "--include-ignored"])
        .current_dir(workspace::firmware()))?;

    if all {
        say("cargo test, of the benchmarks");
        run(cargo()
            .args(["test", "--target-dir"])
            .arg(workspace::target())
            .current_dir(workspace::root().join("bench")))?;
        bindings::phones_smoke()?;
        fuzz::smoke()?;
    }
    oracle::of_test(&cli, all)?;

    println!("\n{sizes}");
    println!("all tests passed ({})", run::seconds(start.elapsed()));
    Ok(())
}

/// What the firmware takes of its chips: a table. Each emulated board is asked what takes it deep.
///
/// # Errors
/// When a board does not boot or answer, or takes more than it may.
fn sizes(
    qemu: &Path,
    cli: &Path,
    elves: &[(Variant, PathBuf)],
    others: &[(Package, PathBuf)],
) -> Result<String> {
    let filter = small_filter(cli)?;
    let signed = sign::sign_beside(cli, &filter)?;
    let rows: Vec<_> = elves
        .iter()
        .map(|(variant, elf)| {
            let filter = match variant {
                Variant::Unsigned => &filter,
                _ => &signed,
            };
            let image = filter.with_extension("img");
            host::card_image(cli, filter, &image)?;
            let storage = match variant {
                Variant::InternalFlash => Storage::Flash(filter),
                _ => Storage::Card(&image),
            };
            let stack = firmware::deepest_stack(qemu, elf, storage)?;
            Ok((*variant, firmware::size(elf)?, Some(stack)))
        })
        .collect::<Result<_>>()?;
    let stack = boards::microbit_stack(qemu, packages::microbit_of(others)?, &filter)?;
    let others = boards::table(others, Some(stack))?;
    let sizes = format!("{}\n{others}", boards::variants_table(&rows));
    let stack_of = |wanted| {
        let row = rows.iter().find(|(variant, ..)| *variant == wanted);
        let stack = row.and_then(|(.., stack)| stack.as_ref());
        stack.map(|stack| u64::from(stack.used_bytes))
    };
    cost_of_signatures("stack", stack_of, 4 << 10)?;
    Ok(sizes)
}

/// Take the pictures of the web page anew.
///
/// # Errors
/// When the page or the test that takes them fails, or one was not taken.
pub(crate) fn screenshots() -> Result<()> {
    web::build(&setup::cross(&[WASM])?)?;
    setup::browser()?;
    let taken = workspace::target_folder("screenshots")?;
    let files = web::PICTURES.map(|name| format!("web-{name}.png"));
    for file in &files {
        let old = taken.join(file);
        if old.exists() {
            std::fs::remove_file(old)?;
        }
    }
    run(cargo()
        .args(["test", "--package", "leaksieve-tests", "--test", "browser"])
        .args(["--", "--exact", "pictures::pictures"])
        .env("LEAKSIEVE_SCREENSHOTS", &taken)
        .env(web::MADE, "1")
        .current_dir(workspace::root()))?;
    for file in &files {
        std::fs::copy(taken.join(file), workspace::root().join("docs").join(file))
            .with_context(|| format!("{file} was not taken"))?;
        say(format!("docs/{file}"));
    }
    Ok(())
}

/// No call that could panic is linked into the core, or into what it uses.
fn panics<'e>(elves: impl Iterator<Item = (&'e str, &'e Path)>) -> Result<()> {
    let mut command = cargo();
    command
        .args(["run", "--quiet", "--package", "leaksieve-panics"])
        .arg("--target-dir")
        .arg(workspace::target())
        .arg("--")
        .args(elves.map(|(name, elf)| format!("{name}={}", elf.display())))
        .current_dir(workspace::root());
    run(&mut command)
}

/// The images are no larger than they may be. Known before anything is run, and asked then.
fn flash_limits(elves: &[(Variant, PathBuf)]) -> Result<()> {
    let mut sizes = Vec::new();
    for (variant, elf) in elves {
        let bytes = firmware::size(elf)?.flash_bytes;
        ensure!(
            bytes <= variant.max_image_bytes(),
            "the {} image has {bytes} bytes, and may have {}",
            variant.name(),
            variant.max_image_bytes()
        );
        sizes.push((*variant, bytes));
    }
    let flash_of = |wanted| {
        let size = sizes.iter().find(|(variant, _)| *variant == wanted);
        size.map(|(_, bytes)| *bytes)
    };
    cost_of_signatures("flash", flash_of, 27 << 10)
}

/// What verifies signatures adds so many bytes at most.
fn cost_of_signatures(
    what: &str,
    bytes_of: impl Fn(Variant) -> Option<u64>,
    most: u64,
) -> Result<()> {
    let of = |variant: Variant| {
        bytes_of(variant).with_context(|| format!("{} was not measured", variant.name()))
    };
    let added = of(Variant::SdCard)?.saturating_sub(of(Variant::Unsigned)?);
    say(format!(
        "signatures add {added} bytes of {what}, and may add {most}"
    ));
    ensure!(added <= most, "signatures add too much {what}");
    Ok(())
}

/// A filter of numbers and passwords, small enough for the chip's flash, to measure the firmware
/// with.
fn small_filter(cli: &Path) -> Result<PathBuf> {
    let folder = workspace::target_folder("test")?;
    let part = |kind: &str, options: &[&str], identifier: fn(u64) -> String| {
        let list = folder.join(kind).with_extension("txt");
        let part = folder.join(kind).with_extension("lsv");
        let lines: Vec<_> = (0..1_000).map(identifier).collect();
        std::fs::write(&list, lines.join("\n"))?;
        output(
            Command::new(cli)
                .args(["build", "--quiet", "--force", "--seed=1", "--name=Test"])
                .args(["--kind", kind, "--output"])
                .args([&part, &list])
                .args(options),
        )?;
        anyhow::Ok(part)
    };
    let parts = [
        part("phone", &["--region=CN"], sample::phone)?,
        part("password", &[], sample::stranger_password)?,
    ];
    let filter = folder.join("both.lsv");
    output(
        Command::new(cli)
            .args(["bundle", "--quiet", "--force", "--output"])
            .arg(&filter)
            .args(&parts),
    )?;
    Ok(filter)
}

/// The core's tests on this machine: with no feature, with `small`, which has loops of its own, and
/// with all; `all`: with each by itself, too.
fn core_by_features(all: bool) -> Result<()> {
    let mut features = core_features()?;
    if !all {
        features.retain(|name| name == "small");
    }
    say(format!(
        "the core's tests: no feature, {}, all of them",
        features.join(", ")
    ));
    let mut rounds = vec![
        vec!["--lib", "--tests"],
        vec!["--lib", "--tests", "--all-features"],
    ];
    let each = features
        .iter()
        .map(|name| vec!["--lib", "--features", name]);
    rounds.extend(each);
    for arguments in rounds {
        run(cargo()
            .args(["test", "--package", "leaksieve-core"])
            .args(arguments)
            .arg("--target-dir")
            .arg(workspace::target())
            .current_dir(workspace::root()))?;
    }
    Ok(())
}

/// The core by itself, for the smallest processor: with no feature, and with all; `all`: for every
/// chip family, and with each feature by itself, too.
fn core_alone(cross: &Cross, all: bool) -> Result<()> {
    let mut features = core_features()?;
    // No chip has an operating system.
    features.retain(|name| name != "std");
    let together = features.join(",");
    features.retain(|_| all);
    features.push(together);
    let targets = [&CORE_TARGETS[..], &[CORTEX_M3]].concat();
    let targets = if all { &targets[..] } else { &[CORTEX_M0] };
    for &target in targets {
        say(format!(
            "the core alone for {target}: no feature, {}",
            features.join(", ")
        ));
        for feature in std::iter::once("").chain(features.iter().map(String::as_str)) {
            // What a chip's core lacks, the compiler finds without making code.
            let mut command = cross.cargo("check", target);
            command
                .args(["--quiet", "--package", "leaksieve-core"])
                .args(["--no-default-features", "--features", feature])
                .arg("--target-dir")
                .arg(workspace::target().join("core"))
                .current_dir(workspace::root());
            run(&mut command)?;
        }
    }
    Ok(())
}

/// The features that the core's manifest has, without `default`.
fn core_features() -> Result<Vec<String>> {
    let metadata = output(
        cargo()
            .args(["metadata", "--no-deps", "--format-version=1"])
            .current_dir(workspace::root()),
    )?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let packages = metadata["packages"]
        .as_array()
        .context("cargo metadata lists no package")?;
    let core = packages
        .iter()
        .find(|package| package["name"] == "leaksieve-core")
        .context("there is no package leaksieve-core")?;
    let features = core["features"]
        .as_object()
        .context("leaksieve-core has no features")?;
    let names: Vec<String> = features
        .keys()
        .filter(|name| *name != "default")
        .cloned()
        .collect();
    ensure!(
        !names.is_empty(),
        "leaksieve-core has no feature beside `default`"
    );
    Ok(names)
}
