//! Signed files: what a reader accepts, what it reads, and that nothing forged is believed.

#![cfg(feature = "signatures")]

mod common;

use common::{
    Counting, Plan, ask, emails, exact, file, header, key, names, open, open_by, place, reseal,
    sign_sectors, signed,
};
use leaksieve_core::trust::{MAX_EPOCH_STEP, Tag};
use leaksieve_core::{
    Error, HeaderDefect, Identifier, Opening, ReadError, SectorIndex, SectorSource, Trust, Verdict,
    open_in,
};

const NUM_IDS: u64 = 13_900;

/// Two datasets, 64 sectors in all: header, 58 pages, 2 + 1 tag sectors, signature ... of
/// which the tags of the pages are kept.
fn plans() -> [Plan; 2] {
    [emails(9_000, 30), names(9_000, 29)]
}

#[test]
fn a_signed_file_answers_as_the_unsigned_one() {
    let (pair, public) = key(1);
    let [emails, _] = plans();
    // 30 pages of three layers.
    let ribbon = emails.into_ribbon(12, 1 << 29, [2, 1, 0]);
    // 30 pages of an exact set.
    let ids = exact::ids(NUM_IDS, 13_800_000_000);
    for plans in [plans(), [ribbon, names(9_000, 29)], [ids, names(9_000, 29)]] {
        let (plain, signed) = (file(&plans), signed(&plans, &pair));
        assert_eq!(signed.len(), 64 * 512);
        assert_eq!(open(&plain).unwrap().signer(), None);
        assert_eq!(open(&signed).unwrap().signer(), Some(public));
        for i in 0..12_000_u64 {
            for text in [
                format!("member{i}@example.com"),
                (13_800_000_000 + i).to_string(),
            ] {
                let asked = Identifier::new(text.as_bytes());
                assert_eq!(ask(&plain, asked).unwrap(), ask(&signed, asked).unwrap());
            }
        }
    }
}

#[test]
fn a_reader_with_keys_accepts_their_files_only() {
    let plans = plans();
    let (pair, public) = key(1);
    let (_, other) = key(2);
    let (plain, signed) = (file(&plans), signed(&plans, &pair));
    assert!(open_by(&signed, &Trust::in_keys(&[public])).is_ok());
    assert!(open_by(&signed, &Trust::in_keys(&[other, public])).is_ok());
    assert_eq!(
        open_by(&signed, &Trust::in_keys(&[other])),
        Err(Error::UnknownSigner { key: public })
    );
    assert_eq!(
        open_by(&plain, &Trust::in_keys(&[public])),
        Err(Error::Unsigned)
    );
    assert!(open_by(&plain, &Trust::in_keys(&[])).is_ok());
}

#[test]
fn only_epochs_within_the_step_are_accepted() {
    let (pair, public) = key(1);
    let keys = [public];
    let plans = [emails(10, 1)];
    for (lowest, found, expected) in [
        (0, 0, Ok(())),
        (0, 3, Ok(())),
        (3, 3, Ok(())),
        (
            4,
            3,
            Err(Error::EpochTooLow {
                found: 3,
                lowest: 4,
            }),
        ),
        (0, MAX_EPOCH_STEP, Ok(())),
        (
            0,
            MAX_EPOCH_STEP + 1,
            Err(Error::EpochTooHigh {
                found: MAX_EPOCH_STEP + 1,
                highest: MAX_EPOCH_STEP,
            }),
        ),
        (
            7,
            u32::MAX,
            Err(Error::EpochTooHigh {
                found: u32::MAX,
                highest: MAX_EPOCH_STEP + 7,
            }),
        ),
        (u32::MAX - 1, u32::MAX, Ok(())),
    ] {
        let file = with_header(&plans, &pair, |header| header.epoch = found);
        let trust = Trust::in_keys(&keys).since(lowest);
        assert_eq!(
            open_by(&file, &trust).map(drop),
            expected,
            "{lowest} {found}"
        );
        // Who has seen no epoch takes any.
        assert!(open_by(&file, &Trust::in_keys(&keys)).is_ok());
    }
}

