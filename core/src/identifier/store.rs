//! A line of a list -> the items that are stored of it. For builders: it holds several.

use super::phone::plan::{Change, Judgement, Plan};
use super::phone::{MAX_DIGITS, PhoneProfile};
use super::{
    Coverage, Identifier, Item, MAX_READINGS, NormaliseError, Profile, Rule, Side, password,
};

/// The items of one line, and what a builder counts of it.
#[derive(Clone, Debug)]
pub struct Stored {
    items: [Item; MAX_READINGS as usize],
    num_items: usize,
    is_outside_plan: bool,
}

impl Stored {
    /// Of no line yet.
    pub const fn new() -> Self {
        Self {
            items: [const { Item::empty() }; MAX_READINGS as usize],
            num_items: 0,
            is_outside_plan: false,
        }
    }

    /// What is stored: 1 to [`MAX_READINGS`] items.
    pub fn items(&self) -> &[Item] {
        self.items.get(..self.num_items).unwrap_or(&[])
    }

    /// Is it a telephone number of the region that its plan does not have?
    pub const fn is_outside_plan(&self) -> bool {
        self.is_outside_plan
    }

    /// Is it a telephone number of another country than the region's?
    pub fn is_of_other_country(&self) -> bool {
        self.items().first().is_some_and(|item| {
            item.coverage() == Coverage::Incidental(NormaliseError::OtherCountry)
        })
    }
}

impl Default for Stored {
    fn default() -> Self {
        Self::new()
    }
}

/// Read a line. `plan` is that of a phone profile; of telephone numbers without one all
/// readings are stored.
///
/// Of the readings of a telephone number those are stored that the plan has; an old form is
/// stored as the number of today. If the plan has none of them, the first is stored.
///
/// # Errors
/// Why the line has no item, or more than [`MAX_READINGS`].
pub fn store(
    profile: &Profile,
    identifier: &Identifier<'_>,
    plan: Option<Plan<'_>>,
    stored: &mut Stored,
) -> Result<(), NormaliseError> {
    stored.num_items = 0;
    stored.is_outside_plan = false;
    for (index, place) in (0..).zip(&mut stored.items) {
        if !profile.reading(identifier, Side::Store, index, place)? {
            break;
        }
        stored.num_items += 1;
    }
    // One more is refused.
    if stored.num_items == stored.items.len() {
        profile.reading(identifier, Side::Store, MAX_READINGS, &mut Item::empty())?;
    }
    match (profile, plan) {
        (Profile::Phone(profile), Some(plan)) => stored.keep_numbers(profile, identifier, plan),
        _ => Ok(()),
    }
}

/// Is a line of a password list, or what it stands for, text in another encoding than UTF-8?
pub fn is_other_encoding(line: &[u8]) -> bool {
    password::is_other_encoding(line)
}

impl Stored {
    /// Keep the readings that the plan has, or the first.
    fn keep_numbers(
        &mut self,
        profile: &PhoneProfile,
        identifier: &Identifier<'_>,
        plan: Plan<'_>,
    ) -> Result<(), NormaliseError> {
        let readings = self.clone();
        self.num_items = 0;
        for item in readings.items() {
            // Of another country's numbers it has those that moved to this one.
            let judgement = plan.judge(&item.bytes);
            let Judgement { is_valid, change } = judgement.unwrap_or(Judgement::OUTSIDE);
            let changed = change.and_then(|change| changed(item, change));
            if !is_valid && changed.is_none() {
                continue;
            }
            // All lines of such a list have their country code, whatever else they could be.
            let is_sure = profile.has_calling_codes && is_behind_code(identifier, item);
            if is_sure {
                self.num_items = 0;
            }
            for item in is_valid.then(|| item.clone()).into_iter().chain(changed) {
                let place = self.items.get_mut(self.num_items);
                *place.ok_or(NormaliseError::TooManyReadings)? = item;
                self.num_items += 1;
            }
            if is_sure {
                return Ok(());
            }
        }
        if self.num_items == 0 {
            self.items = readings.items;
            self.num_items = 1;
            self.is_outside_plan = !self.is_of_other_country();
        }
        Ok(())
    }
}

/// The other form of a number.
fn changed(item: &Item, change: Change) -> Option<Item> {
    let mut place = [0; MAX_DIGITS];
    let digits = change.apply(&item.bytes, &mut place)?;
    let mut item = item.clone();
    item.bytes = heapless::Vec::from_slice(digits).ok()?;
    item.rule = Some(Rule::ChangedPlan);
    Some(item)
}

/// Is the number written as it is dialled from abroad, without what is dialled before?
fn is_behind_code(identifier: &Identifier<'_>, item: &Item) -> bool {
    let digits = identifier.text.iter().copied().filter(u8::is_ascii_digit);
    digits.eq(item.bytes.iter().copied())
}
