//! Spellings of telephone numbers.

use super::give::{Give, grouped};

const REGIONS: &str = include_str!("../profile/regions.tsv");

/// Italy's numbers keep the zero that they begin with; `regions.tsv` has no trunk prefix there.
const TRUNK_ZERO: &str = "0";

/// How numbers of a region are dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpellerRegion {
    calling_code: &'static str,
    /// How many digits a number has without its calling code, one bit for each count.
    lengths: u32,
    /// What is dialled before a calling code, if it is the same digits for everybody.
    international_prefix: Option<&'static str>,
    trunk: Trunk,
    /// Some texts without the trunk prefix get digits before them.
    has_short_forms: bool,
}

/// What is dialled before an area code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trunk {
    /// Nothing.
    None,
    /// These digits, and perhaps a carrier's.
    Digits(&'static str),
    /// It depends.
    Other,
}

impl SpellerRegion {
    /// The region of two letters, or `None` for one that is not in `regions.tsv`.
    pub fn find(name: &str) -> Option<Self> {
        let mut rows = REGIONS.lines().filter(|line| !line.starts_with('#'));
        let row = rows.find_map(|line| {
            let mut fields = line.split('\t');
            (fields.next()? == name).then_some(fields)
        })?;
        let fields: Vec<&str> = row.collect();
        let [calling_code, lengths, prefix, trunk, transform, ..] = fields[..] else {
            return None;
        };
        let lengths = lengths.split(',').filter_map(|n| n.parse().ok());
        Some(Self {
            calling_code,
            lengths: lengths.fold(0, |all, n: u32| all | 1 << n.min(31)),
            international_prefix: Some(prefix).filter(|prefix| is_digits(prefix)),
            trunk: Trunk::read(trunk),
            has_short_forms: transform != "-",
        })
    }

    fn has_length(&self, num_digits: usize) -> bool {
        num_digits < 32 && self.lengths >> num_digits & 1 == 1
    }
}

