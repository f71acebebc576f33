//! The questions: which sector is wanted next, and what is the verdict.
//!
//! Nothing here does I/O. An [`Opening`](crate::Opening) reads a header and gives a
//! [`Catalogue`]; [`Lookup`] asks a catalogue's datasets about one identifier. Both name
//! the sector that they want and take its 512 bytes, so one code serves a blocking SD
//! driver, an async one, a mapped file and a browser. [`crate::source`] has the blocking
//! helpers.
//!
//! # Invariant
//! [`Verdict::NotExposed`] is given only after the header was verified, every dataset
//! in question covers the identifier, and every sector that could hold one of its readings was
//! read, verified and lacks it; a telephone number is covered if the numbering plan has one of
//! its readings: a page that says that an item was bumped sends on to the next
//! layer, and is no "no". In a signed file, verified means: the page's tag, and that of
//! each tag sector above it, agree with the root that was signed.

mod question;
#[cfg(feature = "std")]
mod waiting;

use crate::catalogue::Catalogue;
use crate::encoding::exact::{self, MARK, Next};
use crate::encoding::{Encoding, Match};
use crate::error::Error;
use crate::header::Dataset;
use crate::identifier::phone::MAX_DIGITS;
#[cfg(feature = "std")]
use crate::identifier::phone::Shortcuts;
use crate::identifier::phone::plan::{Change, Judgement, Step as PlanStep, Walk};
use crate::identifier::{
    Coverage, Identifier, IdentifierKind, Item, MAX_READINGS, NormaliseError, Rule, Side,
};
use crate::sector::{Payload, Sector, SectorIndex, verify};
use crate::trust::Step;
use crate::verdict::{Answer, Answers, Outcome, Verdict};
use question::{Found, Pending, Question, Wanted};
#[cfg(feature = "std")]
pub use waiting::Waiting;

impl Catalogue {
    /// Begin to look an identifier up: in the datasets of its kind, or in all when
    /// it states none. For each dataset that covers it, up to
    /// [`sectors_per_dataset`](Self::sectors_per_dataset) are read.
    pub fn lookup<'a>(&'a self, identifier: Identifier<'a>) -> Lookup<'a> {
        let mut lookup = self.begin(identifier);
        lookup.advance();
        lookup
    }

    /// As [`lookup`](Self::lookup), with the same result, for a host that asks millions:
    /// `shortcuts` has an element for each dataset, which is those of its profile if it
    /// holds phone numbers. The slice may be shorter.
    #[cfg(feature = "std")]
    pub fn lookup_by_shortcuts<'a>(
        &'a self,
        identifier: Identifier<'a>,
        shortcuts: &'a [Option<Shortcuts>],
    ) -> Lookup<'a> {
        let mut lookup = self.begin(identifier);
        lookup.shortcuts = shortcuts;
        lookup.advance();
        lookup
    }

    fn begin<'a>(&'a self, identifier: Identifier<'a>) -> Lookup<'a> {
        let any_in_scope = identifier
            .kind()
            .is_none_or(|kind| self.datasets().iter().any(|d| d.profile.answers(kind)));
        Lookup {
            catalogue: self,
            identifier,
            #[cfg(feature = "std")]
            shortcuts: &[],
            scope: identifier.kind().filter(|_| any_in_scope),
            next_dataset: 0,
            asking: Asking::of(0),
            pending: None,
            answers: Answers::NONE,
        }
    }
}

/// One question, on its way to its verdict.
#[derive(Clone, Debug)]
pub struct Lookup<'a> {
    catalogue: &'a Catalogue,
    identifier: Identifier<'a>,
    #[cfg(feature = "std")]
    shortcuts: &'a [Option<Shortcuts>],
    /// Only datasets that answer this kind are asked. `None`: all are.
    scope: Option<IdentifierKind>,
    next_dataset: u8,
    asking: Asking,
    pending: Option<Pending>,
    answers: Answers,
}

