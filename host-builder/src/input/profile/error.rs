//! Why there are no telephone rules.

use thiserror::Error;

/// Why there is no profile.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PhoneProfileError {
    /// No region has this name.
    #[error(
        "unknown region {region:?}: use an ISO 3166-1 alpha-2 code such as CN, IN, BR, GB or US, \
         or \"world\" if every number carries its country code"
    )]
    UnknownRegion {
        /// As it was given.
        region: String,
    },
    /// The metadata has a pattern that the rule lists cannot express. A defect of this program.
    #[error("the telephone rules of {region} cannot be stored: {source}")]
    Rules {
        /// The region.
        region: String,
        /// What is wrong with its patterns.
        source: CompileError,
    },
}

/// What a rule list cannot express.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CompileError {
    /// Not a regular expression of the metadata's kind.
    #[error("pattern {pattern:?} is not understood")]
    Pattern {
        /// The whole pattern.
        pattern: String,
    },
    /// A transform is not digits and one group.
    #[error("transform {transform:?} is not understood")]
    Transform {
        /// The transform.
        transform: String,
    },
    /// A match could end at two places, and the choice cannot be made by the order of rules.
    #[error("a pattern has matches of which one begins the other")]
    Ambiguous,
    /// Too many states or tails for one rule.
    #[error("a pattern is too large for one rule")]
    TooLarge,
    /// The rule lists do not fit into the header.
    #[error("the rule lists have {num_bytes} bytes")]
    TooLong {
        /// Bytes of the three lists.
        num_bytes: usize,
    },
}
