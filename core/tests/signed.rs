//! Signed files: what a reader accepts, what it reads, and that nothing forged is believed.

#![cfg(feature = "signatures")]

mod common;

use common::{
    Plan, ask, emails, file, header, key, names, open, open_by, place, sign_sectors, signed,
};
use leaksieve_core::trust::{MAX_EPOCH_STEP, Tag};
use leaksieve_core::{Error, Identifier, Trust};

/// Two datasets, 64 sectors in all: header, 58 pages, 2 + 1 tag sectors, signature ... of
/// which the tags of the pages are kept.
fn plans() -> [Plan; 2] {
    [emails(9_000, 30), names(9_000, 29)]
}

#[test]
fn a_signed_file_answers_as_the_unsigned_one() {
    let plans = plans();
    let (pair, public) = key(1);
    let (plain, signed) = (file(&plans), signed(&plans, &pair));
    assert_eq!(signed.len(), 64 * 512);
    assert_eq!(open(&plain).unwrap().signer(), None);
    assert_eq!(open(&signed).unwrap().signer(), Some(public));
    for text in (0..12_000).map(|i| format!("member{i}@example.com")) {
        let asked = Identifier::new(text.as_bytes());
        assert_eq!(ask(&plain, asked).unwrap(), ask(&signed, asked).unwrap());
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
