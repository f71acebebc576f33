//! A record -> items -> hashes.

use std::borrow::Cow;
use std::sync::Arc;

use leaksieve_core::encoding::exact::{self, MARK};
use leaksieve_core::hash::HashFunction;
use leaksieve_core::identifier::phone::plan::{Judgement, Plan};
use leaksieve_core::identifier::phone::{ShortText, Shortcuts};
use leaksieve_core::identifier::store::{Stored, is_other_encoding, store};
use leaksieve_core::identifier::{IdScheme, Item, PhoneProfile};
use leaksieve_core::sector::Payload;
use leaksieve_core::{Identifier, IdentifierKind, NormaliseError, Profile};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::input::profile::phone_plan;
use crate::input::reject::{Place, Reason};
use crate::input::source::{Batch, Fault, MAX_RECORD_BYTES, Record};
use crate::input::speller::Sample;
use crate::input::survey::{self, Manner, Wrapper};

use super::Counts;

/// Items that are found before they are hashed.
const NUM_WAITING: usize = 128;

/// What the pages are asked for of an item, and so what a builder gathers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Its hash.
    Hash(u64),
    /// Its number, marked if its line had other items, too.
    Number(u64),
}

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Keys {
    /// Hashes of all items.
    Hashes(HashFunction),
    /// Numbers; hashes of the items that have none.
    Numbers(HashFunction),
}

impl Keys {
    #[inline(always)]
    fn of_short(self, profile: &Profile, item: ShortText) -> Key {
        match self {
            Self::Hashes(function) => Key::Hash(function.hash_short(item)),
            Self::Numbers(function) => {
                let mut place = [0; ShortText::MAX_BYTES];
                match exact::number(profile, item.encode(&mut place)) {
                    Some(number) => Key::Number(number),
                    None => Key::Hash(function.hash_short(item)),
                }
            }
        }
    }

    fn of(self, profile: &Profile, item: &Item, is_alone: bool) -> Key {
        match self {
            Self::Hashes(function) => Key::Hash(function.hash(item)),
            Self::Numbers(function) => match exact::number(profile, item.as_bytes()) {
                Some(number) if is_alone => Key::Number(number),
                Some(number) => Key::Number(number | MARK),
                None => Key::Hash(function.hash(item)),
            },
        }
    }
}

/// How the records of a list become keys. Another process can be sent them: it has to have the same
/// numbering plans.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(into = "Sent", try_from = "Sent")]
pub struct Rules {
    pub(super) kind: IdentifierKind,
    pub(super) profile: Profile,
    /// The same for telephone numbers that all have their country code.
    international: Option<Profile>,
    keys: Keys,
    /// The numbering plan, for telephone numbers.
    plan: Arc<[Payload]>,
    shortcuts: Option<Arc<Shortcuts>>,
}

/// What they are made of.
#[derive(Serialize, Deserialize)]
struct Sent {
    kind: IdentifierKind,
    profile: Profile,
    keys: Keys,
    /// The hash of the numbering plan.
    plan: u64,
}

impl From<Rules> for Sent {
    fn from(rules: Rules) -> Self {
        Self {
            kind: rules.kind,
            plan: hash_of(&rules.plan),
            profile: rules.profile,
            keys: rules.keys,
        }
    }
}

/// Rules of another release: telephone numbers would become other items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this process has another numbering plan than the one that sent the rules: \
     install the same version of leaksieve on all machines"
)]
pub struct OtherPlan;

impl TryFrom<Sent> for Rules {
    type Error = OtherPlan;

    fn try_from(sent: Sent) -> Result<Self, OtherPlan> {
        let plan: &[Payload] = match &sent.profile {
            Profile::Phone(phone) => {
                let plan = phone_plan(&String::from_utf8_lossy(&phone.region));
                &plan.map_err(|_| OtherPlan)?.payloads
            }
            _ => &[],
        };
        if hash_of(plan) != sent.plan {
            return Err(OtherPlan);
        }
        Ok(Self::new(sent.kind, sent.profile, sent.keys, plan))
    }
}

fn hash_of(plan: &[Payload]) -> u64 {
    xxh3_64(plan.as_flattened())
}

