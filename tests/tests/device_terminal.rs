//! An emulated board behind a terminal's line whose echo is on, as the system opens it.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use leaksieve_core::IdentifierKind;
use leaksieve_tests::lab::Lab;
use serialport::{SerialPort, TTYPort};
use testkit::emulator::{Emulator, flash_area};
use testkit::run;

/// Nothing more comes.
const QUIET: Duration = Duration::from_millis(1_500);

/// A terminal's line with a board at its other end, until the test's process ends.
struct Line {
    name: String,
    /// What a person reads.
    screen: Receiver<u8>,
}

impl Line {
    fn to(board: &Emulator) -> Result<Self> {
        let (mut near, far) = TTYPort::pair()?;
        let name = far.name().context("the line has no name")?;
        near.set_timeout(Duration::from_millis(20))?;
        // The test is no program that has the port for itself.
        let mut far = far;
        far.set_exclusive(false)?;
        // As a line is before a terminal's program has set it.
        run::run(Command::new("stty").args(["-F", &name, "sane"]))?;
        let mut from_person = near.try_clone_native()?;
        let (mut to_board, mut from_board) = (board.line()?, board.line()?);
        thread::spawn(move || carry(&mut from_person, |bytes| to_board.write_all(bytes).is_ok()));
        thread::spawn(move || carry(&mut from_board, |bytes| near.write_all(bytes).is_ok()));
        let (sender, screen) = channel();
        let mut reader = OpenOptions::new().read(true).open(&name)?;
        thread::spawn(move || {
            // It keeps the line open.
            let _far = far;
            carry(&mut reader, |bytes| {
                bytes.iter().all(|byte| sender.send(*byte).is_ok())
            });
        });
        Ok(Self { name, screen })
    }

    /// Type, and give all that the screen shows until it rests.
    fn type_keys(&self, keys: &str) -> Result<String> {
        let mut line = OpenOptions::new().write(true).open(&self.name)?;
        line.write_all(keys.as_bytes())?;
        let mut shown = Vec::new();
        while let Ok(byte) = self.screen.recv_timeout(QUIET) {
            shown.push(byte);
            ensure!(shown.len() < 1 << 16, "the board talks with itself");
        }
        Ok(String::from_utf8_lossy(&shown).into_owned())
    }
}

fn carry(from: &mut dyn Read, mut to: impl FnMut(&[u8]) -> bool) {
    let mut bytes = [0; 512];
    loop {
        match from.read(&mut bytes) {
            Ok(length) if length > 0 => {
                if !to(&bytes[..length]) {
                    return;
                }
            }
            // Nothing came.
            _ => thread::sleep(Duration::from_millis(2)),
        }
    }
}

#[test]
#[ignore = "needs the emulator: cargo xtask test"]
fn echo_of_a_terminal_is_not_asked() -> Result<()> {
    let lab = Lab::new()?;
    let list = ["alice", "bob"].map(str::to_owned);
    let filter = lab.filter("Users", &["--kind=username"], &list)?;
    ensure!(IdentifierKind::Username.name() == "username");
    let board = lab.boot_microbit(&flash_area([&std::fs::read(filter)?, &[]]))?;
    let line = Line::to(&board)?;
    // All that the board writes comes back to it. Nobody asked about anything but these.
    for keys in ["alice\n", "alice\n", "?\n", "mallory\n", "a\n"] {
        let shown = line.type_keys(keys)?;
        for said in shown.lines().filter(|line| line.starts_with("not exposed")) {
            ensure!(keys == "mallory\n", "{said:?} after {keys:?}: {shown:?}");
        }
        ensure!(
            shown.contains("type it again") || shown.starts_with("alice"),
            "{shown:?}"
        );
    }
    // The person turns the echo off.
    run::run(Command::new("stty").args(["-F", &line.name, "raw", "-echo"]))?;
    line.type_keys("\x03")?;
    let shown = line.type_keys("alice\r")?;
    ensure!(shown.contains("\nEXPOSED in Users"), "{shown:?}");
    let shown = line.type_keys("mallory\r")?;
    ensure!(shown.contains("\nnot exposed"), "{shown:?}");
    Ok(())
}
