//! Host and emulated boards over the serial line: questions, and new filters that arrive
//! whole, damaged, or not at all.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use leaksieve::deliver::device::{Device, DeviceError};
use leaksieve::file::FilterFile;
use leaksieve_core::Identifier;
use leaksieve_core::sector::{FileId, SECTOR_BYTES};
use leaksieve_link::{Receiver, Said, Taken};
use leaksieve_tests::console::{Board, Place};
use leaksieve_tests::lab::Lab;
use leaksieve_tests::{is_exhaustive, some};
use serialport::{SerialPort, TTYPort};
use testkit::ask::cases::{self, Case};
use testkit::ask::vectors::golden;
use testkit::ask::{self, Answer, Asker, Opened, Outcome, Question, Terms, compare};
use testkit::emulator::{Emulator, Storage, flash_area};
use testkit::sample;

/// What the host's own lookup says, dataset by dataset. Without Unicode's tables, as a device.
fn expected(file: &FilterFile, text: &str) -> Result<Vec<(u8, Said)>> {
    let verdict = file.check(
        Identifier::new(text.as_bytes()).without_tables(),
        &mut [0; SECTOR_BYTES],
    )?;
    Ok(verdict
        .answers()
        .iter()
        .map(|answer| (answer.dataset, answer.outcome.into()))
        .collect())
}

fn ask<T: Read + Write>(device: &mut Device<T>, text: &str) -> Result<(FileId, Vec<(u8, Said)>)> {
    let verdict = device.check(text.as_bytes())?;
    let answers = verdict.answers.iter();
    let answers = answers
        .map(|answer| (answer.dataset, answer.said))
        .collect();
    Ok((FileId(verdict.file_id), answers))
}

/// A board that is asked over the line.
struct Link<'a>(Board<'a>);

impl Asker for Link<'_> {
    fn folds(&self) -> bool {
        false
    }

    fn opens(&self, file: &Path, terms: &Terms) -> bool {
        self.0.opens(file, terms)
    }

    /// A frame has room for every byte, also for those that no person can type.
    fn takes(&self, question: &Question) -> bool {
        question.kind.is_none() && (1..=256).contains(&question.text.len())
    }

    fn open(&mut self, file: &Path, terms: &Terms) -> Result<Opened> {
        self.0.open(file, terms)?;
        let mut device = Device::new(self.0.emulator()?.line()?);
        ensure!(device.catalogue()? == *FilterFile::open(file)?.catalogue());
        Ok(Opened::Open(None))
    }

    fn ask(&mut self, questions: &[Question]) -> Result<Vec<ask::Said>> {
        let mut device = Device::new(self.0.emulator()?.line()?);
        let mut all = Vec::new();
        for question in questions {
            let answers = device.check(&question.text)?.answers;
            let of = |said: Said| answers.iter().any(|answer| answer.said == said);
            let are_all_absent = answers.iter().all(|answer| answer.said == Said::NotExposed);
            let answers = answers.iter().map(|answer| (answer.dataset, answer.said));
            let words = format!("{:?}", answers.collect::<Vec<_>>());
            all.push(ask::Said {
                outcome: match (of(Said::Exposed), are_all_absent) {
                    (true, _) => Outcome::Exposed,
                    (_, true) => Outcome::NotExposed,
                    _ => Outcome::NotCovered,
                },
                why: Vec::new(),
                words,
            });
        }
        Ok(all)
    }

    fn words(&self, answer: &Answer<'_>) -> String {
        let parts = answer.parts();
        let answers = parts.iter().map(|part| (part.index, part.said.into()));
        format!("{:?}", answers.collect::<Vec<(u8, Said)>>())
    }

    fn agrees(&self, said: &ask::Said, answer: &Answer<'_>) -> bool {
        said.outcome == answer.outcome() && said.words == self.words(answer)
    }
}

