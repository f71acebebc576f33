//! `cargo xtask demo`: a leak becomes a filter, the filter goes onto a card, and a
//! microcontroller answers.

use std::fs;
use std::io::{IsTerminal, stdout};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use testkit::cross::CORTEX_M3;
use testkit::emulator::{Emulator, PROMPT, Storage};
use testkit::firmware::{self, Stack, Variant};
use testkit::{host, run, sample, setup, workspace};

use crate::boards;

/// The verdicts, as the console's one verdict line begins.
const EXPOSED: &str = "EXPOSED";
const NOT_EXPOSED: &str = "not exposed";
const CANNOT_SAY: &str = "cannot say";

/// What is typed, and the verdict that there must be.
fn questions() -> Vec<(String, &'static str)> {
    let spellings = sample::phone_spellings(sample::SERVICE_LINE);
    let stranger = sample::phone_spellings(&sample::stranger_phone(7));
    vec![
        (spellings[0].clone(), EXPOSED),
        (spellings[1].clone(), EXPOSED),
        (spellings[2].clone(), EXPOSED),
        (spellings[3].clone(), EXPOSED),
        (stranger[1].clone(), NOT_EXPOSED),
        // A number that Ofcom keeps for plays and films.
        ("+44 20 7946 0958".to_owned(), CANNOT_SAY),
        ("138 00".to_owned(), CANNOT_SAY),
        ("iloveyou".to_owned(), EXPOSED),
    ]
}

/// The whole demonstration.
///
/// # Errors
/// When something cannot be set up or built, or a verdict is not what it must be.
pub(crate) fn demo() -> Result<()> {
    let start = Instant::now();
    let style = Style::of_stdout();
    println!(
        "{}\n{}",
        style.bold("leaksieve: was my number in the leak? Asked of a microcontroller, offline."),
        style.dim(
            "Sets up a cross compiler and an emulator if they are missing, makes a leak of 200,000\n\
             invented people, compiles it and a real list of leaked passwords into one filter file,\n\
             puts that on an SD-card image, and asks a Cortex-M3 with 64 KiB of RAM about it.\n"
        )
    );
    let cross = setup::cross(&[CORTEX_M3])?;
    let qemu = setup::emulator()?;
    // What a release takes longest for is left out: the filter files are the same.
    let cli = host::build("dev", &["--no-default-features"])?;
    let made = filters(&cli, &style)?;
    let elf = firmware::build_for_demo(&cross)?;

    println!("\n{}", style.bold("The board's serial console"));
    let mut board = Emulator::boot(&qemu, &elf, Storage::Card(&made.image))?;
    let mut screen = Screen::new(&style);
    screen.show(board.greeting().as_bytes());
    screen.show(PROMPT.as_bytes());
    let questions = questions();
    let mut wrong = Vec::new();
    let asked = Instant::now();
    for (line, expected) in &questions {
        let answer = board.ask_live(line, |bytes| screen.show(bytes))?;
        let verdicts: Vec<&str> = answer
            .lines()
            .filter(|line| {
                [EXPOSED, NOT_EXPOSED, CANNOT_SAY]
                    .iter()
                    .any(|word| line.starts_with(word))
            })
            .collect();
        if verdicts.len() != 1 || !verdicts[0].starts_with(expected) {
            wrong.push(format!(
                "to {line:?}: {expected:?} was expected, but the board said {answer:?}"
            ));
        }
    }
    let asked = asked.elapsed();
    let about = board.ask_live("?", |bytes| screen.show(bytes))?;
    screen.finish();

    let size = firmware::size(&elf)?;
    let bytes_of = |path: &Path| fs::metadata(path).map(|data| data.len());
    // The rows are told in words above, too.
    const { assert!(sample::NUM_ROWS == 200_000) };
    let (leak, filter) = (bytes_of(&made.leak)?, bytes_of(&made.phones)?);
    println!("{}", style.bold("What happened"));
    println!(
        "  leak      {:<28} 200,000 rows, {}",
        workspace::shown(&made.leak),
        firmware::size_text(leak)
    );
    println!(
        "  filter    {:<28} {}, {:.1} % of it",
        workspace::shown(&made.phones),
        firmware::size_text(filter),
        filter as f64 * 100.0 / leak as f64
    );
    println!(
        "  card      {:<28} {} with the passwords, as LEAKS.LSV",
        workspace::shown(&made.image),
        firmware::size_text(bytes_of(&made.filter)?)
    );
    println!(
        "  verdicts  {} questions, {} wrong, {:.1} ms each in the emulator\n",
        questions.len(),
        wrong.len(),
        asked.as_secs_f64() * 1e3 / questions.len() as f64
    );
    print!(
        "{}",
        boards::variants_table(&[(Variant::SdCard, size, Some(Stack::said(&about)?))])
    );
    println!(
        "\n{}",
        style.dim(&format!("{} in all", run::seconds(start.elapsed())))
    );
    ensure!(wrong.is_empty(), "wrong verdicts:\n{}", wrong.join("\n"));
    Ok(())
}

/// What the demonstration made on the way.
struct Made {
    leak: PathBuf,
    phones: PathBuf,
    filter: PathBuf,
    image: PathBuf,
}