impl Rules {
    /// The records are of this kind, and become items by this profile; telephone numbers with
    /// the numbering plan of the file that they are for.
    pub fn new(kind: IdentifierKind, profile: Profile, keys: Keys, plan: &[Payload]) -> Self {
        let shortcuts = match &profile {
            Profile::Phone(profile) => Some(Arc::new(Shortcuts::new(profile, Plan(plan)))),
            _ => None,
        };
        let international = match &profile {
            Profile::Phone(phone) => Some(Profile::Phone(PhoneProfile {
                has_calling_codes: true,
                ..phone.clone()
            })),
            _ => None,
        };
        Self {
            kind,
            profile,
            international,
            keys,
            plan: plan.into(),
            shortcuts,
        }
    }

    /// The items of a record.
    fn store(&self, record: Record<'_>, manner: Manner, stored: &mut Stored) -> Result<(), Reason> {
        if let Some(fault) = record.fault {
            return Err(Reason::Row(fault));
        }
        if record.text.len() > MAX_RECORD_BYTES {
            return Err(Reason::RecordTooLong);
        }
        self.store_text(record.text, manner, stored)
            .map_err(Reason::Normalise)
    }

    fn store_text(
        &self,
        text: &[u8],
        manner: Manner,
        stored: &mut Stored,
    ) -> Result<(), NormaliseError> {
        let identifier = Identifier::new(text).of_kind(self.kind);
        let profile = match &self.international {
            Some(international) if manner.is_international => international,
            _ => &self.profile,
        };
        store(profile, &identifier, Some(Plan(&self.plan)), stored)
    }

    /// Store a text that is no identifier of a kind with a syntax, without what stands around
    /// it; gives what that was. Without such a thing, what is stored means nothing.
    #[cold]
    fn store_peeled(&self, text: &[u8], manner: Manner, stored: &mut Stored) -> Option<Wrapper> {
        if text.len() > MAX_RECORD_BYTES || !self.has_syntax() {
            return None;
        }
        let mut text = Cow::Borrowed(text);
        let mut first = None;
        for _ in 0..survey::MAX_PEELS {
            let (wrapper, inner) = survey::peel(self.kind, &text)?;
            let wrapper = *first.get_or_insert(wrapper);
            if self.store_text(&inner, manner, stored).is_ok() && !stored.is_outside_plan() {
                return Some(wrapper);
            }
            text = Cow::Owned(inner.into_owned());
        }
        None
    }

    fn has_syntax(&self) -> bool {
        survey::has_syntax(self.kind)
            || matches!(&self.profile, Profile::Id(scheme) if !matches!(scheme, IdScheme::Plain(..)))
    }