/// Dataset by dataset, which a console does not say; and all that a file holds.
#[test]
#[ignore = "needs the emulator: cargo xtask test"]
fn golden_files_over_the_link_on_every_emulated_board() -> Result<()> {
    let lab = Lab::new()?;
    let good = cases::good()?;
    let good: Vec<Case> = good
        .into_iter()
        .map(|case| case.of_kinds(&[None]))
        .collect();
    for place in [Place::Card, Place::Microbit, Place::Embassy] {
        let stride = if is_exhaustive() { 1 } else { 3 };
        let compared = compare(&mut Link(Board::new(&lab, place)), &good, stride)?;
        ensure!(compared.exposed > 50 && compared.not_exposed > 50 && compared.not_covered > 50);
    }
    Ok(())
}

#[test]
#[ignore = "needs the emulator: cargo xtask test"]
fn more_leaks_than_a_small_device_has_room_for() -> Result<()> {
    let lab = Lab::new()?;
    let [phone, email, password] = ["phone.lsv", "email.lsv", "password.lsv"].map(golden);
    let two = fs::read(lab.bundle("two", &[&phone, &email])?)?;
    let three = fs::read(lab.bundle("three", &[&phone, &email, &password])?)?;
    let mut board = lab.boot_microbit(&flash_area([&two, &[]]))?;
    ensure!(
        board
            .ask("+86 138-0013-8000")?
            .contains(", as a phone number: ")
    );
    let mut board = lab.boot_microbit(&flash_area([&three, &[]]))?;
    for line in ["+86 138-0013-8000", "12"] {
        let answer = board.ask(line)?;
        ensure!(
            answer.starts_with("cannot say: slot 1: holds 3 leaks"),
            "{answer}"
        );
    }
    Ok(())
}

/// Two filters, and what tells them apart.
struct Filters {
    old: PathBuf,
    new: PathBuf,
    questions: Vec<String>,
}

impl Filters {
    fn new(lab: &Lab) -> Result<Self> {
        let members = |range: std::ops::Range<u64>| range.map(sample::phone).collect::<Vec<_>>();
        let arguments = ["--kind=phone", "--region=CN", "--fpr=0.000001"];
        let mut questions = members(0..12);
        questions.extend((0..4).map(sample::stranger_phone));
        Ok(Self {
            old: lab.filter("Old", &arguments, &members(0..80))?,
            new: lab.filter("New", &arguments, &members(6..200))?,
            questions,
        })
    }

    fn area(&self) -> Result<Vec<u8>> {
        Ok(flash_area([&fs::read(&self.old)?, &[]]))
    }

    /// Messages of an update: what is there, begin, the pieces, finish.
    fn num_messages(&self) -> Result<usize> {
        let num_bytes = usize::try_from(fs::metadata(&self.new)?.len())?;
        Ok(3 + num_bytes / leaksieve_link::PIECE_BYTES)
    }

    /// Ask a device about everything: it answers by one of both, and rightly. Is it the new one?
    fn who_answers(&self, board: &mut Emulator) -> Result<bool> {
        let (old, new) = (FilterFile::open(&self.old)?, FilterFile::open(&self.new)?);
        let mut device = Device::new(board.line()?);
        let mut answered_by = BTreeSet::new();
        for text in &self.questions {
            let (id, answers) = ask(&mut device, text)?;
            let is_new = id == new.catalogue().file_id();
            let file = if is_new { &new } else { &old };
            ensure!(id == file.catalogue().file_id(), "another file: {id:?}");
            ensure!(answers == expected(file, text)?, "a wrong verdict");
            answered_by.insert(is_new);
        }
        match answered_by.into_iter().collect::<Vec<_>>()[..] {
            [is_new] => Ok(is_new),
            _ => bail!("one device answers by two files"),
        }
    }
}

/// What happens to one message of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// The cable is pulled after so many bytes of a question.
    CutAt(usize),
    /// The cable is pulled this long after it was sent; milliseconds.
    CutAfter(u64),
    /// A bit of a question's byte, counted from its end when it is negative.
    Question(isize),
    /// A bit of the answer's byte.
    Answer(usize),
    /// The answer does not arrive.
    NoAnswer,
}

/// A line on which something happens to one message, by its number.
struct Faulty<T> {
    line: T,
    message: usize,
    fault: Fault,
    num_sent: usize,
    num_heard: usize,
    /// Of the answer that is being heard.
    num_bytes: usize,
    receiver: Receiver,
    is_cut: bool,
}

