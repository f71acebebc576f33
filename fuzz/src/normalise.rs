//! Identifiers of every kind: what holds whatever the text.
//!
//! Input: a profile (one byte, two for rarer regions), a kind, then the text.

use std::sync::OnceLock;

use leaksieve_core::identifier::phone::Shortcuts;
use leaksieve_core::identifier::phone::plan::{Judgement, Plan};
use leaksieve_core::identifier::store::{Stored, store};
use leaksieve_core::identifier::{
    Coverage, Item, MAX_IDENTIFIER_BYTES, NormaliseError, PasswordDigest, PasswordOrigin, Side,
};
use leaksieve_core::{Identifier, IdentifierKind, Profile};

use crate::input::Input;
use crate::{phone_rules, profiles};

/// What may stand around an identifier.
const AROUND: [(&str, &str); 3] = [
    (" ", "\r"),
    ("\u{FEFF}", "\u{200B} "),
    ("\u{3000}\t", "\u{2029}"),
];

/// Run one input.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let (profile, region) = profiles::profile(&mut input);
    let kind = profiles::kind(input.byte());
    let text = input.rest();
    let asked = |text: &[u8], has_tables: bool| {
        let mut identifier = Identifier::new(text);
        if let Some(kind) = kind {
            identifier = identifier.of_kind(kind);
        }
        if !has_tables {
            identifier = identifier.without_tables();
        }
        phone_rules::all_readings(&profile, &identifier)
    };
    let host = asked(text, true);
    let device = asked(text, false);
    if kind.is_some_and(|kind| !profile.answers(kind)) {
        assert_eq!(host, Err(NormaliseError::OtherKind));
        assert_eq!(device, Err(NormaliseError::OtherKind));
        return;
    }
    // A device says the same as a host, or that it cannot say.
    let cannot_say = match &device {
        Ok(items) => items[0].coverage() == Coverage::Incidental(NormaliseError::NeedsFolding),
        Err(error) => *error == NormaliseError::NeedsFolding,
    };
    if !cannot_say {
        assert_eq!(device, host);
    }
    for item in host.iter().flatten() {
        assert!((1..=MAX_IDENTIFIER_BYTES).contains(&item.as_bytes().len()));
    }
    meets_itself(&profile, kind, text, &host);
    if let Profile::Password(digest, origin) = profile {
        return password(digest, origin, &profile, kind, text, host);
    }
    for (before, after) in AROUND {
        let text = [before.as_bytes(), text, after.as_bytes()].concat();
        assert_eq!(asked(&text, true), host);
    }
    match (&profile, &host) {
        (Profile::Phone(_), host) => phone(region.unwrap_or(0), &profile, text, host.as_deref()),
        (_, Err(_)) => {}
        // An item is its own spelling.
        (Profile::Email, Ok(items)) => {
            assert_eq!(asked(items[0].as_bytes(), true).as_ref(), Ok(items));
            email(items[0].as_bytes());
        }
        (_, Ok(items)) => assert_eq!(asked(items[0].as_bytes(), true).as_ref(), Ok(items)),
    }
}

/// A line is found by who asks the same text.
fn meets_itself(
    profile: &Profile,
    kind: Option<IdentifierKind>,
    text: &[u8],
    asked: &Result<Vec<Item>, NormaliseError>,
) {
    let plan = profiles::plan(profile).map(|plan| Plan(&plan.payloads));
    let line = Identifier::new(text).of_kind(kind.unwrap_or(profile.kind()));
    let mut stored = Stored::new();
    if store(profile, &line, plan, &mut stored).is_err() {
        return;
    }
    let asked = asked.as_ref().expect("what is stored can be asked");
    let is_same = |one: &Item, bytes: &[u8], is_marked: bool| {
        one.as_bytes() == bytes && one.is_marked() == is_marked
    };
    let meets = stored.items().iter().any(|item| {
        asked.iter().any(|asked| {
            // An old number is stored as that of today, which a question finds by the plan.
            let judgement = plan.and_then(|plan| plan.judge(asked.as_bytes()).ok());
            let mut place = [0; 32];
            let changed = judgement
                .unwrap_or(Judgement::OUTSIDE)
                .change
                .and_then(|change| change.apply(asked.as_bytes(), &mut place));
            is_same(item, asked.as_bytes(), asked.is_marked())
                || changed.is_some_and(|changed| is_same(item, changed, false))
        })
    });
    assert!(meets);
}

