//! What a file has to say of an identifier, computed plainly from FORMAT.md.

// The core's tests read ribbons by it, too; it uses nothing but std.
#[path = "../../core/tests/common/ribbon.rs"]
#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod ribbon;
// So they do exact sets.
#[path = "../../core/tests/common/plain_exact.rs"]
#[allow(dead_code, missing_docs, unreachable_pub)]
pub(crate) mod plain_exact;

use leaksieve_core::encoding::bloom::PAGE_BITS;
use leaksieve_core::encoding::ribbon::Ribbon;
use leaksieve_core::hash::HashFunction;
use leaksieve_core::header::Encoding;
use leaksieve_core::identifier::phone::plan::{Judgement, Step, Walk};
use leaksieve_core::identifier::{Coverage, IdScheme, Item, MAX_READINGS, Rule, Side};
use leaksieve_core::sector::Payload;
use leaksieve_core::{
    Catalogue, Dataset, Error, Identifier, NormaliseError, Outcome, Profile, SectorIndex, Verdict,
};
use plain_exact::PlainSaid;
use ribbon::{PlainAnswer, PlainRibbon};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// An item's hash.
pub(crate) fn hash(dataset: &Dataset, item: &Item) -> u64 {
    let hash = hash_of(dataset, item.as_bytes());
    match item.is_marked() {
        true => hash.rotate_left(32),
        false => hash,
    }
}