impl<T> Faulty<T> {
    fn new(line: T, message: usize, fault: Fault) -> Self {
        Self {
            line,
            message,
            fault,
            num_sent: 0,
            num_heard: 0,
            num_bytes: 0,
            receiver: Receiver::new(),
            is_cut: false,
        }
    }
}

fn cut() -> io::Error {
    io::ErrorKind::BrokenPipe.into()
}

impl<T: Write> Write for Faulty<T> {
    /// A frame at a time, as the client writes them.
    fn write(&mut self, frame: &[u8]) -> io::Result<usize> {
        if self.is_cut {
            return Err(cut());
        }
        let is_it = self.num_sent == self.message;
        self.num_sent += 1;
        let mut frame = frame.to_vec();
        match self.fault {
            Fault::CutAt(length) if is_it => {
                self.line.write_all(&frame[..length.min(frame.len())])?;
                self.is_cut = true;
                return Err(cut());
            }
            Fault::CutAfter(milliseconds) if is_it => {
                self.line.write_all(&frame)?;
                std::thread::sleep(Duration::from_millis(milliseconds));
                self.is_cut = true;
                return Err(cut());
            }
            Fault::Question(at) if is_it => {
                let at = at.rem_euclid(frame.len() as isize) as usize;
                frame[at] ^= 0x10;
            }
            _ => {}
        }
        self.line.write_all(&frame)?;
        Ok(frame.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.line.flush()
    }
}

impl<T: Read> Read for Faulty<T> {
    /// A byte at a time.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let [byte, ..] = buffer else {
            return Ok(0);
        };
        loop {
            self.line.read_exact(std::slice::from_mut(byte))?;
            let is_it = self.num_heard == self.message;
            let at = self.num_bytes;
            self.num_bytes += 1;
            if self.receiver.take(*byte) == Taken::Frame {
                self.num_heard += 1;
                self.num_bytes = 0;
            }
            match self.fault {
                Fault::NoAnswer if is_it => {}
                Fault::Answer(fault) if is_it && fault == at => {
                    *byte ^= 0x10;
                    return Ok(1);
                }
                _ => return Ok(1),
            }
        }
    }
}

#[test]
#[ignore = "needs the emulator: cargo xtask test"]
fn update_that_is_interrupted_at_every_message() -> Result<()> {
    let lab = Lab::new()?;
    let filters = Filters::new(&lab)?;
    let new = FilterFile::open(&filters.new)?;
    let mut faults = Vec::new();
    for message in 0..filters.num_messages()? {
        for fault in [
            Fault::CutAt(1),
            Fault::CutAt(10),
            Fault::CutAfter(0),
            Fault::CutAfter(40),
        ] {
            faults.push((message, fault));
        }
    }
    // Verifying, writing the first bytes, erasing the old filter's.
    let last = filters.num_messages()? - 1;
    faults.extend((1..30).map(|milliseconds| (last, Fault::CutAfter(milliseconds))));
    let faults = some(faults, 7);
    let mut num_new = 0;
    let num_faults = faults.len();
    for (message, fault) in faults {
        let at = || format!("message {message}, {fault:?}");
        let mut board = lab.boot_microbit(&filters.area()?)?;
        let mut device = Device::new(Faulty::new(board.line()?, message, fault));
        let result = device.update(&new, &());
        ensure!(matches!(result, Err(DeviceError::Line(_))), "{}", at());
        // The power fails, too: what the flash holds is all that stays.
        let area = board.flash_area()?;
        let mut board = lab.boot_microbit(&area).with_context(at)?;
        num_new += usize::from(filters.who_answers(&mut board).with_context(at)?);
        // And the next try is a whole one.
        Device::new(board.line()?)
            .update(&new, &())
            .with_context(at)?;
        ensure!(filters.who_answers(&mut board)?, "{}", at());
    }
    println!(
        "{num_faults} interrupted updates: every device answered, {num_new} by the new filter, \
         none wrongly"
    );
    ensure!((1..num_faults).contains(&num_new), "{num_new}");
    Ok(())
}

