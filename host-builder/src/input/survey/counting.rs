//! How many of some lines are so.

/// So many lines that are alike by chance are no list of passwords.
pub(super) const MANY: usize = 20;

/// Are so many of so many nearly all?
pub(super) const fn nearly_all(num: usize, of: usize) -> bool {
    num > 0 && num * 100 >= of * percent(of)
}

/// Of a short list one line says more.
pub(super) const fn percent(num_lines: usize) -> usize {
    if num_lines >= 20 { 95 } else { 90 }
}

/// How many lines are so.
pub(super) fn num(lines: &[&[u8]], is: impl Fn(&[u8]) -> bool) -> usize {
    lines.iter().filter(|line| is(line)).count()
}
