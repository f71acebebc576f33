//! What characters are, beyond what the standard library knows: blanks, dashes, digits.

/// Characters that are not seen: those that Unicode calls default-ignorable (Unicode 17,
/// `Default_Ignorable_Code_Point`). Soft hyphen, joiners, spaces of no width, marks of writing
/// direction, variation selectors, Hangul fillers, byte order mark: they come with what is copied
/// from documents and pages, and are no part of an item.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}' | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}'
    )
}

/// Hyphens and dashes (Unicode's, and the minus sign).
pub(super) const fn is_dash(c: char) -> bool {
    matches!(
        c,
        '-' | '\u{2010}'
            ..='\u{2015}'
                | '\u{2043}'
                | '\u{2212}'
                | '\u{FE31}'
                | '\u{FE32}'
                | '\u{FE58}'
                | '\u{FE63}'
                | '\u{FF0D}'
    )
}

/// The zeros of Unicode's decimal digits (category Nd) in the Basic
/// Multilingual Plane; nine more digits follow each.
const ZEROS: [u16; 36] = [
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66,
    0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90,
    0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
];

/// The ASCII digit that a decimal digit of any script stands for.
pub(super) fn decimal_digit(c: char) -> Option<u8> {
    if c.is_ascii() {
        return c.is_ascii_digit().then_some(c as u8);
    }
    let code_point = c as u32;
    // Mathematical digits, five styles in a row.
    if let Some(offset) = code_point.checked_sub(0x1D7CE)
        && offset < 50
    {
        return Some(b'0' + (offset % 10) as u8);
    }
    ZEROS.iter().find_map(|&zero| {
        let value = code_point.checked_sub(u32::from(zero))?;
        (value < 10).then(|| b'0' + value as u8)
    })
}

/// White space (Unicode's) and what is invisible is cut off at both ends.
#[inline(never)]
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(is_blank)
}

/// Each byte takes its neighbour's place, from the end: `copy_within` has panic paths.
pub(super) fn drop_first(bytes: &mut [u8]) {
    let mut after = 0;
    for byte in bytes.iter_mut().rev() {
        core::mem::swap(byte, &mut after);
    }
}

pub(super) fn is_blank(c: char) -> bool {
    c.is_whitespace() || is_invisible(c)
}
