//! A line of a list -> the items that are stored of it. For builders: it holds several.

use super::phone::plan::{Plan, PlanDefect};
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
/// stored as the number of today. If the plan has none of them, the first is stored. If a
/// number is there without what may be its extension, the extension is none.
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
    for index in 0..=MAX_READINGS {
        let mut item = Item::empty();
        if !profile.reading(identifier, Side::Store, index, &mut item)? {
            break;
        }
        let place = stored.items.get_mut(stored.num_items);
        *place.ok_or(NormaliseError::TooManyReadings)? = item;
        stored.num_items += 1;
    }
    if let (Profile::Phone(profile), Some(plan)) = (profile, plan) {
        keep_numbers(profile, identifier, plan, stored);
    }
    Ok(())
}

/// Is a line of a password list, or what it stands for, text in another encoding than UTF-8?
pub fn is_other_encoding(line: &[u8]) -> bool {
    password::is_other_encoding(line)
}

/// Keep the readings that the plan has, or the first.
fn keep_numbers(
    profile: &PhoneProfile,
    identifier: &Identifier<'_>,
    plan: Plan<'_>,
    stored: &mut Stored,
) {
    let mut num_kept = 0;
    let mut has_code = false;
    for index in 0..stored.num_items {
        let Some(mut item) = stored.items.get(index).cloned() else {
            break;
        };
        if num_kept > 0 && item.rule == Some(Rule::WithoutExtension) {
            break;
        }
        if !is_number(plan, &mut item) {
            continue;
        }
        // All lines of such a list have their country code, whatever else they could be.
        if profile.has_calling_codes && is_behind_code(identifier, &item) {
            (num_kept, has_code) = (0, true);
        } else if has_code {
            continue;
        }
        if let Some(place) = stored.items.get_mut(num_kept) {
            *place = item;
            num_kept += 1;
        }
    }
    stored.is_outside_plan = num_kept == 0 && !stored.is_of_other_country();
    stored.num_items = num_kept.max(1);
}

/// Does the plan have it? An old form becomes today's.
fn is_number(plan: Plan<'_>, item: &mut Item) -> bool {
    if item.coverage != Coverage::Complete {
        return false;
    }
    let judgement = match plan.judge(&item.bytes) {
        Ok(judgement) => judgement,
        Err(PlanDefect) => return false,
    };
    if judgement.is_valid {
        return true;
    }
    let mut place = [0; MAX_DIGITS];
    let changed = judgement
        .change
        .and_then(|change| change.apply(&item.bytes, &mut place))
        .and_then(|digits| heapless::Vec::from_slice(digits).ok());
    match changed {
        Some(digits) => {
            item.bytes = digits;
            item.rule = Some(Rule::ChangedPlan);
            true
        }
        None => false,
    }
}

/// Is the number written as it is dialled from abroad, without what is dialled before?
fn is_behind_code(identifier: &Identifier<'_>, item: &Item) -> bool {
    let digits = identifier.text.iter().copied().filter(u8::is_ascii_digit);
    digits.eq(item.bytes.iter().copied())
}
