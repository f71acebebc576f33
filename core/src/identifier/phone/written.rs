//! A written telephone number -> its digits.
//!
//! Takes what libphonenumber takes: all its separators and extensions, and
//! RFC 3966 URIs. Beyond that, any Unicode space and the direction marks that
//! contact applications copy along. Letters are refused: a vanity number has
//! several readings.

use super::digits::Digits;
use crate::identifier::characters::{decimal_digit, is_blank, is_dash};
use crate::identifier::error::NormaliseError;

/// Most digits of an extension after a word such as `ext.`, a lone sign, and before a closing
/// `#`; as in libphonenumber.
const MAX_AFTER_WORD: usize = 20;
const MAX_AFTER_SIGN: usize = 9;
const MAX_BEFORE_HASH: usize = 6;
/// After a comma or a semicolon, where libphonenumber takes 9 and 15. Several numbers in one
/// field are written like that, too, and no number has fewer than 7: the second must not be
/// taken for an extension, and be lost.
const MAX_AFTER_PAUSE: usize = 6;
/// After a hyphen or a slash that may as well stand within the number.
const MAX_AFTER_HYPHEN: usize = 5;

/// Fewest digits before a fraction: in `13.00` the point may stand within a number.
const MIN_BEFORE_FRACTION: usize = 5;

/// Fewest digits that an extension can follow.
const MIN_BEFORE_EXTENSION: usize = 3;

const PHONE_CONTEXT: &str = ";phone-context=";

/// The words that an extension follows, with the most digits that it then has.
/// ASCII letters stand for both cases.
const EXTENSION_WORDS: [(&str, usize); 25] = [
    ("ext", MAX_AFTER_WORD),
    ("extn", MAX_AFTER_WORD),
    ("xt", MAX_AFTER_WORD),
    ("xtn", MAX_AFTER_WORD),
    ("extension", MAX_AFTER_WORD),
    ("extensi\u{F3}n", MAX_AFTER_WORD),
    ("extensio\u{301}n", MAX_AFTER_WORD),
    ("anexo", MAX_AFTER_WORD),
    ("\u{434}\u{43E}\u{431}", MAX_AFTER_WORD),
    ("\u{414}\u{43E}\u{431}", MAX_AFTER_WORD),
    ("\u{414}\u{41E}\u{411}", MAX_AFTER_WORD),
    ("\u{FF45}\u{FF58}\u{FF54}", MAX_AFTER_WORD),
    ("\u{FF45}\u{FF58}\u{FF54}\u{FF4E}", MAX_AFTER_WORD),
    ("\u{FF58}\u{FF54}", MAX_AFTER_WORD),
    ("int", MAX_AFTER_SIGN),
    ("\u{FF49}\u{FF4E}\u{FF54}", MAX_AFTER_SIGN),
    ("\u{8F6C}", MAX_AFTER_SIGN),
    ("\u{8F49}", MAX_AFTER_SIGN),
    ("\u{5206}\u{673A}", MAX_AFTER_SIGN),
    ("\u{5206}\u{6A5F}", MAX_AFTER_SIGN),
    ("\u{5185}\u{7DDA}", MAX_AFTER_SIGN),
    ("x", MAX_AFTER_SIGN),
    ("\u{FF58}", MAX_AFTER_SIGN),
    ("~", MAX_AFTER_SIGN),
    ("\u{FF5E}", MAX_AFTER_SIGN),
];

/// What a text says, before the rules of a region are applied.
pub(super) struct Written {
    pub(super) digits: Digits,
    /// The number begins with `+`.
    pub(super) has_plus: bool,
    /// Index among the digits of a 0 that stands alone in brackets, as in `+44 (0)20`.
    pub(super) zero_in_brackets: Option<usize>,
    /// Digits before the last hyphen or slash, where what follows may be an extension.
    before_extension: Option<u8>,
}

impl Written {
    const fn new() -> Self {
        Self {
            digits: Digits::new(),
            has_plus: false,
            zero_in_brackets: None,
            before_extension: None,
        }
    }

    /// A hyphen or slash stands here, before what may be an extension. One that stands so soon
    /// behind another has one of several: `67123456/7/8`.
    fn mark_extension(&mut self) {
        let here = self.digits.len;
        self.before_extension = match self.before_extension {
            Some(before) if here - before <= 2 => Some(before),
            _ => Some(here),
        };
    }

    /// The digits before what may be an extension.
    pub(super) fn without_extension(&self) -> Option<&[u8]> {
        let digits = self.digits.as_slice();
        let before = usize::from(self.before_extension?);
        let num_after = digits.len().checked_sub(before)?;
        (1..=MAX_AFTER_HYPHEN)
            .contains(&num_after)
            .then(|| digits.get(..before))?
    }

