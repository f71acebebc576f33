//! Arguments of a build, wherever its list is.

use leaksieve::dates::{created_now, parse_date, parse_time};
use leaksieve::input::profile::{Description, DescriptionError};
use leaksieve::input::source::Input;
use leaksieve::pipeline::advice::Settings;
use leaksieve::pipeline::{BuildOptions, name_of};
use leaksieve::sizing::media::FAT32_MAX_FILTER_BYTES;
use leaksieve::sizing::{Aim, Choice, check_rate};
use leaksieve_core::IdentifierKind;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::argument::{Named, NumberOrText, SEED};
use crate::kind;

/// The arguments of a build of files.
pub(crate) const ARGUMENTS: Settings = Settings {
    name: |setting| match setting {
        "as-lines" | "force" | "partial" => format!("{}=True", argument(setting)),
        _ => format!("{}=", argument(setting)),
    },
    set: |setting, value| {
        let value = match (setting, value) {
            ("max-size", "fat32") => FAT32_MAX_FILTER_BYTES.to_string(),
            _ => value.to_owned(),
        };
        let stands_for_others = value.chars().all(|c| c.is_ascii_uppercase());
        match stands_for_others || value.parse::<u64>().is_ok() {
            true => format!("{}={value}", argument(setting)),
            false => format!("{}={}", argument(setting), quoted(&value)),
        }
    },
    has: is_of_python,
};

/// Those of a build of values in memory.
pub(crate) const OF_VALUES: Settings = Settings {
    has: |setting| is_of_python(setting) && !is_of_files(setting),
    ..ARGUMENTS
};

/// Those of a build on Spark.
pub(crate) const OF_SPARK: Settings = Settings {
    has: |setting| {
        is_of_python(setting)
            && !is_of_files(setting)
            && !matches!(setting, "memory" | "temp-dir" | "threads")
    },
    ..ARGUMENTS
};

/// Is it no setting, or command, of the command line alone?
fn is_of_python(setting: &str) -> bool {
    !matches!(setting, "-" | "board" | "dry-run" | "estimate")
}

fn is_of_files(setting: &str) -> bool {
    matches!(
        setting,
        "charset" | "column" | "delimiter" | "field" | "min-count" | "partial"
    )
}

/// A text as Python writes it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("'");
    for c in text.chars() {
        match c {
            '\'' | '\\' => quoted.extend(['\\', c]),
            c if c.is_ascii_control() => quoted.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted + "'"
}

/// What the command line's setting is called here.
fn argument(setting: &str) -> String {
    match setting {
        "force" => "replace".into(),
        setting => setting.replace('-', "_"),
    }
}

pub(super) fn value_error(error: impl ToString) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// Why a description of identifiers describes nothing.
pub(crate) fn of_description(error: DescriptionError) -> PyErr {
    value_error(match error {
        DescriptionError::NoEffect { setting, kind } => format!(
            "{}= has no effect with kind='{}': leave it out",
            argument(&setting.to_string()),
            kind.name()
        ),
        DescriptionError::ResidentIds => {
            "case= and separators= have no effect on resident ids: leave them out".into()
        }
        DescriptionError::NoRegion => {
            "kind='phone' needs region=: the country of numbers without a country code, such as \
             'CN', or 'world' if every number has its country code"
                .into()
        }
        error => error.to_string(),
    })
}

/// What is said of identifiers, as arguments.
pub(crate) struct Given<'a> {
    pub(crate) region: Option<&'a str>,
    pub(crate) case: Option<&'a str>,
    pub(crate) id_scheme: Option<&'a str>,
    pub(crate) separators: Option<&'a str>,
    pub(crate) digest: Option<&'a str>,
}

impl<'a> Given<'a> {
    pub(crate) fn description(&self) -> PyResult<Description<'a>> {
        Ok(Description {
            region: self.region,
            case: self.case.map(kind::case).transpose()?,
            is_chinese_resident: self.id_scheme.map(kind::is_chinese_resident).transpose()?,
            separators: self.separators.map(kind::separators).transpose()?,
            digest: self.digest.map(kind::digest).transpose()?,
        })
    }
}

