//! New filters over the link: all that can go wrong on the way leaves a device that answers by
//! the old filter or by the new one, and by nothing else.

use std::cell::RefCell;

use embedded_hal_async::delay::DelayNs;
use leaksieve_app::epoch::TwoRecords;
use leaksieve_app::{
    EpochStore, FlashRecords, FlashSlots, Guard, PublicKey, Session, SharedFlash, Storage,
    Workspace,
};
use leaksieve_core::Profile;
use leaksieve_link::frame::{decode, encode};
use leaksieve_link::{
    Answer, MAX_FRAME_BYTES, PIECE_BYTES, Receiver, Request, Response, Said, Taken,
};

use crate::common::{Format, Listed, MemoryCard, Plan, Script, card};
use crate::flash::{Flash, RECORDS, SLOT_BYTES, SLOTS};

const OLD: Listed<'_> = (
    "Old",
    Profile::Email,
    &["old@example.com", "both@example.com"],
);
const NEW: Listed<'_> = (
    "New",
    Profile::Email,
    &["new@example.com", "both@example.com"],
);

fn old() -> Vec<u8> {
    Plan::new(1).file(&[OLD])
}

fn new() -> Vec<u8> {
    Plan::new(2).file(&[NEW])
}

fn id_of(file: &[u8]) -> [u8; 16] {
    file[16..32].try_into().unwrap()
}

fn frame(sequence: u16, request: &Request<'_>) -> Vec<u8> {
    encode(sequence, request, &mut [0; MAX_FRAME_BYTES])
        .unwrap()
        .to_vec()
}

/// The messages of an update, as frames; numbered from 1 on.
fn update_of(file: &[u8]) -> Vec<Vec<u8>> {
    let begin = Request::Begin {
        num_sectors: (file.len() / 512) as u32,
    };
    let pieces = (0..).step_by(PIECE_BYTES).zip(file.chunks(PIECE_BYTES));
    let writes = pieces.map(|(offset, bytes)| Request::Write { offset, bytes });
    let finish = Request::Finish {
        file_id: id_of(file),
    };
    [begin]
        .into_iter()
        .chain(writes)
        .chain([finish])
        .zip(1..)
        .map(|(request, sequence)| frame(sequence, &request))
        .collect()
}

/// An answer that outlives its frame.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Heard {
    Info {
        mounted: Option<[u8; 16]>,
        slot_bytes: u32,
        trouble: String,
    },
    Bytes(Vec<u8>),
    Verdict([u8; 16], Vec<Answer>),
    Done,
    Refused(String),
    Garbled,
}

fn heard(screen: &[u8]) -> Vec<(u16, Heard)> {
    let mut receiver = Receiver::new();
    let mut heard = Vec::new();
    for byte in screen {
        if receiver.take(*byte) == Taken::Frame {
            let (sequence, response) = decode(receiver.frame()).unwrap();
            let said = match response {
                Response::Info(info) => Heard::Info {
                    mounted: info.filter.map(|filter| filter.file_id),
                    slot_bytes: info.slot_bytes,
                    trouble: info.trouble.to_owned(),
                },
                Response::Bytes(bytes) => Heard::Bytes(bytes.to_vec()),
                Response::Verdict(verdict) => {
                    Heard::Verdict(verdict.file_id, verdict.answers.to_vec())
                }
                Response::Done => Heard::Done,
                Response::Refused(text) => Heard::Refused(text.to_owned()),
                Response::Garbled => Heard::Garbled,
            };
            heard.push((sequence, said));
        }
    }
    heard
}

/// Sends frames to a device, switched on for them, and gives what it answers.
fn talk_to(
    storage: impl Storage,
    keys: &'static [PublicKey],
    epochs: impl EpochStore,
    frames: &[Vec<u8>],
) -> Vec<(u16, Heard)> {
    let mut script = Script::new().bytes(&frames.concat());
    let mut work = Workspace::new();
    let mut session = Session::new("test", storage, Guard::new(keys, epochs), (), &mut work);
    session.run(&mut script).unwrap();
    heard(&script.screen)
}