/// What is known of an identifier in the dataset that is asked.
#[derive(Clone, Copy, Debug)]
struct Asking {
    dataset: u8,
    /// The reading that is asked.
    reading: u8,
    /// Readings whose pages were asked for, changed numbers included.
    num_asked: u8,
    /// Sectors of the plan that were read for this reading.
    num_plan_reads: u8,
    rule: Option<Rule>,
    /// The plan has to say whether this reading is a number.
    is_open: bool,
    /// Before its page is asked: it is a whole number without what may be its extension.
    is_plan_first: bool,
    /// The other form of the reading is asked for, which the plan gave.
    is_changed: bool,
    /// The plan has one of the readings.
    is_number: bool,
    /// It was found by a shortcut: its one reading is known to be a number.
    is_short: bool,
    /// Why the absence of a reading proves nothing.
    reason: Option<NormaliseError>,
}

impl Asking {
    const fn of(dataset: u8) -> Self {
        Self {
            dataset,
            reading: 0,
            num_asked: 0,
            num_plan_reads: 0,
            rule: None,
            is_open: false,
            is_plan_first: false,
            is_changed: false,
            is_number: false,
            is_short: false,
            reason: None,
        }
    }

    /// All that could be asked was, and nothing was found.
    fn outcome(&self) -> Outcome {
        match self.reason {
            // One reading is a number, so the others need not be.
            Some(NormaliseError::OutsideNumberingPlan) if self.is_number => Outcome::Absent,
            Some(reason) => Outcome::NotCovered(reason),
            None => Outcome::Absent,
        }
    }
}

