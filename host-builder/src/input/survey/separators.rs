//! What may stand between columns.

use std::collections::BTreeSet;

/// Lines of which each separator is a candidate.
const NUM_TASTED: usize = 8;
/// Longest separator, bytes.
pub(super) const MAX_SEPARATOR_BYTES: usize = 8;
/// Separators that are tried on all lines.
const MAX_CANDIDATES: usize = 64;

/// Separators that are no ASCII signs, or that are signs of addresses and letters by themselves.
const WIDE: [&str; 22] = [
    "@@", "\\t", "，", "；", "：", "、", "｜", "§", "→", "·", "–", "—", "…", "⇒", "»", "•", "¦",
    "＝", "／", "＃", "＆", "～",
];

/// The signs that stand between letters and digits in the first lines.
pub(super) fn candidates(lines: &[&[u8]]) -> BTreeSet<Vec<u8>> {
    let mut all = BTreeSet::new();
    let step = lines.len().div_ceil(NUM_TASTED).max(1);
    for line in lines.iter().step_by(step) {
        let mut start = 0;
        while start < line.len() && all.len() < 4 * MAX_CANDIDATES {
            let len = line[start..]
                .iter()
                .take_while(|byte| is_sign(**byte))
                .count();
            let run = &line[start..start + len];
            for from in 0..run.len() {
                let longest = (run.len() - from).min(MAX_SEPARATOR_BYTES);
                for length in 1..=longest {
                    let candidate = &run[from..from + length];
                    if is_candidate(candidate) {
                        all.insert(candidate.to_vec());
                    }
                }
            }
            start += len + 1;
        }
        for wide in WIDE {
            if memchr::memmem::find(line, wide.as_bytes()).is_some() {
                all.insert(wide.as_bytes().to_vec());
            }
        }
    }
    all
}

/// May it be part of a separator? Not what is within addresses and numbers: `@`, `.`, `'`.
const fn is_sign(byte: u8) -> bool {
    matches!(
        byte,
        b'\t'
            | 0x01
            | 0x1F
            | b' '
            | b'!'
            | b'#'
            | b'$'
            | b'%'
            | b'&'
            | b'*'
            | b'+'
            | b','
            | b'-'
            | b'/'
            | b':'
            | b';'
            | b'<'
            | b'='
            | b'>'
            | b'?'
            | b'\\'
            | b'^'
            | b'_'
            | b'{'
            | b'|'
            | b'}'
            | b'~'
    )
}

fn is_candidate(signs: &[u8]) -> bool {
    match signs {
        [b'-' | b'_'] => false,
        [_] => true,
        // Runs of one sign, signs with a blank on both sides, arrows; not what two
        // neighbours make by chance.
        [first, middle @ .., last] => {
            let is_run = signs.iter().all(|sign| sign == first);
            let is_padded =
                *first == b' ' && *last == b' ' && !middle.is_empty() && middle[0] != b' ';
            let is_list = matches!(signs, [b',' | b';' | b':', b' ']);
            let is_arrow = matches!(
                signs,
                b"->" | b"=>" | b"-->" | b"<-" | b"<->" | b"<=>" | b"<>" | b"~>"
            );
            is_run || is_padded || is_list || is_arrow
        }
        [] => false,
    }
}

/// The sign that closes what this one opens, or the same.
pub(super) const fn mirrored(sign: u8) -> u8 {
    match sign {
        b'<' => b'>',
        b'[' => b']',
        b'(' => b')',
        b'{' => b'}',
        b'/' => b'\\',
        sign => sign,
    }
}