fn talk(flash: &Flash, keys: &'static [PublicKey], frames: &[Vec<u8>]) -> Vec<(u16, Heard)> {
    let shared = RefCell::new(flash.clone());
    let slots = FlashSlots::new(SharedFlash(&shared), SLOTS, SLOT_BYTES);
    let records = TwoRecords(FlashRecords::new(SharedFlash(&shared), RECORDS));
    talk_to(slots, keys, records, frames)
}

fn said(heard: &[(u16, Heard)]) -> Vec<Heard> {
    heard.iter().map(|(_, said)| said.clone()).collect()
}

/// Asks about all members, and a stranger; gives the file that answered.
fn who_answers(flash: &Flash, keys: &'static [PublicKey], old: &[u8], new: &[u8]) -> [u8; 16] {
    let questions = [
        "old@example.com",
        "new@example.com",
        "both@example.com",
        "no@example.com",
    ];
    let frames: Vec<_> = questions
        .iter()
        .zip(1..)
        .map(|(text, sequence)| frame(sequence, &Request::Check(text.as_bytes())))
        .collect();
    let heard = talk(flash, keys, &frames);
    let mut by = None;
    assert_eq!(heard.len(), questions.len());
    for ((_, said), question) in heard.iter().zip(questions) {
        let Heard::Verdict(id, answers) = said else {
            panic!("{question}: {said:?}");
        };
        let members: &[&str] = match id {
            id if *id == id_of(old) => OLD.2,
            id if *id == id_of(new) => NEW.2,
            _ => panic!("of no file: {said:?}"),
        };
        let expected = match members.contains(&question) {
            true => Said::Exposed,
            false => Said::NotExposed,
        };
        assert_eq!(
            answers[..],
            [Answer {
                dataset: 0,
                said: expected,
                num_readings: 1,
            }],
            "{question}"
        );
        assert!(by.is_none_or(|by| by == *id), "one device, two files");
        by = Some(*id);
    }
    by.unwrap()
}

#[test]
fn new_filter_is_asked_and_the_next_one_goes_into_the_other_slot() {
    let (old, new) = (old(), new());
    let flash = Flash::with([&old, &[]]);
    let info = frame(9, &Request::Info);
    let heard = talk(
        &flash,
        &[],
        &[vec![info.clone()], update_of(&new), vec![info]].concat(),
    );
    let mounted = |id: &[u8]| Heard::Info {
        mounted: Some(id_of(id)),
        slot_bytes: SLOT_BYTES,
        trouble: String::new(),
    };
    let mut expected = vec![mounted(&old)];
    expected.extend(vec![Heard::Done; new.len() / PIECE_BYTES + 2]);
    expected.push(mounted(&new));
    assert_eq!(said(&heard), expected);
    let sequences = heard[1..heard.len() - 1]
        .iter()
        .map(|(sequence, _)| *sequence);
    assert!(sequences.zip(1..).all(|(found, sent)| found == sent));
    assert_eq!(who_answers(&flash, &[], &old, &new), id_of(&new));
    assert_eq!(flash.slot(1)[..new.len()], new);
    assert_eq!(flash.slot(0)[..512], [0xFF; 512]);

    let again = talk(&flash, &[], &update_of(&old));
    assert!(
        again.iter().all(|(_, said)| *said == Heard::Done),
        "{again:?}"
    );
    assert_eq!(who_answers(&flash, &[], &old, &new), id_of(&old));
    assert_eq!(flash.slot(0)[..old.len()], old);
}

#[test]
fn first_filter_of_an_empty_device() {
    let new = new();
    let flash = Flash::with([&[], &[]]);
    let heard = talk(
        &flash,
        &[],
        &[
            frame(1, &Request::Info),
            frame(2, &Request::Check(b"new@example.com")),
        ],
    );
    let Heard::Info {
        mounted: None,
        trouble,
        ..
    } = &heard[0].1
    else {
        panic!("{heard:?}")
    };
    assert!(trouble.contains("no filter is in the flash"), "{trouble}");
    assert!(
        matches!(&heard[1].1, Heard::Refused(text) if text.contains("no filter is in the flash"))
    );
    assert!(
        talk(&flash, &[], &update_of(&new))
            .iter()
            .all(|(_, said)| *said == Heard::Done)
    );
    assert_eq!(who_answers(&flash, &[], &old(), &new), id_of(&new));
}