impl Lookup<'_> {
    /// The sector to supply next, or `None` when the verdict is ready. At most
    /// [`Catalogue::sectors_per_dataset`] are wanted for each dataset.
    pub fn wants(&self) -> Option<SectorIndex> {
        self.pending.map(|pending| pending.sector)
    }

    /// Take the sector that [`wants`](Self::wants) named.
    ///
    /// # Errors
    /// [`Error::SectorDamaged`], [`Error::NoSuchLayer`] and [`Error::PlanMalformed`]: the sector
    /// stays wanted. [`Error::NotAsSigned`]: the sector that the tags are of is wanted again. What
    /// is wanted may be read and supplied again.
    pub fn supply(&mut self, sector: &Sector) -> Result<(), Error> {
        let Some(pending) = &self.pending else {
            return Ok(());
        };
        let catalogue = self.catalogue;
        let Some(dataset) = catalogue.datasets().get(usize::from(pending.dataset)) else {
            return Err(Error::Unfinished);
        };
        let payload = verify(catalogue.file_id, pending.sector, sector)?;
        let found = match pending.unproven {
            None => self.look(dataset, pending, payload)?,
            Some((found, _)) => found,
        };
        if let Some(signed) = &catalogue.signed {
            let path = pending.unproven.map(|(_, path)| path);
            match signed.prove(catalogue.file_id, pending.sector, payload, path) {
                Ok(Step::Proven) => {}
                Ok(Step::Above(sector, path)) => {
                    self.pending = Some(Pending {
                        sector,
                        unproven: Some((found, path)),
                        ..*pending
                    });
                    return Ok(());
                }
                Err(error) => {
                    let wanted = pending.wanted;
                    self.want(dataset, wanted);
                    return Err(error);
                }
            }
        }
        self.take(dataset, found)
    }

    /// What a sector says is believed.
    // A device calls it from one place, where a further frame would make its stack deeper.
    #[inline(always)]
    fn take(&mut self, dataset: &Dataset, found: Found) -> Result<(), Error> {
        match found {
            Found::Page(Next::Wants(step)) => return self.turn(dataset, Some(step)),
            Found::Bumped => return self.turn(dataset, None),
            Found::Plan(PlanStep::Wants(walk)) => return self.go_on(dataset, Wanted::Plan(walk)),
            Found::Plan(PlanStep::Judged(judgement)) => self.judged(dataset, judgement)?,
            Found::Page(Next::Said(said)) => {
                let Some(Question { key, .. }) = self.question() else {
                    return Err(Error::Unfinished);
                };
                match said {
                    Match::Hit => self.hit(dataset, key)?,
                    Match::Miss | Match::Bumped => self.missed(dataset, key)?,
                }
            }
        }
        if self.pending.is_none() {
            self.advance();
        }
        Ok(())
    }

    /// What the page is asked that is wanted.
    fn question(&self) -> Option<Question> {
        match self.pending?.wanted {
            Wanted::Page(question) => Some(question),
            Wanted::Plan(_) => None,
        }
    }

    /// Want another page for the same item: that of an exact set, or one of the next layer.
    // Not inlined, as the next: what they hold is not on the stack while the reading is.
    #[inline(never)]
    fn turn(&mut self, dataset: &Dataset, step: Option<exact::Step>) -> Result<(), Error> {
        let question = self.question().ok_or(Error::Unfinished)?;
        let next = match step {
            Some(step) => question.at(step),
            None => question.bumped(),
        };
        self.go_on(dataset, Wanted::Page(next))
    }

    /// Want the next page or plan sector for the same reading.
    #[inline(never)]
    fn go_on(&mut self, dataset: &Dataset, next: Wanted) -> Result<(), Error> {
        let here = self.pending.and_then(|here| here.wanted.sector(dataset));
        let index = here.ok_or(Error::Unfinished)?;
        let error = match (next, dataset.encoding) {
            (Wanted::Page(_), Encoding::Exact) => Error::PageMalformed { index },
            (Wanted::Page(_), _) => Error::NoSuchLayer { index },
            (Wanted::Plan(_), _) => {
                // The header says how many a number needs.
                let num_reads = self.asking.num_plan_reads.saturating_add(1);
                if num_reads >= dataset.plan.max_reads {
                    return Err(Error::PlanMalformed { index });
                }
                self.asking.num_plan_reads = num_reads;
                Error::PlanMalformed { index }
            }
        };
        next.sector(dataset).ok_or(error)?;
        self.want(dataset, next);
        Ok(())
    }

    /// What a sector says that is wanted.
    fn look(
        &self,
        dataset: &Dataset,
        pending: &Pending,
        payload: &Payload,
    ) -> Result<Found, Error> {
        match pending.wanted {
            Wanted::Page(question) => {
                let said = question.look(dataset, pending.sector, payload);
                let said = said.ok_or(Error::Unfinished)?;
                let index = pending.sector;
                said.map_err(|_| Error::PageMalformed { index })
            }
            Wanted::Plan(walk) => {
                self.walk(dataset, walk, payload)
                    .map(Found::Plan)
                    .ok_or(Error::PlanMalformed {
                        index: pending.sector,
                    })
            }
        }
    }

    /// Not inlined: its item (256 bytes) leaves the stack when it returns. So with the functions
    /// below that hold one.
    #[inline(never)]
    fn walk(&self, dataset: &Dataset, walk: Walk, payload: &Payload) -> Option<PlanStep> {
        let mut item = Item::empty();
        self.reading(dataset, self.asking.reading, &mut item).ok()?;
        walk.step(item.as_bytes(), payload).ok()
    }

    /// The key of the other form of the reading, if it can be.
    #[inline(never)]
    fn changed(&self, dataset: &Dataset, change: Change) -> Option<u64> {
        let mut item = Item::empty();
        self.reading(dataset, self.asking.reading, &mut item).ok()?;
        let mut place = [0; MAX_DIGITS];
        let digits = change.apply(item.as_bytes(), &mut place)?;
        dataset.key_of_bytes(digits)
    }

    #[inline(never)]
    fn key_of_reading(&self, dataset: &Dataset) -> Option<u64> {
        let mut item = Item::empty();
        self.reading(dataset, self.asking.reading, &mut item).ok()?;
        dataset.key(&item)
    }

    fn reading(
        &self,
        dataset: &Dataset,
        index: u8,
        item: &mut Item,
    ) -> Result<bool, NormaliseError> {
        dataset
            .profile
            .reading(&self.identifier, Side::Ask, index, item)
    }

    /// How many readings are asked for if none is found: of a telephone number those that it has
    /// if it is one, changed forms apart.
    #[inline(never)]
    fn num_readings(&self, dataset: &Dataset) -> u8 {
        if self.asking.is_short {
            return 1;
        }
        let mut item = Item::empty();
        let mut num_readings = 0;
        for index in 0..MAX_READINGS {
            match self.reading(dataset, index, &mut item) {
                Ok(true) if item.rule() == Some(Rule::WithoutExtension) => {}
                Ok(true) => num_readings += u8::from(is_asked(dataset, &item)),
                Ok(false) | Err(_) => break,
            }
        }
        num_readings
    }

    /// A reading's page has it.
    fn hit(&mut self, dataset: &Dataset, key: u64) -> Result<(), Error> {
        if self.asking.is_changed {
            self.asking.rule = Some(Rule::ChangedPlan);
        }
        let num_readings = self.asking.num_asked.max(self.num_readings(dataset));
        // The line had several readings, or the question has.
        if dataset.encoding == Encoding::Exact && (key & MARK != 0 || num_readings > 1) {
            self.asking.rule = Some(Rule::WrittenAlike);
        }
        self.answer(Outcome::Exposed, self.asking.rule, num_readings)
    }

    /// A reading's page does not have it.
    fn missed(&mut self, dataset: &Dataset, key: u64) -> Result<(), Error> {
        // It may have come from a line with several readings.
        if dataset.encoding == Encoding::Exact && dataset.num_extra > 0 && !is_marked(dataset, key)
        {
            let marked = Question::first(dataset, key | MARK);
            self.want(dataset, Wanted::Page(marked));
            return Ok(());
        }
        // What the plan gave is a number.
        if self.asking.is_open && !self.asking.is_changed {
            self.want_plan(dataset);
            return Ok(());
        }
        self.next_reading(dataset)
    }

    /// Go on with the next reading.
    fn next_reading(&mut self, dataset: &Dataset) -> Result<(), Error> {
        self.asking.reading = self.asking.reading.saturating_add(1);
        self.ask_next(dataset)
    }

    fn want_plan(&mut self, dataset: &Dataset) {
        self.asking.num_plan_reads = 0;
        self.want(dataset, Wanted::Plan(Walk::START));
    }

    /// The plan said whether a reading is a number.
    fn judged(&mut self, dataset: &Dataset, judgement: Judgement) -> Result<(), Error> {
        if self.asking.is_plan_first {
            self.asking.is_plan_first = false;
            self.asking.is_open = false;
            if judgement.is_valid
                && let Some(key) = self.key_of_reading(dataset)
            {
                self.ask(dataset, key, false);
                return Ok(());
            }
            return self.next_reading(dataset);
        }
        if judgement == Judgement::OUTSIDE {
            let reason = NormaliseError::OutsideNumberingPlan;
            self.asking.reason.get_or_insert(reason);
        } else {
            self.asking.is_number = true;
        }
        if let Some(change) = judgement.change {
            match self.changed(dataset, change) {
                Some(key) if self.asking.num_asked < MAX_READINGS => {
                    self.ask(dataset, key, true);
                    return Ok(());
                }
                _ => self.asking.reason = Some(NormaliseError::TooManyReadings),
            }
        }
        self.next_reading(dataset)
    }

    /// Ask the page of the next reading, or answer.
    fn ask_next(&mut self, dataset: &Dataset) -> Result<(), Error> {
        match self.key(dataset) {
            Ok(Some(_)) if self.asking.is_plan_first => {
                self.want_plan(dataset);
                return Ok(());
            }
            Ok(Some(key)) if self.asking.num_asked < MAX_READINGS => {
                self.ask(dataset, key, false);
                return Ok(());
            }
            Ok(Some(_)) => self.asking.reason = Some(NormaliseError::TooManyReadings),
            Ok(None) => {}
            Err(reason) => {
                self.asking.reason = Some(reason);
                self.asking.is_number = false;
            }
        }
        let outcome = self.asking.outcome();
        self.answer(outcome, None, self.asking.num_asked)
    }

    fn ask(&mut self, dataset: &Dataset, key: u64, is_changed: bool) {
        self.asking.num_asked = self.asking.num_asked.saturating_add(1);
        self.asking.is_changed = is_changed;
        self.want(dataset, Wanted::Page(Question::first(dataset, key)));
    }

    #[inline(never)]
    fn want(&mut self, dataset: &Dataset, wanted: Wanted) {
        self.pending = Some(Pending {
            dataset: self.asking.dataset,
            // The header's check leaves no dataset without a layer, or a plan without a sector.
            sector: wanted.sector(dataset).unwrap_or(dataset.first_sector),
            wanted,
            unproven: None,
        });
    }

    fn answer(
        &mut self,
        outcome: Outcome,
        rule: Option<Rule>,
        num_readings: u8,
    ) -> Result<(), Error> {
        self.pending = None;
        self.answers.push(Answer {
            dataset: self.asking.dataset,
            outcome,
            rule,
            num_readings,
        })
    }

    /// The verdict, once [`wants`](Self::wants) is `None`.
    ///
    /// # Errors
    /// [`Error::Unfinished`] while a sector is wanted.
    pub fn verdict(self) -> Result<Verdict, Error> {
        if self.pending.is_some() || self.answers.is_empty() {
            return Err(Error::Unfinished);
        }
        let has = |wanted: fn(Outcome) -> bool| self.answers.iter().any(|a| wanted(a.outcome));
        Ok(if has(|outcome| outcome == Outcome::Exposed) {
            Verdict::Exposed(self.answers)
        } else if has(|outcome| outcome != Outcome::Absent) {
            Verdict::NotCovered(self.answers)
        } else {
            Verdict::NotExposed(self.answers)
        })
    }

    /// The key of the reading that comes next, if there is one.
    #[inline(never)]
    fn key(&mut self, dataset: &Dataset) -> Result<Option<u64>, NormaliseError> {
        // Its one reading was asked. Of millions that wait, none has to look at its text here.
        #[cfg(feature = "std")]
        if self.asking.is_short {
            return Ok(None);
        }
        #[cfg(feature = "std")]
        if let Some(Some(shortcuts)) = self.shortcuts.get(usize::from(self.asking.dataset))
            && let Some(item) = shortcuts.item_of(&self.identifier)
        {
            self.asking.is_short = true;
            self.asking.is_number = true;
            return Ok(dataset.key_of_short(item));
        }
        let mut item = Item::empty();
        while self.reading(dataset, self.asking.reading, &mut item)? {
            let asking = &mut self.asking;
            if is_asked(dataset, &item) {
                asking.rule = item.rule();
                asking.is_open = dataset.plan.num_sectors > 0;
                asking.is_plan_first = asking.is_open
                    && asking.is_number
                    && asking.num_asked < MAX_READINGS
                    && item.rule() == Some(Rule::WithoutExtension);
                if let Coverage::Incidental(reason) = item.coverage() {
                    // It is of a country that the plan does not have, or that nobody knows.
                    asking.is_open = false;
                    asking.is_plan_first = false;
                    asking.reason = Some(reason);
                }
                if let Some(key) = dataset.key(&item) {
                    return Ok(Some(key));
                }
                // It is no number, and no member. No telephone number is so long.
                if asking.is_open {
                    asking.reason = Some(NormaliseError::OutsideNumberingPlan);
                }
            }
            let asking = &mut self.asking;
            asking.reading = asking.reading.saturating_add(1);
        }
        Ok(None)
    }

    /// Go on to the next dataset that a sector must be read for.
    fn advance(&mut self) {
        let catalogue = self.catalogue;
        while self.pending.is_none() {
            let index = self.next_dataset;
            let Some(dataset) = catalogue.datasets().get(usize::from(index)) else {
                return;
            };
            self.next_dataset += 1;
            if self
                .scope
                .is_some_and(|kind| !dataset.profile.answers(kind))
            {
                continue;
            }
            self.asking = Asking::of(index);
            // There are never more answers than datasets, so there is room.
            let _ = self.ask_next(dataset);
        }
    }
}

/// Is a key that of a number from a line with several readings?
fn is_marked(dataset: &Dataset, key: u64) -> bool {
    dataset.encoding == Encoding::Exact && key & MARK != 0
}

/// Is a reading asked for? A dataset without derived items has none that are marked.
const fn is_asked(dataset: &Dataset, item: &Item) -> bool {
    !item.is_marked() || dataset.num_extra > 0
}
