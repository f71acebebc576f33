//! The whole device against cards in memory: each line typed, each card pulled, and the
//! one verdict line that comes of it.

use crate::common::{
    Format, Key, Listed, MemoryCard, Method, Plan, Script, card, filter, run, verdicts,
};
use crate::faults::METHODS;
use leaksieve_app::{CardFile, Guard, Heard, Input, Session, Workspace};
use leaksieve_core::Profile;
use leaksieve_core::identifier::{PasswordDigest, PasswordOrigin};

const PASSWORD: Profile = Profile::Password(PasswordDigest::Sha1, PasswordOrigin::Passwords);

fn mail_filter(id: u8) -> Vec<u8> {
    filter(
        id,
        &[("Forum", Profile::Email, &["a@example.com", "b@example.com"])],
    )
}

fn mail_card(id: u8) -> Vec<u8> {
    card(Format::Fat32, &[("LEAKS.LSV", &mail_filter(id))], 512)
}

fn inserted(image: Vec<u8>) -> MemoryCard {
    let card = MemoryCard::default();
    *card.slot.borrow_mut() = Some(image);
    card
}

/// The verdicts for a card that stays.
fn ask(image: Vec<u8>, texts: &[&str]) -> Vec<String> {
    let script = texts
        .iter()
        .fold(Script::new(), |script, text| script.line(text));
    let lines = run(inserted(image), script);
    verdicts(&lines).into_iter().map(str::to_owned).collect()
}

#[test]
fn one_kind() {
    assert_eq!(
        ask(
            mail_card(1),
            &["A@Example.com", "c@example.com", "12", "", "  "]
        ),
        [
            "EXPOSED in Forum (2021-06): false alarm 1 in 1,234",
            "not exposed: not in Forum (2021-06), 2 of whose lines could not be read",
            "cannot say: Forum (2021-06; email): not an e-mail address",
        ]
    );
}

/// Nor half a frame, in which all that follows would be lost.
#[test]
fn half_a_line_does_not_outlive_the_input_that_it_came_from() {
    for half in [&b"a@exam"[..], b"\0\x05half", b"\0\x01half"] {
        let script = Script::new().bytes(half).key(Key::End);
        let lines = run(inserted(mail_card(1)), script.line("a@example.com"));
        assert_eq!(
            verdicts(&lines),
            ["EXPOSED in Forum (2021-06): false alarm 1 in 1,234"]
        );
    }
}

const REFUSED: &str = "cannot say: the line lost a character, or has a key that is no text (an arrow; a letter that is not UTF-8): type it again";

/// A terminal's line has its echo on until the terminal's program turns it off: the first that a
/// device hears is itself.
#[test]
fn greeting_that_is_sent_back_is_not_asked() {
    let greeting = b"\r\nleaksieve: was it in a leak?\r\nForum: 2 items\r\n";
    for (script, expected) in [
        // Before it greets, and with its greeting.
        (Script::new().early(b"AT\r"), &["EXPOSED"][..]),
        (
            Script::new().key(Key::Pause(100)).early(greeting),
            &["EXPOSED"],
        ),
        // The prompt, too.
        (
            Script::new().early(greeting).bytes(b"> "),
            &["cannot say: the line lost a character"],
        ),
        // The beginning of an address was dropped.
        (Script::new().early(b"aa"), &[REFUSED]),
    ] {
        let script = script.line("a@example.com").line("a@example.com");
        let lines = run(inserted(mail_card(1)), script);
        let verdicts = verdicts(&lines);
        assert_eq!(verdicts.len(), 2, "{lines:#?}");
        assert!(verdicts[0].starts_with(expected[0]), "{lines:#?}");
        assert!(verdicts[1].starts_with("EXPOSED"), "{lines:#?}");
    }
}

