//! What to do about an error of the library, in the words of the command line. The library does
//! not know which option a caller has for a setting.

use std::error::Error as StdError;
use std::io;

use leaksieve::deliver::device::DeviceError;
use leaksieve::deliver::export::ExportError;
use leaksieve::deliver::install::InstallError;
use leaksieve::file::key::KeyError;
use leaksieve::file::sign::SignError;
use leaksieve::file::{OutputError, WriteError};
use leaksieve::input::normalise::Counts;
use leaksieve::input::reject::Reason;
use leaksieve::input::source::{Column, Fault, Remedy, SourceError};
use leaksieve::pipeline::{
    BuildError, EncodeError, InputError, PlanError, RecheckError, SpoolError,
};
use leaksieve::sizing::ShapeError;
use leaksieve::sizing::fit::Misfit;
use leaksieve_core::{Error, NormaliseError, ReadError};

use super::text::quoted;

/// For text that is not UTF-8.
pub(super) const CHARSET: &str =
    "give --charset, as in --charset gb18030, big5, shift_jis or windows-1252";

/// The options that help, if an error or one of its causes has some.
pub(super) fn of(error: &anyhow::Error) -> Option<String> {
    error.chain().find_map(of_cause)
}

fn of_cause(error: &(dyn StdError + 'static)) -> Option<String> {
    if let Some(error) = error.downcast_ref() {
        of_build(error)
    } else if let Some(error) = error.downcast_ref() {
        of_input(error)
    } else if let Some(error) = error.downcast_ref() {
        of_source(error)
    } else if let Some(error) = error.downcast_ref() {
        of_write(error)
    } else if let Some(error) = error.downcast_ref() {
        of_output(error)
    } else if let Some(error) = error.downcast_ref() {
        of_shape(error)
    } else if let Some(error) = error.downcast_ref() {
        of_sign(error)
    } else if let Some(error) = error.downcast_ref() {
        of_key(error)
    } else if let Some(error) = error.downcast_ref() {
        of_export(error)
    } else if let Some(error) = error.downcast_ref() {
        of_install(error)
    } else if let Some(error) = error.downcast_ref() {
        of_device(error)
    } else {
        match error.downcast_ref()? {
            ReadError::<io::Error>::Filter(Error::Unsigned) => {
                Some("leave --key out to use the unsigned file anyway".into())
            }
            _ => None,
        }
    }
}

fn of_build(error: &BuildError) -> Option<String> {
    match error {
        BuildError::NoSeed(_) => Some("give one with --seed".into()),
        BuildError::Input(error) => of_input(error),
        BuildError::Plan(PlanError::Shape(error)) => of_shape(error),
        BuildError::Plan(PlanError::DoesNotFit(misfit)) => of_misfit(misfit),
        BuildError::Plan(PlanError::ExactTooLarge { .. }) => {
            Some("leave --encoding exact out: a filter is built then, if one fits".into())
        }
        BuildError::Encode(EncodeError::Unsolvable) => {
            Some("give another --seed, or --encoding bloom".into())
        }
        BuildError::Spool(error)
        | BuildError::Encode(EncodeError::Spool(error))
        | BuildError::Recheck(RecheckError::Spool(error)) => match error {
            SpoolError::Write { .. } => {
                Some("name a folder with more room with --temp-dir, or give more --memory".into())
            }
            _ => None,
        },
        BuildError::Write(error)
        | BuildError::Encode(EncodeError::Write(error))
        | BuildError::Recheck(RecheckError::Write(error)) => of_write(error),
        BuildError::Recheck(RecheckError::Misread { .. }) => {
            Some("--dry-run shows how the list is read".into())
        }
        _ => None,
    }
}

fn of_input(error: &InputError) -> Option<String> {
    match error {
        InputError::Source(error) => of_source(error),
        InputError::NoItems(_) => Some(
            "is this the right file, and the right --kind, --column, --field or --region?".into(),
        ),
        InputError::TooManyRejects { counts, .. } => {
            let header = match is_header_alone(counts) {
                true => {
                    ". Only line 1 was rejected: if it is a row of names, leave it out: tail -n +2 FILE | leaksieve build -"
                }
                false => "",
            };
            Some(format!(
                "is this the right --kind, --column or --region? If these lines are not identifiers, \
                 allow more with --max-rejected{header}"
            ))
        }
        InputError::NoNumbers(_) => Some(
            "take these lines out of the list, or leave --encoding exact out. Chinese resident ids need --id-scheme chinese-resident".into(),
        ),
        _ => None,
    }
}

/// Was the first line rejected, and no other?
fn is_header_alone(counts: &Counts) -> bool {
    let mut groups = counts.rejects.groups();
    counts.rejects.count() == 1
        && groups.any(|(reason, group)| {
            matches!(reason, Reason::Normalise(_))
                && group.first.first().is_some_and(|place| place.line == 1)
        })
}

fn of_source(error: &SourceError) -> Option<String> {
    Some(match error {
        SourceError::Unsupported { remedy, .. } => match remedy {
            Remedy::Charset(charset) => format!("give --charset {charset}"),
            Remedy::Kind(kind) => format!("if they are, give --kind {}", kind.name()),
            Remedy::Field => "give --field NAME, without --column".into(),
            _ => return None,
        },
        SourceError::OtherCharset { marked, .. } => format!("give --charset {marked}"),
        SourceError::NotUtf8 { .. } => CHARSET.into(),
        SourceError::NoSuchColumn { .. } => {
            "give --column NUMBER, counted from 1, or --column NAME with a name of the first row"
                .into()
        }
        SourceError::DuplicateColumn { name, numbers, .. } => {
            let last = numbers.last().unwrap_or(&1);
            format!("give --column {}", quoted(&format!("{name}#{last}")))
        }
        SourceError::NamesDoNotFit { .. } => "give --column NUMBER, counted from 1".into(),
        SourceError::NoDelimiter { other, column, .. } => match (other, column) {
            (Some(other), _) => format!("give --delimiter {other}"),
            (None, Column::Index(0)) => {
                "leave --column out if each line is an identifier, or give --delimiter".into()
            }
            (None, _) => "give --delimiter, as in --delimiter blank or --delimiter '#'".into(),
        },
        SourceError::ParquetColumn { .. } => {
            "choose it with --column NAME or --column NUMBER".into()
        }
        SourceError::MissingRanges { .. } | SourceError::EmptyRange { .. } => {
            "give --partial to build without the missing ones".into()
        }
        _ => return None,
    })
}

/// More about why lines were rejected.
pub(super) fn of_reason(reason: Reason) -> Option<&'static str> {
    match reason {
        Reason::Row(Fault::MoreThanTwoCells(_)) => Some("build NEW with --delimiter '----'"),
        Reason::Row(Fault::NoCount) => Some("--min-count needs one"),
        Reason::Normalise(NormaliseError::NotUtf8) => Some(CHARSET),
        _ => None,
    }
}