/// The power fails at each word that is written, and in the middle of each erasure.
#[test]
fn power_cuts() {
    let (old, new) = (old(), new());
    for slot in [0, 1] {
        let flash = match slot {
            0 => Flash::with([&old, &new]),
            _ => Flash::with([&[], &old]),
        };
        // With the new file there already, its first block goes first.
        let whole = flash.restarted();
        talk(&whole, &[], &update_of(&new));
        let num_steps = whole.num_steps.get();
        assert!(num_steps > new.len() / 4);
        let mut by_new = 0;
        for steps in 0..=num_steps {
            let cut = flash.restarted();
            cut.steps_left.set(Some(steps));
            talk(&cut, &[], &update_of(&new));
            let restarted = cut.restarted();
            let answered_by = who_answers(&restarted, &[], &old, &new);
            by_new += usize::from(answered_by == id_of(&new));
            // And what was interrupted can be done again.
            let again = talk(&restarted, &[], &update_of(&new));
            assert!(
                again.iter().all(|(_, said)| *said == Heard::Done),
                "{slot} {steps}: {again:?}"
            );
            assert_eq!(
                who_answers(&restarted, &[], &old, &new),
                id_of(&new),
                "{steps}"
            );
        }
        assert!((1..num_steps / 2).contains(&by_new), "{by_new}");
    }
}

/// Each message is lost, comes damaged, comes twice, or is the last.
#[test]
fn messages_that_do_not_arrive() {
    let (old, new) = (old(), new());
    let messages = update_of(&new);
    for index in 0..messages.len() {
        let (before, rest) = messages.split_at(index);
        let [message, after @ ..] = rest else {
            unreachable!()
        };
        // Interrupted.
        let flash = Flash::with([&old, &[]]);
        talk(&flash, &[], before);
        assert_eq!(
            who_answers(&flash, &[], &old, &new),
            id_of(&old),
            "before {index}"
        );
        // In the middle of the message, and begun again by another host.
        let flash = Flash::with([&old, &[]]);
        let half = message[..message.len() / 2].to_vec();
        let all = [before, &[half], &messages].concat();
        let heard = talk(&flash, &[], &all);
        assert_eq!(
            heard
                .iter()
                .filter(|(_, said)| *said == Heard::Done)
                .count(),
            index + messages.len()
        );
        assert_eq!(who_answers(&flash, &[], &old, &new), id_of(&new));
        // Lost: what follows is refused.
        let flash = Flash::with([&old, &[]]);
        let heard = talk(&flash, &[], &[before, after].concat());
        let refused = heard[index..]
            .iter()
            .all(|(_, said)| matches!(said, Heard::Refused(_)));
        assert!(refused, "{index}: {heard:?}");
        assert_eq!(
            who_answers(&flash, &[], &old, &new),
            id_of(&old),
            "without {index}"
        );
        // Twice.
        let flash = Flash::with([&old, &[]]);
        let heard = talk(
            &flash,
            &[],
            &[before, std::slice::from_ref(message), rest].concat(),
        );
        assert!(
            heard.iter().all(|(_, said)| *said == Heard::Done),
            "{index}: {heard:?}"
        );
        assert_eq!(
            who_answers(&flash, &[], &old, &new),
            id_of(&new),
            "twice {index}"
        );
        // Damaged, at each of its bytes; then sent again.
        for at in 1..message.len() - 1 {
            let flash = Flash::with([&old, &[]]);
            let mut damaged = message.clone();
            damaged[at] ^= 1 << (at % 8);
            let heard = talk(&flash, &[], &[before, &[damaged], rest].concat());
            let done = heard
                .iter()
                .filter(|(_, said)| *said == Heard::Done)
                .count();
            assert_eq!(done, messages.len(), "{index} {at}: {heard:?}");
            let others = heard
                .iter()
                .all(|(_, said)| matches!(said, Heard::Done | Heard::Garbled));
            assert!(others, "{index} {at}: {heard:?}");
        }
    }
}

