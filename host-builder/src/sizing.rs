//! How large a filter must be for a rate, and what rate fits a size.

mod bloom;
mod choose;
pub mod encoding;
pub mod exact;
pub mod fit;
pub mod measure;
pub mod media;
mod rate;
mod ribbon;
mod shape;

pub use choose::{expected_reads, most_items, shape};
pub use encoding::odds;
pub use rate::{FALSE_POSITIVE_RATES, ShapeError, check_rate, rate_to_build, with_collisions};
pub use ribbon::MAX_RIBBON_ITEMS;
pub use shape::{Aim, Choice, Method, Reason, Shape};
