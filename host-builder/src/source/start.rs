//! What the first lines of an input say of its bytes, before anybody reads them as a list.

use super::lines::BATCH_BYTES;
use super::{Input, SourceError};

/// Where a tar archive says that it is one, and what (POSIX.1-1988, ustar).
const TAR: (usize, &[u8]) = (257, b"ustar");
/// Of the zeros, so many of 10 stand behind (or before) an ASCII character in UTF-16.
const MIN_OF_10: usize = 9;

/// Refuse the first batch of an input that is no text, or of a charset that was not given.
///
/// # Errors
/// [`SourceError::Unsupported`] and [`SourceError::CarriageReturns`], with the way out.
pub(super) fn check(input: &Input, bytes: &[u8]) -> Result<(), SourceError> {
    let refuse = |found, remedy| {
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
            "unpack it into the command: tar -xOf FILE | leaksieve build -",
        );
    }
    let zeros = memchr::memchr_iter(0, bytes);
    let (num_zeros, num_odd) = zeros.fold((0, 0), |(all, odd), at| (all + 1, odd + at % 2));
    let num_line_ends = memchr::memchr_iter(b'\n', bytes).count();
    // (In UTF-16 there are as many as letters, unless it has line ends.)
    if num_line_ends == 0 && num_zeros > 1 && num_zeros * 3 < bytes.len() {
        return refuse(
            "text whose lines end with zero bytes",
            "put line feeds there: tr '\\0' '\\n' < FILE | leaksieve build -",
        );
    }
    // Of UTF-16 each line end has one. Zeros alone are no text of any charset.
    if num_zeros >= num_line_ends.max(2) && num_zeros * 4 < bytes.len() * 3 {
        if num_odd * 10 >= num_zeros * MIN_OF_10 {
            return refuse(
                "text with zero bytes, as UTF-16 has them",
                "give --charset utf-16le",
            );
        }
        if (num_zeros - num_odd) * 10 >= num_zeros * MIN_OF_10 {
            return refuse(
                "text with zero bytes, as UTF-16 has them",
                "give --charset utf-16be",
            );
        }
    }
    let lines = || super::split_lines(bytes).filter(|line| !line.is_empty());
    let num_with_zeros = lines().filter(|line| line.contains(&0)).count();
    if num_with_zeros * 2 > lines().count() && num_zeros * 4 < bytes.len() * 3 {
        return refuse(
            "text with zero bytes in its lines",
            "take them out: tr -d '\\0' < FILE | leaksieve build -",
        );
    }
    check_line_ends(input, bytes)
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
        let mut tar = vec![b'x'; 512];
        tar[257..262].copy_from_slice(b"ustar");
        for (bytes, part) in [
            (tar, "tar -xOf"),
            (utf_16("ann\nbob\n", u16::to_le_bytes), "utf-16le"),
            (utf_16("ann\nbob\n", u16::to_be_bytes), "utf-16be"),
            (utf_16("张三\n李四\n", u16::to_le_bytes), "utf-16le"),
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
            let message =
                check(&Input::Stdin, &bytes).map_or_else(|e| e.to_string(), |()| String::new());
            assert!(
                message.contains(part) && message.is_empty() == part.is_empty(),
                "{part}: {message}"
            );
        }
    }
}
