//! What a lookup reads, and what it says.

mod common;

use common::{Counting, ask, emails, file, file_with_id, names, open, passwords, says_not_exposed};
#[cfg(not(feature = "signatures"))]
use leaksieve_core::HeaderDefect;
use leaksieve_core::sector::{FileId, SectorIndex};
use leaksieve_core::{
    Error, Identifier, IdentifierKind, NormaliseError, Opening, Outcome, ReadError, Trust, Verdict,
};

fn outcomes(verdict: &Verdict) -> Vec<(u8, Outcome)> {
    verdict
        .answers()
        .iter()
        .map(|answer| (answer.dataset, answer.outcome))
        .collect()
}

#[cfg(feature = "eight-datasets")]
#[test]
fn one_sector_a_query_and_dataset() {
    let bytes = file(&[emails(2_000, 8), names(2_000, 9), passwords(2_000, 10)]);
    let mut source = Counting {
        inner: bytes.as_slice(),
        reads: Vec::new(),
    };
    let mut buffer = [0; 512];
    let catalogue = leaksieve_core::open(&mut source, &mut buffer, &Trust::ANY).unwrap();
    let header_sectors = catalogue.datasets()[0].first_sector.0;
    assert_eq!(source.reads, (0..header_sectors).collect::<Vec<_>>());
    assert_eq!(header_sectors, 1);

    for (text, kind, num_reads) in [
        ("member7@example.com", Some(IdentifierKind::Email), 1),
        ("nobody@example.com", Some(IdentifierKind::Email), 1),
        ("player7", Some(IdentifierKind::Username), 1),
        ("secret7", Some(IdentifierKind::Password), 1),
        // Every dataset takes an address: as an address, a name and a password.
        ("member7@example.com", None, 3),
        // No e-mail address: the first dataset needs no sector.
        ("player7", None, 2),
        ("x", Some(IdentifierKind::Email), 0),
        ("x", Some(IdentifierKind::Phone), 0),
    ] {
        source.reads.clear();
        let mut identifier = Identifier::new(text.as_bytes());
        if let Some(kind) = kind {
            identifier = identifier.of_kind(kind);
        }
        let _ = leaksieve_core::check(&catalogue, identifier, &mut source, &mut buffer).unwrap();
        assert_eq!(source.reads.len(), num_reads, "{text} {kind:?}");
        for read in &source.reads {
            assert!(catalogue.datasets().iter().any(|dataset| {
                (dataset.first_sector.0..dataset.first_sector.0 + dataset.num_sectors)
                    .contains(read)
            }));
        }
    }
}

#[test]
fn members_are_exposed_and_others_are_not() {
    let plan = emails(2_000, 8);
    let bytes = file(std::slice::from_ref(&plan));
    for member in &plan.members {
        let verdict = ask(&bytes, Identifier::new(member.to_uppercase().as_bytes())).unwrap();
        assert_eq!(outcomes(&verdict), [(0, Outcome::Exposed)]);
        assert!(matches!(verdict, Verdict::Exposed(_)));
    }
    let false_alarms = (0..10_000)
        .filter(|i| {
            let other = format!("other{i}@example.com");
            !says_not_exposed(&ask(&bytes, Identifier::new(other.as_bytes())))
        })
        .count();
    // 1 in 1,000 is expected of this fill, +- 6 deviations.
    assert!(false_alarms < 40, "{false_alarms}");
}

#[test]
fn a_dataset_that_cannot_say_forbids_not_exposed() {
    let bytes = file(&[emails(100, 1), names(100, 1)]);
    let verdict = ask(&bytes, Identifier::new(b"nobody")).unwrap();
    assert!(matches!(verdict, Verdict::NotCovered(_)));
    assert_eq!(
        outcomes(&verdict),
        [
            (0, Outcome::NotCovered(NormaliseError::NotAnEmail)),
            (1, Outcome::Absent)
        ]
    );
    // Asked as a name only, the other dataset is out of question.
    let as_name = Identifier::new(b"nobody").of_kind(IdentifierKind::Username);
    let verdict = ask(&bytes, as_name).unwrap();
    assert!(matches!(verdict, Verdict::NotExposed(_)));
    assert_eq!(outcomes(&verdict), [(1, Outcome::Absent)]);
    // Exposed in one is exposed, whatever the other cannot say.
    let verdict = ask(&bytes, Identifier::new(b"Player7")).unwrap();
    assert!(matches!(verdict, Verdict::Exposed(_)));
}

