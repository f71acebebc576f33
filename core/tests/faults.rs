//! A source that fails, or lies, at each read of an opening and a question: the answer is
//! right, or there is none.

#![cfg(feature = "signatures")]

mod common;

use common::{Plan, emails, exact, file, file_with_id, key, one_member_a_page, signed};
use leaksieve_core::sector::FileId;
use leaksieve_core::{
    Catalogue, Identifier, PublicKey, ReadError, Sector, SectorIndex, SectorSource, Trust, Verdict,
    check, open,
};

/// What goes wrong at one read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// It fails, and the next one does not.
    FailsOnce,
    /// It fails, and so do all that follow.
    FailsFromThenOn,
    /// So many bytes are read, and the rest of the buffer is as it was.
    Short(usize),
    /// The sector before it is read in its place.
    OtherSector,
    /// A bit is another than on the medium.
    OtherBit,
    /// From this read on another card is there.
    Swap,
}

const FAULTS: [Fault; 9] = [
    Fault::FailsOnce,
    Fault::FailsFromThenOn,
    Fault::Short(0),
    Fault::Short(1),
    Fault::Short(256),
    Fault::Short(511),
    Fault::OtherSector,
    Fault::OtherBit,
    Fault::Swap,
];

#[derive(Debug, PartialEq, Eq)]
struct Failed;

struct Faulty<'a> {
    card: &'a [u8],
    other_card: &'a [u8],
    fault: Option<(usize, Fault)>,
    num_reads: usize,
}

impl SectorSource for Faulty<'_> {
    type Error = Failed;

    fn num_sectors(&mut self) -> Result<u32, Failed> {
        Ok(self.card.len() as u32 / 512)
    }

    fn read_sector(&mut self, index: SectorIndex, buffer: &mut Sector) -> Result<(), Failed> {
        let number = self.num_reads;
        self.num_reads += 1;
        let at = |card: &[u8], index: u32| -> Result<Sector, Failed> {
            let rest = card.get(index as usize * 512..).ok_or(Failed)?;
            rest.first_chunk().copied().ok_or(Failed)
        };
        let fault = match self.fault {
            Some((first, fault)) if number == first => Some(fault),
            Some((first, fault @ (Fault::FailsFromThenOn | Fault::Swap))) if number > first => {
                Some(fault)
            }
            _ => None,
        };
        let sector = at(self.card, index.0)?;
        match fault {
            None => *buffer = sector,
            Some(Fault::FailsOnce | Fault::FailsFromThenOn) => return Err(Failed),
            Some(Fault::Short(length)) => buffer[..length].copy_from_slice(&sector[..length]),
            Some(Fault::OtherSector) => *buffer = at(self.card, index.0.wrapping_sub(1))?,
            Some(Fault::OtherBit) => {
                *buffer = sector;
                buffer[number * 37 % 512] ^= 1 << (number % 8);
            }
            Some(Fault::Swap) => *buffer = at(self.other_card, index.0)?,
        }
        Ok(())
    }
}

/// Open and ask, again when that fails, as a device does.
fn answer(
    source: &mut Faulty<'_>,
    text: &str,
    trust: &Trust<'_>,
) -> Vec<Result<Verdict, ReadError<Failed>>> {
    let mut buffer = [0xA5; 512];
    let mut answers = Vec::new();
    let asked = Identifier::new(text.as_bytes());
    let mut catalogue: Option<Catalogue> = None;
    for _ in 0..3 {
        let answer = match &catalogue {
            Some(opened) => check(opened, asked, source, &mut buffer),
            None => open(source, &mut buffer, trust).and_then(|opened| {
                let answer = check(&opened, asked, source, &mut buffer);
                catalogue = Some(opened);
                answer
            }),
        };
        answers.push(answer);
    }
    answers
}

struct Case {
    name: &'static str,
    card: Vec<u8>,
    other_card: Vec<u8>,
    keys: Vec<PublicKey>,
    /// Somebody of the first card.
    member: String,
    /// Somebody of the other card.
    other_member: String,
}