/// Arguments that a build has, wherever its list is.
pub(crate) struct Arguments {
    kind: String,
    region: Option<String>,
    case: Option<String>,
    id_scheme: Option<String>,
    separators: Option<String>,
    digest: Option<String>,
    name: Option<String>,
    fpr: Option<f64>,
    max_size: Option<u64>,
    encoding: String,
    date: Option<String>,
    source_note: String,
    seed: Option<u64>,
    created: Option<NumberOrText>,
    expires: Option<NumberOrText>,
    epoch: u32,
    max_rejected: Option<f64>,
}

/// A day, or seconds since 1970.
fn unix_s(time: &NumberOrText) -> PyResult<u64> {
    match time {
        NumberOrText::Number(seconds) => Ok(*seconds),
        NumberOrText::Text(day) => parse_time(day).map_err(value_error),
    }
}

impl Arguments {
    /// Of a mapping of Python.
    pub(crate) fn new(arguments: &Bound<'_, PyAny>) -> PyResult<Self> {
        const TIME: &str = "a day such as '2027-01-31', or whole seconds since 1970-01-01 UTC";
        let named = Named(arguments);
        Ok(Self {
            kind: named.required("kind", "a text")?,
            region: named.text("region")?,
            case: named.text("case")?,
            id_scheme: named.text("id_scheme")?,
            separators: named.text("separators")?,
            digest: named.text("digest")?,
            name: named.text("name")?,
            fpr: named.optional("fpr", "a number from 1e-7 to 0.5")?,
            max_size: named.optional("max_size", "a whole number of bytes")?,
            encoding: named.required("encoding", "a text")?,
            date: named.optional("date", "a text: '2021-06-11', '2021-06' or '2021'")?,
            source_note: named.required("source_note", "a text")?,
            seed: named.optional("seed", SEED)?,
            created: named.number_or_text("created", TIME)?,
            expires: named.number_or_text("expires", TIME)?,
            epoch: named.epoch()?,
            max_rejected: named.optional("max_rejected", "a share from 0 to 1")?,
        })
    }

    pub(crate) fn kind(&self) -> PyResult<IdentifierKind> {
        kind::kind(&self.kind)
    }

    /// The options of a build of these inputs, named after `named` if it was given no name.
    pub(crate) fn options(&self, inputs: Vec<Input>, named: &[Input]) -> PyResult<BuildOptions> {
        let kind = self.kind()?;
        let given = Given {
            region: self.region.as_deref(),
            case: self.case.as_deref(),
            id_scheme: self.id_scheme.as_deref(),
            separators: self.separators.as_deref(),
            digest: self.digest.as_deref(),
        };
        let profile = given.description()?.profile(kind).map_err(of_description)?;
        let mut options = BuildOptions::new(inputs, kind, profile);
        options.encoding = Choice::from_name(&self.encoding)
            .ok_or_else(|| value_error("encoding is one of 'auto', 'exact', 'bloom', 'ribbon'"))?;
        options.aim = match (self.fpr, self.max_size) {
            (Some(_), Some(_)) => return Err(value_error("give fpr= or max_size=, not both")),
            (Some(rate), None) => Aim::FalsePositiveRate(check_rate(rate).map_err(value_error)?),
            (None, Some(max_bytes)) => Aim::MaxBytes(max_bytes),
            (None, None) => options.aim,
        };
        options.name = match &self.name {
            Some(name) => name.clone(),
            None => name_of(named).ok_or_else(|| value_error("name the leak with name="))?,
        };
        if let Some(date) = &self.date {
            options.date = parse_date(date).map_err(value_error)?;
        }
        options.source_note.clone_from(&self.source_note);
        options.seed = self.seed;
        options.created_unix_s = match &self.created {
            Some(created) => unix_s(created)?,
            None => created_now().map_err(value_error)?,
        };
        options.expires_unix_s = self.expires.as_ref().map_or(Ok(0), unix_s)?;
        options.epoch = self.epoch;
        match self.max_rejected {
            Some(share) if (0.0..=1.0).contains(&share) => options.max_rejected_share = share,
            Some(_) => return Err(value_error("max_rejected= is a share from 0 to 1")),
            None => {}
        }
        Ok(options)
    }
}
