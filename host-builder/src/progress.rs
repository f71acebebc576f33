//! What a long work tells of itself.

/// The stages of a build, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Reading, normalising and hashing; counted in bytes of input.
    Read,
    /// Sorting and dropping duplicates.
    Sort,
    /// Building and writing pages; counted in pages.
    Encode,
    /// Reading back and asking for every item; counted in pages.
    Recheck,
}

impl Stage {
    /// What a person reads.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "reading",
            Self::Sort => "sorting",
            Self::Encode => "building",
            Self::Recheck => "checking",
        }
    }
}

/// Is told how far a work is. Called from several threads.
pub trait Observer: Sync {
    /// A stage begins; `total` is how far it goes, where that is known.
    fn begin(&self, stage: Stage, total: Option<u64>);
    /// The stage went so much further.
    fn advance(&self, by: u64);
    /// The stage is over.
    fn end(&self);
}

/// Nobody looks.
impl Observer for () {
    fn begin(&self, _stage: Stage, _total: Option<u64>) {}
    fn advance(&self, _by: u64) {}
    fn end(&self) {}
}