/// The other card has another list in a file of the same size.
fn cases() -> Vec<Case> {
    let plans = |num_pages| [emails(100, num_pages)];
    let other = |num_pages| {
        [Plan {
            members: (0..100).map(|i| format!("other{i}@example.com")).collect(),
            ..emails(0, num_pages)
        }]
    };
    let (pair, public) = key(1);
    let mut cases = vec![Case {
        name: "unsigned",
        card: file(&plans(20)),
        other_card: file_with_id(&other(20), FileId([9; 16])),
        keys: Vec::new(),
        member: MEMBER.to_owned(),
        other_member: OTHER_MEMBER.to_owned(),
    }];
    // The tags of all pages are kept; then one tag sector is read with a question, then two.
    // The other file even has the same id.
    for (name, num_pages) in [("signed", 20), ("one above", 200), ("two above", 2_500)] {
        cases.push(Case {
            name,
            card: signed(&plans(num_pages), &pair),
            other_card: signed(&other(num_pages), &pair),
            keys: vec![public],
            member: MEMBER.to_owned(),
            other_member: OTHER_MEMBER.to_owned(),
        });
    }
    // Three layers, and a member of the last; in the larger file each of its pages takes a
    // tag sector too.
    for (name, num_members, num_pages, second) in [
        ("ribbon", 2_030, 11, 1),
        ("one above a ribbon", 19_900, 101, 5),
    ] {
        let ribbon = |plan: Plan| [plan.into_ribbon(20, 0, [second, 1, 0])];
        let ours = ribbon(emails(num_members, num_pages));
        let other = ribbon(Plan {
            members: (0..100).map(|i| format!("other{i}@example.com")).collect(),
            ..emails(0, num_pages)
        });
        let card = signed(&ours, &pair);
        let trust = Trust::in_keys(std::slice::from_ref(&public));
        let catalogue = common::open_by(&card, &trust).unwrap();
        let deepest = one_member_a_page(&catalogue, &card, &ours).pop().unwrap();
        assert_eq!(deepest.pages.len(), 3);
        cases.push(Case {
            name,
            card,
            other_card: signed(&other, &pair),
            keys: vec![public],
            member: deepest.text,
            other_member: OTHER_MEMBER.to_owned(),
        });
    }
    // Three pages of an exact set; in the larger file each takes a tag sector too.
    for (name, num_members) in [("exact", 5_000), ("one above an exact set", 90_000)] {
        let ours = exact::ids(num_members, 13_800_000_000);
        let other = exact::ids(num_members, 15_800_000_000);
        cases.push(Case {
            name,
            keys: vec![public],
            member: ours.members[ours.members.len() / 2].clone(),
            other_member: other.members[other.members.len() / 2].clone(),
            card: signed(&[ours], &pair),
            other_card: signed(&[other], &pair),
        });
    }
    for case in &cases {
        assert_eq!(case.card.len(), case.other_card.len(), "{}", case.name);
    }
    cases
}

const MEMBER: &str = "member7@example.com";
const OTHER_MEMBER: &str = "other7@example.com";

#[test]
fn at_each_read() {
    let mut num_faults = 0;
    for case in cases() {
        let trust = Trust::in_keys(&case.keys);
        for text in [&*case.member, &*case.other_member, "x@example.com"] {
            let mut source = Faulty {
                card: &case.card,
                other_card: &case.other_card,
                fault: None,
                num_reads: 0,
            };
            let good = answer(&mut source, text, &trust);
            let [Ok(right), ..] = good.as_slice() else {
                panic!("{good:?}");
            };
            assert!(good.iter().all(|answer| answer.as_ref() == Ok(right)));
            for first in 0..source.num_reads {
                for fault in FAULTS {
                    let mut source = Faulty {
                        card: &case.card,
                        other_card: &case.other_card,
                        fault: Some((first, fault)),
                        num_reads: 0,
                    };
                    num_faults += 1;
                    let answers = answer(&mut source, text, &trust);
                    let place = format!("{}, {text}, read {first}, {fault:?}", case.name);
                    assert!(source.num_reads > first, "{place}: it did not happen");
                    let num_errors = answers.iter().filter(|answer| answer.is_err()).count();
                    match fault {
                        // Another file may be opened anew, whole, and answers for itself.
                        Fault::Swap => {
                            let mut other = Faulty {
                                card: &case.other_card,
                                other_card: &[],
                                fault: None,
                                num_reads: 0,
                            };
                            let others = answer(&mut other, text, &trust);
                            for answer in &answers {
                                let is_right = answer.as_ref() == Ok(right);
                                assert!(
                                    answer.is_err() || is_right || answer == &others[0],
                                    "{place}"
                                );
                            }
                            // Not of both within one answer: before the swap it is the one's.
                            if first > 0 {
                                assert!(
                                    num_errors > 0 || answers[2].as_ref() == Ok(right),
                                    "{place}"
                                );
                            }
                        }
                        Fault::FailsFromThenOn => {
                            assert!(num_errors > 0, "{place}");
                            let rights = answers.iter().filter(|answer| answer.is_ok());
                            assert!(
                                rights
                                    .into_iter()
                                    .all(|answer| answer.as_ref() == Ok(right))
                            );
                        }
                        // Noticed where it happens, and the next time all is well.
                        _ => {
                            // The rest of a buffer that held this very sector before is right.
                            let is_same = matches!(fault, Fault::Short(_)) && num_errors == 0;
                            assert!(is_same || num_errors == 1, "{place}: {answers:?}");
                            let rights = answers.iter().filter(|answer| answer.is_ok());
                            assert!(
                                rights
                                    .into_iter()
                                    .all(|answer| answer.as_ref() == Ok(right))
                            );
                        }
                    }
                }
            }
        }
    }
    assert!(num_faults > 500, "{num_faults}");
}

/// A file that gives other data when it is read again: a member's page is whole at first, and
/// another's afterwards.
#[test]
fn a_second_read_that_differs() {
    for case in cases() {
        let trust = Trust::in_keys(&case.keys);
        let mut buffer = [0; 512];
        let mut source: &[u8] = &case.card;
        let catalogue = open(&mut source, &mut buffer, &trust).unwrap();
        let asked = Identifier::new(case.member.as_bytes());
        for _ in 0..2 {
            let verdict = check(&catalogue, asked, &mut source, &mut buffer).unwrap();
            assert!(matches!(verdict, Verdict::Exposed(_)), "{}", case.name);
        }
        // From here on every sector that is read is the other card's.
        let mut source: &[u8] = &case.other_card;
        for _ in 0..2 {
            assert!(
                check(&catalogue, asked, &mut source, &mut buffer).is_err(),
                "{}",
                case.name
            );
        }
    }
}