/// Leak and password list -> filters -> one filter -> card. What is up to date stays.
fn filters(cli: &Path, style: &Style) -> Result<Made> {
    let folder = workspace::target_folder("demo")?;
    let leak = folder.join("taobao-2021.csv");
    let mut rows = Vec::new();
    sample::write_leak(&mut rows, sample::NUM_ROWS)?;
    if fs::read(&leak).ok().as_deref() != Some(&*rows) {
        fs::write(&leak, &rows).context("cannot write the leak")?;
    }
    let some = String::from_utf8_lossy(&rows);
    println!("{}", style.bold("The leak"));
    for row in some.lines().take(5) {
        println!("  {row}");
    }
    println!("{}", style.dim("  ..."));

    println!("{}", style.bold("The filter"));
    let passwords = workspace::root().join("samples/common-passwords.txt.gz");
    let phones = folder.join("taobao.lsv");
    let common = folder.join("passwords.lsv");
    let filter = folder.join("leaks.lsv");
    // Seed and time are given, so that the files are the same everywhere.
    let always = [
        "--fpr",
        "0.001",
        "--seed",
        "2021",
        "--created",
        "2026-01-01",
        "--force",
    ];
    let taobao = [
        "--kind",
        "phone",
        "--region",
        "CN",
        "--column",
        "phone",
        "--name",
        "Taobao 2021",
        "--date",
        "2021-06",
    ];
    let list = ["--kind", "password", "--name", "Common passwords"];
    let steps: [(&str, &[&Path], &Path, Vec<&str>); 3] = [
        ("build", &[&leak], &phones, [&taobao[..], &always].concat()),
        (
            "build",
            &[&passwords],
            &common,
            [&list[..], &always].concat(),
        ),
        ("bundle", &[&phones, &common], &filter, vec!["--force"]),
    ];
    // This program holds the arguments.
    let ourselves = std::env::current_exe()?;
    for (subcommand, from, to, arguments) in steps {
        let mut shown = format!("  $ leaksieve {subcommand}");
        let mut command = Command::new(cli);
        command.arg(subcommand).current_dir(workspace::root());
        for path in from {
            shown += &format!(" {}", workspace::shown(path));
            command.arg(path);
        }
        shown += &format!(" -o {}", workspace::shown(to));
        command
            .arg("--output")
            .arg(to)
            .args(&arguments)
            .arg("--quiet");
        for word in arguments.iter().filter(|word| **word != "--force") {
            shown += &if word.contains(' ') {
                format!(" '{word}'")
            } else {
                format!(" {word}")
            };
        }
        println!("{}", style.dim(&shown));
        if !host::is_fresh(to, &[from, &[cli, &ourselves]].concat()) {
            run::run(&mut command)?;
        }
    }
    for (part, num_items) in [(&phones, Some(sample::NUM_ROWS)), (&common, None)] {
        let inspected = run::output(
            Command::new(cli)
                .args(["inspect", "--format=json"])
                .arg(part),
        )?;
        let inspected: Value = serde_json::from_str(&inspected)?;
        let dataset = &inspected["datasets"][0];
        ensure!(
            dataset["num_rejected"] == 0
                && num_items.is_none_or(|expected| dataset["num_items"] == expected),
            "{} has {} items and {} rejected lines: somebody in the leak would be told that they are not",
            workspace::shown(part),
            dataset["num_items"],
            dataset["num_rejected"]
        );
    }
    let image = folder.join("sd.img");
    println!(
        "{}",
        style.dim(&format!(
            "  $ leaksieve install image {} --format card -o {}",
            workspace::shown(&filter),
            workspace::shown(&image)
        ))
    );
    if !host::is_fresh(&image, &[&filter, cli]) {
        host::card_image(cli, &filter, &image)?;
    }
    Ok(Made {
        leak,
        phones,
        filter,
        image,
    })
}

/// Shows what comes over the serial line, a line at a time, verdicts in colour.
struct Screen<'a> {
    style: &'a Style,
    line: Vec<u8>,
}

impl<'a> Screen<'a> {
    fn new(style: &'a Style) -> Self {
        Self {
            style,
            line: Vec::new(),
        }
    }

    fn show(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            match byte {
                b'\n' => self.finish(),
                b'\r' => {}
                _ => self.line.push(byte),
            }
        }
    }

    /// The line as it stands; an empty one, or a prompt with nothing typed, is left out.
    fn finish(&mut self) {
        let line = String::from_utf8_lossy(&self.line);
        if matches!(&*line, "" | PROMPT) {
            self.line.clear();
            return;
        }
        let painted = match &*line {
            line if line.starts_with(EXPOSED) => self.style.paint("1;31", line),
            line if line.starts_with(NOT_EXPOSED) => self.style.paint("32", line),
            line if line.starts_with(CANNOT_SAY) => self.style.paint("33", line),
            line if line.starts_with(PROMPT) => self.style.bold(line),
            line => line.to_owned(),
        };
        println!("  {painted}");
        self.line.clear();
    }
}

/// Colours, where they are wanted.
struct Style {
    colours: bool,
}

impl Style {
    fn of_stdout() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self {
            colours: wanted && stdout().is_terminal(),
        }
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colours {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    fn bold(&self, text: &str) -> String {
        self.paint("1", text)
    }

    fn dim(&self, text: &str) -> String {
        self.paint("2", text)
    }
}