/// How many sectors a question reads follows from the number of pages.
#[test]
fn reads_of_an_opening_and_of_a_question() {
    let (pair, _) = key(1);
    for (num_pages, opening, question) in [
        // Header and signature, then the tag sectors above the tags that are kept.
        (1, 2 + 1, 1),
        (31, 2 + 1, 1),
        (32, 2 + 1 + 2, 1),
        (80, 2 + 1 + 3, 1),
        (81, 2 + 1, 2),
        (80 * 31, 2 + 1 + 3, 2),
        (80 * 31 + 1, 2 + 1, 3),
        (80 * 961 + 1, 2 + 1, 4),
    ] {
        let file = signed(&[emails(100, num_pages)], &pair);
        let mut source = Counting {
            inner: file.as_slice(),
            reads: Vec::new(),
        };
        let mut buffer = [0; 512];
        let catalogue = leaksieve_core::open(&mut source, &mut buffer, &Trust::ANY).unwrap();
        // 81 pages: 3 tag sectors, whose tags are in the top one.
        assert_eq!(source.reads.len(), opening, "{num_pages}");
        // An address has two readings at most.
        assert_eq!(catalogue.sectors_per_dataset(), 2 * question, "{num_pages}");
        let tree = catalogue.header().tree().unwrap();
        for (text, is_member) in [("member7@example.com", true), ("nobody@example.com", false)] {
            source.reads.clear();
            let asked = Identifier::new(text.as_bytes());
            let verdict =
                leaksieve_core::check(&catalogue, asked, &mut source, &mut buffer).unwrap();
            assert_eq!(matches!(verdict, Verdict::Exposed(_)), is_member);
            // The page, and what is above it, from below.
            let mut node = tree.leaf_at(SectorIndex(source.reads[0]));
            for read in &source.reads {
                assert_eq!(tree.sector_of(node), SectorIndex(*read));
                node = node.parent().0;
            }
            assert_eq!(source.reads.len() as u32, question, "{num_pages}");
        }
    }
}

/// After an error the page is wanted again, and a good path still gives the verdict.
#[test]
fn a_question_may_be_asked_again_after_a_forged_sector() {
    let (pair, _) = key(1);
    let good = signed(&[emails(100, 200)], &pair);
    let catalogue = open(&good).unwrap();
    let sector = |bytes: &[u8], index: SectorIndex| -> [u8; 512] {
        *bytes[index.0 as usize * 512..].first_chunk().unwrap()
    };
    let mut lookup = catalogue.lookup(Identifier::new(b"member7@example.com"));
    let page = lookup.wants().unwrap();
    let mut forged = good.clone();
    forged[page.0 as usize * 512] ^= 1;
    reseal(&mut forged, page.0);
    for bytes in [&forged, &forged, &good] {
        assert_eq!(lookup.wants(), Some(page));
        lookup.supply(&sector(bytes, page)).unwrap();
        let above = lookup.wants().unwrap();
        assert!(matches!(lookup.clone().verdict(), Err(Error::Unfinished)));
        // What is damaged on the way is said, and stays wanted.
        assert!(matches!(
            lookup.supply(&[0; 512]),
            Err(Error::SectorDamaged { index, .. }) if index == above
        ));
        assert_eq!(lookup.wants(), Some(above));
        let supplied = lookup.supply(&sector(&good, above));
        if bytes == &good {
            assert_eq!(supplied, Ok(()));
        } else {
            assert_eq!(supplied, Err(Error::NotAsSigned { index: page }));
        }
    }
    assert!(matches!(lookup.verdict(), Ok(Verdict::Exposed(_))));
}

