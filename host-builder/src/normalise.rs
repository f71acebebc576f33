//! Raw identifiers -> items -> hashes, on all cores.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use leaksieve_core::fold;
use leaksieve_core::hash::HashFunction;
use leaksieve_core::identifier::phone::{ShortText, Shortcuts};
use leaksieve_core::{Identifier, IdentifierKind, NormaliseError, Profile};

use crate::progress::Observer;
use crate::reject::{Place, Reason, Rejects};
use crate::source::{self, Batch, Fault, Input, Layout, MAX_RECORD_BYTES, Record, SourceError};

/// Items that are found before they are hashed.
const NUM_WAITING: usize = 128;

/// How the records of a list become hashes.
#[derive(Clone, Debug)]
pub struct Rules {
    kind: IdentifierKind,
    profile: Profile,
    hash: HashFunction,
    shortcuts: Option<Arc<Shortcuts>>,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records that gave an item, duplicates included.
    pub num_accepted: u64,
    /// Records with nothing in them.
    pub num_blank: u64,
    /// Records of a lower count than was asked for; see [`Layout::BeforeColon`].
    pub num_below_min_count: u64,
    /// Entries of hash lists with a count of 0, which fill up a range.
    pub num_padding: u64,
    /// Records that gave none.
    pub rejects: Rejects,
}

impl Counts {
    fn merge(&mut self, other: &Self) {
        self.num_accepted += other.num_accepted;
        self.num_blank += other.num_blank;
        self.num_below_min_count += other.num_below_min_count;
        self.num_padding += other.num_padding;
        self.rejects.merge(&other.rejects);
    }

    /// Share of the records with something in them that gave no item, 0 to 1.
    pub fn rejected_share(&self) -> f64 {
        let rejected = self.rejects.count();
        rejected as f64 / (rejected + self.num_accepted).max(1) as f64
    }
}

impl Rules {
    /// The records are of this kind, and become items by this profile.
    pub fn new(kind: IdentifierKind, profile: Profile, hash: HashFunction) -> Self {
        let shortcuts = match &profile {
            Profile::Phone(profile) => Some(Arc::new(Shortcuts::new(profile))),
            _ => None,
        };
        Self {
            kind,
            profile,
            hash,
            shortcuts,
        }
    }

    /// The hash of a record.
    fn hash(&self, record: Record<'_>) -> Result<u64, Reason> {
        if let Some(fault) = record.fault {
            return Err(Reason::Row(fault));
        }
        if record.text.len() > MAX_RECORD_BYTES {
            return Err(Reason::RecordTooLong);
        }
        let text = self.with_plus(record.text);
        let identifier = Identifier::new(&text)
            .of_kind(self.kind)
            .folded_by(fold::fold);
        match self.profile.normalise(&identifier) {
            Ok(item) => Ok(self.hash.hash(&item)),
            Err(error) => Err(Reason::Normalise(error)),
        }
    }

    /// The item of a phone number that is written as digits alone, as most are.
    #[inline]
    fn item_by_shortcut(&self, record: Record<'_>) -> Option<ShortText> {
        let shortcuts = self.shortcuts.as_deref()?;
        if record.fault.is_some() {
            return None;
        }
        match record.text.strip_prefix(b"+") {
            Some(digits) => shortcuts.item(digits, true),
            None => shortcuts.item(record.text, self.lacks_plus(record.text)),
        }
    }

    /// In a dataset without a default country, lists write E.164 digits without their plus
    /// sign; a person who types digits alone is asked for the country.
    fn lacks_plus(&self, text: &[u8]) -> bool {
        matches!(&self.profile, Profile::Phone(phone) if phone.is_world())
            && matches!(text.first(), Some(b'1'..=b'9'))
    }

    /// The identifier that a record stands for.
    fn with_plus<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        let trimmed = text.trim_ascii();
        if self.lacks_plus(trimmed) {
            [b"+", trimmed].concat().into()
        } else {
            text.into()
        }
    }

    fn hash_waiting(
        &self,
        waiting: &mut Vec<(ShortText, u64)>,
        place: impl Fn(u64) -> Place,
        take: &mut impl FnMut(u64, Place),
    ) {
        for (item, line) in waiting.drain(..) {
            take(self.hash.hash_short(item), place(line));
        }
    }

    fn hash_batch(&self, batch: &Batch, counts: &mut Counts, take: &mut impl FnMut(u64, Place)) {
        let place = |line| Place {
            input: batch.input,
            line,
        };
        // Items wait for each other: many are found, then many are hashed, and both loops
        // are short enough for a processor to look far ahead.
        let mut waiting = Vec::with_capacity(NUM_WAITING);
        batch.for_each(|record| {
            if let Some(item) = self.item_by_shortcut(record) {
                if waiting.len() == NUM_WAITING {
                    self.hash_waiting(&mut waiting, place, take);
                }
                counts.num_accepted += 1;
                waiting.push((item, record.line));
                return;
            }
            match self.hash(record) {
                Ok(hash) => {
                    counts.num_accepted += 1;
                    take(hash, place(record.line));
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

/// Bytes of all inputs, where they are known beforehand.
pub fn total_bytes(inputs: &[Input]) -> Option<u64> {
    inputs.iter().map(Input::num_bytes).sum()
}

/// Read all inputs and give the hash of each record to a consumer, one consumer a
/// thread, made by `consumer`. The calling thread reads; the others normalise. When
/// `is_vain` says that nobody wants the rest, what was read so far is counted.
///
/// # Errors
/// The first input that cannot be read.
pub fn hash_all<C: FnMut(u64, Place)>(
    inputs: &[Input],
    layout: &Layout,
    rules: &Rules,
    num_threads: usize,
    observer: &dyn Observer,
    is_vain: &(dyn Fn() -> bool + Sync),
    consumer: impl Fn() -> C + Sync,
) -> Result<Counts, SourceError> {
    /// Ends the reading without an error.
    enum End {
        Vain,
        Error(SourceError),
    }
    impl From<SourceError> for End {
        fn from(error: SourceError) -> Self {
            Self::Error(error)
        }
    }

    // Two batches a thread: none waits, and memory is bounded.
    let (send, receive) = crossbeam_channel::bounded::<Batch>(num_threads * 2);
    let failed = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..num_threads)
            .map(|_| {
                let receive = receive.clone();
                let (consumer, failed) = (&consumer, &failed);
                scope.spawn(move || {
                    let mut take = consumer();
                    let mut counts = Counts::default();
                    for batch in receive {
                        if !failed.load(Ordering::Relaxed) {
                            let before = counts.num_accepted;
                            rules.hash_batch(&batch, &mut counts, &mut take);
                            observer.identifiers(counts.num_accepted - before);
                        }
                    }
                    counts
                })
            })
            .collect();
        drop(receive);
        let read = inputs.iter().enumerate().try_for_each(|(index, input)| {
            source::read(
                index,
                input,
                layout,
                &|num_bytes| observer.advance(num_bytes),
                &mut |batch| {
                    // The workers live as long as the channel.
                    let _ = send.send(batch);
                    if is_vain() { Err(End::Vain) } else { Ok(()) }
                },
            )
        });
        if read.is_err() {
            failed.store(true, Ordering::Relaxed);
        }
        drop(send);
        let mut counts = Counts::default();
        for worker in workers {
            match worker.join() {
                Ok(part) => counts.merge(&part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        match read {
            Ok(()) | Err(End::Vain) => Ok(counts),
            Err(End::Error(error)) => Err(error),
        }
    })
}
