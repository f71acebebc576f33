//! The same for `keygen`, which writes two files, and for `check`, which writes none.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use anyhow::{Context, Result, ensure};
use leaksieve::file::key::{KeyFile, public_key};
use leaksieve_core::PublicKey;
use testkit::{host, sample};

use crate::faults::{Fault, by_site, faults_of, sample_of};
use crate::trace::{Outcome, Place, Tracer};
use crate::{BUILD, names};

/// Every fault at every call for a file of ours, of a command that is run in a folder.
fn try_all(
    folder: &std::path::Path,
    command: &[&str],
    is_tried: fn(Place) -> bool,
    restore: impl Fn() -> Result<()>,
    judge: impl Fn(Fault, &Outcome) -> Result<()>,
) -> Result<()> {
    let logs = tempfile::tempdir()?;
    let tracer = Tracer::new(folder, logs.path())?;
    let cli = host::cli()?.display().to_string();
    let command: Vec<String> = std::iter::once(cli)
        .chain(command.iter().map(|argument| (*argument).to_owned()))
        .collect();
    restore()?;
    let undisturbed = tracer.run(&command, &[])?;
    ensure!(undisturbed.status.code() == Some(0), "{undisturbed:?}");
    let (mut wrong, mut num_faults) = (Vec::new(), 0);
    for (site, calls) in by_site(&undisturbed.calls)? {
        let calls: Vec<_> = calls
            .into_iter()
            .filter(|call| call.place.is_some_and(is_tried))
            .collect();
        for (call, fault) in faults_of(site, sample_of(&calls, &undisturbed.calls)) {
            restore()?;
            let outcome = tracer.run(&command, &fault.options(call))?;
            let judged = match outcome.stderr.contains("panicked") {
                true => Err(anyhow::anyhow!("a panic")),
                false => judge(fault, &outcome),
            };
            if let Err(error) = judged {
                wrong.push(format!(
                    "{fault:?} at {}:\n  {error}; {}; {}{}",
                    call.line, outcome.status, outcome.stdout, outcome.stderr
                ));
            }
            num_faults += 1;
        }
    }
    println!("{}: {num_faults} faults", command[1]);
    ensure!(num_faults > 0, "no call was found");
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// There is a whole key at any time: the old one or the new one. A success has both halves.
#[test]
#[ignore = "builds the host tool; `cargo xtask test` runs it"]
fn keygen() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("out"))?;
    let command = ["keygen", "--no-password", "--force", "--output", "out/key"];
    let made = std::process::Command::new(host::cli()?)
        .args(command)
        .current_dir(folder.path())
        .output()?;
    ensure!(made.status.success(), "{made:?}");
    let old = [fs::read(path("out/key"))?, fs::read(path("out/key.pub"))?];
    let secret = || -> Result<PublicKey> {
        let file = KeyFile::open(&path("out/key")).context("no whole key")?;
        Ok(file.into_key(None)?.public())
    };
    let public = || public_key(&path("out/key.pub").display().to_string());
    let old_key = secret()?;
    try_all(
        folder.path(),
        &command,
        |place| matches!(place, Place::Unfinished | Place::Folder),
        || {
            for name in names(&path("out"))? {
                fs::remove_file(path("out").join(name))?;
            }
            fs::write(path("out/key"), &old[0])?;
            fs::write(path("out/key.pub"), &old[1])?;
            // Else it is no key's file.
            fs::set_permissions(path("out/key"), fs::Permissions::from_mode(0o600))?;
            Ok(())
        },
        |_, outcome| {
            let key = secret()?;
            let public = public().context("no whole public key")?;
            ensure!([old_key, key].contains(&public), "another's public key");
            if outcome.status.success() {
                ensure!(key != old_key && public == key, "not the new key");
            }
            Ok(())
        },
    )
}

/// No read that fails makes a member "not exposed", nor ends with another status than 2.
#[test]
#[ignore = "builds the host tool; `cargo xtask test` runs it"]
fn check() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = |arguments: &str| -> Result<()> {
        let output = std::process::Command::new(host::cli()?)
            .args(arguments.split_whitespace())
            .current_dir(folder.path())
            .output()?;
        ensure!(output.status.success(), "{output:?}");
        Ok(())
    };
    let list: Vec<String> = (0..4_000).map(sample::phone).collect();
    fs::write(folder.path().join("list.txt"), list.join("\n"))?;
    run(&format!(
        "{BUILD} list.txt --output plain.lsv --max-size 600KiB"
    ))?;
    run("keygen --no-password --output key")?;
    run("sign plain.lsv --key key --epoch 1 --output input.lsv")?;
    let strangers: Vec<String> = (5_000..5_003).map(sample::phone).collect();
    let mut command = vec!["check", "input.lsv", "--format", "json", "--kind", "phone"];
    command.extend(list.iter().take(3).map(String::as_str));
    command.extend(strangers.iter().map(String::as_str));
    try_all(
        folder.path(),
        &command,
        |place| place == Place::Input,
        || Ok(()),
        |fault, outcome| {
            let lines: Vec<&str> = outcome.stdout.lines().collect();
            for (line, said) in lines.iter().enumerate() {
                let is_absent = said.contains("\"not_exposed\"");
                let is_exposed = said.contains("\"exposed\"");
                ensure!(!(line < 3 && is_absent), "a member is not exposed");
                ensure!(!(line >= 3 && is_exposed), "a stranger is exposed");
            }
            match outcome.status.code() {
                Some(0) => ensure!(lines.len() == 6 && !outcome.stdout.contains("error")),
                Some(2) => ensure!(fault != Fault::Once("EINTR"), "it was not read again"),
                _ => ensure!(fault == Fault::Kill, "its status"),
            }
            Ok(())
        },
    )
}