#[test]
fn a_kind_that_the_file_lacks_is_not_covered() {
    let bytes = file(&[emails(100, 1), names(100, 1)]);
    for kind in [
        IdentifierKind::Phone,
        IdentifierKind::Id,
        IdentifierKind::Password,
        IdentifierKind::Sha1,
    ] {
        let verdict = ask(&bytes, Identifier::new(b"player7").of_kind(kind)).unwrap();
        assert!(matches!(verdict, Verdict::NotCovered(_)));
        assert_eq!(
            outcomes(&verdict),
            [
                (0, Outcome::NotCovered(NormaliseError::OtherKind)),
                (1, Outcome::NotCovered(NormaliseError::OtherKind))
            ]
        );
    }
}

#[test]
fn a_password_and_its_hash_are_one_item() {
    let bytes = file(&[passwords(100, 1)]);
    let sha1 = "D0E71D7AC67E4CFDC8D2F1F6F4B46B1DFE5B0B5E";
    let other = Identifier::new(sha1.as_bytes()).of_kind(IdentifierKind::Sha1);
    assert!(says_not_exposed(&ask(&bytes, other)));
    let ntlm = Identifier::new(&sha1.as_bytes()[..32]).of_kind(IdentifierKind::Ntlm);
    assert!(matches!(ask(&bytes, ntlm), Ok(Verdict::NotCovered(_))));
    // SHA-1 of "secret7".
    let hash = leaksieve_core::Profile::Password(
        leaksieve_core::identifier::PasswordDigest::Sha1,
        leaksieve_core::identifier::PasswordOrigin::Passwords,
    )
    .normalise(&Identifier::new(b"secret7"))
    .unwrap();
    let digits: String = hash.as_bytes().iter().map(|b| format!("{b:02X}")).collect();
    let member = Identifier::new(digits.as_bytes()).of_kind(IdentifierKind::Sha1);
    assert!(matches!(ask(&bytes, member), Ok(Verdict::Exposed(_))));
}

#[test]
fn no_verdict_before_every_sector() {
    let bytes = file(&[emails(100, 2), names(100, 2)]);
    let catalogue = open(&bytes).unwrap();
    let asked = Identifier::new(b"nobody@example.com");
    assert_eq!(catalogue.lookup(asked).verdict(), Err(Error::Unfinished));

    let sector_at = |index: SectorIndex| -> [u8; 512] {
        bytes[index.0 as usize * 512..][..512].try_into().unwrap()
    };
    let mut lookup = catalogue.lookup(asked);
    let first = lookup.wants().unwrap();
    lookup.supply(&sector_at(first)).unwrap();
    let second = lookup.wants().unwrap();
    assert_ne!(first, second);
    // Any other sector of the file, though whole, is refused, and the wish stays.
    for other in 0..catalogue.header().num_sectors {
        if other != second.0 {
            assert!(matches!(
                lookup.supply(&sector_at(SectorIndex(other))),
                Err(Error::SectorDamaged { index, .. }) if index == second
            ));
        }
    }
    assert_eq!(lookup.wants(), Some(second));
    // The first dataset's "absent" is no verdict yet.
    assert_eq!(lookup.clone().verdict(), Err(Error::Unfinished));
    lookup.supply(&sector_at(second)).unwrap();
    assert_eq!(lookup.wants(), None);
    // More than was wanted changes nothing.
    lookup.supply(&[0; 512]).unwrap();
    assert!(matches!(lookup.verdict(), Ok(Verdict::NotExposed(_))));
}

#[test]
fn an_unfinished_opening_is_no_catalogue() {
    let mut opening = Opening::new();
    assert!(opening.finish().is_err());
    opening.begin(100);
    assert_eq!(opening.wants(), Some(SectorIndex(0)));
    assert!(matches!(opening.finish(), Err(Error::Unfinished)));
}

