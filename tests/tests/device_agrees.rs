//! Core and emulated device say the same, whatever the spelling, and the device's log
//! keeps what was typed to itself.

use std::path::Path;

use anyhow::{Result, ensure};
use leaksieve_tests::console::{Board, Place};
use leaksieve_tests::lab::Lab;
use leaksieve_tests::{is_exhaustive, logs};
use testkit::ask::cases::{self, Case};
use testkit::ask::vectors::judge;
use testkit::ask::{CommandLine, Outcome, Reference, Terms, compare};
use testkit::emulator::{Emulator, Storage};
use testkit::firmware::Stack;
use testkit::{sample, workspace};

const NUM_MEMBERS: u64 = 300;

/// Stack that mounting or a question may need, bytes.
const STACK_LIMIT_BYTES: u32 = 6 << 10;

const PHONE: [&str; 2] = ["--kind=phone", "--region=CN"];
const EMAIL: [&str; 1] = ["--kind=email"];
const PASSWORD: [&str; 1] = ["--kind=password"];

/// What is typed: members, then as many strangers, each in another spelling.
struct Questions {
    lines: Vec<String>,
    num_members: usize,
}

impl Questions {
    fn new(members: Vec<String>, strangers: Vec<String>) -> Self {
        let num_members = members.len();
        Self {
            lines: [members, strangers].concat(),
            num_members,
        }
    }
}

/// The spelling whose turn it is.
fn turn(index: u64, mut spellings: Vec<String>) -> String {
    let at = usize::try_from(index).unwrap_or(0) % spellings.len();
    spellings.swap_remove(at)
}

fn phones() -> Questions {
    let spelled = |of: fn(u64) -> String| {
        (0..NUM_MEMBERS)
            .map(|index| turn(index, sample::phone_spellings(&of(index))))
            .collect()
    };
    Questions::new(spelled(sample::phone), spelled(sample::stranger_phone))
}

fn emails() -> Questions {
    let spelled = |of: fn(u64) -> String| {
        (0..NUM_MEMBERS)
            .map(|index| turn(index, sample::email_spellings(&of(index))))
            .collect()
    };
    Questions::new(spelled(sample::email), spelled(sample::stranger_email))
}

fn common_passwords() -> Result<Vec<String>> {
    sample::passwords(&workspace::root().join("samples/common-passwords.txt.gz"))
}

fn passwords() -> Result<Questions> {
    // Every 50th, so that rare ones are among them.
    let members: Vec<String> = common_passwords()?
        .into_iter()
        .filter(|word| word.len() > 3 && word.bytes().all(|byte| byte.is_ascii_graphic()))
        .step_by(50)
        .take(usize::try_from(NUM_MEMBERS)?)
        .collect();
    Ok(Questions::new(
        members,
        (0..NUM_MEMBERS).map(sample::stranger_password).collect(),
    ))
}

/// Both encodings, by `leaksieve build`'s words.
const ENCODINGS: [&str; 2] = ["--encoding=bloom", "--encoding=ribbon"];

fn phone_filter(lab: &Lab, encoding: &str, num_rows: u64) -> Result<std::path::PathBuf> {
    let rows: Vec<String> = (0..num_rows).map(sample::phone).collect();
    lab.filter("Shop 2021", &[&PHONE[..], &[encoding]].concat(), &rows)
}

fn email_filter(lab: &Lab, encoding: &str, num_rows: u64) -> Result<std::path::PathBuf> {
    let rows: Vec<String> = (0..num_rows).map(sample::email).collect();
    lab.filter("Forum 2019", &[&EMAIL[..], &[encoding]].concat(), &rows)
}

/// Ask the board and the command line about every line, and compare with the core. A member is exposed; a stranger is not, but for
/// false alarms. Nothing of what was typed is logged.
fn agree(
    lab: &Lab,
    place: Place,
    filter: &Path,
    questions: &Questions,
    of_strangers: Outcome,
) -> Result<()> {
    let mut board = Board::new(lab, place);
    let file = Case {
        path: filter.to_owned(),
        terms: Terms::default(),
        questions: questions
            .lines
            .iter()
            .map(|line| line.as_str().into())
            .collect(),
    };
    compare(&mut board, std::slice::from_ref(&file), 1)?;
    compare(&mut CommandLine::new()?, std::slice::from_ref(&file), 1)?;
    let reference = Reference::open(filter, &file.terms);
    let reference = reference.map_err(|error| anyhow::anyhow!("{error}"))?;
    let mut num_false_alarms = 0;
    for (index, question) in file.questions.iter().enumerate() {
        let said = reference.ask(question, false).outcome();
        if index >= questions.num_members && said == Outcome::Exposed {
            num_false_alarms += 1;
            continue;
        }
        let expected = match index < questions.num_members {
            true => Outcome::Exposed,
            false => of_strangers,
        };
        ensure!(said == expected, "{question} is {said:?}");
    }
    // 0.3 are expected of 300 at 1 in 1,000.
    ensure!(num_false_alarms <= 5, "{num_false_alarms} false alarms");
    log_is_silent(board.emulator()?, questions)
}

