//! Hashes of identifiers.

use std::sync::Arc;

use arrow_array::UInt64Array;
use leaksieve::input::profile::{Description, phone_plan};
use leaksieve_core::hash::HashFunction;
use leaksieve_core::identifier::phone::plan::Plan;
use leaksieve_core::identifier::store::{Stored, store};
use leaksieve_core::sector::Payload;
use leaksieve_core::{Identifier, Profile};
use pyo3::prelude::*;

use crate::argument::seed;
use crate::array::Array;
use crate::build::{Given, of_description};
use crate::column::{Column, NULL};
use crate::kind;

/// The hash of each identifier of a column, 64 bits: spellings of one identifier have one hash.
/// For joins and counts of distinct identifiers across tables, with the rules of a build.
///
/// A hash is no secret: who has `seed` can try all phone numbers in minutes.
///
/// Args:
///     column: n identifiers.
///     kind, region, case, id_scheme, separators, digest: As for `build`.
///     seed: 0 to 2**64 - 1; hashes of different seeds say nothing of each other.
///
/// Returns:
///     An Arrow array of n numbers (uint64). Null is what is null, blank, or no identifier of this
///     kind. Of a text that can mean several things, the hash is that of the usual one: a build
///     stores several of some texts.
///
/// Raises:
///     TypeError, ValueError: As of `Filter.check_many`, and an argument does not fit the others.
#[pyfunction]
#[pyo3(signature = (column, *, kind, seed, region=None, case=None, id_scheme=None, separators=None, digest=None))]
#[expect(clippy::too_many_arguments, reason = "each is an argument in Python")]
pub(crate) fn hash_column(
    py: Python<'_>,
    column: &Bound<'_, PyAny>,
    kind: &str,
    #[pyo3(from_py_with = seed)] seed: u64,
    region: Option<&str>,
    case: Option<&str>,
    id_scheme: Option<&str>,
    separators: Option<&str>,
    digest: Option<&str>,
) -> PyResult<Array> {
    let kind = kind::kind(kind)?;
    let given = Given {
        region,
        case,
        id_scheme,
        separators,
        digest,
    };
    let description: Description<'_> = given.description()?;
    let profile = description.profile(kind).map_err(of_description)?;
    let column = Column::new(column)?;
    column.ensure_kind(kind)?;
    py.detach(|| {
        let plan: &[Payload] = match &profile {
            Profile::Phone(phone) => {
                &phone_plan(&String::from_utf8_lossy(&phone.region))
                    .map_err(|error| of_description(error.into()))?
                    .payloads
            }
            _ => &[],
        };
        let function = HashFunction::Xxh3 { seed };
        let hash = |text: &[u8], stored: &mut Stored| {
            let identifier = Identifier::new(text).of_kind(kind);
            store(&profile, &identifier, Some(Plan(plan)), stored).ok()?;
            Some(function.hash(stored.items().first()?))
        };
        let mut hashes: Vec<u64> = Vec::new();
        let rows = column.work(
            || {
                let mut stored = Stored::new();
                move |texts: &[&[u8]]| {
                    let hashes: Vec<Option<u64>> =
                        texts.iter().map(|text| hash(text, &mut stored)).collect();
                    (vec![0; texts.len()], hashes)
                }
            },
            |rows, found: Vec<Option<u64>>| {
                let rows = rows.iter_mut().filter(|row| **row != NULL);
                for (row, hash) in rows.zip(found) {
                    *row = match hash {
                        Some(hash) => {
                            hashes.push(hash);
                            hashes.len() as u32 - 1
                        }
                        None => NULL,
                    };
                }
            },
        );
        let hashes = rows.iter().map(|row| hashes.get(*row as usize).copied());
        Ok(Array {
            array: Arc::new(UInt64Array::from_iter(hashes)),
        })
    })
}