#[test]
fn what_is_not_accepted_leaves_the_old_filter() {
    let (old, new) = (old(), new());
    let mut damaged_page = new.clone();
    let last = damaged_page.len() - 100;
    damaged_page[last] ^= 0x10;
    let mut damaged_header = new.clone();
    damaged_header[40] ^= 0x10;
    let cut = new[..new.len() - 512].to_vec();
    let longer = [&new[..], &[0xFF; 512]].concat();
    let text = [b'x'; 1024].to_vec();
    for (file, complaint) in [
        (damaged_page, "did not arrive whole"),
        (damaged_header, "did not arrive whole"),
        (cut, "cut short"),
        (longer, "another file"),
        (text, "not a leaksieve file"),
    ] {
        let flash = Flash::with([&old, &[]]);
        let heard = talk(&flash, &[], &update_of(&file));
        let Some((_, Heard::Refused(text))) = heard.last() else {
            panic!("{heard:?}")
        };
        assert!(text.contains(complaint), "{complaint}: {text}");
        assert_eq!(who_answers(&flash, &[], &old, &new), id_of(&old));
    }
    // Too large; a piece of another length; out of order.
    let flash = Flash::with([&old, &[]]);
    let heard = talk(
        &flash,
        &[],
        &[
            frame(
                1,
                &Request::Begin {
                    num_sectors: SLOT_BYTES / 512 + 1,
                },
            ),
            frame(
                2,
                &Request::Begin {
                    num_sectors: u32::MAX,
                },
            ),
            frame(
                3,
                &Request::Write {
                    offset: 0,
                    bytes: &new[..PIECE_BYTES],
                },
            ),
            frame(
                4,
                &Request::Finish {
                    file_id: id_of(&new),
                },
            ),
            frame(5, &Request::Begin { num_sectors: 4 }),
            frame(
                6,
                &Request::Write {
                    offset: 0,
                    bytes: &new[..16],
                },
            ),
            frame(
                7,
                &Request::Write {
                    offset: 256,
                    bytes: &new[256..512],
                },
            ),
            frame(
                8,
                &Request::Finish {
                    file_id: id_of(&new),
                },
            ),
        ],
    );
    let refused: Vec<u16> = heard
        .iter()
        .filter(|(_, said)| matches!(said, Heard::Refused(_)))
        .map(|(sequence, _)| *sequence)
        .collect();
    assert_eq!(refused, [1, 2, 3, 4, 6, 7, 8], "{heard:?}");
    assert_eq!(who_answers(&flash, &[], &old, &new), id_of(&old));
}

/// What a flash has lost since it was written is no answer, and can be replaced.
#[test]
fn damaged_filter_is_replaced() {
    let (old, new) = (old(), new());
    for at in [20, 600, 1100] {
        let flash = Flash::with([&old, &[]]);
        flash.flip(0, at);
        let heard = talk(&flash, &[], &[frame(1, &Request::Check(b"no@example.com"))]);
        let answers = |said: &Heard| matches!(said, Heard::Verdict(_, answers) if answers.iter().all(|answer| answer.said != Said::Unreadable));
        if at < 512 {
            assert!(matches!(heard[0].1, Heard::Refused(_)), "{heard:?}");
        } else if answers(&heard[0].1) {
            // Another page was asked.
            assert_eq!(heard.len(), 1);
        }
        assert!(
            talk(&flash, &[], &update_of(&new))
                .iter()
                .all(|(_, said)| *said == Heard::Done)
        );
        assert_eq!(who_answers(&flash, &[], &old, &new), id_of(&new));
    }
}

