//! Whatever a line is: if the rules call a question the same, the two meet, and if not, they
//! do not. The rules are written here a second time, as plainly as they are told to people.

use leaksieve::input::profile::{phone_plan, phone_profile};
use leaksieve_core::identifier::phone::MAX_DIGITS;
use leaksieve_core::identifier::phone::plan::Plan;
use leaksieve_core::identifier::store::{Stored, store};
use leaksieve_core::identifier::{
    CaseRule, IdScheme, Item, MAX_READINGS, PasswordDigest, PasswordOrigin, Separators, Side,
};
use leaksieve_core::{Identifier, Profile};
use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization;

/// An item's bytes, and whether it is a derived one.
type Meaning = (Vec<u8>, bool);

fn meaning(item: &Item) -> Meaning {
    (item.as_bytes().to_vec(), item.is_marked())
}

/// What is stored of a line; `None` if it is a reject, or a number that the plan does not have.
fn stored(profile: &Profile, plan: Option<Plan<'_>>, line: &str) -> Option<Vec<Meaning>> {
    let identifier = Identifier::new(line.as_bytes());
    let mut stored = Stored::new();
    store(profile, &identifier, plan, &mut stored).ok()?;
    (!stored.is_outside_plan()).then(|| stored.items().iter().map(meaning).collect())
}

/// What is asked of a question; `None` if the answer is "cannot say".
fn asked(profile: &Profile, plan: Option<Plan<'_>>, question: &str) -> Option<Vec<Meaning>> {
    let identifier = Identifier::new(question.as_bytes());
    let mut items = Vec::new();
    for index in 0..=MAX_READINGS {
        let mut item = Item::empty();
        if !profile
            .reading(&identifier, Side::Ask, index, &mut item)
            .ok()?
        {
            break;
        }
        items.push(meaning(&item));
        // The other form of a number, in a plan that changed.
        let change = plan.and_then(|plan| plan.judge(item.as_bytes()).ok()?.change);
        let mut place = [0; MAX_DIGITS];
        if let Some(digits) = change.and_then(|change| change.apply(item.as_bytes(), &mut place)) {
            items.push((digits.to_vec(), false));
        }
    }
    Some(items)
}

fn have_one(left: &[Meaning], right: &[Meaning]) -> bool {
    left.iter().any(|one| right.contains(one))
}

/// Do they meet? `None` if one of them has no reading at all.
fn meet(profile: &Profile, line: &str, question: &str) -> Option<bool> {
    Some(have_one(
        &stored(profile, None, line)?,
        &asked(profile, None, question)?,
    ))
}

/// Letters in capitals where a bit is set.
fn recased(text: &str, bits: u32) -> String {
    let letter = |(i, c): (usize, char)| {
        if bits >> (i % 32) & 1 == 1 {
            c.to_ascii_uppercase()
        } else {
            c
        }
    };
    text.chars().enumerate().map(letter).collect()
}

/// An address, and what decides which others are the same.
#[derive(Clone, Debug)]
struct Address {
    text: String,
    mailbox: String,
    tag: Option<String>,
}

fn address() -> impl Strategy<Value = Address> {
    const DOMAINS: [&str; 5] = [
        "example.com",
        "sub.example.com",
        "gmail.com",
        "googlemail.com",
        "Example.COM.",
    ];
    (
        "[ab]{1,2}(\\.[ab]{1,2})?",
        proptest::option::of("[xy.]{0,2}"),
        proptest::sample::select(&DOMAINS[..]),
        any::<u32>(),
        "[ \u{200B}]{0,2}",
    )
        .prop_map(|(local, tag, domain, bits, around)| {
            let host = domain.to_lowercase();
            let host = host.trim_end_matches('.').replace("googlemail", "gmail");
            let tagged = tag
                .iter()
                .fold(local.clone(), |all, tag| format!("{all}+{tag}"));
            let is_gmail = host == "gmail.com";
            let plain = |text: &str| {
                if is_gmail {
                    text.replace('.', "")
                } else {
                    text.to_owned()
                }
            };
            Address {
                text: format!("{around}{}@{domain}{around}", recased(&tagged, bits)),
                mailbox: format!("{}@{host}", plain(&local)),
                tag: tag.as_deref().map(plain),
            }
        })
}