/// All that a device writes comes back, for ever: it comes to rest, asks nothing, and says so
/// once for each line that a person types.
#[test]
fn terminal_that_sends_everything_back() {
    struct Echoing {
        script: Script,
        /// It began when the first prompt was there.
        is_late: bool,
        num_echoed: usize,
    }
    impl embedded_io::ErrorType for Echoing {
        type Error = crate::common::LostByte;
    }
    impl Input for Echoing {
        fn listen(&mut self, longest_ms: u32) -> Heard {
            if self.is_late {
                self.num_echoed = self.script.screen.len();
                self.is_late = !self.script.screen.ends_with(b"> ");
            }
            match self.script.screen.get(self.num_echoed) {
                Some(byte) => {
                    self.num_echoed += 1;
                    assert!(self.num_echoed < 10_000, "it talks with itself");
                    Heard::Byte(*byte)
                }
                None => self.script.listen(longest_ms),
            }
        }
    }
    impl embedded_io::Write for Echoing {
        fn write(&mut self, bytes: &[u8]) -> Result<usize, crate::common::LostByte> {
            self.script.write(bytes)
        }
        fn flush(&mut self) -> Result<(), crate::common::LostByte> {
            Ok(())
        }
    }
    for is_late in [false, true] {
        let mut console = Echoing {
            script: Script::new()
                .line("a@example.com")
                .line("c@example.com")
                .bytes(b"x\x03")
                .line("?")
                .line("a@example.com"),
            is_late,
            num_echoed: 0,
        };
        let mut work = Workspace::new();
        Session::new(
            "test",
            CardFile::new(inserted(mail_card(1))),
            Guard::new(&[], ()),
            (),
            &mut work,
        )
        .run(&mut console)
        .unwrap();
        let screen = String::from_utf8(console.script.screen).unwrap();
        let lines: Vec<_> = screen.split("\r\n").map(str::to_owned).collect();
        let verdicts = verdicts(&lines);
        assert!(verdicts.len() >= 3, "{lines:#?}");
        let is_refusal = |line: &&str| line.starts_with("cannot say: the line ");
        assert!(verdicts.iter().all(is_refusal), "{lines:#?}");
    }
}

#[test]
fn half_a_line_is_dropped_after_a_minute_and_so_is_the_rest_of_it() {
    for (half, pause_ms, rest, expected) in [
        (&b"b@example.com"[..], 59_000, "", "EXPOSED"),
        (b"b@example.com", 60_000, "a", REFUSED),
        (b"b", 60_000, "a@example.com", REFUSED),
        // Nothing of it is left.
        (b"b@\x7f\x7f", 60_000, "a@example.com", "EXPOSED"),
        (b"", 60_000, "a@example.com", "EXPOSED"),
        (b"\r", 60_000, "a@example.com", "EXPOSED"),
        (&[b'x'; 300], 60_000, "a@example.com", REFUSED),
    ] {
        let script = Script::new().bytes(half).key(Key::Pause(pause_ms));
        let lines = run(
            inserted(mail_card(1)),
            script.line(rest).line("a@example.com"),
        );
        let verdicts = verdicts(&lines);
        assert_eq!(verdicts.len(), 2, "{lines:#?}");
        assert!(verdicts[0].starts_with(expected), "{lines:#?}");
        assert!(verdicts[1].starts_with("EXPOSED"), "{lines:#?}");
    }
    // It is the next person's line from Ctrl-C on.
    let script = Script::new().bytes(b"b@").key(Key::Pause(60_000));
    let lines = run(
        inserted(mail_card(1)),
        script.bytes(b"x\x03").line("a@example.com"),
    );
    assert!(verdicts(&lines)[0].starts_with("EXPOSED"), "{lines:#?}");
}