    /// # Errors
    /// Which kind of character does not belong into a telephone number, or that
    /// there are more digits than [`MAX_DIGITS`].
    pub(super) fn read(text: &str) -> Result<Self, NormaliseError> {
        // The common spellings, byte by byte; anything else starts again with care.
        let mut written = Self::new();
        let mut bytes = text.as_bytes();
        if let Some((b'+', rest)) = bytes.split_first() {
            written.has_plus = true;
            bytes = rest;
        }
        for &byte in bytes {
            match byte {
                b'0'..=b'9' => written.digits.push(byte)?,
                b' ' => {}
                b'-' => written.mark_extension(),
                _ => return Self::read_carefully(text),
            }
        }
        Ok(written)
    }

    fn read_carefully(text: &str) -> Result<Self, NormaliseError> {
        let text = strip_prefix_ignoring_case(text, "tel:").unwrap_or(text);
        let mut written = Self::new();
        let mut number = text;
        if let Some((before, context)) = split_context(text) {
            number = before;
            let context = context
                .split_once(is_semicolon)
                .map_or(context, |(context, _)| context);
            written.read_context(context)?;
        }
        written.read_number(number)?;
        Ok(written)
    }

    /// RFC 3966, 5.1.5: the leading digits of a local number, or a domain that says nothing here.
    fn read_context(&mut self, context: &str) -> Result<(), NormaliseError> {
        let Some(digits) = context.strip_prefix('+') else {
            let is_domain = context.starts_with(|c: char| c.is_ascii_alphanumeric())
                && context
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
            return if is_domain {
                Ok(())
            } else {
                Err(NormaliseError::UnexpectedCharacter)
            };
        };
        for byte in digits.bytes() {
            match byte {
                b'0'..=b'9' => self.digits.push(byte)?,
                b'-' | b'.' | b'(' | b')' => {}
                _ => return Err(NormaliseError::UnexpectedCharacter),
            }
        }
        if self.digits.len() == 0 {
            return Err(NormaliseError::TooFewDigits);
        }
        self.has_plus = true;
        Ok(())
    }

    fn read_number(&mut self, text: &str) -> Result<(), NormaliseError> {
        let mut opened_at = None;
        // Where the last run of digits starts, and whether a space or hyphen stands before it.
        let mut run_start = (0, false);
        let mut num_letters = 0;
        for (at, c) in text.char_indices() {
            let tail = text.get(at..).unwrap_or_default();
            let num_digits = self.digits.len();
            if let Some(digit) = decimal_digit(c) {
                self.digits.push(digit)?;
                continue;
            }
            let may_start_extension = !is_separator(c) || matches!(c, '~' | '\u{FF5E}');
            if may_start_extension && num_digits >= MIN_BEFORE_EXTENSION && is_extension(tail) {
                return Ok(());
            }
            match c {
                '+' | '\u{FF0B}' if num_digits == 0 => self.has_plus = true,
                '(' | '\u{FF08}' => opened_at = Some(num_digits),
                ')' | '\u{FF09}' => {
                    let is_zero = self.digits.as_slice().last() == Some(&b'0');
                    if is_zero && opened_at == Some(num_digits - 1) {
                        self.zero_in_brackets = opened_at;
                    }
                }
                // A placeholder for a carrier's code, as in (0xx11); three are a word, and
                // elsewhere it hides a digit.
                'x' | 'X' | '\u{FF58}' | '\u{FF38}'
                    if num_letters < 2 && self.digits.as_slice() == b"0" =>
                {
                    num_letters += 1;
                }
                '#' | '\u{FF03}' => return self.drop_before_hash(run_start, tail),
                '*' | '\u{2022}' | '\u{FF0A}' => return Err(NormaliseError::Masked),
                'e' | 'E' if is_exponent(tail) => return Err(NormaliseError::Exponent),
                '.' if num_digits >= MIN_BEFORE_FRACTION && is_fraction(text, at) => {
                    return Err(NormaliseError::Fraction);
                }
                '-' | '/' | '\u{2010}'..='\u{2015}' | '\u{FF0D}' | '\u{FF0F}' => {
                    self.mark_extension();
                }
                c if c.is_control() => return Err(NormaliseError::ControlCharacter),
                c if is_separator(c) => {}
                c if is_wrapping(c) && (num_digits == 0 || is_end(tail)) => {}
                _ => return Err(NormaliseError::UnexpectedCharacter),
            }
            run_start = (self.digits.len(), matches!(c, ' ' | '-'));
        }
        Ok(())
    }

    /// `555 1234 - 503#`: the last run of digits is an extension.
    fn drop_before_hash(
        &mut self,
        run_start: (usize, bool),
        tail: &str,
    ) -> Result<(), NormaliseError> {
        let (start, is_set_off) = run_start;
        let num_digits = self.digits.len() - start;
        let is_extension = is_set_off
            && start >= MIN_BEFORE_EXTENSION
            && (1..=MAX_BEFORE_HASH).contains(&num_digits)
            && tail.strip_prefix(['#', '\u{FF03}']).is_some_and(is_end);
        if !is_extension {
            return Err(NormaliseError::UnexpectedCharacter);
        }
        self.digits.truncate(start);
        Ok(())
    }
}

