//! What lists may come as: each form gives the filter that plain lines give.

mod common;

use common::{Bench, emails, gzip};