fn of_write(error: &WriteError) -> Option<String> {
    match error {
        WriteError::Output(error) => of_output(error),
        _ => None,
    }
}

fn of_output(error: &OutputError) -> Option<String> {
    match error {
        OutputError::Exists(_) => Some("name another file, or give --force to replace it".into()),
        _ => None,
    }
}

fn of_shape(error: &ShapeError) -> Option<String> {
    match error {
        ShapeError::TooSmall { .. } => Some("`leaksieve estimate` shows what fits".into()),
        _ => None,
    }
}

fn of_misfit(misfit: &Misfit) -> Option<String> {
    let board = misfit.board();
    let ribbon = match misfit.fits_as_ribbon() {
        true => ", or with --encoding ribbon",
        false => "",
    };
    if misfit.fits_when_rebuilt() {
        Some(format!("build it with --board {board}"))
    } else if misfit.fits_at_a_rate() {
        Some(format!(
            "build it with --board {board} and without --fpr{ribbon}"
        ))
    } else {
        misfit
            .fits_as_ribbon()
            .then(|| format!("build it with --board {board} --encoding ribbon"))
    }
}

fn of_sign(error: &SignError) -> Option<String> {
    match error {
        SignError::SignedAlready { .. } => Some("give --again to replace that signature".into()),
        SignError::Write(error) => of_write(error),
        _ => None,
    }
}

fn of_key(error: &KeyError) -> Option<String> {
    match error {
        KeyError::Output(error) => of_output(error),
        _ => None,
    }
}

fn of_export(error: &ExportError) -> Option<String> {
    match error {
        ExportError::DoesNotFit { misfit, .. } => of_misfit(misfit),
        ExportError::LargerThanFat32 { .. } => Some("build it with --max-size fat32".into()),
        ExportError::Output(error) => of_output(error),
        _ => None,
    }
}

fn of_install(error: &InstallError) -> Option<String> {
    match error {
        InstallError::OtherSigner(_) => Some("give the device's keys with --key".into()),
        _ => None,
    }
}

fn of_device(error: &DeviceError) -> Option<String> {
    match error {
        DeviceError::TooLarge { board, .. } => Some(format!("build it with --board {board}")),
        DeviceError::Card => Some("use `leaksieve install card`".into()),
        _ => None,
    }
}
