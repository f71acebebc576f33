//! Records of a list -> the spellings in which people would ask for them.
//!
//! A build asks some of its records in these before the file gets its name: a member who
//! spells a number in another way than the list must be "exposed" too. So that one mistake
//! does not excuse another, nothing here is the core's: a spelling comes from the text and
//! from `regions.tsv` alone. Where the text does not say plainly what it is, there is no
//! spelling: few are enough to notice a list that was misread.

mod give;
mod phone;
mod sample;

use leaksieve_core::identifier::{CaseRule, IdScheme, Separators};
use leaksieve_core::{Identifier, IdentifierKind, Outcome, Profile};

use self::give::{Give, grouped};
use crate::input::reject::Place;
pub use phone::SpellerRegion;
pub use sample::Sample;

/// A record of a list that a filter says it does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Where the record stands.
    pub place: Place,
    /// How it was spelled.
    pub spelling: &'static str,
}

/// How people spell what one dataset holds.
#[derive(Clone, Copy, Debug)]
pub struct Speller {
    /// What the records are.
    pub kind: IdentifierKind,
    /// Of telephone numbers: the region, or `None` for those of all the world.
    pub region: Option<SpellerRegion>,
    /// Capital and small letters are not the same.
    pub is_case_exact: bool,
    /// Of ids: blanks and dashes count.
    pub keeps_separators: bool,
}

impl Speller {
    /// Of the records of a dataset.
    pub fn new(kind: IdentifierKind, profile: &Profile) -> Self {
        Self {
            kind,
            region: match profile {
                Profile::Phone(phone) => {
                    SpellerRegion::find(&String::from_utf8_lossy(&phone.region))
                }
                _ => None,
            },
            is_case_exact: matches!(
                profile,
                Profile::Username(CaseRule::Exact)
                    | Profile::Id(IdScheme::Plain(CaseRule::Exact, _))
            ),
            keeps_separators: matches!(profile, Profile::Id(IdScheme::Plain(_, Separators::Keep))),
        }
    }