#[test]
fn the_file_is_read_back_through_the_link() {
    let old = old();
    let flash = Flash::with([&old, &[]]);
    let frames: Vec<_> = (0..old.len() as u32)
        .step_by(PIECE_BYTES)
        .map(|offset| frame(1, &Request::Read { offset }))
        .collect();
    let bytes: Vec<u8> = talk(&flash, &[], &frames)
        .into_iter()
        .flat_map(|(_, said)| match said {
            Heard::Bytes(bytes) => bytes,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(bytes, old);
    // Behind the file, behind the slot, and from the middle of a piece.
    for offset in [old.len() as u32, SLOT_BYTES, u32::MAX] {
        let heard = talk(&flash, &[], &[frame(1, &Request::Read { offset })]);
        assert!(
            matches!(heard[0].1, Heard::Refused(_)),
            "{offset}: {heard:?}"
        );
    }
}

#[test]
fn card_is_written_by_the_host_only() {
    let medium = MemoryCard::default();
    *medium.slot.borrow_mut() = Some(card(Format::Fat16, &[("LEAKS.LSV", &old())], 1 << 20));
    let storage = leaksieve_app::CardFile::new(medium);
    let frames = [
        frame(1, &Request::Info),
        frame(2, &Request::Begin { num_sectors: 4 }),
        frame(3, &Request::Check(b"old@example.com")),
    ];
    let heard = talk_to(storage, &[], (), &frames);
    assert!(
        matches!(
            &heard[0].1,
            Heard::Info {
                slot_bytes: 0,
                mounted: Some(_),
                ..
            }
        ),
        "{heard:?}"
    );
    assert!(
        matches!(&heard[1].1, Heard::Refused(text) if text.contains("leaksieve install")),
        "{heard:?}"
    );
    assert!(matches!(&heard[2].1, Heard::Verdict(_, answers) if answers[0].said == Said::Exposed));
}

/// A person types while a host talks: neither disturbs the other.
#[test]
fn console_and_link_on_one_line() {
    let flash = Flash::with([&old(), &[]]);
    let question = frame(1, &Request::Check(b"new@example.com"));
    let mut script = Script::new()
        .bytes(b"old@exa")
        .bytes(&question)
        .bytes(b"mple.com\r")
        .bytes(&question)
        .bytes(b"no@example.com\r");
    let mut work = Workspace::new();
    let slots = FlashSlots::new(flash, SLOTS, SLOT_BYTES);
    Session::new("test", slots, Guard::new(&[], ()), (), &mut work)
        .run(&mut script)
        .unwrap();
    let frames = heard(&script.screen);
    assert_eq!(frames.len(), 2);
    for (_, said) in frames {
        assert!(
            matches!(&said, Heard::Verdict(_, answers) if answers[0].said == Said::NotExposed),
            "{said:?}"
        );
    }
    let screen = String::from_utf8_lossy(&script.screen);
    assert_eq!(screen.matches("\nEXPOSED in Old").count(), 1, "{screen}");
    assert_eq!(screen.matches("\nnot exposed").count(), 1, "{screen}");
}

/// The same, where keys are awaited: every second poll finds none.
#[test]
fn awaited_keys() {
    struct Slow<'a> {
        keys: &'a [u8],
        num_late: u32,
    }
    /// It strikes at once before a person types, and never then.
    struct Clock;
    impl DelayNs for Clock {
        async fn delay_ns(&mut self, ns: u32) {
            if ns >= 500_000_000 {
                std::future::pending::<()>().await;
            }
        }
    }
    impl embedded_io::ErrorType for Slow<'_> {
        type Error = leaksieve_app::Garbled;
    }
    impl embedded_io_async::Read for Slow<'_> {
        async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, leaksieve_app::Garbled> {
            std::future::poll_fn(|context| {
                if let Some(num_late) = self.num_late.checked_sub(1) {
                    self.num_late = num_late;
                    context.waker().wake_by_ref();
                    return std::task::Poll::Pending;
                }
                let Some((first, rest)) = self.keys.split_first() else {
                    return std::task::Poll::Ready(Ok(0));
                };
                self.keys = rest;
                self.num_late = 1;
                buffer[0] = *first;
                std::task::Poll::Ready(Ok(1))
            })
            .await
        }
    }
    let keys = [
        b"old@example.com\r?\r".as_slice(),
        &frame(1, &Request::Info),
        b"x\r",
    ]
    .concat();
    let device = |work| {
        Session::new(
            "test",
            FlashSlots::new(Flash::with([&old(), &[]]), SLOTS, SLOT_BYTES),
            Guard::new(&[], ()),
            (),
            work,
        )
    };
    let mut script = Script::new().bytes(&keys);
    let mut work = Workspace::new();
    device(&mut work).run(&mut script).unwrap();

    let (mut work, mut clock, mut screen) = (Workspace::new(), Clock, Script::new());
    let mut num_polls = 0;
    {
        let mut session = device(&mut work);
        let mut input = Slow {
            keys: &keys,
            // Two silences, and then as at each key.
            num_late: 3,
        };
        let mut run = std::pin::pin!(session.run_async(&mut input, &mut clock, &mut screen));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        while run.as_mut().poll(&mut context).is_pending() {
            num_polls += 1;
        }
    }
    // Once for each key and the end.
    assert_eq!(num_polls, keys.len() + 1);
    assert_eq!(screen.screen, script.screen);
}