#[test]
fn frame_that_does_not_end_gives_the_line_back() {
    let begun = Script::new().bytes(b"\0\x01a@exam").key(Key::Pause(1_000));
    let lines = run(
        inserted(mail_card(1)),
        begun.line("ple.com").line("a@example.com"),
    );
    let said = verdicts(&lines);
    assert_eq!(said.len(), 2, "{lines:#?}");
    assert_eq!(said[0], REFUSED);
    assert!(said[1].starts_with("EXPOSED"));
    // With Ctrl-C, after a silence or where it is longer than a frame can be.
    for script in [
        Script::new().bytes(b"\0\x01a").key(Key::Pause(1_000)),
        Script::new().bytes(b"\0\x01").bytes(&[b'x'; 600]),
    ] {
        let lines = run(
            inserted(mail_card(1)),
            script.bytes(b"\x03").line("a@example.com"),
        );
        assert_eq!(verdicts(&lines).len(), 1, "{lines:#?}");
        assert!(verdicts(&lines)[0].starts_with("EXPOSED"), "{lines:#?}");
    }
}

/// In Latin-1 and CP850: what is not found may be there in another encoding.
#[test]
fn password_that_is_not_utf_8() {
    let file = filter(3, &[("Common", PASSWORD, &["hunter2"])]);
    for typed in [&b"m\xFCller"[..], b"m\x81ller", b"caf\xE9", b"caf\x82"] {
        let lines = run(
            inserted(card(Format::Fat32, &[("LEAKS.LSV", &file)], 512)),
            Script::new().bytes(typed).bytes(b"\r"),
        );
        assert_eq!(
            verdicts(&lines),
            ["cannot say: Common (2021-06; password): not UTF-8 text"]
        );
    }
}

#[test]
fn blanks_at_the_ends_of_a_password_are_asked_both_ways() {
    let file = filter(3, &[("Common", PASSWORD, &["hunter2"])]);
    let lines = run(
        inserted(card(Format::Fat32, &[("LEAKS.LSV", &file)], 512)),
        Script::new().line(" hunter2 ").line("hunter3 "),
    );
    let said = verdicts(&lines);
    assert!(
        said[0].starts_with("EXPOSED in Common (2021-06), found without the blanks at its ends"),
        "{said:?}"
    );
    assert_eq!(
        said[1],
        "not exposed: not in Common (2021-06), 2 of whose lines could not be read; \
         asked with and without the blanks at its ends"
    );
}

/// Only where both were asked, and nothing was found.
#[test]
fn blanks_are_mentioned_where_they_were_asked() {
    let file = filter(
        3,
        &[
            ("Common", PASSWORD, &["hunter2"]),
            ("Forum", Profile::Email, &["a@example.com"]),
        ],
    );
    let lines = run(
        inserted(card(Format::Fat32, &[("LEAKS.LSV", &file)], 512)),
        Script::new().line("hunter3 ").line(" a@example.com "),
    );
    let said = verdicts(&lines);
    assert!(
        said[0].ends_with("asked with and without the blanks at its ends"),
        "{said:?}"
    );
    assert!(
        said[1].starts_with("EXPOSED in Forum") && !said[1].contains("blanks"),
        "{said:?}"
    );
    let lines = run(inserted(mail_card(1)), Script::new().line("12 "));
    assert!(!verdicts(&lines)[0].contains("blanks"), "{lines:#?}");
}

/// The stars that stood for a password are no password.
#[test]
fn stars_that_are_sent_back_are_not_asked() {
    let file = filter(3, &[("Common", PASSWORD, &["hunter2"])]);
    let script = Script::new().bytes(b"hunter2\r*******\rEXPOSED in Common\r");
    let lines = run(
        inserted(card(Format::Fat32, &[("LEAKS.LSV", &file)], 512)),
        script.key(Key::Pause(200)).line("hunter2"),
    );
    let said = verdicts(&lines);
    assert!(
        said[0].starts_with("EXPOSED") && said[said.len() - 1].starts_with("EXPOSED"),
        "{said:?}"
    );
    assert!(
        said[1..said.len() - 1].iter().all(|said| *said == REFUSED),
        "{said:?}"
    );
}