#[test]
#[ignore = "needs the emulator: cargo xtask test"]
fn update_with_every_message_damaged() -> Result<()> {
    let lab = Lab::new()?;
    let filters = Filters::new(&lab)?;
    let new = FilterFile::open(&filters.new)?;
    const FAULTS: [Fault; 9] = [
        Fault::Question(0),
        Fault::Question(1),
        Fault::Question(3),
        Fault::Question(5),
        Fault::Question(-2),
        Fault::Question(-1),
        Fault::Answer(1),
        Fault::Answer(4),
        Fault::NoAnswer,
    ];
    let messages = 0..filters.num_messages()?;
    let faults = messages.flat_map(|message| FAULTS.map(|fault| (message, fault)));
    let mut num_updates = 0;
    for (message, fault) in some(faults.collect(), 13) {
        let mut board = lab.boot_microbit(&filters.area()?)?;
        let line = Faulty::new(board.line()?, message, fault);
        let mut device = Device::new(line).patient_for(Duration::from_millis(600));
        device
            .update(&new, &())
            .with_context(|| format!("message {message}, {fault:?}"))?;
        ensure!(filters.who_answers(&mut board)?, "{message}, {fault:?}");
        let mut board = lab.boot_microbit(&board.flash_area()?)?;
        ensure!(filters.who_answers(&mut board)?, "{message}, {fault:?}");
        num_updates += 1;
    }
    println!("{num_updates} updates with a damaged message: all arrived, no wrong verdict");
    Ok(())
}

#[test]
#[ignore = "needs the emulator: cargo xtask test"]
fn updates_that_are_refused() -> Result<()> {
    let lab = Lab::new()?;
    let filters = Filters::new(&lab)?;
    // Onto a card; signed, where nothing verifies signatures.
    let mut board = lab.boot(Storage::Card(&lab.card(&filters.old)?))?;
    let new = FilterFile::open(&filters.new)?;
    let refused = Device::new(board.line()?).update(&new, &());
    ensure!(matches!(refused, Err(DeviceError::Card)), "{refused:?}");
    ensure!(!filters.who_answers(&mut board)?);

    let mut board = lab.boot_microbit(&filters.area()?)?;
    let signed = lab.signed("Signed", &filters.new, testkit::sign::Signer::Trusted, 1)?;
    let refused = Device::new(board.line()?).update(&FilterFile::open(&signed)?, &());
    ensure!(
        matches!(&refused, Err(DeviceError::Refused(text)) if text.contains("without signatures")),
        "{refused:?}"
    );
    ensure!(!filters.who_answers(&mut board)?);
    // Larger than a slot.
    let large = lab.filter(
        "Large",
        &[
            "--kind=phone",
            "--region=CN",
            "--fpr=0.000001",
            "--encoding=bloom",
        ],
        &(0..30_000).map(sample::phone).collect::<Vec<_>>(),
    )?;
    let refused = Device::new(board.line()?).update(&FilterFile::open(&large)?, &());
    ensure!(
        matches!(refused, Err(DeviceError::TooLarge { .. })),
        "{refused:?}"
    );
    ensure!(!filters.who_answers(&mut board)?);
    Ok(())
}

/// A board at a serial port that the system knows: all that one side sends, the other receives,
/// until the test's process ends.
fn port_of(board: &Emulator) -> Result<String> {
    let (mut near, far) = TTYPort::pair()?;
    let name = far.name().context("the port has no name")?;
    near.set_timeout(Duration::from_millis(20))?;
    let mut from_host = near.try_clone_native()?;
    let (mut to_board, mut from_board) = (board.line()?, board.line()?);
    let carry = |from: &mut dyn Read, to: &mut dyn Write| {
        let mut bytes = [0; 512];
        loop {
            match from.read(&mut bytes) {
                Ok(length) if length > 0 => {
                    if to.write_all(&bytes[..length]).is_err() {
                        return;
                    }
                }
                // Nothing came, or no program has the port open.
                _ => std::thread::sleep(Duration::from_millis(2)),
            }
        }
    };
    std::thread::spawn(move || carry(&mut from_host, &mut to_board));
    std::thread::spawn(move || carry(&mut from_board, &mut near));
    // The program locks its port.
    drop(far);
    Ok(name)
}

