//! Builds that are killed, that find the disk full, whose input changes: what was in the
//! output's place before is whole, the message says what to do, and the next build leaves
//! nothing but its file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use leaksieve_tests::{is_exhaustive, some};
use tempfile::TempDir;
use testkit::{host, sample};

/// Builds that are killed, each at another moment: of an exhaustive run, and else.
const NUM_KILLS: [u32; 2] = [200, 20];
/// Lines of the list: some tens of milliseconds of work.
const NUM_LINES: u64 = 200_000;
/// Lines of a list that does not fit into the least memory that a build takes.
const NUM_SPOOLED_LINES: u64 = 20_000_000;
const ENCODINGS: [&str; 4] = [
    "--encoding=bloom",
    "--encoding=ribbon",
    "--encoding=exact",
    "--encoding=auto",
];

struct Folder {
    cli: PathBuf,
    folder: TempDir,
}

impl Folder {
    /// A list, and a filter that was made of another list.
    fn new() -> Result<Self> {
        let folder = Self {
            cli: host::cli()?,
            folder: tempfile::tempdir()?,
        };
        fs::create_dir(folder.path("out"))?;
        fs::write(folder.path("old.txt"), "13800138000\n13800138001\n")?;
        let list: Vec<String> = (0..NUM_LINES).map(sample::phone).collect();
        fs::write(folder.path("list.txt"), list.join("\n"))?;
        let built = folder.build("old.txt", "out/leak.lsv", &[]).output()?;
        ensure!(built.status.success(), "{built:?}");
        Ok(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn build(&self, list: &str, output: &str, options: &[&str]) -> Command {
        let mut command = Command::new(&self.cli);
        command
            .args(["build", "--kind=phone", "--region=CN", "--seed=1"])
            .args(["--name=Test", "--created=0", "--force", "--output", output])
            .args(options)
            .arg(list)
            .current_dir(self.folder.path());
        command
    }
}

fn names(folder: &Path) -> Result<Vec<String>> {
    let mut names = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
#[ignore = "builds the host tool; `cargo xtask test` runs it"]
fn killed_at_any_moment() -> Result<()> {
    ENCODINGS.iter().try_for_each(|encoding| killed(encoding))
}

fn killed(encoding: &str) -> Result<()> {
    let folder = Folder::new()?;
    let target = folder.path("out/leak.lsv");
    let old = fs::read(&target)?;
    let options = [encoding];
    let whole = folder.build("list.txt", "whole.lsv", &options).output()?;
    ensure!(whole.status.success(), "{whole:?}");
    let new = fs::read(folder.path("whole.lsv"))?;

    let began = Instant::now();
    let whole = folder.build("list.txt", "whole.lsv", &options).status()?;
    ensure!(whole.success());
    // How long a build takes; shortened when one ends before it is killed.
    let mut duration = began.elapsed();
    let [exhaustive, quick] = NUM_KILLS;
    let num_kills = if is_exhaustive() { exhaustive } else { quick };
    let (mut num_killed, mut num_left_over) = (0, 0);
    for attempt in 0.. {
        if num_killed == num_kills {
            break;
        }
        ensure!(attempt < 10 * num_kills, "{num_killed} killed");
        let began = Instant::now();
        let mut child = folder
            .build("list.txt", "out/leak.lsv", &options)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        // Moments spread over the whole of it, in no order.
        let moment = duration.mul_f64(f64::from(attempt * 89 % num_kills) / f64::from(num_kills));
        std::thread::sleep(moment.saturating_sub(began.elapsed()));
        child.kill()?;
        if child.wait()?.success() {
            duration = duration.mul_f64(0.98);
        } else {
            num_killed += 1;
        }
        let found = fs::read(&target)?;
        ensure!(
            found == old || found == new,
            "attempt {attempt}: neither old nor new"
        );
        let names = names(&folder.path("out"))?;
        // One run's left-over is removed by the next.
        ensure!(names.len() <= 2, "attempt {attempt}: {names:?}");
        num_left_over += u32::from(names.len() == 2);
        fs::write(&target, &old)?;
    }
    println!("{encoding}: {num_killed} killed, {num_left_over} of them left a file");
    ensure!(num_left_over > 0);
    let built = folder
        .build("list.txt", "out/leak.lsv", &options)
        .output()?;
    ensure!(built.status.success(), "{built:?}");
    ensure!(names(&folder.path("out"))? == ["leak.lsv"]);
    ensure!(fs::read(&target)? == new);
    Ok(())
}

/// Ctrl-C, or the end of the session.
#[test]
#[ignore = "builds the host tool; `cargo xtask test` runs it"]
fn interrupted() -> Result<()> {
    let folder = Folder::new()?;
    let old = fs::read(folder.path("out/leak.lsv"))?;
    for signal in ["INT", "TERM", "HUP"] {
        // A list that never ends.
        let mut child = folder
            .build("-", "out/leak.lsv", &[])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let began = Instant::now();
        while names(&folder.path("out"))?.len() < 2 {
            ensure!(began.elapsed() < Duration::from_secs(60), "never began");
            std::thread::sleep(Duration::from_millis(5));
        }
        let kill = Command::new("kill")
            .args(["-s", signal, &child.id().to_string()])
            .status()?;
        ensure!(kill.success());
        let output = {
            let stdin = child.stdin.take();
            let output = child.wait_with_output()?;
            drop(stdin);
            output
        };
        ensure!(output.status.code() == Some(130), "{signal}: {output:?}");
        ensure!(said(&output).contains("interrupted"), "{output:?}");
        ensure!(names(&folder.path("out"))? == ["leak.lsv"]);
        ensure!(fs::read(folder.path("out/leak.lsv"))? == old);
    }
    Ok(())
}

#[test]
#[ignore = "builds the host tool; `cargo xtask test` runs it"]
fn an_input_that_becomes_shorter_while_it_is_read() -> Result<()> {
    let folder = Folder::new()?;
    let old = fs::read(folder.path("out/leak.lsv"))?;
    let text = fs::read(folder.path("list.txt"))?.repeat(50);
    let mut num_noticed = 0;
    for attempt in 0..20_u64 {
        fs::write(folder.path("long.txt"), &text)?;
        let child = folder
            .build("long.txt", "out/leak.lsv", &[])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        std::thread::sleep(Duration::from_millis(5 + attempt * 10));
        let file = fs::File::options()
            .write(true)
            .open(folder.path("long.txt"))?;
        file.set_len(text.len() as u64 / 3)?;
        let output = child.wait_with_output()?;
        let found = fs::read(folder.path("out/leak.lsv"))?;
        if output.status.success() {
            // It was read to its end before, or opened after.
            ensure!(found != old);
            fs::write(folder.path("out/leak.lsv"), &old)?;
        } else {
            ensure!(said(&output).contains("became shorter"), "{output:?}");
            ensure!(found == old);
            num_noticed += 1;
        }
        ensure!(names(&folder.path("out"))? == ["leak.lsv"]);
    }
    ensure!(num_noticed > 0, "never while it was read");
    Ok(())
}

/// A small file system of its own, by a mount that nobody else sees.
fn on_a_small_disk(folder: &Folder, num_kib: u32, script: &str) -> Result<Option<Output>> {
    let mount = format!(
        "mkdir -p small && mount -t tmpfs -o size={num_kib}k tmpfs small && echo mounted >&2 && {script}"
    );
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", &mount])
        .current_dir(folder.folder.path())
        .env("CLI", &folder.cli)
        .output()
        .context("cannot start `unshare`")?;
    if !said(&output).contains("mounted") {
        println!("not tested, this system allows no mount: {}", said(&output));
        return Ok(None);
    }
    Ok(Some(output))
}

const BUILD: &str = "$CLI build --kind=phone --region=CN --seed=1 --name=T --force";

#[test]
#[ignore = "builds the host tool; `cargo xtask test` runs it"]
fn a_full_disk() -> Result<()> {
    let folder = Folder::new()?;
    // Too small for the output; the old one stays.
    let script = format!(
        "cp out/leak.lsv small/ && {BUILD} list.txt -o small/leak.lsv; echo status $?; \
         cmp out/leak.lsv small/leak.lsv && ls -A small"
    );
    if let Some(output) = on_a_small_disk(&folder, 200, &script)? {
        let stdout = String::from_utf8_lossy(&output.stdout);
        ensure!(stdout == "status 2\nleak.lsv\n", "{output:?}");
        ensure!(said(&output).contains("make room there"), "{output:?}");
    }
    // Too small for what does not fit into memory.
    let mut list = std::io::BufWriter::new(fs::File::create(folder.path("long.txt"))?);
    for index in 0..NUM_SPOOLED_LINES {
        use std::io::Write;
        writeln!(list, "{}", 13_000_000_000 + index * 997 % 3_000_000_000)?;
    }
    list.into_inner()?;
    let script = format!(
        "{BUILD} --memory 256MiB --temp-dir small long.txt -o out/leak.lsv --max-rejected 50%; \
         echo status $?; ls -A small out"
    );
    if let Some(output) = on_a_small_disk(&folder, 1000, &script)? {
        let stdout = String::from_utf8_lossy(&output.stdout);
        ensure!(
            stdout.ends_with("status 2\nout:\nleak.lsv\n\nsmall:\n"),
            "{output:?}"
        );
        ensure!(said(&output).contains("--temp-dir"), "{output:?}");
    }
    // With room, what is put aside makes no difference.
    for encoding in some(ENCODINGS.to_vec(), 3) {
        for (memory, name) in [("256MiB", "spooled.lsv"), ("2GiB", "in_memory.lsv")] {
            let options = ["--memory", memory, "--max-rejected=50%", encoding];
            let built = folder.build("long.txt", name, &options).output()?;
            ensure!(built.status.success(), "{built:?}");
        }
        let [spooled, in_memory] = ["spooled.lsv", "in_memory.lsv"].map(|name| folder.path(name));
        ensure!(fs::read(spooled)? == fs::read(in_memory)?, "{encoding}");
    }
    Ok(())
}