/// A terminal that sends nothing back is not waited for: each line of a paste is answered.
#[test]
fn what_is_pasted_behind_a_question_mark_is_answered() {
    let script = Script::new().bytes(b"a@example.com\r?\ra@example.com\rz@example.com\r");
    let lines = run(inserted(mail_card(1)), script);
    let said = verdicts(&lines);
    assert_eq!(said.len(), 3, "{lines:#?}");
    assert!(
        said[1].starts_with("EXPOSED") && said[2].starts_with("not exposed"),
        "{said:?}"
    );
}

#[test]
fn a_tab_is_no_text() {
    let script = Script::new().bytes(b"a@example.com\t\r");
    let lines = run(inserted(mail_card(1)), script);
    assert_eq!(verdicts(&lines), [REFUSED]);
}

#[test]
fn several_kinds_are_each_named() {
    let file = filter(
        2,
        &[
            ("Forum", Profile::Email, &["a@example.com"]),
            ("Common", PASSWORD, &["hunter2", "b@example.com"]),
            ("Shop", Profile::Email, &["a@example.com"]),
        ],
    );
    let image = card(Format::Fat16, &[("LEAKS.LSV", &file)], 512);
    assert_eq!(
        ask(
            image,
            &["a@example.com", "b@example.com", "c@example.com", "letmein"]
        ),
        [
            "EXPOSED in Forum (2021-06), as an e-mail address: false alarm 1 in 1,234; \
             in Shop (2021-06), as an e-mail address: false alarm 1 in 1,234",
            "EXPOSED in Common (2021-06), as a password: false alarm 1 in 1,234",
            "not exposed: not in Forum (2021-06), 2 of whose lines could not be read; \
             not in Shop (2021-06), 2 of whose lines could not be read; \
             not in Common (2021-06), 2 of whose lines could not be read",
            "cannot say: Forum (2021-06; email): not an e-mail address; \
             Shop (2021-06; email): not an e-mail address; \
             not in Common (2021-06), 2 of whose lines could not be read",
        ]
    );
}

#[test]
fn not_exposed_speaks_of_what_was_counted_often_enough() {
    let common: (&str, Profile, &[&str]) = ("Common", PASSWORD, &["hunter2"]);
    let forum: (&str, Profile, &[&str]) = ("Forum", Profile::Email, &["a@example.com"]);
    for (datasets, expected) in [
        (
            &[common.clone()][..],
            "not exposed: not among those of Common (2021-06) that were seen 1,000 times or more, \
             2 of whose lines could not be read",
        ),
        (
            &[common.clone(), forum],
            "cannot say: Forum (2021-06; email): not an e-mail address; \
             not among those of Common (2021-06) that were seen 1,000 times or more, 2 of whose lines could not be read",
        ),
    ] {
        let counted = Plan {
            min_count: 1000,
            ..Plan::new(5)
        };
        let file = counted.file(datasets);
        let image = card(Format::Fat16, &[("LEAKS.LSV", &file)], 512);
        let lines = run(
            inserted(image),
            Script::new().line("hunter3").line("hunter2").line("?"),
        );
        let verdicts = verdicts(&lines);
        assert_eq!(verdicts[0], expected);
        assert!(verdicts[1].starts_with("EXPOSED ") && !verdicts[1].contains("hunter"));
        assert!(
            lines
                .iter()
                .any(|line| line == "  only entries that were seen 1,000 times or more")
        );
    }
}

#[test]
fn passwords_are_not_echoed_and_mail_is() {
    let file = filter(3, &[("Common", PASSWORD, &["hunter2"])]);
    let lines = run(
        inserted(card(Format::Fat32, &[("LEAKS.LSV", &file)], 512)),
        Script::new().line("hunter2").line("hunter3"),
    );
    assert!(!lines.iter().any(|line| line.contains("hunter")));
    assert_eq!(lines.iter().filter(|line| *line == "> *******").count(), 2);
    let lines = run(inserted(mail_card(1)), Script::new().line("a@example.com"));
    assert!(lines.iter().any(|line| line == "> a@example.com"));
}