#[cfg(feature = "signatures")]
mod signed {
    use super::*;
    use crate::common::key;
    use crate::flash::Records;

    const KEY: u8 = 7;

    fn keys() -> &'static [PublicKey] {
        Box::leak(Box::new([key(KEY)]))
    }

    fn signed(id: u8, epoch: u32, seed: u8, listed: Listed<'_>) -> Vec<u8> {
        Plan {
            epoch,
            ..Plan::new(id)
        }
        .signed(seed, &[listed])
    }

    fn lowest(flash: &Flash) -> u32 {
        let shared = RefCell::new(flash.clone());
        let mut records: Records<'_> = TwoRecords(FlashRecords::new(SharedFlash(&shared), RECORDS));
        records.lowest().unwrap()
    }

    #[test]
    fn only_what_is_signed_and_not_older_is_taken() {
        let keys = keys();
        let (old, new) = (signed(1, 5, KEY, OLD), signed(2, 6, KEY, NEW));
        for (file, complaint) in [
            (signed(2, 6, 8, NEW), "not a trusted key"),
            (Plan::new(2).file(&[NEW]), "not signed"),
            (signed(2, 4, KEY, NEW), "at least 5 is accepted"),
        ] {
            let flash = Flash::with([&old, &[]]);
            let heard = talk(&flash, keys, &update_of(&file));
            let Some((_, Heard::Refused(text))) = heard.last() else {
                panic!("{heard:?}")
            };
            assert!(text.contains(complaint), "{complaint}: {text}");
            assert_eq!(who_answers(&flash, keys, &old, &new), id_of(&old));
            assert_eq!(lowest(&flash), 5);
        }
    }

    /// Every checksum is right, and one page is not what was signed.
    #[test]
    fn page_that_was_forged_is_found_before_the_old_filter_goes() {
        use leaksieve_core::SectorIndex;
        use leaksieve_core::sector::{FileId, PAYLOAD_BYTES, seal};
        let keys = keys();
        let (old, new) = (signed(1, 5, KEY, OLD), signed(2, 6, KEY, NEW));
        let num_pages = 3;
        let first = new.len() / 512 - num_pages - 2;
        for page in first..first + num_pages {
            let mut forged = new.clone();
            let mut payload: [u8; PAYLOAD_BYTES] =
                forged[page * 512..][..PAYLOAD_BYTES].try_into().unwrap();
            payload[100] ^= 1;
            let sector = seal(FileId(id_of(&new)), SectorIndex(page as u32), &payload);
            forged[page * 512..][..512].copy_from_slice(&sector);
            let flash = Flash::with([&old, &[]]);
            let heard = talk(&flash, keys, &update_of(&forged));
            let Some((_, Heard::Refused(text))) = heard.last() else {
                panic!("{heard:?}")
            };
            assert!(text.contains("forged"), "{page}: {text}");
            assert_eq!(who_answers(&flash, keys, &old, &new), id_of(&old));
            assert_eq!(lowest(&flash), 5);
        }
    }

    /// The records lie in the same flash, and are written while the new filter is mounted.
    #[test]
    fn power_cuts_keep_the_epoch() {
        let keys = keys();
        let (old, new) = (signed(1, 5, KEY, OLD), signed(2, 6, KEY, NEW));
        let flash = Flash::with([&old, &[]]);
        // Asked once, so that its epoch is kept.
        who_answers(&flash, keys, &old, &new);
        let whole = flash.restarted();
        talk(&whole, keys, &update_of(&new));
        let num_steps = whole.num_steps.get();
        // Each word of the last 100 steps and every eighth before them: signatures take time.
        let steps = (0..=num_steps).filter(|step| step % 8 == 0 || step + 100 > num_steps);
        for steps in steps {
            let cut = flash.restarted();
            cut.steps_left.set(Some(steps));
            talk(&cut, keys, &update_of(&new));
            let restarted = cut.restarted();
            let by = who_answers(&restarted, keys, &old, &new);
            let epoch = if by == id_of(&new) { 6 } else { 5 };
            assert_eq!(lowest(&restarted), epoch, "{steps}");
        }
    }
}