/// What a program makes of a large number: `E+10`.
fn is_exponent(tail: &str) -> bool {
    let digits = tail.get(1..).unwrap_or_default();
    let digits = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    (1..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// What a program makes of a number with a fraction: digits, the point at this place, and one
/// or two zeros.
fn is_fraction(text: &str, at: usize) -> bool {
    let (whole, fraction) = text.split_at_checked(at).unwrap_or_default();
    let whole = whole.strip_prefix(['+', '-']).unwrap_or(whole);
    whole.bytes().all(|byte| byte.is_ascii_digit()) && matches!(fraction, ".0" | ".00")
}

/// Is this the rest of a number, from the sign or word that an extension
/// follows to the end?
fn is_extension(tail: &str) -> bool {
    if let Some(rest) = tail.strip_prefix(';') {
        return rest.starts_with("isub=")
            || rest
                .strip_prefix("ext=")
                .is_some_and(|rest| is_extension_digits(rest, MAX_AFTER_WORD))
            || is_extension_digits(rest, MAX_AFTER_PAUSE);
    }
    if let Some(rest) = tail.strip_prefix(['#', '\u{FF03}']) {
        return is_extension_digits(rest, MAX_AFTER_SIGN);
    }
    if let Some(rest) = tail.strip_prefix(',') {
        let rest = rest.trim_start_matches([' ', '\u{A0}', '\t', ',']);
        return is_extension_digits(rest, MAX_AFTER_PAUSE) || is_worded_extension(rest);
    }
    is_worded_extension(tail)
}

fn is_worded_extension(tail: &str) -> bool {
    EXTENSION_WORDS.iter().any(|&(word, limit)| {
        strip_prefix_ignoring_case(tail, word).is_some_and(|rest| is_extension_digits(rest, limit))
    })
}

/// Is this all digits, 1 to `limit`, but for what may stand around them?
fn is_extension_digits(text: &str, limit: usize) -> bool {
    let text = text.strip_prefix([':', '.', '\u{FF0E}']).unwrap_or(text);
    let text = text.trim_start_matches([' ', '\u{A0}', '\t', ',', '-']);
    let is_digit = |c: &char| decimal_digit(*c).is_some();
    // One by one: the count of all is 300 bytes of a small device's flash.
    let num_digits = text.chars().take_while(is_digit).count();
    let rest = text.trim_start_matches(|c| is_digit(&c));
    (1..=limit).contains(&num_digits) && is_end(rest.strip_prefix('#').unwrap_or(rest))
}

/// Does nothing of a number follow?
fn is_end(tail: &str) -> bool {
    tail.chars().all(|c| is_wrapping(c) || is_separator(c))
}

/// What may stand around a number: quotes and the like, left over from where it was copied.
const fn is_wrapping(c: char) -> bool {
    matches!(
        c,
        '"' | '\''
            | '`'
            | ','
            | ';'
            | ':'
            | '<'
            | '>'
            | '|'
            | '_'
            | '!'
            | '?'
            | '{'
            | '}'
            | '\u{2018}'
            ..='\u{201F}' | '\u{3001}' | '\u{3002}' | '\u{FF0C}' | '\u{FF1A}' | '\u{FEFF}'
    )
}

/// Blanks, dashes, what is invisible, and the other separators that libphonenumber takes.
fn is_separator(c: char) -> bool {
    is_blank(c)
        || is_dash(c)
        || matches!(
            c,
            '(' | ')'
                | '.'
                | '/'
                | '['
                | ']'
                | '~'
                | '\u{2053}'
                | '\u{223C}'
                | '\u{301C}'
                | '\u{30FC}'
                | '\u{FF08}'
                | '\u{FF09}'
                | '\u{FF0E}'
                | '\u{FF0F}'
                | '\u{FF3B}'
                | '\u{FF3D}'
                | '\u{FF5E}'
        )
}

/// As a function: the search for a character given as such is other code, and more.
const fn is_semicolon(c: char) -> bool {
    c == ';'
}

/// The text before and after the first [`PHONE_CONTEXT`], found by its `;`: the standard
/// library's search for a text has panic paths.
fn split_context(text: &str) -> Option<(&str, &str)> {
    text.match_indices(is_semicolon).find_map(|(at, _)| {
        let (before, context) = text.split_at_checked(at)?;
        Some((before, context.strip_prefix(PHONE_CONTEXT)?))
    })
}

/// The rest after a prefix, whose ASCII letters may be of either case.
fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}