impl Trunk {
    fn read(field: &'static str) -> Self {
        if field == "-" {
            Self::None
        } else if is_digits(field) {
            Self::Digits(field)
        } else if field.ends_with("|0") || field.starts_with("0|1") {
            // The others are carriers, or numbers without area code.
            Self::Digits(TRUNK_ZERO)
        } else {
            Self::Other
        }
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number that is plainly written.
#[derive(Debug, PartialEq, Eq)]
enum Number<'a> {
    /// Of the region: without calling code and trunk prefix.
    Here(&'a str),
    /// With its calling code; perhaps of another country.
    Somewhere(&'a str),
}

pub(super) fn spell(region: Option<&SpellerRegion>, text: &str, give: Give<'_>) {
    let Some(digits) = digits(text) else { return };
    let has_plus = text.starts_with('+');
    let number = match region {
        Some(region) => region.read(&digits, has_plus),
        // Lists of all the world may leave off every plus.
        None => Some(Number::Somewhere(&digits)).filter(|_| has_plus || !digits.starts_with('0')),
    };
    match (number, region) {
        (Some(Number::Here(national)), Some(region)) => region.spell(national, give),
        (Some(Number::Somewhere(digits)), _) => {
            give(
                "with a plus and blanks",
                &format!("+{}", grouped(digits, ' ')),
            );
            let prefix = region.map_or(Some("00"), |region| region.international_prefix);
            if let Some(prefix) = prefix {
                give(name_of(prefix), &format!("{prefix}{digits}"));
            }
        }
        _ => {}
    }
}

/// The digits of a text that is a number and no more: no extension, no second number.
fn digits(text: &str) -> Option<String> {
    let body = text.strip_prefix('+').unwrap_or(text);
    let is_usual = |c: char| c.is_ascii_digit() || " -.()".contains(c);
    // A short group at the end may be an extension; a zero in brackets is not always dialled.
    let last = body.rsplit(['-', '.']).next().unwrap_or_default();
    let is_short = last.len() < body.len() && last.len() < 4;
    if !body.chars().all(is_usual) || is_short || body.contains("(0)") {
        return None;
    }
    let digits: String = body.chars().filter(char::is_ascii_digit).collect();
    (7..=15).contains(&digits.len()).then_some(digits)
}

fn name_of(prefix: &str) -> &'static str {
    if prefix == "00" {
        "with 00"
    } else {
        "with its international prefix"
    }
}

impl SpellerRegion {
    fn read<'a>(&self, digits: &'a str, has_plus: bool) -> Option<Number<'a>> {
        let here = |national: &'a str| {
            Some(Number::Here(national)).filter(|_| self.has_length(national.len()))
        };
        let behind_code = digits.strip_prefix(self.calling_code);
        if has_plus {
            // A trunk prefix that does not belong there.
            return match (behind_code, self.trunk) {
                (Some(national), Trunk::Digits(trunk)) if national.starts_with(trunk) => None,
                (Some(national), _) => here(national),
                (None, _) => Some(Number::Somewhere(digits)),
            };
        }
        if let Some(prefix) = [self.international_prefix, Some("00")]
            .into_iter()
            .flatten()
            .find(|prefix| digits.starts_with(prefix))
        {
            // Where 00 is no prefix, the number is none; if another country's, it could be anything.
            let rest = digits[prefix.len()..].strip_prefix(self.calling_code);
            return rest
                .and_then(here)
                .filter(|_| self.international_prefix == Some(prefix));
        }
        if let Trunk::Digits(TRUNK_ZERO) = self.trunk
            && let Some(national) = digits.strip_prefix(TRUNK_ZERO)
        {
            return here(national);
        }
        // Without a trunk prefix: digits of which only one thing can be meant.
        let is_clear = match self.trunk {
            Trunk::None => !digits.starts_with('0') || self.calling_code == "39",
            Trunk::Digits(trunk) => !digits.starts_with(trunk),
            Trunk::Other => false,
        };
        match behind_code {
            Some(national) => here(national).filter(|_| !self.has_length(digits.len())),
            None => here(digits).filter(|_| is_clear && !self.has_short_forms),
        }
    }

    fn spell(&self, national: &str, give: Give<'_>) {
        let code = self.calling_code;
        let groups = grouped(national, ' ');
        give("with a plus and blanks", &format!("+{code} {groups}"));
        give("with a plus", &format!("+{code}{national}"));
        give("without its plus", &format!("{code}{national}"));
        if let Some(prefix) = self.international_prefix {
            give(name_of(prefix), &format!("{prefix}{code}{national}"));
        }
        match self.trunk {
            // In North America the trunk prefix is the calling code, too.
            Trunk::Digits(trunk) if trunk != code => {
                give("as dialled at home", &format!("{trunk}{national}"));
            }
            Trunk::Digits(_) | Trunk::None => give("as dialled at home", national),
            Trunk::Other => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(region: Option<&SpellerRegion>, text: &str) -> Vec<String> {
        let mut all = Vec::new();
        spell(region, text, &mut |_, spelling| {
            all.push(spelling.to_owned());
        });
        all
    }

    #[test]
    fn numbers_of_a_region() {
        let de = &[
            "+49 301 234 567 8",
            "+493012345678",
            "493012345678",
            "00493012345678",
            "03012345678",
        ][..];
        for (region, text, expected) in [
            ("DE", "030 12345678", de),
            ("DE", "+49 30 12345678", de),
            ("DE", "0049-30-12345678", de),
            ("DE", "(030) 12345678", de),
            ("DE", "30 12345678", de),
            // Of these more than one number could be meant.
            ("DE", "493012345678", &[]),
            ("DE", "+49 (0)30 12345678", &[]),
            ("DE", "+49 030 12345678", &[]),
            ("DE", "030-123456-12", &[]),
            ("DE", "030 12345678 ext. 5", &[]),
            ("DE", "030 12345678/9", &[]),
            ("DE", "12", &[]),
            (
                "DE",
                "+43 664 1234567",
                &["+436 641 234 567", "00436641234567"],
            ),
            (
                "US",
                "(201) 555-0123",
                &[
                    "+1 201 555 012 3",
                    "+12015550123",
                    "12015550123",
                    "01112015550123",
                    "2015550123",
                ],
            ),
            (
                "US",
                "1-201-555-0123",
                &[
                    "+1 201 555 012 3",
                    "+12015550123",
                    "12015550123",
                    "01112015550123",
                    "2015550123",
                ],
            ),
            ("US", "555-0123", &[]),
            (
                "CN",
                "13800138000",
                &[
                    "+86 138 001 380 00",
                    "+8613800138000",
                    "8613800138000",
                    "013800138000",
                ],
            ),
            (
                "CN",
                "8613800138000",
                &[
                    "+86 138 001 380 00",
                    "+8613800138000",
                    "8613800138000",
                    "013800138000",
                ],
            ),
            ("CN", "13800138000.0", &[]),
            ("CN", "1.38E+10", &[]),
            (
                "IT",
                "06 1234 5678",
                &[
                    "+39 061 234 567 8",
                    "+390612345678",
                    "390612345678",
                    "00390612345678",
                    "0612345678",
                ],
            ),
            ("RU", "8 912 345-67-89", &[]),
            (
                "RU",
                "+7 912 345 6789",
                &[
                    "+7 912 345 678 9",
                    "+79123456789",
                    "79123456789",
                    "81079123456789",
                    "89123456789",
                ],
            ),
            (
                "AR",
                "+54 11 2345 6789",
                &[
                    "+54 112 345 678 9",
                    "+541123456789",
                    "541123456789",
                    "00541123456789",
                ],
            ),
            ("AR", "011 2345-6789", &[]),
            (
                "JP",
                "010 81 90 1234 5678",
                &[
                    "+81 901 234 567 8",
                    "+819012345678",
                    "819012345678",
                    "010819012345678",
                    "09012345678",
                ],
            ),
            ("JP", "00 81 90 1234 5678", &[]),
        ] {
            let found = SpellerRegion::find(region).unwrap();
            assert_eq!(spelled(Some(&found), text), expected, "{region} {text}");
        }
        let world = ["+442 079 460 958", "00442079460958"];
        assert_eq!(spelled(None, "+44 20 7946 0958"), world);
        assert_eq!(spelled(None, "442079460958"), world);
        assert!(spelled(None, "00442079460958").is_empty());
    }

    #[test]
    fn every_region_is_read() {
        let rows = REGIONS.lines().filter(|line| !line.starts_with('#'));
        let names: Vec<&str> = rows.map(|line| &line[..2]).collect();
        assert_eq!(names.len(), 245);
        for name in names {
            let region = SpellerRegion::find(name).unwrap();
            assert_ne!(region.lengths, 0, "{name}");
            assert!(is_digits(region.calling_code), "{name}");
        }
        assert_eq!(SpellerRegion::find("XX"), None);
    }
}
