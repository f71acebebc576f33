//! `leaksieve check --explain`: how a text was read, below what the file says of it.

use std::fmt::Write as _;

use leaksieve::file::words::title_and_covers;
use leaksieve::file::{FileError, FilterFile};
use leaksieve_core::identifier::phone::MAX_DIGITS;
use leaksieve_core::identifier::phone::plan::{Judgement, Plan};
use leaksieve_core::identifier::{Coverage, Item, MAX_READINGS, Rule, Side};
use leaksieve_core::sector::Payload;
use leaksieve_core::{Dataset, Identifier, Profile};

/// What the words are made of, apart from the text that is asked.
pub(super) struct Explainer {
    /// The numbering plan of each dataset; of what holds no telephone numbers nothing.
    plans: Vec<Vec<Payload>>,
}

/// One thing that a text can mean.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    /// What is looked for; of a password nothing.
    item: String,
    /// How it came from the text.
    how: String,
    /// What else is known of it.
    note: String,
}

impl Explainer {
    /// # Errors
    /// [`FileError`] when a numbering plan cannot be read.
    pub(super) fn new(file: &FilterFile) -> Result<Self, FileError> {
        let datasets = file.catalogue().datasets().iter();
        Ok(Self {
            plans: datasets
                .map(|dataset| file.plan_of(dataset))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Indented lines: each dataset that was asked, and below it what was looked for in it.
    pub(super) fn words(&self, datasets: &[Dataset], identifier: &Identifier<'_>) -> String {
        let mut words = String::new();
        for (dataset, plan) in datasets.iter().zip(&self.plans) {
            let kind = identifier.kind();
            if kind.is_some_and(|kind| !dataset.profile.answers(kind)) {
                continue;
            }
            let rows = rows(dataset, Plan(plan), identifier);
            let width = |part: fn(&Row) -> &str| {
                let widths = rows.iter().map(|row| part(row).chars().count());
                widths.max().unwrap_or(0)
            };
            let (items, hows) = (width(|row| &row.item), width(|row| &row.how));
            let _ = writeln!(words, "   {}", title_and_covers(dataset));
            for Row { item, how, note } in &rows {
                let gap = if items > 0 { "  " } else { "" };
                let row = format!("     {item:items$}{gap}{how:hows$}  {note}");
                let _ = writeln!(words, "{}", row.trim_end());
            }
        }
        words
    }
}

/// What is looked for in a dataset, in the order in which it is.
fn rows(dataset: &Dataset, plan: Plan<'_>, identifier: &Identifier<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut item = Item::empty();
    let mut has_number = false;
    for index in 0..=MAX_READINGS {
        match dataset
            .profile
            .reading(identifier, Side::Ask, index, &mut item)
        {
            Ok(true) => {}
            Ok(false) => break,
            Err(reason) => {
                let more = if index > 0 { "more " } else { "" };
                rows.push(Row {
                    item: String::new(),
                    how: format!("nothing {more}is looked for: {reason}"),
                    note: String::new(),
                });
                break;
            }
        }
        let note = match item.coverage() {
            // Such an item is of no plan.
            Coverage::Incidental(reason) => {
                format!("if it is not there, that proves nothing: {reason}")
            }
            Coverage::Complete if item.is_marked() && dataset.num_extra == 0 => {
                "not looked for: no line of the list is like that".into()
            }
            Coverage::Complete if !matches!(dataset.profile, Profile::Phone(_)) => String::new(),
            Coverage::Complete
                if has_number
                    && item.rule() == Some(Rule::WithoutExtension)
                    && !plan
                        .judge(item.as_bytes())
                        .is_ok_and(|judged| judged.is_valid) =>
            {
                "not looked for: it is not a number, and the whole text is one".into()
            }
            Coverage::Complete => {
                let judged = plan.judge(item.as_bytes());
                has_number |= judged.is_ok_and(|judgement| judgement != Judgement::OUTSIDE);
                rows.push(Row::of(dataset, &item, judged.map_or("", said)));
                let mut place = [0; MAX_DIGITS];
                let other = judged.ok().and_then(|judgement| judgement.change);
                if let Some(other) =
                    other.and_then(|change| change.apply(item.as_bytes(), &mut place))
                {
                    rows.push(Row {
                        item: format!("+{}", String::from_utf8_lossy(other)),
                        how: Rule::ChangedPlan.text().into(),
                        note: "a number".into(),
                    });
                }
                continue;
            }
        };
        rows.push(Row::of(dataset, &item, &note));
    }
    rows
}

/// What the numbering plan says.
const fn said(judgement: Judgement) -> &'static str {
    match judgement {
        Judgement { is_valid: true, .. } => "a number",
        Judgement {
            change: Some(_), ..
        } => "an old form of a number",
        Judgement { .. } => "no phone has it",
    }
}

impl Row {
    fn of(dataset: &Dataset, item: &Item, note: &str) -> Self {
        let text = String::from_utf8_lossy(item.as_bytes());
        Self {
            item: match dataset.profile {
                Profile::Password(..) => String::new(),
                Profile::Phone(_) => format!("+{text}"),
                _ => text.into_owned(),
            },
            how: match item.rule() {
                // Prefixes and zeros are taken off, as telephones do.
                None if matches!(dataset.profile, Profile::Phone(_)) => {
                    "as it is usually read".into()
                }
                None => "as it was typed".into(),
                Some(rule) if item.is_marked() => format!("as the list has it {}", rule.text()),
                Some(rule) => rule.text().into(),
            },
            note: note.into(),
        }
    }
}