#[test]
#[ignore = "needs the emulator: cargo xtask test"]
fn the_commands() -> Result<()> {
    let lab = Lab::new()?;
    let filters = Filters::new(&lab)?;
    let board = lab.boot_microbit(&filters.area()?)?;
    let port = port_of(&board)?;
    let run = |arguments: &[&str], input: &str| -> Result<(Option<i32>, String, String)> {
        let mut child = lab
            .leaksieve()
            .args(arguments)
            .args(["--port", &port])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        child
            .stdin
            .take()
            .context("no stdin")?
            .write_all(input.as_bytes())?;
        let output = child.wait_with_output()?;
        Ok((
            output.status.code(),
            String::from_utf8(output.stdout)?,
            String::from_utf8(output.stderr)?,
        ))
    };
    let [old, new] = [&filters.old, &filters.new].map(|path| path.to_string_lossy().into_owned());
    let lines = filters.questions.join("\n");

    let (code, info, error) = run(&["device", "info"], "")?;
    ensure!(
        code == Some(0) && info.starts_with("microbit, leaksieve 0."),
        "{info}{error}"
    );
    for wanted in ["slot 1", "Old: phone, CN +86, 80 items", "at most 96.0 KiB"] {
        ensure!(info.contains(wanted), "{wanted:?} in {info}");
    }
    let (code, said, _) = run(&["device", "check", &sample::phone(3)], "")?;
    ensure!(
        code == Some(0) && said.starts_with("1: EXPOSED in Old: false alarm 1 in "),
        "{said}"
    );
    let (code, said, _) = run(
        &["device", "check", "--format=json"],
        &(sample::phone(150) + "\n12\n"),
    )?;
    ensure!(code == Some(2), "{said}");
    let records: Vec<serde_json::Value> = said
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    ensure!(
        records[0]["verdict"] == "not_exposed" && records[0]["line"] == 1,
        "{said}"
    );
    ensure!(records[1]["verdict"] == "not_covered", "{said}");
    let reason = records[1]["reason"].as_str().unwrap_or_default();
    ensure!(reason.contains("too few digits"), "{said}");

    // As the host's own answers, word for word.
    let (code, by_device, notes) = run(&["device", "check", "--against", &old], &lines)?;
    let by_host = lab
        .leaksieve()
        .args(["check", &old])
        .args(&filters.questions)
        .output()?;
    ensure!(
        code == Some(0) && notes.contains("16 of 16 lines compared: the device and"),
        "{notes}"
    );
    ensure!(by_device.as_bytes() == by_host.stdout, "{by_device}");
    let (code, _, error) = run(&["device", "check", "--against", &new], &lines)?;
    ensure!(
        code == Some(2) && error.contains("the device does not use"),
        "{error}"
    );

    let damaged = lab.write("damaged.lsv", &fs::read(&new)?[..1024])?;
    let (code, _, error) = run(&["install", "device", &damaged.to_string_lossy()], "")?;
    ensure!(code == Some(2) && error.contains("cut short"), "{error}");
    let (code, said, error) = run(&["install", "device", &new], "")?;
    ensure!(
        code == Some(0) && said.contains("the device checked all"),
        "{said}{error}"
    );
    let (code, info, _) = run(&["device", "info", "--format=json"], "")?;
    let info: serde_json::Value = serde_json::from_str(&info)?;
    ensure!(code == Some(0) && info["slot"] == "slot 2", "{info}");
    ensure!(info["datasets"][0]["name"] == "New", "{info}");
    let (code, _, notes) = run(&["device", "check", "--quiet", "--against", &new], &lines)?;
    ensure!(code == Some(0), "{notes}");

    let output = lab
        .leaksieve()
        .args(["device", "info", "--port", "/dev/there-is-no-such-port"])
        .output()?;
    let error = String::from_utf8(output.stderr)?;
    ensure!(error.contains("no such port"), "{error}");
    Ok(())
}