/// The same for what is read at the start: what was refused may be supplied again.
#[test]
fn an_opening_goes_on_after_a_forged_sector() {
    let (pair, public) = key(1);
    let keys = [public];
    let trust = Trust::in_keys(&keys);
    let good = signed(&plans(), &pair);
    let mut opening = Opening::new();
    opening.begin(good.len() as u32 / 512);
    let mut refused = Vec::new();
    while let Some(index) = opening.wants() {
        let sector = good[index.0 as usize * 512..].first_chunk().unwrap();
        // A header that says something else is refused with its signature.
        if index.0 > 0 {
            for byte in [0, 40, 200] {
                let mut forged = good.clone();
                forged[index.0 as usize * 512 + byte] ^= 1;
                reseal(&mut forged, index.0);
                let forged = forged[index.0 as usize * 512..].first_chunk().unwrap();
                refused.push(opening.supply(forged, &trust).unwrap_err());
                assert_eq!(opening.wants(), Some(index));
                assert!(opening.finish().is_err());
            }
        }
        opening.supply(sector, &trust).unwrap();
    }
    let forged = |index| Error::NotAsSigned {
        index: SectorIndex(index),
    };
    let reserved = Error::HeaderMalformed(HeaderDefect::ReservedBytes);
    assert_eq!(
        refused,
        [
            [Error::BadSignature, Error::BadSignature, reserved],
            [forged(62); 3],
            [forged(61); 3],
            [forged(60); 3],
        ]
        .concat()
    );
    assert_eq!(opening.finish().unwrap(), &open(&good).unwrap());
}

/// The place of a catalogue holds one file after another, as a device's does.
#[test]
fn nothing_of_the_file_before_stays_in_an_opening() {
    let (pair, _) = key(1);
    let files = [
        signed(&plans(), &pair),
        file(&plans()[..1]),
        file(&plans()),
        signed(&plans()[1..], &key(2).0),
        signed(&plans(), &pair)[..512].to_vec(),
        file(&plans()[1..]),
        signed(&[exact::ids(1_000, 13_800_000_000)], &pair),
    ];
    let mut opening = Opening::new();
    for before in &files {
        for then in &files {
            for bytes in [before, then] {
                let mut source = bytes.as_slice();
                let opened =
                    open_in(&mut opening, &mut source, &mut [0; 512], &Trust::ANY).cloned();
                match open(bytes) {
                    Ok(alone) => assert_eq!(opened.unwrap(), alone),
                    Err(alone) => {
                        assert_eq!(opened.err(), Some(ReadError::Filter(alone)));
                        assert_eq!(opening.finish().err(), Some(Error::Unfinished));
                    }
                }
            }
        }
    }
}

/// Nor when the medium cannot even say how long it is.
#[test]
fn nothing_stays_in_an_opening_when_the_medium_fails_at_once() {
    struct Gone;
    impl SectorSource for Gone {
        type Error = ();
        fn num_sectors(&mut self) -> Result<u32, ()> {
            Err(())
        }
        fn read_sector(&mut self, _: SectorIndex, _: &mut [u8; 512]) -> Result<(), ()> {
            Err(())
        }
    }
    let mut opening = Opening::new();
    let mut buffer = [0; 512];
    let before = file(&plans());
    open_in(
        &mut opening,
        &mut before.as_slice(),
        &mut buffer,
        &Trust::ANY,
    )
    .unwrap();
    let opened = open_in(&mut opening, &mut Gone, &mut buffer, &Trust::ANY);
    assert_eq!(opened.err(), Some(ReadError::Source(())));
    assert!(opening.finish().is_err());
}

/// FORMAT.md's "Signed files" with nothing of this crate: BLAKE3 and Ed25519 alone.
#[test]
fn a_signed_file_read_by_the_byte_tables() {
    let (pair, _) = key(1);
    let file = signed(&[emails(2_000, 70)], &pair);
    let payload = |index: usize| &file[index * 512..][..508];
    let id = &file[16..32];
    let digest = |index: usize| {
        let mut key = [0; 32];
        key[..16].copy_from_slice(id);
        key[16..20].copy_from_slice(&(index as u32).to_le_bytes());
        *blake3::keyed_hash(&key, payload(index)).as_bytes()
    };
    assert_eq!((file[12], &file[13..16]), (1, &[0; 3][..]));
    // Header, 70 pages, 3 tag sectors, the top one, signature.
    assert_eq!(file.len(), (1 + 70 + 3 + 1 + 1) * 512);
    for page in 1..71 {
        let (sector, place) = (71 + (page - 1) / 31, (page - 1) % 31);
        assert_eq!(payload(sector)[16 * place..][..16], digest(page)[..16]);
    }
    for sector in 71..74 {
        let place = 16 * (sector - 71);
        assert_eq!(payload(74)[place..][..16], digest(sector)[..16]);
        let num_tags = [31, 31, 8][sector - 71];
        assert!(
            payload(sector)[16 * num_tags..]
                .iter()
                .all(|byte| *byte == 0)
        );
    }
    assert!(payload(74)[48..].iter().all(|byte| *byte == 0));
    let length = u16::from_le_bytes([file[10], file[11]]) as usize;
    assert_eq!(file[32 + length - 16..][..16], digest(74)[..16]);
    let message = [b"leaksieve file:", &digest(0)[..]].concat();
    assert_eq!(payload(75)[..32], *pair.pk);
    let signature = ed25519_compact::Signature::from_slice(&payload(75)[32..96]).unwrap();
    assert!(pair.pk.verify(message, &signature).is_ok());
    assert!(payload(75)[96..].iter().all(|byte| *byte == 0));
}