#[test]
fn question_mark_shows_what_is_covered() {
    let lines = run(inserted(mail_card(1)), Script::new().line("?"));
    for wanted in [
        "  created 2025-11-23, epoch 7, to be replaced never",
        "Breach Forum, 2021-06",
        "  covers: email",
        "  source: made up",
        "  items: 2; lines left out: 2",
        "  false alarm: 1 in 1,000 as designed, 1 in 1,234 as measured",
    ] {
        assert!(
            lines.iter().any(|line| line == wanted),
            "{wanted:?} in {lines:#?}"
        );
    }
    assert!(verdicts(&lines).is_empty());
}

#[test]
fn lost_characters_and_long_lines_are_refused() {
    let script = Script::new()
        .key(Key::Byte(b'a'))
        .key(Key::Lost)
        .line("@example.com")
        .line(&"a".repeat(257))
        .line("a@example.com");
    let lines = run(inserted(mail_card(1)), script);
    let verdicts = verdicts(&lines);
    assert!(verdicts[0].starts_with("cannot say: the line lost a character"));
    assert!(verdicts[1].starts_with("cannot say: the line is longer than 256 bytes"));
    assert!(verdicts[2].starts_with("EXPOSED"));
}

#[test]
fn card_that_is_pulled_and_put_back() {
    let device = MemoryCard::default();
    let (pull, put) = (device.slot.clone(), device.slot.clone());
    let script = Script::new()
        .line("a@example.com")
        .key(Key::Do(Box::new(move || {
            *put.borrow_mut() = Some(mail_card(1))
        })))
        .line("a@example.com")
        .key(Key::Do(Box::new(move || *pull.borrow_mut() = None)))
        .line("a@example.com")
        .line("c@example.com")
        .line("no address");
    let lines = run(device, script);
    let verdicts = verdicts(&lines);
    assert_eq!(verdicts.len(), 5);
    assert!(verdicts[1].starts_with("EXPOSED"));
    for line in [0, 2, 3, 4] {
        assert!(
            verdicts[line].starts_with("cannot say: no SD card answers"),
            "{lines:#?}"
        );
    }
}

/// Whatever the text is, the answer is the new card's, and it is said that it is new.
#[test]
fn card_that_is_exchanged_between_two_questions() {
    for (text, start) in [
        ("a@example.com", "not exposed: not in Club"),
        ("z@example.com", "EXPOSED in Club"),
        // Covered by neither: no sector needs to be read.
        ("no address", "cannot say: Club (2021-06; email)"),
    ] {
        let device = inserted(mail_card(1));
        let other = filter(9, &[("Club", Profile::Email, &["z@example.com"])]);
        let slot = device.slot.clone();
        let script = Script::new()
            .line("a@example.com")
            .key(Key::Do(Box::new(move || {
                *slot.borrow_mut() = Some(card(Format::Fat32, &[("LEAKS.LSV", &other)], 512));
            })))
            .line(text);
        let lines = run(device, script);
        assert!(verdicts(&lines)[1].starts_with(start), "{text}: {lines:#?}");
        assert!(
            lines
                .iter()
                .any(|line| line == "Another filter is there now:")
        );
    }
}

#[test]
fn damaged_sector_is_never_a_no() {
    let texts = [
        "a@example.com",
        "c@example.com",
        "d@example.com",
        "e@example.com",
    ];
    let members = &[(
        "Forum",
        Profile::Email,
        &["a@example.com", "b@example.com"][..],
    )];
    for of in METHODS {
        let good = of(Plan::new(1)).file(members);
        let untouched = ask(card(Format::Fat16, &[("LEAKS.LSV", &good)], 512), &texts);
        let mut num_refused = 0;
        for at in 512..good.len() {
            if at % 37 != 0 {
                continue;
            }
            let mut file = good.clone();
            file[at] ^= 0x10;
            let image = card(Format::Fat16, &[("LEAKS.LSV", &file)], 512);
            for (verdict, was) in ask(image, &texts).iter().zip(&untouched) {
                let is_refused = verdict.starts_with("cannot say: sector ")
                    && verdict.ends_with("copy the filter onto the card again");
                assert!(verdict == was || is_refused, "{verdict}");
                num_refused += u32::from(is_refused);
            }
        }
        assert!(num_refused > 0);
    }
}

