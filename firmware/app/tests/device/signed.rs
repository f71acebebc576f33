//! Devices with keys: whose files they ask, of which epoch, from which place.

use std::cell::Cell;
use std::rc::Rc;

use leaksieve_app::PublicKey;
use leaksieve_core::Profile;
use leaksieve_core::trust::MAX_EPOCH_STEP;

use crate::common::{Format, Key, Listed, MemoryCard, Plan, Script, card, key, run_with, verdicts};
use crate::faults::MemoryEpoch;

const FORUM: Listed<'_> = ("Forum", Profile::Email, &["a@example.com"]);

fn keys() -> &'static [PublicKey] {
    Box::leak(Box::new([key(6), key(7)]))
}

/// A file of an epoch, signed with the key of a seed.
fn file(epoch: u32, seed: u8) -> Vec<u8> {
    let plan = Plan {
        epoch,
        ..Plan::new(epoch as u8)
    };
    plan.signed(seed, &[FORUM])
}

fn card_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    card(Format::Fat16, files, 1 << 20)
}

fn inserted(image: Vec<u8>) -> MemoryCard {
    let card = MemoryCard::default();
    *card.slot.borrow_mut() = Some(image);
    card
}

/// What a device says that has seen an epoch, from its start to the answer to a member.
fn device(epochs: &MemoryEpoch, files: &[(&str, &[u8])]) -> Vec<String> {
    let script = Script::new().line("a@example.com").line("?");
    run_with(inserted(card_of(files)), keys(), epochs.clone(), script)
}

fn has(lines: &[String], text: &str) -> bool {
    lines.iter().any(|line| line.contains(text))
}

#[test]
fn what_is_accepted_is_said() {
    let epochs = MemoryEpoch::default();
    let lines = device(&epochs, &[("LEAKS.LSV", &file(5, 7))]);
    assert!(verdicts(&lines)[0].starts_with("EXPOSED"), "{lines:#?}");
    for wanted in [
        "Accepts only filters signed by 8a875fff1eb38451 or ea4a6c63e29c520a.",
        "  signed by ea4a6c63e29c520a",
        "Trusted keys: 2; lowest epoch accepted: 5",
        "epoch 5",
    ] {
        assert!(has(&lines, wanted), "{wanted:?} in {lines:#?}");
    }
    assert_eq!(epochs.epoch.get(), 5);
}

#[test]
fn what_is_refused_raises_no_epoch() {
    let unsigned = Plan::new(1).file(&[FORUM]);
    let mut damaged = file(9, 7);
    let at = damaged.len() - 700;
    damaged[at] ^= 1;
    for (file, complaint) in [
        (unsigned, "LEAKS.LSV: not signed"),
        (file(5, 8), "LEAKS.LSV: signed by "),
        (file(2, 7), "at least 3 is accepted"),
        (file(4 + MAX_EPOCH_STEP, 7), "too far ahead"),
        (file(u32::MAX, 7), "too far ahead"),
        (damaged, "is damaged"),
    ] {
        let epochs = MemoryEpoch::default();
        epochs.epoch.set(3);
        let lines = device(&epochs, &[("LEAKS.LSV", &file)]);
        assert!(
            has(&lines, "No filter to ask: ") && has(&lines, complaint),
            "{complaint:?} in {lines:#?}"
        );
        assert!(
            verdicts(&lines)[0].starts_with("cannot say: "),
            "{lines:#?}"
        );
        assert_eq!(epochs.epoch.get(), 3, "{complaint}");
    }
}

#[test]
fn unsigned_files_raise_no_epoch_on_a_device_without_keys() {
    let epochs = MemoryEpoch::default();
    let card = inserted(card_of(&[("LEAKS.LSV", &file(9, 7))]));
    let script = Script::new().line("a@example.com");
    let lines = run_with(card, &[], epochs.clone(), script);
    assert!(verdicts(&lines)[0].starts_with("EXPOSED"), "{lines:#?}");
    assert!(has(&lines, "This device has no key"));
    assert_eq!(epochs.epoch.get(), 0);
}

#[test]
fn the_newest_of_two_is_asked() {
    let mut damaged = file(9, 7);
    damaged[100] ^= 1;
    let unsigned = Plan::new(10).file(&[FORUM]);
    let foreign = file(11, 8);
    let (three, four) = (file(3, 7), file(4, 7));
    for (first, second, epoch, slot) in [
        (Some(&three), None, 3, "LEAKS.LSV"),
        (None, Some(&three), 3, "LEAKS2.LSV"),
        (Some(&three), Some(&four), 4, "LEAKS2.LSV"),
        (Some(&four), Some(&three), 4, "LEAKS.LSV"),
        (Some(&four), Some(&four), 4, "LEAKS.LSV"),
        (Some(&three), Some(&damaged), 3, "LEAKS.LSV"),
        (Some(&damaged), Some(&three), 3, "LEAKS2.LSV"),
        (Some(&unsigned), Some(&three), 3, "LEAKS2.LSV"),
        (Some(&three), Some(&foreign), 3, "LEAKS.LSV"),
    ] {
        let epochs = MemoryEpoch::default();
        let files: Vec<(&str, &[u8])> = [("LEAKS.LSV", first), ("LEAKS2.LSV", second)]
            .into_iter()
            .filter_map(|(name, file)| Some((name, file?.as_slice())))
            .collect();
        let lines = device(&epochs, &files);
        assert!(verdicts(&lines)[0].starts_with("EXPOSED"), "{lines:#?}");
        assert!(has(&lines, &format!(" in {slot}: ")), "{lines:#?}");
        assert_eq!(epochs.epoch.get(), epoch);
        let all_good = [first, second]
            .into_iter()
            .flatten()
            .all(|file| [&three, &four].contains(&file));
        assert_ne!(has(&lines, "is asked, because"), all_good, "{lines:#?}");
    }
}

