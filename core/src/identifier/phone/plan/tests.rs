//! Plans by hand, and bytes that are none. That the builder's plans are right is tested in
//! `tests/tests/phone_plan.rs`.

use std::collections::BTreeSet;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::sector::PAYLOAD_BYTES;

/// Plan sectors with these words from an address on, and else nothing.
fn plan<const N: usize>(rows: [(u32, &[u32]); N]) -> Vec<Payload> {
    let mut payloads = Vec::new();
    for (address, words) in rows {
        for (word, address) in words.iter().zip(address..) {
            let sector = (address >> WORD_BITS) as usize;
            while payloads.len() <= sector {
                payloads.push([0; PAYLOAD_BYTES]);
            }
            let at = 4 * (address & 127) as usize;
            payloads[sector][at..at + 4].copy_from_slice(&word.to_le_bytes());
        }
    }
    payloads
}

const fn edge(digits: u32, target: u32) -> u32 {
    digits | target << TARGET_SHIFT
}

const fn end(is_valid: bool, change: u32) -> u32 {
    (is_valid as u32) << 11 | change << CHANGE_SHIFT
}

/// After two digits that stay, one gives way to 4 and 5.
const CHANGE: u32 = 2 | 1 << 4 | 2 << 8 | 0x54 << 11;

/// 1, 12 and 123 are valid; 128 has another form, 129 is valid and has one.
fn small() -> Vec<Payload> {
    plan([
        (0, &[edge(0b10, 128) | IS_LAST]),
        (128, &[end(true, 0), edge(0b100, 130) | IS_LAST]),
        (
            130,
            &[
                end(true, 0),
                edge(1 << 3, 256),
                edge(1 << 8, 257),
                edge(1 << 9, 258) | IS_LAST,
            ],
        ),
        (256, &[end(true, 0) | IS_LAST]),
        (257, &[end(false, 384) | IS_LAST, end(true, 384) | IS_LAST]),
        (384, &[CHANGE]),
    ])
}

#[test]
fn judgements() {
    let payloads = small();
    let change = Change::from_word(CHANGE);
    for (digits, is_valid, change) in [
        ("", false, None),
        ("1", true, None),
        ("12", true, None),
        ("123", true, None),
        ("128", false, change),
        ("129", true, change),
        ("13", false, None),
        ("1234", false, None),
        ("2", false, None),
        ("1a", false, None),
        ("1/", false, None),
        ("x", false, None),
    ] {
        assert_eq!(
            Plan(&payloads).judge(digits.as_bytes()),
            Ok(Judgement { is_valid, change }),
            "{digits}"
        );
    }
}

#[test]
fn changes() {
    let mut place = [0; MAX_DIGITS];
    let change = Change::from_word(CHANGE).unwrap();
    for (digits, expected) in [
        ("128", Some("1245")),
        ("12345", Some("124545")),
        ("12", None),
        ("", None),
        ("12345678901234567890123456789012", None),
    ] {
        let changed = change.apply(digits.as_bytes(), &mut place);
        assert_eq!(changed, expected.map(str::as_bytes), "{digits}");
    }
    let most = "1234567890123456789012345678901";
    let changed = change.apply(most.as_bytes(), &mut place).unwrap();
    assert_eq!(changed.len(), MAX_DIGITS);
    for (word, what) in [
        (6 << 8, "six digits"),
        (1 << 8 | 10 << 11, "no digit"),
        (1 << 8 | 1 << 15, "more digits than it says"),
        (1 << 31, "bit 31"),
    ] {
        assert_eq!(Change::from_word(word), None, "{what}");
    }
}

#[test]
fn defects() {
    let last = edge(0b10, 1) | IS_LAST;
    for (what, rows) in [
        ("no sector", plan([])),
        ("to itself", plan([(0, &[edge(0b10, 0) | IS_LAST])])),
        (
            "back",
            plan([
                (0, &[edge(1, 9), edge(0b10, 5) | IS_LAST]),
                (5, &[edge(0b10, 4)]),
            ]),
        ),
        ("no such sector", plan([(0, &[edge(0b10, 128) | IS_LAST])])),
        (
            "the word that no sector has",
            plan([(0, &[edge(0b10, 127) | IS_LAST])]),
        ),
        (
            "a node without an end",
            plan([(0, &[edge(0b10, 126) | IS_LAST]), (126, &[edge(1, 128)])]),
        ),
        (
            "a change before its number",
            plan([(0, &[last, end(true, 1)])]),
        ),
        ("no change", plan([(0, &[last, end(true, 2), 7 << 8])])),
    ] {
        assert_eq!(
            Plan(&rows).judge(b"11").and(Plan(&rows).judge(b"1")),
            Err(PlanDefect),
            "{what}"
        );
        #[cfg(feature = "std")]
        assert!(
            !Plan(&rows).all_valid(b"1", 2) && !Plan(&rows).all_valid(b"", 1),
            "{what}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    /// Whatever the bytes are, a walk reads no sector twice, and ends.
    #[test]
    fn any_bytes(
        words in proptest::collection::vec(prop_oneof![
            any::<u32>(),
            // Edges that lead on, and ends.
            (1..0x400_u32, 0..512_u32, any::<bool>()).prop_map(|(digits, target, is_last)| {
                edge(digits, target) | u32::from(is_last) << 10
            }),
            (0..512_u32, 0..4_u32).prop_map(|(change, bits)| change << CHANGE_SHIFT | bits << 10),
        ], 0..=508),
        digits in proptest::collection::vec(prop_oneof![b'0'..=b'9', any::<u8>()], 0..300),
    ) {
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        bytes.resize(bytes.len().next_multiple_of(PAYLOAD_BYTES), 0);
        let payloads = bytes.as_chunks::<PAYLOAD_BYTES>().0;
        let mut seen = BTreeSet::new();
        let mut walk = Walk::START;
        let by_sectors = loop {
            prop_assert!(seen.insert(walk.wants()));
            let Some(payload) = payloads.get(walk.wants() as usize) else {
                break Err(PlanDefect);
            };
            match walk.step(&digits, payload) {
                Ok(Step::Wants(next)) => walk = next,
                Ok(Step::Judged(judgement)) => break Ok(judgement),
                Err(error) => break Err(error),
            }
        };
        prop_assert_eq!(by_sectors, Plan(payloads).judge(&digits));
        if let Ok(Judgement { change: Some(change), .. }) = by_sectors {
            let mut place = [0; MAX_DIGITS];
            prop_assert!(change.apply(&digits, &mut place).is_none_or(|new| !new.is_empty() || digits.len() < 16));
        }
        #[cfg(feature = "std")]
        Plan(payloads).all_valid(&digits, digits.len() + 3);
    }
}