/// A ribbon's layers, of files of every format, whole and in pieces: each question reads the
/// pages that it must, and no other.
#[test]
fn each_layer_of_a_ribbon_answers() {
    let plan = Plan {
        method: Method::Ribbon(0),
        num_pages: 300,
        ..Plan::new(4)
    };
    let addresses =
        |name: &str| -> Vec<String> { (0..40).map(|i| format!("{name}{i}@example.com")).collect() };
    let (members, strangers) = (addresses("member"), addresses("stranger"));
    let listed: Vec<&str> = members.iter().map(String::as_str).collect();
    let file = plan.file(&[("Forum", Profile::Email, &listed)]);
    let filler = vec![0xEE; file.len()];
    for (format, piece) in [
        (Format::Fat16, 1 << 20),
        (Format::Fat32, 512),
        (Format::WholeCard, 1 << 20),
    ] {
        let files: [(&str, &[u8]); 2] = [("LEAKS.LSV", &file), ("FILLER", &filler)];
        let device = inserted(card(format, &files, piece));
        let mut of_depth = [0; 4];
        for (texts, start) in [(&members, "EXPOSED"), (&strangers, "not exposed")] {
            for text in texts {
                let reads_of = |times: usize| {
                    device.num_reads.set(0);
                    let script = (0..times).fold(Script::new(), |script, _| script.line(text));
                    let lines = run(device.clone(), script);
                    let verdicts = verdicts(&lines);
                    assert_eq!(verdicts.len(), times);
                    let is_right = |said: &&str| said.starts_with(start);
                    assert!(verdicts.iter().all(is_right), "{text}: {verdicts:?}");
                    device.num_reads.get() as usize
                };
                let depth = plan.depth(&Profile::Email, text);
                of_depth[depth] += 1;
                let reads = reads_of(2) - reads_of(1);
                // In pieces, the card's table is read too, to find where a sector lies.
                let is_right = reads == depth || piece == 512 && reads > depth;
                assert!(is_right, "{text}: {reads} reads, not {depth}");
            }
        }
        assert!(
            of_depth[1..].iter().all(|number| *number >= 10),
            "{of_depth:?}"
        );
    }
}

/// A page of the last layer that sends on: its checksum is right, and that is no answer.
#[test]
fn a_page_that_leads_nowhere_is_no_answer() {
    let profile = Profile::Email;
    let members: Listed<'_> = ("Forum", profile.clone(), &["a@example.com"]);
    let plan = Plan::new(1).deep(&profile, members.2);
    let file = plan.changed(&[members], |pages| {
        // Its threshold: half of all questions go on.
        pages.last_mut().unwrap()[0] = u8::MAX;
    });
    let on_card = card(Format::Fat16, &[("LEAKS.LSV", &file)], 512);
    let mut num_nowhere = 0;
    for number in 0..40 {
        let text = format!("s{number}@example.com");
        let depth = plan.depth(&profile, &text);
        let verdict = ask(on_card.clone(), &[&text]).remove(0);
        let is_nowhere = verdict.starts_with("cannot say: sector ")
            && verdict.contains("names a layer that is missing");
        assert!(
            is_nowhere || verdict.starts_with("not exposed"),
            "{verdict}"
        );
        assert!(!is_nowhere || depth == 3, "{verdict}");
        num_nowhere += u32::from(is_nowhere);
    }
    assert!(num_nowhere > 0);
}

