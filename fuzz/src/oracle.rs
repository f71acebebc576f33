//! What a file has to say of an identifier, computed plainly from FORMAT.md.

// The core's tests read ribbons by it, too; it uses nothing but std.
#[path = "../../core/tests/common/ribbon.rs"]
#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod ribbon;

use leaksieve_core::encoding::bloom::PAGE_BITS;
use leaksieve_core::encoding::ribbon::Ribbon;
use leaksieve_core::hash::HashFunction;
use leaksieve_core::header::Encoding;
use leaksieve_core::identifier::{Coverage, Item};
use leaksieve_core::sector::Payload;
use leaksieve_core::{
    Catalogue, Dataset, Identifier, NormaliseError, Outcome, SectorIndex, Verdict,
};
use ribbon::{PlainAnswer, PlainRibbon};
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

/// A ribbon as [`ribbon`] knows it.
pub(crate) fn plain(ribbon: &Ribbon) -> PlainRibbon {
    PlainRibbon {
        columns: ribbon.columns.into(),
        salt: ribbon.salt.into(),
        wide_share: ribbon.wide_share.into(),
        overflow: ribbon.overflow.map(|pages| pages.0.into()),
    }
}

/// Does a dataset hold a hash? And the sectors that the answer takes.
fn answer(
    dataset: &Dataset,
    hash: u64,
    payload: &impl Fn(u32) -> Payload,
) -> (PlainAnswer, Vec<u32>) {
    let first = dataset.first_sector.0;
    match &dataset.encoding {
        Encoding::Bloom { num_hashes } => {
            let sector = first + page(hash, dataset.num_sectors);
            let page = payload(sector);
            let mut bits = bits(hash, *num_hashes).into_iter();
            let answer = match bits.all(|bit| is_set(&page, bit)) {
                true => PlainAnswer::Member,
                false => PlainAnswer::NoMember,
            };
            (answer, vec![sector])
        }
        Encoding::Ribbon(ribbon) => {
            let sector = |page: u64| first + page as u32;
            let content = |page| payload(sector(page));
            let (answer, pages) = plain(ribbon).ask(hash, dataset.num_sectors.into(), content);
            (answer, pages.into_iter().map(sector).collect())
        }
        _ => panic!("an encoding that is not in FORMAT.md"),
    }
}

/// What a dataset says, `None` where its last layer leads nowhere; and the sectors that it
/// takes.
fn outcome(
    dataset: &Dataset,
    identifier: &Identifier<'_>,
    payload: &impl Fn(u32) -> Payload,
) -> (Option<Outcome>, Vec<u32>) {
    let item = match dataset.profile.normalise(identifier) {
        Ok(item) => item,
        Err(reason) => return (Some(Outcome::NotCovered(reason)), Vec::new()),
    };
    let (answer, sectors) = answer(dataset, hash(dataset, &item), payload);
    let outcome = match (answer, item.coverage()) {
        (PlainAnswer::NoSuchLayer, _) => None,
        (PlainAnswer::Member, _) => Some(Outcome::Exposed),
        (PlainAnswer::NoMember, Coverage::Complete) => Some(Outcome::Absent),
        (PlainAnswer::NoMember, Coverage::Incidental(reason)) => Some(Outcome::NotCovered(reason)),
    };
    (outcome, sectors)
}

/// What a file has to say: each dataset's answer, and the sectors that they take.
pub(crate) struct Expected {
    pub(crate) answers: Vec<(u8, Outcome)>,
    pub(crate) sectors: Vec<u32>,
    /// The last of these sectors leads nowhere, and there is no verdict.
    pub(crate) nowhere: Option<SectorIndex>,
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
        nowhere: None,
    };
    for (index, dataset) in (0..).zip(catalogue.datasets()) {
        let outcome = if answers_kind(&dataset) {
            let (outcome, sectors) = outcome(dataset, identifier, &payload);
            expected.sectors.extend(sectors);
            let Some(outcome) = outcome else {
                expected.nowhere = expected.sectors.last().copied().map(SectorIndex);
                break;
            };
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
        assert_eq!(self.nowhere, None);
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