/// What was refused leaves nothing behind: the same sector may be read again, and the first
/// may then be another file's.
#[cfg(feature = "eight-datasets")]
#[test]
fn an_opening_goes_on_after_a_refused_header() {
    let supply = |opening: &mut Opening, file: &[u8], index: usize| {
        let sector = file[index * 512..].first_chunk().unwrap();
        opening.supply(sector, &Trust::ANY)
    };
    let malformed = |file: &[u8], index: u32| {
        let mut malformed = file.to_vec();
        // The highest byte of the last dataset's measured rate, where the checksums of the
        // sectors before are left out.
        let length = usize::from(u16::from_le_bytes([file[10], file[11]]));
        malformed[32 + length - 1 + 4 * index as usize] = 0xFF;
        common::reseal(&mut malformed, index);
        malformed
    };
    let short = file(&[emails(100, 2)]);
    let long = file(&[(); 8].map(|()| emails(100, 2)));
    let other = file_with_id(&[names(100, 2)], FileId(*b"another testfile"));
    for (file, index, then) in [(&short, 0, &short), (&short, 0, &other), (&long, 1, &long)] {
        let header_sectors = open(file).unwrap().datasets()[0].first_sector.0;
        assert_eq!(header_sectors, index + 1);
        let mut opening = Opening::new();
        opening.begin(100);
        for index in 0..index {
            supply(&mut opening, file, index as usize).unwrap();
        }
        let refused = supply(&mut opening, &malformed(file, index), index as usize);
        assert!(matches!(refused, Err(Error::HeaderMalformed(_))));
        assert_eq!(opening.wants(), Some(SectorIndex(index)));
        supply(&mut opening, then, index as usize).unwrap();
        assert_eq!(opening.finish().unwrap(), &open(then).unwrap());
    }
}

#[test]
fn a_file_of_a_header_alone_says_how_long_it_should_be() {
    let whole = file(&[emails(100, 2)]);
    assert_eq!(
        open(&whole[..512]),
        Err(Error::Truncated {
            expected_sectors: 3,
            found_sectors: 1
        })
    );
    // Less than that may as well be a text.
    for short in [&whole[..511], b"milk, bread\n", b""] {
        assert_eq!(open(short), Err(Error::NotAFilter));
    }
}

#[test]
fn a_sector_of_another_file_is_refused() {
    let plans = [emails(500, 4)];
    let ours = file(&plans);
    // The same dataset, published again under another id.
    let theirs = file_with_id(&plans, FileId([7; 16]));
    let mut mixed = ours.clone();
    mixed[512..].copy_from_slice(&theirs[512..]);
    for member in &plans[0].members {
        assert!(matches!(
            ask(&mixed, Identifier::new(member.as_bytes())),
            Err(ReadError::Filter(Error::SectorDamaged { .. }))
        ));
    }
}

#[test]
fn a_slice_of_flash_may_be_longer_than_the_file() {
    let mut bytes = file(&[emails(100, 2)]);
    bytes.extend_from_slice(&[0xFF; 4096 + 100]);
    assert!(ask(&bytes, Identifier::new(b"member1@example.com")).is_ok());
}

/// A reader without signatures cannot know whether a signed file is what was signed.
#[test]
#[cfg(not(feature = "signatures"))]
fn a_signed_file_is_refused_without_signatures() {
    let signed = open(include_bytes!("golden/signed.lsv"));
    assert_eq!(signed.err(), Some(Error::CannotVerify));
    let mut file = file(&[emails(100, 2)]);
    file[12] = 2;
    common::reseal(&mut file, 0);
    assert_eq!(open(&file).err(), Some(HeaderDefect::Protection.into()));
}

#[cfg(not(feature = "eight-datasets"))]
#[test]
fn a_file_of_more_datasets_than_there_is_room_for_is_refused() {
    let bundle = include_bytes!("golden/bundle.lsv");
    assert_eq!(
        open(bundle).map(drop),
        Err(Error::TooManyDatasets { found: 3 })
    );
}