#[test]
fn cards_without_a_filter_say_what_to_do() {
    let good = mail_filter(1);
    let on_card = |file: &[u8]| card(Format::Fat16, &[("LEAKS.LSV", file)], 512);
    let mut damaged_header = good.clone();
    damaged_header[100] ^= 1;
    for (image, wanted) in [
        (vec![0; 1 << 20], "no FAT32 volume"),
        (
            card(Format::Fat32, &[("FILTER.TXT", &good)], 512),
            "no LEAKS.LSV",
        ),
        (on_card(b""), "not a leaksieve file"),
        (on_card(&[7; 5000]), "not a leaksieve file"),
        (on_card(&damaged_header), "sector 0 is damaged"),
        (on_card(&good[..good.len() - 1]), "cut short"),
    ] {
        let lines = run(inserted(image), Script::new().line("a@example.com"));
        assert!(
            lines
                .iter()
                .any(|l| l.starts_with("No filter to ask: ") && l.contains(wanted)),
            "{lines:#?}"
        );
        assert!(verdicts(&lines)[0].starts_with("cannot say: "));
        assert!(verdicts(&lines)[0].contains(wanted));
    }
}

/// Unsigned files are all of epoch 0, unless somebody says otherwise.
/// As a browser calls what was downloaded twice. The newer one may be either.
#[test]
fn a_file_of_another_name_is_spoken_of() {
    let files = [
        ("LEAKS.LSV", mail_filter(1)),
        ("leaks (1).lsv", mail_filter(2)),
    ];
    let image = |files: &[(&'static str, Vec<u8>)]| {
        let files: Vec<_> = files
            .iter()
            .map(|(name, bytes)| (*name, &bytes[..]))
            .collect();
        inserted(card(Format::Fat32, &files, 512))
    };
    let script = || Script::new().line("z@example.com").line("?");
    let said = run(image(&files), script()).join("\n");
    assert_eq!(
        said.matches("Another .LSV file is on the card").count(),
        3,
        "{said}"
    );
    let said = run(image(&files[..1]), script()).join("\n");
    assert!(
        !said.contains("Another") && said.contains(" in LEAKS.LSV: "),
        "{said}"
    );
    // The only one has no slot's name.
    let said = run(image(&files[1..]), script()).join("\n");
    assert!(
        !said.contains("Another") && said.contains(" in the only .LSV file: "),
        "{said}"
    );
}

#[test]
fn of_two_files_of_one_epoch_the_later_is_asked() {
    let of = |id, created_unix_s, member: &'static str| {
        let plan = Plan {
            created_unix_s,
            ..Plan::new(id)
        };
        plan.file(&[("Forum", Profile::Email, &[member])])
    };
    let (early, late) = (of(1, 7, "early@example.com"), of(2, 8, "late@example.com"));
    let as_late = of(3, 8, "other@example.com");
    let asked = |first: &[u8], second: &[u8]| {
        let files = [("LEAKS.LSV", first), ("LEAKS2.LSV", second)];
        let script = Script::new()
            .line("early@example.com")
            .line("late@example.com");
        run(inserted(card(Format::Fat16, &files, 512)), script)
    };
    for (first, second, says) in [
        (&early, &late, "LEAKS2.LSV is asked, and not LEAKS.LSV"),
        (&late, &early, "LEAKS.LSV is asked, and not LEAKS2.LSV"),
    ] {
        let lines = asked(first, second);
        let answers = verdicts(&lines);
        assert!(answers[0].starts_with("not exposed: "), "{lines:#?}");
        assert!(answers[1].starts_with("EXPOSED in Forum"), "{lines:#?}");
        // In the greeting, and with each answer.
        let num_said = lines.iter().filter(|line| line.contains(says)).count();
        assert_eq!(num_said, 3, "{lines:#?}");
    }
    for (first, second) in [(&late, &as_late), (&as_late, &late)] {
        let lines = asked(first, second);
        for answer in verdicts(&lines) {
            let start = "cannot say: LEAKS.LSV and LEAKS2.LSV are two filters";
            assert!(answer.starts_with(start), "{lines:#?}");
        }
    }
    // One file, copied twice.
    let lines = asked(&late, &late);
    assert!(verdicts(&lines)[1].starts_with("EXPOSED in Forum"));
    assert!(
        !lines.iter().any(|line| line.contains("LEAKS2.LSV")),
        "{lines:#?}"
    );
}