/// What names and ids of one person have in common, whatever their case.
fn folded(text: &str) -> String {
    let text: String = text.nfkc().collect();
    let text = text.to_uppercase().to_lowercase();
    let text = text.replace("i\u{307}", "i").replace('ı', "i");
    let text = text.replace('ß', "ss").replace('ς', "σ");
    text.nfkc().collect::<String>().trim().to_owned()
}

const NAME: &str = "[@＠]?[aA1iIıİsSßẞΣσςéeﬁ\u{301}\u{307}]{1,4}";
const ID: &str = "[ab1AB.\\-/ –１]{1,6}";
const WORD: &str = "[a1: é\u{301}e가각ㄱ\u{1100}\u{1161}\u{11a8}が゙か]{1,4}";

/// A password, and another one or another way to write it.
fn passwords_of_one() -> impl Strategy<Value = (String, String)> {
    (WORD, WORD, any::<bool>(), 0..7u8, 0..7u8, any::<u32>()).prop_map(
        |(word, other, is_one, line, question, bits)| {
            let other = if is_one { word.clone() } else { other };
            (written(&word, line, bits), written(&other, question, bits))
        },
    )
}

fn written(word: &str, form: u8, bits: u32) -> String {
    match form {
        // As programs write it that try passwords.
        0 => {
            let digits: String = word.bytes().map(|byte| format!("{byte:02x}")).collect();
            format!("$HEX[{digits}]")
        }
        1 => word.nfd().collect(),
        2 => word.nfc().collect(),
        // Some letters composed, others not.
        3 => {
            let letter = |(i, c): (usize, char)| -> String {
                if bits >> (i % 32) & 1 == 1 {
                    c.nfd().collect()
                } else {
                    c.into()
                }
            };
            word.nfc().enumerate().map(letter).collect()
        }
        4 => format!(" {word}  "),
        5 => word.trim().to_owned(),
        _ => word.to_owned(),
    }
}

/// What a password may stand for.
fn meanings(text: &str) -> Vec<String> {
    let decoded = text
        .strip_prefix("$HEX[")
        .and_then(|rest| rest.strip_suffix(']'));
    let bytes = decoded.map(|digits| {
        let pairs = (0..digits.len()).step_by(2);
        let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
        String::from_utf8(pairs.map(byte).collect()).unwrap()
    });
    [Some(text.to_owned()), bytes]
        .into_iter()
        .flatten()
        .collect()
}