fn hash_of(dataset: &Dataset, item: &[u8]) -> u64 {
    let HashFunction::Xxh3 { seed } = dataset.hash else {
        panic!("a hash that is not in FORMAT.md");
    };
    xxh3_64_with_seed(item, seed)
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

/// What the plan says of a number, and the sectors that it takes.
fn judge(
    dataset: &Dataset,
    number: &[u8],
    payload: &impl Fn(u32) -> Payload,
    sectors: &mut Vec<u32>,
) -> Result<Judgement, Error> {
    let num_sectors = u32::from(dataset.plan.num_sectors);
    let first = dataset.first_sector.0 - num_sectors;
    let mut walk = Walk::START;
    loop {
        let malformed = Error::PlanMalformed {
            index: SectorIndex(sectors.last().copied().unwrap_or(first)),
        };
        if walk.wants() >= num_sectors {
            return Err(malformed);
        }
        let sector = first + walk.wants();
        sectors.push(sector);
        let index = SectorIndex(sector);
        match walk.step(number, &payload(sector)) {
            Ok(Step::Wants(next)) => walk = next,
            Ok(Step::Judged(judgement)) => return Ok(judgement),
            Err(_) => return Err(Error::PlanMalformed { index }),
        }
    }
}

/// Above all numbers: it is added to those of lines with several readings.
pub(crate) const MARK: u64 = 1 << 62;

/// The number of an item of an exact set, if it has one.
pub(crate) fn number(profile: &Profile, item: &[u8]) -> Option<u64> {
    let digits = match profile {
        Profile::Id(IdScheme::ChineseResident) => &item[..17],
        _ => item,
    };
    if !(1..=18).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digits: String = digits.iter().map(|digit| char::from(*digit)).collect();
    Some(format!("1{digits}").parse().unwrap())
}

/// Is an item there? And the sectors that this takes.
fn is_member(
    dataset: &Dataset,
    item: &[u8],
    is_marked: bool,
    payload: &impl Fn(u32) -> Payload,
    sectors: &mut Vec<u32>,
) -> Result<bool, Error> {
    if dataset.encoding == Encoding::Exact {
        let Some(number) = number(&dataset.profile, item) else {
            return Ok(false);
        };
        let both = [number, number + MARK];
        for number in &both[..if dataset.num_extra > 0 { 2 } else { 1 }] {
            let sector = |page: u64| dataset.first_sector.0 + page as u32;
            let content = |page| payload(sector(page));
            let (said, pages) = plain_exact::ask(*number, dataset.num_sectors.into(), content);
            sectors.extend(pages.into_iter().map(sector));
            match said {
                PlainSaid::Member => return Ok(true),
                PlainSaid::NoMember => {}
                PlainSaid::Refused => {
                    return Err(Error::PageMalformed {
                        index: SectorIndex(sectors.last().copied().unwrap_or_default()),
                    });
                }
            }
        }
        return Ok(false);
    }
    let hash = match is_marked {
        true => hash_of(dataset, item).rotate_left(32),
        false => hash_of(dataset, item),
    };
    let (answer, read) = answer(dataset, hash, payload);
    sectors.extend(read);
    match answer {
        PlainAnswer::Member => Ok(true),
        PlainAnswer::NoMember => Ok(false),
        PlainAnswer::NoSuchLayer => Err(Error::NoSuchLayer {
            index: SectorIndex(sectors.last().copied().unwrap_or_default()),
        }),
    }
}

/// What a dataset says; an error where a sector leads nowhere; and the sectors that it takes.
fn outcome(
    dataset: &Dataset,
    identifier: &Identifier<'_>,
    payload: &impl Fn(u32) -> Payload,
) -> (Result<Outcome, Error>, Vec<u32>) {
    let mut sectors = Vec::new();
    let outcome = asked(dataset, identifier, payload, &mut sectors);
    (outcome, sectors)
}

fn asked(
    dataset: &Dataset,
    identifier: &Identifier<'_>,
    payload: &impl Fn(u32) -> Payload,
    sectors: &mut Vec<u32>,
) -> Result<Outcome, Error> {
    // Why nothing is said of what is not there, unless the plan has one of the readings.
    let mut reason = None;
    let mut is_number = false;
    let mut num_asked = 0;
    let mut item = Item::empty();
    for index in 0..=MAX_READINGS {
        match dataset
            .profile
            .reading(identifier, Side::Ask, index, &mut item)
        {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return Ok(Outcome::NotCovered(error)),
        }
        // A number without what may be its extension is asked if it is a number too.
        let is_second = is_number
            && num_asked < MAX_READINGS
            && dataset.plan.num_sectors > 0
            && item.coverage() == Coverage::Complete
            && item.rule() == Some(Rule::WithoutExtension);
        if is_second && !judge(dataset, item.as_bytes(), payload, sectors)?.is_valid {
            continue;
        }
        if item.is_marked() && dataset.num_extra == 0 {
            continue;
        }
        if num_asked == MAX_READINGS {
            return Ok(Outcome::NotCovered(NormaliseError::TooManyReadings));
        }
        if dataset.encoding == Encoding::Exact
            && number(&dataset.profile, item.as_bytes()).is_none()
        {
            continue;
        }
        num_asked += 1;
        if is_member(dataset, item.as_bytes(), item.is_marked(), payload, sectors)? {
            return Ok(Outcome::Exposed);
        }
        if let Coverage::Incidental(why) = item.coverage() {
            reason = Some(why);
            continue;
        }
        if dataset.plan.num_sectors == 0 || is_second {
            continue;
        }
        let judgement = judge(dataset, item.as_bytes(), payload, sectors)?;
        if judgement == Judgement::OUTSIDE {
            reason.get_or_insert(NormaliseError::OutsideNumberingPlan);
        } else {
            is_number = true;
        }
        let Some(change) = judgement.change else {
            continue;
        };
        let mut place = [0; 32];
        match change.apply(item.as_bytes(), &mut place) {
            Some(changed) if num_asked < MAX_READINGS => {
                num_asked += 1;
                if is_member(dataset, changed, false, payload, sectors)? {
                    return Ok(Outcome::Exposed);
                }
            }
            _ => reason = Some(NormaliseError::TooManyReadings),
        }
    }
    Ok(match reason {
        Some(NormaliseError::OutsideNumberingPlan) if is_number => Outcome::Absent,
        Some(why) => Outcome::NotCovered(why),
        None => Outcome::Absent,
    })
}

/// What a file has to say: each dataset's answer, and the sectors that they take.
pub(crate) struct Expected {
    pub(crate) answers: Vec<(u8, Outcome)>,
    pub(crate) sectors: Vec<u32>,
    /// The last of these sectors leads nowhere, and there is no verdict.
    pub(crate) nowhere: Option<Error>,
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
            match outcome {
                Ok(outcome) => outcome,
                Err(error) => {
                    expected.nowhere = Some(error);
                    break;
                }
            }
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
            // Nobody asked by a clock.
            Verdict::Expired(_) => false,
            Verdict::NotExposed(_) => {
                !self.answers.is_empty() && !has(|outcome| *outcome != Outcome::Absent)
            }
        };
        assert!(is_right, "{verdict:?}");
    }
}
