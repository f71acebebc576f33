use std::path::PathBuf;

use anyhow::bail;
use testkit::{host, setup};

use super::*;

fn frame(package: &str, function: &str, line: u32) -> Frame {
    Frame {
        package: Some(package.into()),
        function: function.into(),
        place: Some((format!("/nowhere/{package}.rs"), line)),
    }
}

fn site(frames: &[Frame]) -> Site {
    Site {
        callee: "core::panicking::panic_bounds_check".into(),
        frames: frames.to_vec(),
    }
}

fn guarding(packages: &[&str]) -> BTreeSet<String> {
    packages.iter().map(|package| (*package).into()).collect()
}

#[test]
fn a_line_of_a_guarded_crate_is_refused_whoever_inlined_it() {
    let guarded = guarding(&["digest"]);
    let [ours, board, standard] = [
        frame("digest", "digest::Core::update", 7),
        frame("board", "board::main", 9),
        frame("core", "core::slice::index", 3),
    ];
    let refused = |frames: &[Frame]| refused(&[site(frames)], &guarded, &[]);
    let expected = "digest::Core::update (/nowhere/digest.rs:7), in board::main \
                    (/nowhere/board.rs:9): calls core::panicking::panic_bounds_check";
    assert_eq!(
        refused(&[standard.clone(), ours.clone(), board.clone()]),
        [expected]
    );
    assert_eq!(refused(&[standard.clone(), board.clone(), ours]).len(), 1);
    assert!(refused(&[standard, board]).is_empty());
}

#[test]
fn an_exception_holds_for_its_function_and_so_many_lines() {
    let guarded = guarding(&["sum"]);
    let exception = |function, most| Exception {
        package: "sum",
        function,
        most,
    };
    let call = |line| site(&[frame("sum", "sum::Sum<T>::add", line)]);
    let sites = [call(1), call(1), call(2)];
    let refused = |exceptions: &[Exception]| refused(&sites, &guarded, exceptions).len();
    assert_eq!(refused(&[]), 3);
    assert_eq!(refused(&[exception("add", 2)]), 0);
    assert_eq!(refused(&[exception("add", 1)]), 1);
    assert_eq!(refused(&[exception("ad", 2)]), 3);
    let other = Exception {
        package: "su",
        ..exception("add", 3)
    };
    assert_eq!(refused(&[other]), 3);
}

#[test]
fn a_path_has_the_functions_own_name() {
    for (path, name) in [
        ("sum::add", "add"),
        ("<app::Card<D> as app::Storage>::mount", "mount"),
        ("app::Card<D>::read::{{closure}}", "read"),
        ("<app::Card<fn(u8) -> app::B>>::read::<app::C>", "read"),
        ("main", "main"),
        ("", ""),
    ] {
        assert_eq!(frame("app", path, 1).name(), name, "{path}");
    }
}

/// The core's own dependencies are guarded, the app's others are not.
#[test]
fn what_the_core_uses_is_guarded() {
    let node = |id: &str, deps: Value| serde_json::json!({"id": id, "deps": deps});
    let dep = |id: &str, kind: Value| serde_json::json!({"pkg": id, "dep_kinds": [{"kind": kind}]});
    let names = ["the-core", "the-hash", "block", "tester", "the-app"];
    let metadata = serde_json::json!({
        "packages": names.map(|name| serde_json::json!({"id": format!("{name} 1"), "name": name})),
        "resolve": {"nodes": [
            node("the-app 1", serde_json::json!([dep("the-core 1", Value::Null)])),
            node("the-core 1", serde_json::json!([
                dep("the-hash 1", Value::Null), dep("tester 1", "dev".into()),
            ])),
            node("the-hash 1", serde_json::json!([dep("block 1", Value::Null)])),
            node("block 1", serde_json::json!([])),
            node("tester 1", serde_json::json!([])),
        ]}
    });
    let used = used_by("the-core", &metadata);
    assert_eq!(used, Some(guarding(&["the_core", "the_hash", "block"])));
    assert_eq!(used_by("other", &metadata), None);
}

const PROBE: &str = include_str!("../probe.rs");

const PROBE_MANIFEST: &str = r#"[package]
name = "probe"
edition = "2024"
[profile.release]
opt-level = "s"
lto = "fat"
codegen-units = 1
panic = "abort"
debug = 2
[workspace]
"#;

const EMIT_RELOCATIONS: &str = "-Clink-arg=--emit-relocs";

/// Compile the probe for the board, for release as the firmware is.
fn probe(folder: &Path, manifest: &str, flags: &str) -> Result<PathBuf> {
    fs::create_dir(folder.join("src"))?;
    fs::write(folder.join("src/main.rs"), PROBE)?;
    fs::write(folder.join("Cargo.toml"), manifest)?;
    let cross = setup::cross(&[CORTEX_M3])?;
    let mut command = cross.cargo("build", CORTEX_M3);
    command
        .args(["--quiet", "--release"])
        .env("CARGO_TARGET_THUMBV7M_NONE_EABI_RUSTFLAGS", flags)
        .current_dir(folder);
    host::executable(&mut command)
}

#[test]
#[ignore = "needs the cross compiler: cargo xtask test"]
fn every_way_to_a_panic_is_found() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let elf = probe(folder.path(), PROBE_MANIFEST, EMIT_RELOCATIONS)?;
    let sites = sites(&elf)?;
    let mut lines = BTreeSet::new();
    for site in &sites {
        let author = site.author().context("no line is ours")?;
        assert_eq!(author.package.as_deref(), Some("probe"), "{site}");
        let (file, line) = author.place.clone().context("no debug information")?;
        assert!(file.ends_with("src/main.rs"), "{site}");
        lines.insert(line as usize);
    }
    let expected: BTreeSet<usize> = (1..)
        .zip(PROBE.lines())
        .filter(|(_, line)| line.ends_with("// may panic"))
        .map(|(number, _)| number)
        .collect();
    let told: Vec<_> = sites.iter().map(Site::to_string).collect();
    assert_eq!(lines, expected, "{told:#?}");

    let refused = refused(&sites, &guarding(&["probe"]), &EXCEPTIONS);
    assert_eq!(refused.len(), sites.len());
    let index = refused.iter().find(|told| told.contains("by_an_index"));
    assert!(index.is_some_and(
        |told| told.starts_with("probe::by_an_index (") && told.contains("src/main.rs:")
    ));
    Ok(())
}

/// What has no symbols or no relocations tells nothing, and must not pass for free of panics.
#[test]
#[ignore = "needs the cross compiler: cargo xtask test"]
fn a_firmware_that_tells_nothing_is_refused() -> Result<()> {
    let stripped = PROBE_MANIFEST.replace("debug = 2", "strip = true");
    for manifest in [&stripped, PROBE_MANIFEST] {
        let folder = tempfile::tempdir()?;
        let elf = probe(folder.path(), manifest, "")?;
        let Err(error) = sites(&elf) else {
            bail!("it was taken for free of panics");
        };
        assert!(format!("{error:#}").contains("--emit-relocs"), "{error:#}");
    }
    Ok(())
}