fn email(item: &[u8]) {
    let at = item.iter().rposition(|byte| *byte == b'@').expect("an @");
    let (local, domain) = (&item[..at], &item[at + 1..]);
    assert!((1..=64).contains(&local.len()) && !local.contains(&b' '));
    assert!((3..=253).contains(&domain.len()) && domain.is_ascii());
    assert!(!domain.iter().any(u8::is_ascii_uppercase));
}

/// A password is its digest, and so are the digest's digits.
fn password(
    digest: PasswordDigest,
    origin: PasswordOrigin,
    profile: &Profile,
    kind: Option<IdentifierKind>,
    text: &[u8],
    host: Result<Vec<Item>, NormaliseError>,
) {
    let Ok(items) = host else {
        return;
    };
    let item = &items[0];
    let (num_bytes, hash_kind) = match digest {
        PasswordDigest::Sha1 => (20, IdentifierKind::Sha1),
        _ => (16, IdentifierKind::Ntlm),
    };
    assert_eq!(item.as_bytes().len(), num_bytes);
    let digits: String = item.as_bytes().iter().map(|b| format!("{b:02X}")).collect();
    let by_digits = profile
        .normalise(&Identifier::new(digits.as_bytes()).of_kind(hash_kind))
        .expect("digits of a digest");
    assert_eq!(by_digits.as_bytes(), item.as_bytes());
    assert_eq!(by_digits.coverage(), Coverage::Complete);
    // Of either sort, alone or as `HASH:COUNT`.
    let hash = text.split(|byte| *byte == b':').next().unwrap_or(text);
    let hash = hash.trim_ascii();
    let is_hash = [32, 40].contains(&hash.len()) && hash.iter().all(u8::is_ascii_hexdigit);
    let is_typed = kind != Some(hash_kind);
    let is_other = is_typed && std::str::from_utf8(text).is_err();
    let expected = if is_hash && is_typed {
        Coverage::Incidental(NormaliseError::LooksLikeAHash)
    } else if is_other {
        Coverage::Incidental(NormaliseError::NotUtf8)
    } else if is_typed && !text.is_ascii() && origin == PasswordOrigin::NotAllUtf8 {
        Coverage::Incidental(NormaliseError::ListNotUtf8)
    } else {
        Coverage::Complete
    };
    assert_eq!(item.coverage(), expected);
}

/// Digits, and the shortcuts agree: with the text, with its digits alone, and with those
/// of the item.
fn phone(region: usize, profile: &Profile, text: &[u8], items: Result<&[Item], &NormaliseError>) {
    static SHORTCUTS: [OnceLock<Shortcuts>; 256] = [const { OnceLock::new() }; 256];
    let Profile::Phone(phone) = profile else {
        return;
    };
    let plan = profiles::plan(profile).expect("a region of ours");
    let plan = Plan(&plan.payloads);
    let shortcuts = SHORTCUTS[region].get_or_init(|| Shortcuts::new(phone, plan));
    let digits: Vec<u8> = text.iter().copied().filter(u8::is_ascii_digit).collect();
    phone_rules::agree(profile, shortcuts, text);
    phone_rules::agree(profile, shortcuts, &digits);
    for item in items.unwrap_or_default() {
        let bytes = item.as_bytes();
        assert!(bytes.iter().all(u8::is_ascii_digit));
        phone_rules::agree(profile, shortcuts, bytes);
        // In E.164 a number of the plan is itself.
        let is_valid = plan.judge(bytes).expect("a plan of ours").is_valid;
        if item.coverage() == Coverage::Complete && is_valid {
            let plus = [b"+", bytes].concat();
            let same = phone_rules::readings(profile, &Identifier::new(&plus), Side::Ask);
            let same = same.expect("a number of the plan");
            assert!(same.iter().any(|other| other.as_bytes() == bytes));
        }
    }
}