fn are_one_password(line: &str, question: &str) -> bool {
    meanings(line).iter().any(|line| {
        meanings(question).iter().any(|question| {
            let is_one = |one: &str, other: &str| one.nfc().eq(other.nfc());
            is_one(line, question) || is_one(line.trim(), question) || is_one(line, question.trim())
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 10000, ..ProptestConfig::default() })]

    #[test]
    fn addresses(line in address(), question in address()) {
        let is_one = line.mailbox == question.mailbox
            && (line.tag == question.tag || line.tag.is_none() || question.tag.is_none());
        if let Some(meets) = meet(&Profile::Email, &line.text, &question.text) {
            prop_assert_eq!(meets, is_one);
        }
    }

    #[test]
    fn user_names(line in NAME, question in NAME) {
        let name = |text: &str| folded(text.trim_start_matches(['@', '＠']));
        if let Some(meets) = meet(&Profile::Username(CaseRule::Fold), &line, &question) {
            prop_assert_eq!(meets, name(&line) == name(&question));
        }
        let name = |text: &str| text.trim_start_matches(['@', '＠']).nfkc().collect::<String>();
        if let Some(meets) = meet(&Profile::Username(CaseRule::Exact), &line, &question) {
            prop_assert_eq!(meets, name(&line) == name(&question));
        }
    }

    #[test]
    fn ids(line in ID, question in ID) {
        let id = |text: &str| folded(&text.replace(['-', ' ', '–'], ""));
        let profile = Profile::Id(IdScheme::Plain(CaseRule::Fold, Separators::Ignore));
        if let Some(meets) = meet(&profile, &line, &question) {
            prop_assert_eq!(meets, id(&line) == id(&question));
        }
        let profile = Profile::Id(IdScheme::Plain(CaseRule::Fold, Separators::Keep));
        if let Some(meets) = meet(&profile, &line, &question) {
            let id = |text: &str| folded(&text.replace('–', "-"));
            prop_assert_eq!(meets, id(&line) == id(&question));
        }
    }

    #[test]
    fn passwords((line, question) in passwords_of_one()) {
        let profile = Profile::Password(PasswordDigest::Sha1, PasswordOrigin::Passwords);
        if let Some(meets) = meet(&profile, &line, &question) {
            prop_assert_eq!(meets, are_one_password(&line, &question));
        }
    }

    /// A number that the plan has is found in each of its spellings from abroad.
    #[test]
    fn numbers(
        line in "(\\+|00|0)?[1-9(][0-9]{0,3}[ /()-]?[0-9]{3,7}[ .-]?[0-9]{0,4}( ?(x|ext\\.|/|-)[0-9]{1,3})?",
        region in proptest::sample::select(&["AR", "BR", "CN", "DE", "FI", "GB", "IT", "JP", "MX", "SE", "US", "XK", "world"][..]),
    ) {
        let profile = Profile::Phone(phone_profile(region).unwrap());
        let plan = Plan(&phone_plan(region).unwrap().payloads);
        let line = if region == "world" { format!("+{}", line.trim_start_matches(['+', '0'])) } else { line };
        let Some(items) = stored(&profile, Some(plan), &line) else {
            return Ok(());
        };
        // As it stands.
        prop_assert!(asked(&profile, Some(plan), &line).is_none_or(|question| have_one(&items, &question)), "as it stands");
        for (bytes, _) in &items {
            let digits = String::from_utf8(bytes.clone()).unwrap();
            let spaced: String = digits.chars().flat_map(|c| [c, ' ']).collect();
            let wide: String = digits.chars().map(|c| char::from_u32(u32::from(c) + 0xFEE0).unwrap()).collect();
            for question in [format!("+{digits}"), format!("+ {spaced}"), format!("＋{wide}"), format!("tel:+{digits}"), format!("+{digits};ext=1")] {
                let question = asked(&profile, Some(plan), &question);
                prop_assert!(question.is_none_or(|question| have_one(&items, &question)), "+{digits}");
            }
            let valid = plan.judge(bytes).is_ok_and(|judgement| judgement.is_valid);
            if region != "world" && valid {
                prop_assert!(asked(&profile, Some(plan), &digits).is_none_or(|question| have_one(&items, &question)), "{digits}");
            }
        }
    }
}

/// `docs/numbering-plans.md` has an old number and today's in a cell:
/// `+54 11 2345 6789: +54 9 11 2345 6789`.
#[test]
fn every_example_of_a_plan_that_changed_is_stored_as_todays_number() {
    let text = include_str!("../../docs/numbering-plans.md");
    let plan = phone_plan("world").unwrap();
    let profile = Profile::Phone(phone_profile("world").unwrap());
    let mut num_examples = 0;
    for cell in text.split('|').map(str::trim) {
        let Some((old, new)) = cell.split_once(": +").filter(|_| cell.starts_with('+')) else {
            continue;
        };
        let items = stored(&profile, Some(Plan(&plan.payloads)), old).expect(cell);
        let new = new.bytes().filter(u8::is_ascii_digit).collect();
        assert!(items.contains(&(new, false)), "{cell}");
        num_examples += 1;
    }
    assert_eq!(num_examples, 15);
}