/// The log has something to say, but nothing of what was typed: not the line, not its
/// digits, not the item.
fn log_is_silent(board: &mut Emulator, questions: &Questions) -> Result<()> {
    let raw = String::from_utf8_lossy(&board.raw_log()?).to_lowercase();
    let log = logs::of(board)?;
    ensure!(
        log.len() >= questions.lines.len(),
        "{} lines logged",
        log.len()
    );
    let text = log.join("\n").to_lowercase();
    for line in &questions.lines {
        let line = line.trim().to_lowercase();
        let digits: String = line.chars().filter(char::is_ascii_digit).collect();
        let national = digits
            .get(digits.len().saturating_sub(11)..)
            .unwrap_or_default();
        for secret in [line.as_str(), national] {
            // Shorter ones, such as "1234", stand in any log by chance.
            ensure!(
                secret.len() < 7 || !(text.contains(secret) || raw.contains(secret)),
                "the log has {secret:?}"
            );
        }
    }
    // How many sectors were read would be a part of the hash.
    let mut verdicts = log
        .iter()
        .filter_map(|line| line.split_once("verdict as "))
        .peekable();
    ensure!(verdicts.peek().is_some(), "no verdict is logged");
    ensure!(
        !verdicts.any(|(_, said)| said.contains(|byte: char| byte.is_ascii_digit())),
        "a verdict is logged with a number"
    );
    ensure!(
        log.iter().any(|line| line.contains("stack high-water")),
        "the stack is not logged"
    );
    let stack = Stack::said(&board.ask("?")?)?;
    ensure!(stack.used_bytes <= STACK_LIMIT_BYTES, "{stack:?}");
    Ok(())
}

/// What the table has, and the golden files beside the core, on every board; of those that are
/// switched on anew for each file a share.
#[test]
#[ignore = "needs the emulator: cargo xtask test"]
fn golden_files_on_every_emulated_board() -> Result<()> {
    let lab = Lab::new()?;
    let good = cases::good()?;
    let good: Vec<Case> = good
        .into_iter()
        .map(|case| case.of_kinds(&[None]))
        .collect();
    for (place, of_table, of_lists) in [
        (Place::Card, 5, 1),
        (Place::Flash, 41, 7),
        (Place::Microbit, 41, 1),
        (Place::Embassy, 83, 3),
    ] {
        let stride = |stride| if is_exhaustive() { 1 } else { stride };
        let mut board = Board::new(&lab, place);
        judge(&mut board, stride(of_table))?;
        let compared = compare(&mut board, &good, stride(of_lists))?;
        ensure!(compared.exposed > 50 && compared.errors == 0, "{place:?}");
    }
    Ok(())
}

#[test]
#[ignore = "needs the emulator: cargo xtask test"]
fn phones_and_emails_on_a_card_and_in_internal_flash() -> Result<()> {
    let lab = Lab::new()?;
    for encoding in ENCODINGS {
        let filter = phone_filter(&lab, encoding, 20_000)?;
        for place in [Place::Card, Place::Flash] {
            agree(&lab, place, &filter, &phones(), Outcome::NotExposed)?;
        }
        let filter = email_filter(&lab, encoding, 20_000)?;
        agree(&lab, Place::Card, &filter, &emails(), Outcome::NotExposed)?;
    }
    Ok(())
}

#[test]
#[ignore = "needs the emulator: cargo xtask test"]
fn passwords_on_a_card_are_not_shown() -> Result<()> {
    let lab = Lab::new()?;
    let filter = lab.filter("Common passwords", &PASSWORD, &common_passwords()?)?;
    agree(
        &lab,
        Place::Card,
        &filter,
        &passwords()?,
        Outcome::NotExposed,
    )?;
    let mut board = lab.boot(Storage::Card(&lab.card(&filter)?))?;
    let mut screen = Vec::new();
    board.ask_live("correct horse battery", |bytes| {
        screen.extend_from_slice(bytes)
    })?;
    ensure!(
        !String::from_utf8_lossy(&screen).contains("correct"),
        "the password was shown"
    );
    Ok(())
}

#[test]
#[ignore = "needs the emulator: cargo xtask test"]
fn three_datasets_on_one_card() -> Result<()> {
    let lab = Lab::new()?;
    let parts = [
        phone_filter(&lab, ENCODINGS[1], 5_000)?,
        email_filter(&lab, ENCODINGS[0], 5_000)?,
        lab.filter("Common passwords", &PASSWORD, &common_passwords()?)?,
    ];
    let filter = lab.bundle("all", &parts.each_ref().map(|part| part.as_path()))?;
    for questions in [phones(), emails(), passwords()?] {
        // Each is a question that one of the other two cannot answer.
        agree(&lab, Place::Card, &filter, &questions, Outcome::NotCovered)?;
    }
    Ok(())
}
