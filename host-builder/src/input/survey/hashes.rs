//! Hashes of passwords, and of other things, by their look.

/// How a hash is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// So many hexadecimal digits.
    Hexadecimal(usize),
    /// Base64 of so many bytes.
    Base64(usize),
    /// `{SHA}` and base64: an unsalted SHA-1.
    LdapSha1,
    /// With a salt, or made many times over: `$2y$...`, `{SSHA}...`.
    Salted,
    /// `*` and 40 digits: SHA-1 twice over.
    MySql,
}

/// Digits of MD5 and NTLM, SHA-1, SHA-224, SHA-256, SHA-384 and SHA-512.
const NUM_DIGITS: [usize; 6] = [32, 40, 56, 64, 96, 128];
/// Digits of a SHA-1 and an NTLM hash in a file that is named after the first five.
pub(super) const NUM_SUFFIX_DIGITS: [usize; 2] = [35, 27];

/// What salted hashes begin with, in small letters.
const SALTED: [&str; 34] = [
    "$2a$",
    "$2b$",
    "$2x$",
    "$2y$",
    "$1$",
    "$5$",
    "$6$",
    "$7$",
    "$y$",
    "$gy$",
    "$argon2",
    "$p$",
    "$h$",
    "$s$",
    "$apr1$",
    "$md5",
    "$sha1$",
    "$pbkdf2",
    "$scrypt$",
    "$bcrypt",
    "$8$",
    "$9$",
    "{ssha",
    "{smd5}",
    "{crypt}",
    "{pbkdf2",
    "{argon2",
    "pbkdf2_sha",
    "bcrypt$",
    "bcrypt_sha256$",
    "argon2$",
    "sha1$",
    "scrypt:",
    "pbkdf2:sha",
];

impl Form {
    /// The form of a text that is a hash and nothing else.
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        if text.len() < 16 {
            return None;
        }
        let starts = |start: &str| {
            text.get(..start.len())
                .is_some_and(|found| found.eq_ignore_ascii_case(start.as_bytes()))
        };
        let digits = text
            .strip_prefix(b"0x")
            .or_else(|| text.strip_prefix(b"0X"));
        let text = digits.unwrap_or(text);
        if is_hexadecimal(text) {
            return [&NUM_DIGITS[..], &NUM_SUFFIX_DIGITS]
                .concat()
                .contains(&text.len())
                .then_some(Self::Hexadecimal(text.len()));
        }
        if starts("{SHA}") {
            return Some(Self::LdapSha1);
        }
        if starts("{MD5}") {
            return Some(Self::Base64(16));
        }
        if SALTED.iter().any(|start| starts(start)) {
            return Some(Self::Salted);
        }
        if let Some(digits) = text.strip_prefix(b"*")
            && digits.len() == 40
            && is_hexadecimal(digits)
        {
            return Some(Self::MySql);
        }
        base64_bytes(text).map(Self::Base64)
    }
}

/// Digits of both kinds, so that a long number is none.
fn is_hexadecimal(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_hexdigit)
}

/// How many bytes this is the base64 of, if a hash has so many. Words have no capitals in their
/// middle and no digits, so all three have to be there.
fn base64_bytes(text: &[u8]) -> Option<usize> {
    let digits = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"="));
    let digits = digits.unwrap_or(text);
    let num_bytes = digits.len() * 3 / 4;
    // (Of 48 bytes, nothing would tell it from other texts: it ends with no sign.)
    let is_of_hash = matches!(num_bytes, 16 | 20 | 28 | 32 | 64)
        && (text.len().is_multiple_of(4) && text.len() - digits.len() == (3 - num_bytes % 3) % 3);
    let has = |class: fn(&u8) -> bool| digits.iter().any(class);
    let is_mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    let is_base64 = digits
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
    // Of 64 bytes without a digit there is one in millions; of 16, one in 50.
    (is_of_hash && is_base64 && is_mixed).then_some(num_bytes)
}

/// A count as lists have it: digits, by thousands or not.
pub(super) fn is_count(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    text.first().is_some_and(u8::is_ascii_digit)
        && text
            .iter()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b',' | b'.' | b'\'' | b' ' | b'_'))
}

/// A UUID without its hyphens: 32 digits, of which one says the version and one the variant.
pub(super) fn is_uuid(text: &[u8]) -> bool {
    text.len() == 32
        && is_hexadecimal(text)
        && matches!(text.get(12), Some(b'1'..=b'8'))
        && matches!(text.get(16), Some(b'8' | b'9' | b'a' | b'b' | b'A' | b'B'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (text, expected) in [
            (
                "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8",
                Some(Form::Hexadecimal(40)),
            ),
            (
                "8846f7eaee8fb117ad06bdd830b7586c",
                Some(Form::Hexadecimal(32)),
            ),
            ("61E4C9B93F3F0682250B6CF8331B7EE68FD8", None),
            (
                "1E4C9B93F3F0682250B6CF8331B7EE68FD8",
                Some(Form::Hexadecimal(35)),
            ),
            ("$2y$10$abcdefghijklmnopqrstuv", Some(Form::Salted)),
            ("$P$B12345678abcdefghijklmnopqrst", Some(Form::Salted)),
            ("$argon2id$v=19$m=65536,t=3,p=4$x$y", Some(Form::Salted)),
            ("pbkdf2_sha256$260000$x$y", Some(Form::Salted)),
            ("{SSHA}abcdefghijklmnop", Some(Form::Salted)),
            ("{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", Some(Form::LdapSha1)),
            ("W6ph5Mm5Pz8GgiULbPgzG37mj9g=", Some(Form::Base64(20))),
            ("{MD5}X03MO1qnZdYdgyfeuILPmQ==", Some(Form::Base64(16))),
            ("X03MO1qnZdYdgyfeuILPmQ==", Some(Form::Base64(16))),
            (
                "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19",
                Some(Form::MySql),
            ),
            ("correcthorsebatterystaple", None),
            ("$2y$", None),
            ("hunter2", None),
            ("$hex[70613a7373]", None),
            ("", None),
        ] {
            assert_eq!(Form::of(text.as_bytes()), expected, "{text}");
        }
        assert!(is_count(b"9,659,365") && is_count(b" 3 ") && !is_count(b"") && !is_count(b"3x"));
        assert!(is_uuid(b"123e4567e89b42d3a456426614174000"));
        assert!(!is_uuid(b"8846f7eaee8fb117ad06bdd830b7586c"));
    }
}