    /// Ask for each spelling of each record of a sample; gives the first that is said to be
    /// not exposed. That a spelling is not covered is no lie.
    ///
    /// # Errors
    /// The first of `ask`.
    pub fn first_lost<E>(
        &self,
        sample: &Sample,
        mut ask: impl FnMut(Identifier<'_>) -> Result<Outcome, E>,
    ) -> Result<Option<Lost>, E> {
        let mut result = Ok(None);
        for (place, text) in sample.records() {
            let Ok(text) = std::str::from_utf8(text) else {
                continue;
            };
            self.spell(text, &mut |spelling, text| {
                if matches!(result, Ok(None)) {
                    let identifier = Identifier::new(text.as_bytes()).of_kind(self.kind);
                    result = ask(identifier).map(|outcome| {
                        (outcome == Outcome::Absent).then_some(Lost { place, spelling })
                    });
                }
            });
            if !matches!(result, Ok(None)) {
                break;
            }
        }
        result
    }

    /// Give each spelling of a record. A record of which none is sure gives none.
    fn spell(&self, text: &str, give: Give<'_>) {
        match self.kind {
            IdentifierKind::Phone => phone::spell(self.region.as_ref(), text.trim(), give),
            IdentifierKind::Email => email(text.trim(), give),
            IdentifierKind::Username => self.username(text.trim(), give),
            IdentifierKind::Id => self.id(text.trim(), give),
            IdentifierKind::Password => give("as it stands in the list", text),
            IdentifierKind::Sha1 | IdentifierKind::Ntlm => hash(text.trim(), give),
            _ => {}
        }
    }

    fn username(&self, text: &str, give: Give<'_>) {
        let name = text.strip_prefix('@').unwrap_or(text);
        if !is_plain(name) {
            return;
        }
        if name.len() < text.len() {
            give("without its @", name);
        } else {
            give("with an @ before it", &format!("@{text}"));
        }
        self.other_case(text, give);
    }

    fn id(&self, text: &str, give: Give<'_>) {
        if !is_plain(text) {
            return;
        }
        self.other_case(text, give);
        if self.keeps_separators || !text.is_ascii() {
            return;
        }
        let bare = text.replace([' ', '-'], "");
        give("without blanks and dashes", &bare);
        give("with dashes", &grouped(&bare, '-'));
        give("with blanks", &grouped(&bare, ' '));
    }

    fn other_case(&self, text: &str, give: Give<'_>) {
        if self.is_case_exact || !text.chars().all(has_one_other_case) {
            return;
        }
        give("in capitals", &text.to_uppercase());
        give("in small letters", &text.to_lowercase());
    }
}

/// Nothing is wrapped around it, as far as one text can tell.
fn is_plain(text: &str) -> bool {
    text.starts_with(char::is_alphanumeric)
        && text.ends_with(char::is_alphanumeric)
        && !text.chars().any(char::is_control)
}

/// Small and capital letter lead to each other and to no third: not so of `ß`, `ς` and `ı`.
fn has_one_other_case(c: char) -> bool {
    let (small, capital) = (only(c.to_lowercase()), only(c.to_uppercase()));
    match (small, capital) {
        (Some(small), Some(capital)) => {
            (c == small || c == capital)
                && only(small.to_uppercase()) == Some(capital)
                && only(capital.to_lowercase()) == Some(small)
        }
        _ => false,
    }
}

fn only(mut letters: impl Iterator<Item = char>) -> Option<char> {
    letters.next().filter(|_| letters.next().is_none())
}

fn email(text: &str, give: Give<'_>) {
    let is_usual = |c: char| c.is_ascii_alphanumeric() || "._%+-@".contains(c);
    if !text.chars().all(is_usual) || text.matches('@').count() != 1 || !is_plain(text) {
        return;
    }
    give("in capitals", &text.to_ascii_uppercase());
    give("in small letters", &text.to_ascii_lowercase());
    give("with blanks around it", &format!("  {text} "));
}

fn hash(text: &str, give: Give<'_>) {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        give("in capitals", &text.to_ascii_uppercase());
        give("in small letters", &text.to_ascii_lowercase());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(speller: &Speller, text: &str) -> Vec<String> {
        let mut all = Vec::new();
        speller.spell(text, &mut |_, spelling| all.push(spelling.to_owned()));
        all
    }

    #[test]
    fn what_is_no_number() {
        use IdentifierKind::{Email, Id, Password, Sha1, Username};
        let (fold, exact) = (false, true);
        for (kind, is_exact, text, expected) in [
            (
                Email,
                fold,
                "Ann@Example.com",
                &["ANN@EXAMPLE.COM", "ann@example.com", "  Ann@Example.com "][..],
            ),
            (Email, fold, "'ann@example.com", &[]),
            (Email, fold, "Ann <ann@example.com>", &[]),
            (Email, fold, "ann@müller.example", &[]),
            (Username, fold, "Alice", &["@Alice", "ALICE", "alice"]),
            (Username, exact, "Alice", &["@Alice"]),
            (Username, fold, "@bob", &["bob", "@BOB", "@bob"]),
            (Username, fold, "Иван", &["@Иван", "ИВАН", "иван"]),
            (Username, fold, "张三", &["@张三", "张三", "张三"]),
            // Full case folding makes two letters of one, or one of two.
            (Username, fold, "Straße", &["@Straße"]),
            (Username, fold, "Οδυσσεύς", &["@Οδυσσεύς"]),
            (Username, fold, "ışık", &["@ışık"]),
            (Username, fold, "İbrahim", &["@İbrahim"]),
            (Username, fold, "\"alice\"", &[]),
            (Username, fold, "", &[]),
            (Username, fold, "@", &[]),
            (Id, exact, "E 1234-5", &["E12345", "E12-345", "E12 345"]),
            (Id, fold, "x1", &["X1", "x1", "x1", "x1", "x1"]),
            (Id, exact, "123.456", &["123.456", "123-.45-6", "123 .45 6"]),
            (Password, fold, " \"Pass\" ", &[" \"Pass\" "]),
            (Sha1, fold, "5baA", &["5BAA", "5baa"]),
            (Sha1, fold, "5baa:3", &[]),
        ] {
            let speller = Speller {
                kind,
                region: None,
                is_case_exact: is_exact,
                keeps_separators: false,
            };
            assert_eq!(spelled(&speller, text), expected, "{text}");
        }
        let keeps = Speller {
            kind: Id,
            region: None,
            is_case_exact: true,
            keeps_separators: true,
        };
        assert!(spelled(&keeps, "E 1234-5").is_empty());
    }
}
