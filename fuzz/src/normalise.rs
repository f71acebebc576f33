//! Identifiers of every kind: what holds whatever the text.
//!
//! Input: a profile (one byte, two for rarer regions), a kind, then the text.

use std::sync::OnceLock;

use leaksieve_core::fold;
use leaksieve_core::identifier::phone::Shortcuts;
use leaksieve_core::identifier::{
    Coverage, Item, MAX_IDENTIFIER_BYTES, NormaliseError, PasswordDigest,
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
        if has_tables {
            identifier = identifier.folded_by(fold::fold);
        }
        profile.normalise(&identifier)
    };
    let host = asked(text, true);
    let device = asked(text, false);
    if kind.is_some_and(|kind| !profile.answers(kind)) {
        assert_eq!(host, Err(NormaliseError::OtherKind));
        assert_eq!(device, Err(NormaliseError::OtherKind));
        return;
    }
    // A device says the same as a host, or that it cannot say.
    if device != Err(NormaliseError::NeedsFolding) {
        assert_eq!(device, host);
    }
    if let Ok(item) = &host {
        assert!((1..=MAX_IDENTIFIER_BYTES).contains(&item.as_bytes().len()));
    }
    if let Profile::Password(digest) = profile {
        return password(digest, &profile, kind, text, host);
    }
    for (before, after) in AROUND {
        let text = [before.as_bytes(), text, after.as_bytes()].concat();
        assert_eq!(asked(&text, true), host);
    }
    match (&profile, &host) {
        (Profile::Phone(_), host) => phone(region.unwrap_or(0), &profile, text, host.as_ref().ok()),
        (_, Err(_)) => {}
        // An item is its own spelling.
        (Profile::Email, Ok(item)) => {
            assert_eq!(asked(item.as_bytes(), true).as_ref(), Ok(item));
            email(item.as_bytes());
        }
        (_, Ok(item)) => assert_eq!(asked(item.as_bytes(), true).as_ref(), Ok(item)),
    }
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
    profile: &Profile,
    kind: Option<IdentifierKind>,
    text: &[u8],
    host: Result<Item, NormaliseError>,
) {
    let Ok(item) = host else {
        return;
    };
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
    let expected = if is_hash && is_typed {
        Coverage::Incidental(NormaliseError::LooksLikeAHash)
    } else {
        Coverage::Complete
    };
    assert_eq!(item.coverage(), expected);
}

/// Digits, and the shortcuts agree: with the text, with its digits alone, and with those
/// of the item.
fn phone(region: usize, profile: &Profile, text: &[u8], item: Option<&Item>) {
    static SHORTCUTS: [OnceLock<Shortcuts>; 256] = [const { OnceLock::new() }; 256];
    let Profile::Phone(phone) = profile else {
        return;
    };
    let shortcuts = SHORTCUTS[region].get_or_init(|| Shortcuts::new(phone));
    let digits: Vec<u8> = text.iter().copied().filter(u8::is_ascii_digit).collect();
    phone_rules::agree(profile, shortcuts, text);
    phone_rules::agree(profile, shortcuts, &digits);
    if let Some(item) = item {
        let bytes = item.as_bytes();
        assert!(bytes.iter().all(u8::is_ascii_digit));
        phone_rules::agree(profile, shortcuts, bytes);
        // In E.164, as lists write it, a number of the plan is itself. (The world has no plan:
        // of two zeros behind a country code, one is taken for a trunk prefix.)
        if item.coverage() == Coverage::Complete && !phone.is_world() {
            let plus = [b"+", bytes].concat();
            assert_eq!(
                profile.normalise(&Identifier::new(&plus)).as_ref(),
                Ok(item)
            );
        }
    }
}