/// A file in the other place that is not whole may have been the newer one, and that is said
/// with each answer; one that was judged, or was never finished, at the start only.
#[test]
fn a_file_that_may_be_newer_is_named_with_each_answer() {
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut file = file(4, 7);
        change(&mut file);
        file
    };
    for (other, is_judged) in [
        (changed(&|file| file[0] ^= 1), false),
        (changed(&|file| file[100] ^= 1), false),
        (changed(&|file| file.truncate(file.len() - 512)), false),
        (changed(&|file| file.truncate(100)), false),
        (changed(&|file| file[..512].fill(0)), true),
        (file(11, 8), true),
        (Plan::new(10).file(&[FORUM]), true),
    ] {
        let card = inserted(card_of(&[
            ("LEAKS.LSV", &file(3, 7)),
            ("LEAKS2.LSV", &other),
        ]));
        let script = Script::new().line("a@example.com").line("b@example.com");
        let lines = run_with(card, keys(), MemoryEpoch::default(), script);
        assert_eq!(verdicts(&lines).len(), 2);
        let num_said = lines
            .iter()
            .filter(|line| line.contains("LEAKS.LSV is asked, because LEAKS2.LSV"))
            .count();
        assert_eq!(num_said, if is_judged { 1 } else { 3 }, "{lines:#?}");
    }
}

#[test]
fn the_error_is_of_the_file_that_is_there() {
    let unsigned = Plan::new(1).file(&[FORUM]);
    for (name, complaint) in [
        ("LEAKS.LSV", "No filter to ask: LEAKS.LSV: not signed"),
        ("LEAKS2.LSV", "No filter to ask: LEAKS2.LSV: not signed"),
        ("OTHER.TXT", "No filter to ask: the card has no LEAKS.LSV"),
    ] {
        let lines = device(&MemoryEpoch::default(), &[(name, &unsigned)]);
        assert!(has(&lines, complaint), "{complaint:?} in {lines:#?}");
    }
}

#[test]
fn an_epoch_that_cannot_be_read_refuses_every_file() {
    let epochs = MemoryEpoch {
        cannot_read: true,
        ..MemoryEpoch::default()
    };
    let lines = device(&epochs, &[("LEAKS.LSV", &file(5, 7))]);
    let complaint = "the device cannot read which epoch it has seen";
    assert!(has(&lines, &format!("No filter to ask: {complaint}")));
    assert!(verdicts(&lines)[0].starts_with(&format!("cannot say: {complaint}")));
}

#[test]
fn an_epoch_that_cannot_be_kept_holds_until_the_power_goes_off() {
    let epochs = MemoryEpoch {
        cannot_write: true,
        ..MemoryEpoch::default()
    };
    let device = inserted(card_of(&[("LEAKS.LSV", &file(5, 7))]));
    let slot = device.slot.clone();
    let script = Script::new()
        .line("a@example.com")
        .key(Key::Do(Box::new(move || {
            *slot.borrow_mut() = Some(card_of(&[("LEAKS.LSV", &file(4, 7))]));
        })))
        .line("a@example.com");
    let lines = run_with(device, keys(), epochs, script);
    assert!(
        has(&lines, "could not store the filter's epoch"),
        "{lines:#?}"
    );
    let verdicts = verdicts(&lines);
    assert!(verdicts[0].starts_with("EXPOSED"), "{lines:#?}");
    assert!(
        verdicts[1].contains("epoch 4 is too old: at least 5 is accepted"),
        "{lines:#?}"
    );
}

/// A mount opens a file more at most than there are places, if all are whole, and a question
/// reads the page and its tags.
#[test]
fn reads_are_bounded() {
    let reads_of = |files: &[(&str, &[u8])], script: Script| {
        let card = inserted(card_of(files));
        let num_reads: Rc<Cell<u32>> = card.num_reads.clone();
        run_with(card, keys(), MemoryEpoch::default(), script);
        num_reads.get()
    };
    let large = |id, epoch| Plan {
        epoch,
        num_pages: 100,
        ..Plan::new(id)
    };
    let old = large(1, 3).signed(7, &[FORUM]);
    let new = large(2, 4).signed(7, &[FORUM]);
    let one: [(&str, &[u8]); 1] = [("LEAKS.LSV", &old)];
    let two: [(&str, &[u8]); 2] = [("LEAKS.LSV", &old), ("LEAKS2.LSV", &new)];
    // Partition table, boot block, folder, table; header, signature, one tag sector.
    let opening = 4 + 3;
    // Of a file that is not there, looked for twice: no table, and nothing of it.
    assert_eq!(reads_of(&one, Script::new()), opening + 2 * 3);
    assert_eq!(reads_of(&two, Script::new()), 3 * opening);
    let asked = Script::new().line("a@example.com");
    assert_eq!(reads_of(&two, asked), 3 * opening + 2);
    // Of a ribbon it reads up to three pages, and the tags of each.
    let [text] = FORUM.2 else { unreachable!() };
    let deep = large(2, 4).deep(&FORUM.1, &[text]).signed(7, &[FORUM]);
    let two: [(&str, &[u8]); 2] = [("LEAKS.LSV", &old), ("LEAKS2.LSV", &deep)];
    let asked = Script::new().line(text);
    assert_eq!(reads_of(&two, asked), 3 * opening + 3 * 2);
}
