//! What the first lines of an input say of its bytes, before anybody reads them as a list.

use super::error::{Remedy, SourceError};
use super::input::Input;
use super::lines::BATCH_BYTES;

/// Where a tar archive says that it is one, and what (POSIX.1-1988, ustar).
const TAR: (usize, &[u8]) = (257, b"ustar");
/// Of the zeros, so many of 10 stand behind (or before) an ASCII character in UTF-16.
const MIN_OF_10: usize = 9;

/// What is done with UTF-32, which has no name as a charset.
pub(super) const UTF_32LE_REMEDY: &str =
    "convert it to UTF-8, and give no charset: iconv -f UTF-32LE -t UTF-8 FILE | leaksieve build -";
pub(super) const UTF_32BE_REMEDY: &str =
    "convert it to UTF-8, and give no charset: iconv -f UTF-32BE -t UTF-8 FILE | leaksieve build -";

/// Refuse the first batch of an input that is no text, or of a charset that was not given.
///
/// # Errors
/// [`SourceError::Unsupported`] and [`SourceError::CarriageReturns`], with the way out.
pub(super) fn check(input: &Input, bytes: &[u8], is_decoded: bool) -> Result<(), SourceError> {
    let refuse = |found, remedy: Remedy| {
        Err(SourceError::Unsupported {
            input: input.clone(),
            found,
            remedy,
        })
    };
    if bytes
        .get(TAR.0..)
        .is_some_and(|rest| rest.starts_with(TAR.1))
    {
        return refuse(
            "a tar archive",
            "unpack it into the command: tar -xOf FILE | leaksieve build -".into(),
        );
    }
    let zeros = memchr::memchr_iter(0, bytes);
    let (num_zeros, num_odd) = zeros.fold((0, 0), |(all, odd), at| (all + 1, odd + at % 2));
    let num_line_ends = memchr::memchr_iter(b'\n', bytes).count();
    if let Some(remedy) = utf_32(bytes) {
        return refuse("text with zero bytes, as UTF-32 has them", remedy.into());
    }
    if is_decoded && num_zeros >= num_line_ends.max(2) {
        return refuse(
            "text with zero bytes, even in the charset that was given",
            "give no charset: the next message tells which it may be".into(),
        );
    }
    // (In UTF-16 there are as many as letters, unless it has line ends.)
    if num_line_ends == 0 && num_zeros > 1 && num_zeros * 3 < bytes.len() {
        return refuse(
            "text whose lines end with zero bytes",
            "put line feeds there: tr '\\0' '\\n' < FILE | leaksieve build -".into(),
        );
    }
    // Of UTF-16 each line end has one. Zeros alone are no text of any charset.
    if num_zeros >= num_line_ends.max(2) && num_zeros * 4 < bytes.len() * 3 {
        if num_odd * 10 >= num_zeros * MIN_OF_10 {
            return refuse(
                "text with zero bytes, as UTF-16 has them",
                Remedy::Charset("utf-16le"),
            );
        }
        if (num_zeros - num_odd) * 10 >= num_zeros * MIN_OF_10 {
            return refuse(
                "text with zero bytes, as UTF-16 has them",
                Remedy::Charset("utf-16be"),
            );
        }
    }
    let lines = || super::split_lines(bytes).filter(|line| !line.is_empty());
    let num_with_zeros = lines().filter(|line| line.contains(&0)).count();
    if num_with_zeros * 2 > lines().count() && num_zeros * 4 < bytes.len() * 3 {
        return refuse(
            "text with zero bytes in its lines",
            "take them out: tr -d '\\0' < FILE | leaksieve build -".into(),
        );
    }
    check_line_ends(input, bytes)
}

/// What is done with UTF-32 without a mark: of every four bytes, the most significant is zero, the next
/// nearly so, and the least significant is not.
fn utf_32(bytes: &[u8]) -> Option<&'static str> {
    let num = bytes.len() / 4;
    if num < 4 {
        return None;
    }
    let share = |is: &dyn Fn(&[u8]) -> bool| {
        let num_alike = bytes.chunks_exact(4).filter(|unit| is(unit)).count();
        num_alike * 10 >= num * MIN_OF_10
    };
    if share(&|unit| unit[3] == 0 && unit[2] <= 0x10 && (unit[0], unit[1]) != (0, 0)) {
        // (Lines of UTF-16 in which every other character is a zero do not exist.)
        Some(UTF_32LE_REMEDY)
    } else if share(&|unit| unit[0] == 0 && unit[1] <= 0x10 && (unit[2], unit[3]) != (0, 0)) {
        Some(UTF_32BE_REMEDY)
    } else {
        None
    }
}

/// Refuse lines that end with CR alone: one line without LF, but for its end.
pub(super) fn check_line_ends(input: &Input, bytes: &[u8]) -> Result<(), SourceError> {
    let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let line = super::lines::without_returns(line);
    if memchr::memchr(b'\r', line).is_some() && memchr::memchr(b'\n', line).is_none() {
        return Err(SourceError::CarriageReturns {
            input: input.clone(),
        });
    }
    Ok(())
}

/// Is this batch one line that was cut, because it is longer than a batch?
pub(super) const fn is_cut(bytes: &[u8]) -> bool {
    bytes.len() > BATCH_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text() {
        let utf_16 = |text: &str, to_bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            text.encode_utf16().flat_map(to_bytes).collect()
        };
        let utf_32 = |text: &str, to_bytes: fn(u32) -> [u8; 4]| -> Vec<u8> {
            text.chars().flat_map(|c| to_bytes(c.into())).collect()
        };
        let mut tar = vec![b'x'; 512];
        tar[257..262].copy_from_slice(b"ustar");
        for (bytes, part) in [
            (tar, "tar -xOf"),
            (utf_16("ann\nbob\n", u16::to_le_bytes), "utf-16le"),
            (utf_16("ann\nbob\n", u16::to_be_bytes), "utf-16be"),
            (utf_16("张三\n李四\n", u16::to_le_bytes), "utf-16le"),
            (utf_32("ann\nbob\n", u32::to_le_bytes), "UTF-32LE"),
            (utf_32("ann\nbob\n", u32::to_be_bytes), "UTF-32BE"),
            (utf_32("张三丰\n李四\n", u32::to_le_bytes), "UTF-32LE"),
            (b"ann\0bobby\0carl\0".to_vec(), "line feeds"),
            (b"abcdefg\0hijklmn\0opqrstu\0".to_vec(), "line feeds"),
            (b"ann\0\0\nbobby\0\nc\n".to_vec(), "take them out"),
            (b"ann\rbob".to_vec(), "tr "),
            (b"ann\rbob\r\n".to_vec(), "tr "),
            (b"ann\n".to_vec(), ""),
            (b"ann\r".to_vec(), ""),
            (b"ann\r\r\n".to_vec(), ""),
            (b"ann\rbob\ncarl\n".to_vec(), ""),
            (b"ann\0\nbob\ncarl\n".to_vec(), ""),
            (vec![0; 5000], ""),
        ] {
            let message = check(&Input::Stdin, &bytes, false)
                .map_or_else(|e| e.to_string(), |()| String::new());
            assert!(
                message.contains(part) && message.is_empty() == part.is_empty(),
                "{part}: {message}"
            );
        }
    }
}