    /// A record without what all others have around them, too; and what that was.
    fn bare<'a>(&self, record: Record<'a>, manner: Manner) -> (Record<'a>, Option<Wrapper>) {
        let (wrapper, inner) = match manner.take_off {
            Some(wrapper) => (wrapper, wrapper.strip(record.text)),
            None if self.kind == IdentifierKind::Email => {
                (Wrapper::Apostrophe, survey::without_apostrophe(record.text))
            }
            None => return (record, None),
        };
        match inner {
            Some(text) => (Record { text, ..record }, Some(wrapper)),
            None => (record, None),
        }
    }

    /// The item of a phone number that is written as digits alone, as most are.
    #[inline(always)]
    fn item_by_shortcut(&self, record: Record<'_>) -> Option<ShortText> {
        let shortcuts = self.shortcuts.as_deref()?;
        if record.fault.is_some() {
            return None;
        }
        let (digits, has_plus) = match record.text {
            [b'+', digits @ ..] => (digits, true),
            digits => (digits, self.lacks_plus(digits)),
        };
        shortcuts.item(digits, has_plus)
    }

    /// In a dataset without a default country, lists write E.164 digits without their plus
    /// sign; a person who types digits alone is asked for the country.
    fn lacks_plus(&self, text: &[u8]) -> bool {
        matches!(&self.profile, Profile::Phone(phone) if phone.is_world())
            && matches!(text.first(), Some(b'1'..=b'9'))
    }

    /// Count what is special about a record that was accepted.
    fn count(&self, stored: &Stored, text: &[u8], place: Place, counts: &mut Counts) {
        counts.num_stored += stored.items().len() as u64;
        counts.num_extra += u64::from(stored.items().len() > 1);
        if stored.is_outside_plan() {
            let reason = Reason::Normalise(NormaliseError::OutsideNumberingPlan);
            counts.outside_plan.add(reason, place);
        }
        if stored.is_of_other_country() {
            if stored.items().iter().any(is_of_a_country) {
                counts.num_other_country += 1;
            } else {
                let reason = Reason::Normalise(NormaliseError::OutsideNumberingPlan);
                counts.outside_plan.add(reason, place);
            }
        }
        if self.kind == IdentifierKind::Password {
            counts.num_not_utf8 += u64::from(is_other_encoding(text));
        }
    }

    fn hash_waiting(
        &self,
        waiting: &mut Vec<(ShortText, u64)>,
        place: impl Fn(u64) -> Place,
        take: &mut impl FnMut(Key, Place),
    ) {
        for (item, line) in waiting.drain(..) {
            take(self.keys.of_short(&self.profile, item), place(line));
        }
    }

    /// Give the keys of a batch to `take`; count the records, and draw some of them into `sample`.
    pub fn hash_batch(
        &self,
        batch: &Batch,
        manner: Manner,
        counts: &mut Counts,
        sample: &mut Sample,
        take: &mut impl FnMut(Key, Place),
    ) {
        let place = |line| Place {
            input: batch.input,
            line,
        };
        // Items wait for each other: many are found, then many are hashed, and both loops
        // are short enough for a processor to look far ahead.
        let mut waiting = Vec::with_capacity(NUM_WAITING);
        let mut stored = Stored::new();
        batch.for_each(|record| {
            if let Some(item) = self.item_by_shortcut(record) {
                if waiting.len() == NUM_WAITING {
                    self.hash_waiting(&mut waiting, place, take);
                }
                counts.num_accepted += 1;
                counts.num_stored += 1;
                sample.add(place(record.line), record.text);
                waiting.push((item, record.line));
                return;
            }
            let (bare, mut taken_off) = self.bare(record, manner);
            let mut made = self.store(bare, manner, &mut stored);
            let is_in_doubt = match made {
                Ok(()) => stored.is_outside_plan(),
                Err(Reason::Normalise(error)) => error != NormaliseError::Empty,
                Err(_) => false,
            };
            if is_in_doubt {
                let mut peeled = Stored::new();
                if let Some(wrapper) = self.store_peeled(record.text, manner, &mut peeled) {
                    (made, stored, taken_off) = (Ok(()), peeled, Some(wrapper));
                }
            }
            match made {
                Ok(()) => {
                    counts.num_accepted += 1;
                    if let Some(wrapper) = taken_off {
                        *counts.taken_off.entry(wrapper).or_default() += 1;
                    }
                    self.count(&stored, record.text, place(record.line), counts);
                    sample.add(place(record.line), bare.text);
                    let is_alone = stored.items().len() == 1;
                    for item in stored.items() {
                        let key = self.keys.of(&self.profile, item, is_alone);
                        if matches!((self.keys, key), (Keys::Numbers(_), Key::Hash(_))) {
                            counts.no_numbers.add(Reason::NoNumber, place(record.line));
                        }
                        take(key, place(record.line));
                    }
                }
                Err(Reason::Normalise(NormaliseError::Empty)) => counts.num_blank += 1,
                Err(Reason::Row(Fault::BelowMinCount)) => counts.num_below_min_count += 1,
                Err(Reason::Row(Fault::Padding)) => counts.num_padding += 1,
                Err(reason) => counts.rejects.add(reason, place(record.line)),
            }
        });
        self.hash_waiting(&mut waiting, place, take);
    }
}

/// Is this number one of any country, by all their plans?
fn is_of_a_country(item: &Item) -> bool {
    phone_plan("world").is_ok_and(|plan| {
        let judged = Plan(&plan.payloads).judge(item.as_bytes());
        judged.is_ok_and(|judgement| judgement != Judgement::OUTSIDE)
    })
}