/// However long the header is: no sector of it can be changed.
#[test]
fn a_signature_is_over_every_sector_of_the_header() {
    let (pair, _) = key(1);
    let plans = [(); 8].map(|()| emails(100, 1));
    for (num_datasets, note_bytes, expected) in [(1, 0, 1), (8, 0, 2), (8, 60, 3), (8, 96, 4)] {
        let mut header = header(&plans[..num_datasets]);
        header.root = Some(Tag([0; 16]));
        for dataset in &mut header.datasets {
            dataset.source_note = "n".repeat(note_bytes).as_str().try_into().unwrap();
            dataset.name = "a name of 30 letters, as it is"[..note_bytes.min(30)]
                .try_into()
                .unwrap();
        }
        place(&mut header);
        let num_header_sectors = header.datasets[0].first_sector.0;
        assert_eq!(num_header_sectors, expected);
        let mut pages = vec![[0; 508]; num_datasets];
        let file = sign_sectors(&mut header, &mut pages, &pair);
        let opened = open(&file).unwrap();
        assert_eq!(opened.header(), &header);

        let payload = |index: u32| &file[index as usize * 512..][..508];
        let mut message = b"leaksieve file:".to_vec();
        for index in 0..num_header_sectors {
            let mut key = [0; 32];
            key[..16].copy_from_slice(&file[16..32]);
            key[16..20].copy_from_slice(&index.to_le_bytes());
            message.extend(blake3::keyed_hash(&key, payload(index)).as_bytes());
        }
        let signature = &payload(header.num_sectors - 1)[32..96];
        let signature = ed25519_compact::Signature::from_slice(signature).unwrap();
        assert!(pair.pk.verify(message, &signature).is_ok());

        // The last byte but that of the root is of the last dataset's rate.
        let length = usize::from(u16::from_le_bytes([file[10], file[11]]));
        let last = 32 + length - 17;
        for index in 0..num_header_sectors {
            let mut forged = file.clone();
            let within = 508 * index as usize..508 * (index as usize + 1);
            let byte = if within.contains(&last) {
                // The measured rate's lowest byte: what it says can still be.
                last - 7
            } else {
                // A letter of a text, or of a seed.
                within.end - 40
            };
            forged[byte + 4 * (byte / 508)] ^= 1;
            reseal(&mut forged, byte as u32 / 508);
            let refused = open(&forged).unwrap_err();
            assert!(
                matches!(refused, Error::BadSignature | Error::HeaderMalformed(_)),
                "{refused:?}"
            );
        }
    }
}

/// A file whose signed header says something else than the usual.
fn with_header(
    plans: &[Plan],
    pair: &ed25519_compact::KeyPair,
    change: impl FnOnce(&mut leaksieve_core::Header),
) -> Vec<u8> {
    let mut header = header(plans);
    header.root = Some(Tag([0; 16]));
    place(&mut header);
    change(&mut header);
    let first_page = header.datasets[0].first_sector.0 as usize;
    let mut pages: Vec<[u8; 508]> = file(plans)[first_page * 512..]
        .chunks(512)
        .map(|page| *page.first_chunk().unwrap())
        .collect();
    sign_sectors(&mut header, &mut pages, pair)
}
