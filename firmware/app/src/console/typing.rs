//! Random sessions at a keyboard, seen by a terminal that is not ours: what was asked is what the
//! screen showed, or the line was refused.

use std::string::String;
use std::vec::Vec;

use super::*;
use crate::storage::Memory;

const NUM_SESSIONS: u64 = 10_000;
const COLUMNS: [u16; 3] = [40, 80, 132];

/// "splitmix64" (Steele, Lea and Flood, 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn of<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// What happens at the console.
enum Event {
    Keys(Vec<u8>),
    Lost,
    Silence(u32),
    Reconnection,
}

const TEXTS: [&str; 12] = [
    "alice", "bob@", "hunter2", " ", "> ", ">", "é", "中", "😀", "e\u{301}", "\t", "?",
];
const ENDS: [&[u8]; 3] = [b"\r", b"\n", b"\r\n"];
const EDITS: [&[u8]; 5] = [b"\x7f", b"\x08", b"\x15", b"\x03", b"\x7f\x7f\x7f"];
const SEQUENCES: [&[u8]; 16] = [
    b"\x1b[A",
    b"\x1b[D",
    b"\x1b[H",
    b"\x1b[1;5C",
    b"\x1b[3~",
    b"\x1bOP",
    b"\x1bOH",
    b"\x1bh",
    b"\x1b",
    b"\x1b]0;t\x07",
    b"\x1b[200~",
    b"\x1b[2J",
    b"\x9bD",
    b"\x8fP",
    b"\xc2\x9bD",
    b"\xc2\x85",
];

fn event(random: &mut Random) -> Event {
    let keys = |bytes: &[u8]| Event::Keys(bytes.to_vec());
    match random.below(100) {
        0..40 => Event::Keys(Vec::from([b'!' + random.below(94) as u8])),
        40..58 => keys(random.of(&TEXTS).as_bytes()),
        58..70 => keys(random.of(&ENDS)),
        70..82 => keys(random.of(&EDITS)),
        82..85 => keys(random.of(&SEQUENCES)),
        // Control bytes, and bytes of no UTF-8.
        85 => Event::Keys(Vec::from([random.below(0x20) as u8])),
        86 => Event::Keys(Vec::from([0x80 + random.below(0x80) as u8])),
        87 => keys(b"\0\x01"),
        88 => Event::Lost,
        89..92 => Event::Silence([150, 2_000, 70_000][random.below(3)]),
        92 => Event::Reconnection,
        93..96 => {
            let longest = [60, 60, 60, 300][random.below(4)];
            let length = random.below(longest);
            let letter = b'a' + random.below(26) as u8;
            Event::Keys([letter].repeat(length))
        }
        // A paste.
        _ => {
            let mut bytes = Vec::new();
            for _ in 0..random.below(12) {
                bytes.extend(random.of(&TEXTS).as_bytes());
                if random.below(3) == 0 {
                    bytes.extend(random.of(&ENDS));
                }
            }
            Event::Keys(bytes)
        }
    }
}

/// What stands behind the prompt, from its row to the cursor.
fn shown(screen: &vt100::Screen) -> Option<String> {
    let (end_row, end_column) = screen.cursor_position();
    let (_, columns) = screen.size();
    let mut row = end_row;
    let begins = |row: u16| -> Option<bool> {
        let is_char = |column, wanted: &str| Some(screen.cell(row, column)?.contents() == wanted);
        Some(is_char(0, ">")? && is_char(1, " ")? && !(row > 0 && screen.row_wrapped(row - 1)))
    };
    while !begins(row)? {
        row = row.checked_sub(1)?;
    }
    let mut text = String::new();
    for row in row..=end_row {
        let end = if row == end_row { end_column } else { columns };
        for column in 0..end {
            let cell = screen.cell(row, column).unwrap();
            match cell.contents() {
                _ if cell.is_wide_continuation() => {}
                // A wide character did not fit there.
                "" if column + 1 == columns => {}
                "" => text.push(' '),
                contents => text.push_str(contents),
            }
        }
    }
    Some(text.strip_prefix("> ")?.into())
}

#[derive(Debug, Default)]
struct Counts {
    asked: usize,
    refused: usize,
    no_text: usize,
}

fn session(seed: u64, counts: &mut Counts) {
    let mut random = Random(seed);
    let (storage, mut work) = (Memory(&[]), Workspace::new());
    let mut device = Session::new("test", storage, Guard::new(&[], ()), (), &mut work);
    let columns = COLUMNS[random.below(3)];
    let mut terminal = vt100::Parser::new(24, columns, 0);
    device.echo = [Echo::Plain, Echo::Stars][random.below(2)];
    device.begin();
    let (mut is_new, mut typed) = (true, Vec::new());
    for _ in 0..1 + random.below(60) {
        let mut heard = Vec::new();
        // Most people wait for the prompt.
        let event = match is_new && random.below(8) != 0 {
            true => Event::Silence(250),
            false => event(&mut random),
        };
        is_new = matches!(event, Event::Reconnection);
        match event {
            Event::Reconnection => {
                // Another person sees what the screen shows from here on.
                terminal = vt100::Parser::new(24, columns, 0);
                device.begin();
            }
            Event::Lost => device.lost(),
            Event::Silence(mut left_ms) => {
                while let Some(left) = left_ms.checked_sub(device.patience_ms()) {
                    left_ms = left;
                    device.silence(&mut heard).unwrap();
                }
                terminal.process(&heard);
            }
            Event::Keys(keys) => {
                for key in keys {
                    typed.push(key);
                    let line = match device.line.submitted() {
                        Submitted::Line(text) => Some(text.to_vec()),
                        _ => None,
                    };
                    let was_open = device.phase == Phase::Open;
                    let is_end = matches!(key, b'\r' | b'\n');
                    let screen = is_end.then(|| terminal.screen().clone());
                    heard.clear();
                    device.take(key, &mut heard).unwrap();
                    terminal.process(&heard);
                    let said = String::from_utf8_lossy(&heard);
                    if said.contains("cannot say: the line") {
                        counts.refused += 1;
                    } else if said.contains("cannot say: ") {
                        let screen = screen.expect("asked before the line ended");
                        assert!(was_open, "asked before the prompt");
                        let line = line.expect("an unfit line was asked");
                        let Ok(text) = core::str::from_utf8(&line) else {
                            counts.no_text += 1;
                            continue;
                        };
                        let expected = match device.echo {
                            Echo::Plain => text.into(),
                            Echo::Stars => "*".repeat(text.chars().count()),
                        };
                        assert_eq!(
                            shown(&screen),
                            Some(expected),
                            "seed {seed}, of which came {typed:x?}"
                        );
                        counts.asked += 1;
                    }
                }
            }
        }
    }
}

#[test]
fn what_was_asked_is_what_the_screen_showed() {
    let mut counts = Counts::default();
    for seed in 0..NUM_SESSIONS {
        session(seed, &mut counts);
    }
    std::println!("{counts:?}");
    // None of the three is rare.
    assert!(counts.asked > 10_000, "{}", counts.asked);
    assert!(counts.refused > 5_000, "{}", counts.refused);
    assert!(counts.no_text > 10, "{}", counts.no_text);
}
