//! What to do about an error of the library, in the words of the command line. The library does
//! not know which option a caller has for a setting.

use std::error::Error as StdError;
use std::io;

use leaksieve::deliver::device::DeviceError;
use leaksieve::deliver::export::ExportError;
use leaksieve::deliver::install::InstallError;
use leaksieve::file::key::KeyError;
use leaksieve::file::sign::SignError;
use leaksieve::pipeline::advice::Settings;
use leaksieve_core::{Error, ReadError};

use super::text::quoted;

/// The options of the command line.
pub(super) const OPTIONS: Settings = Settings {
    name: |setting| format!("--{setting}"),
    set: |setting, value| format!("--{setting} {}", quoted(value)),
    has: |_| true,
};

/// The options that help, if an error or one of its causes has some.
pub(super) fn of(error: &anyhow::Error) -> Option<String> {
    error.chain().find_map(of_cause)
}

fn of_cause(error: &(dyn StdError + 'static)) -> Option<String> {
    if let Some(advice) = OPTIONS.advice(error) {
        Some(advice)
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

fn of_sign(error: &SignError) -> Option<String> {
    match error {
        SignError::SignedAlready { .. } => Some("give --again to replace that signature".into()),
        SignError::Write(error) => OPTIONS.advice(error),
        _ => None,
    }
}

fn of_key(error: &KeyError) -> Option<String> {
    match error {
        KeyError::Output(error) => OPTIONS.advice(error),
        _ => None,
    }
}

fn of_export(error: &ExportError) -> Option<String> {
    match error {
        ExportError::DoesNotFit { misfit, .. } => OPTIONS.of_misfit(misfit),
        ExportError::LargerThanFat32 { .. } => Some("build it with --max-size fat32".into()),
        ExportError::Output(error) => OPTIONS.advice(error),
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
