//! Where spellings go.

/// What takes a spelling: its name, for the message that it fails, and its text.
pub(super) type Give<'a> = &'a mut dyn FnMut(&'static str, &str);

/// A separator before every third character but the first.
pub(super) fn grouped(text: &str, separator: char) -> String {
    let mut grouped = String::with_capacity(text.len() * 4 / 3 + 1);
    for (i, c) in text.chars().enumerate() {
        if i > 0 && i % 3 == 0 {
            grouped.push(separator);
        }
        grouped.push(c);
    }
    grouped
}
