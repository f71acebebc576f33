//! What a file has to say of an identifier, computed plainly from FORMAT.md.

use leaksieve_core::encoding::bloom::PAGE_BITS;
use leaksieve_core::hash::HashFunction;
use leaksieve_core::header::Encoding;
use leaksieve_core::identifier::{Coverage, Item};
use leaksieve_core::sector::Payload;
use leaksieve_core::{Catalogue, Dataset, Identifier, NormaliseError, Outcome, Verdict};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// An item's hash.
pub(crate) fn hash(dataset: &Dataset, item: &Item) -> u64 {
    let HashFunction::Xxh3 { seed } = dataset.hash else {
        panic!("a hash that is not in FORMAT.md");
    };
    xxh3_64_with_seed(item.as_bytes(), seed)
}

/// The bits of a page that a hash sets.
pub(crate) fn bits(hash: u64, num_hashes: u8) -> Vec<u64> {
    let mut x = hash % (1 << 32);
    let mut bits = Vec::new();
    for _ in 0..num_hashes {
        x = x * 0x9E37_79B1 % (1 << 32);
        bits.push(x * u64::from(PAGE_BITS) / (1 << 32));
        x ^= x / (1 << 15);
    }
    bits
}

/// The page of a hash.
pub(crate) fn page(hash: u64, num_pages: u32) -> u32 {
    ((hash >> 32) * u64::from(num_pages) / (1 << 32)) as u32
}

pub(crate) const fn is_set(page: &Payload, bit: u64) -> bool {
    page[(bit / 8) as usize] & (1 << (bit % 8)) != 0
}

/// The probes of a dataset.
pub(crate) fn num_hashes(dataset: &Dataset) -> u8 {
    match dataset.encoding {
        Encoding::Bloom { num_hashes } => num_hashes,
        _ => panic!("an encoding that is not in FORMAT.md"),
    }
}

/// What a dataset says, and the sector that it takes.
fn outcome(
    dataset: &Dataset,
    identifier: &Identifier<'_>,
    payload: &impl Fn(u32) -> Payload,
) -> (Outcome, Option<u32>) {
    let item = match dataset.profile.normalise(identifier) {
        Ok(item) => item,
        Err(reason) => return (Outcome::NotCovered(reason), None),
    };
    let hash = hash(dataset, &item);
    let sector = dataset.first_sector.0 + page(hash, dataset.num_sectors);
    let page = payload(sector);
    let is_member = bits(hash, num_hashes(dataset))
        .into_iter()
        .all(|bit| is_set(&page, bit));
    let outcome = match (is_member, item.coverage()) {
        (true, _) => Outcome::Exposed,
        (false, Coverage::Complete) => Outcome::Absent,
        (false, Coverage::Incidental(reason)) => Outcome::NotCovered(reason),
    };
    (outcome, Some(sector))
}

/// What a file has to say: each dataset's answer, and the sectors that they take.
pub(crate) struct Expected {
    pub(crate) answers: Vec<(u8, Outcome)>,
    pub(crate) sectors: Vec<u32>,
}

/// What the file of a catalogue has to say; `payload` gives its sectors.
pub(crate) fn expected(
    catalogue: &Catalogue,
    identifier: &Identifier<'_>,
    payload: impl Fn(u32) -> Payload,
) -> Expected {
    let answers_kind = |dataset: &&Dataset| {
        identifier
            .kind()
            .is_none_or(|kind| dataset.profile.answers(kind))
    };
    let any = catalogue.datasets().iter().any(|d| answers_kind(&d));
    let mut expected = Expected {
        answers: Vec::new(),
        sectors: Vec::new(),
    };
    for (index, dataset) in (0..).zip(catalogue.datasets()) {
        let outcome = if answers_kind(&dataset) {
            let (outcome, sector) = outcome(dataset, identifier, &payload);
            expected.sectors.extend(sector);
            outcome
        } else if any {
            continue;
        } else {
            Outcome::NotCovered(NormaliseError::OtherKind)
        };
        expected.answers.push((index, outcome));
    }
    expected
}

impl Expected {
    /// Panics if the verdict is another.
    pub(crate) fn compare(&self, verdict: &Verdict) {
        let found: Vec<(u8, Outcome)> = verdict
            .answers()
            .iter()
            .map(|answer| (answer.dataset, answer.outcome))
            .collect();
        assert_eq!(found, self.answers);
        let has = |wanted: fn(&Outcome) -> bool| self.answers.iter().any(|(_, o)| wanted(o));
        let is_right = match verdict {
            Verdict::Exposed(_) => has(|outcome| *outcome == Outcome::Exposed),
            Verdict::NotCovered(_) => {
                !has(|outcome| *outcome == Outcome::Exposed)
                    && has(|outcome| matches!(outcome, Outcome::NotCovered(_)))
            }
            Verdict::NotExposed(_) => {
                !self.answers.is_empty() && !has(|outcome| *outcome != Outcome::Absent)
            }
        };
        assert!(is_right, "{verdict:?}");
    }
}
