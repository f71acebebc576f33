//! Thumb-2 code read just far enough to know which other places it names.
//!
//! Source: ARMv7-M Architecture Reference Manual (DDI 0403E), A7.7: B, BL, CBZ, MOV
//! (immediate) and MOVT.

/// The places outside of itself that a piece of code branches to, or whose address it makes
/// with a `movw` and a `movt`: (where the instruction stands, the address that it names).
///
/// `code` stands at `start` and holds instructions only; words between them are the caller's.
pub(crate) fn references(code: &[u8], start: u32) -> Vec<(u32, u32)> {
    let (halfwords, _) = code.as_chunks::<2>();
    let mut halfwords = halfwords.iter().map(|bytes| u16::from_le_bytes(*bytes));
    let end = start.wrapping_add(code.len() as u32);
    let mut found = Vec::new();
    // What `movw` put into the lower half of each register.
    let mut lower = [None; 16];
    let mut at = start;
    while let Some(first) = halfwords.next() {
        let here = at;
        let is_long = first >> 11 > 0b11100;
        at = at.wrapping_add(if is_long { 4 } else { 2 });
        let target = if is_long {
            let Some(second) = halfwords.next() else {
                break;
            };
            move_long(first, second, &mut lower)
                .or_else(|| branch_long(first, second).map(|distance| from(here, distance)))
        } else {
            branch_short(first).map(|distance| from(here, distance))
        };
        if let Some(target) = target.filter(|target| !(start..end).contains(target)) {
            found.push((here, target));
        }
    }
    found
}

/// The program counter reads as the instruction's address and 4.
fn from(here: u32, distance: i32) -> u32 {
    here.wrapping_add(4).wrapping_add_signed(distance)
}

/// B (T1 and T2), CBZ and CBNZ.
fn branch_short(code: u16) -> Option<i32> {
    let bits = i32::from(code);
    match code >> 11 {
        0b11100 => Some(signed(bits << 1, 12)),
        // 0xDE.. is UDF and 0xDF.. is SVC.
        0b11010 | 0b11011 if code < 0xDE00 => Some(signed(bits << 1, 9)),
        _ if code & 0xF500 == 0xB100 => Some((bits >> 3 & 0x40) | (bits >> 2 & 0x3E)),
        _ => None,
    }
}

/// B (T3 and T4) and BL.
fn branch_long(first: u16, second: u16) -> Option<i32> {
    if first >> 11 != 0b11110 || second >> 15 != 1 {
        return None;
    }
    let (first, second) = (i32::from(first), i32::from(second));
    let [sign, j1, j2] = [first >> 10 & 1, second >> 13 & 1, second >> 11 & 1];
    let is_linked = second >> 14 & 1 == 1;
    let is_far = second >> 12 & 1 == 1;
    if is_far {
        let [i1, i2] = [j1, j2].map(|j| !(j ^ sign) & 1);
        let high = sign << 24 | i1 << 23 | i2 << 22;
        let distance = high | (first & 0x3FF) << 12 | (second & 0x7FF) << 1;
        Some(signed(distance, 25))
    } else if !is_linked && first >> 7 & 0b111 != 0b111 {
        let high = sign << 20 | j2 << 19 | j1 << 18;
        let distance = high | (first & 0x3F) << 12 | (second & 0x7FF) << 1;
        Some(signed(distance, 21))
    } else {
        None
    }
}

/// MOVW is remembered; MOVT completes an address.
fn move_long(first: u16, second: u16, lower: &mut [Option<u16>; 16]) -> Option<u32> {
    if second >> 15 != 0 {
        return None;
    }
    let value = first << 12 | (first << 1 & 0x800) | (second >> 4 & 0x700) | second & 0xFF;
    let register = lower.get_mut(usize::from(second >> 8 & 0xF))?;
    match first & 0xFBF0 {
        0xF240 => {
            *register = Some(value);
            None
        }
        0xF2C0 => Some(u32::from(value) << 16 | u32::from(register.take()?)),
        _ => None,
    }
}

/// The number that the lowest `bits` bits are in two's complement.
fn signed(value: i32, bits: u32) -> i32 {
    value << (32 - bits) >> (32 - bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What LLVM's disassembler says of each, at 0x1000.
    #[test]
    fn instructions_name_places() {
        for (code, target, text) in [
            (&[0x00, 0xF0, 0xFE, 0xF8][..], 0x1200, "bl 0x1200"),
            (&[0xFF, 0xF7, 0xFE, 0xFE], 0xE00, "bl 0xe00"),
            (&[0x00, 0xF1, 0xFE, 0xB8], 0x10_1200, "b.w 0x101200"),
            (&[0x00, 0xF0, 0x00, 0x90], 0xC0_1004, "b.w 0xc01004"),
            (&[0xFF, 0xF7, 0xFE, 0xBE], 0xE00, "b.w 0xe00"),
            (&[0x00, 0xF0, 0xFE, 0x80], 0x1200, "beq.w 0x1200"),
            (&[0x3F, 0xF4, 0xFE, 0xAE], 0xE00, "beq.w 0xe00"),
            (&[0x7E, 0xD0], 0x1100, "beq 0x1100"),
            (&[0xFE, 0xE0], 0x1200, "b 0x1200"),
            (&[0xFE, 0xE6], 0xE00, "b 0xe00"),
            (&[0x08, 0xB1], 0x1006, "cbz r0, 0x1006"),
            (&[0xF8, 0xBB], 0x1082, "cbnz r0, 0x1082"),
            (
                &[0x41, 0xF2, 0x34, 0x20, 0xC5, 0xF2, 0x78, 0x60],
                0x5678_1234,
                "movw r0, #0x1234; movt r0, #0x5678",
            ),
        ] {
            let found = references(code, 0x1000);
            let at = 0x1000 + code.len() as u32 - code.len().min(4) as u32;
            assert_eq!(found, [(at, target)], "{text}");
        }
    }

    #[test]
    fn what_names_no_other_place_is_passed_over() {
        for (code, text) in [
            (&[0x70, 0x47][..], "bx lr"),
            (&[0xFE, 0xDE], "udf #0xfe"),
            (&[0xFE, 0xE7], "b ."),
            (&[0x41, 0xF2, 0x34, 0x20], "movw r0, #0x1234"),
            (&[0xBF, 0xF3, 0x5F, 0x8F], "dmb sy"),
            (&[0x00, 0xF0], "half an instruction"),
        ] {
            assert_eq!(references(code, 0x1000), [], "{text}");
        }
    }
}
