//! Arguments -> inputs: folders become the files below them; lists of hashes that come
//! as a folder of range files are checked to be whole.

use std::collections::HashSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use leaksieve_core::sentence::Grouped;
use walkdir::{DirEntry, WalkDir};

use super::compression;
use super::error::SourceError;
use super::input::Input;
use super::lines::split as split_lines;

/// Digits of a range file's name.
pub(crate) const PREFIX_DIGITS: usize = 5;
const NUM_RANGES: usize = 1 << (4 * PREFIX_DIGITS);
/// Digits of SHA-1 and of NTLM without those.
const SUFFIX_DIGITS: [usize; 2] = [40 - PREFIX_DIGITS, 32 - PREFIX_DIGITS];
/// Bytes of a file that are looked at for those.
const START_BYTES: u64 = 4096;

/// The files that arguments name.
#[derive(Debug, Default)]
pub struct Found {
    /// The inputs, folders replaced by their files.
    pub inputs: Vec<Input>,
    /// Hidden files and folders (`.x`) and what is no file (pipes, devices) in the folders.
    pub num_skipped: u64,
    /// The first of those.
    pub first_skipped: Option<PathBuf>,
}

/// The files that these arguments name: of a folder all below it, in the order of their
/// names. Symbolic links are followed, each folder is read once.
///
/// # Errors
/// A folder without files, or one that cannot be listed.
pub fn find(arguments: &[PathBuf]) -> Result<Found, SourceError> {
    let mut found = Found::default();
    for argument in arguments {
        match Input::from_argument(argument) {
            Input::File(folder) if folder.is_dir() => found.add_folder(&folder)?,
            input => found.inputs.push(input),
        }
    }
    Ok(found)
}

impl Found {
    /// What of the folders is not among the inputs.
    pub fn note(&self) -> Option<String> {
        let first = self.first_skipped.as_ref()?;
        Some(format!(
            "{} hidden or special files and folders were skipped, the first is {}",
            Grouped(self.num_skipped),
            first.display()
        ))
    }

    fn add_folder(&mut self, folder: &Path) -> Result<(), SourceError> {
        let (num_inputs, num_skipped) = (self.inputs.len(), self.num_skipped);
        let mut seen = HashSet::new();
        let mut entries = WalkDir::new(folder)
            .follow_links(true)
            .sort_by_file_name()
            .into_iter();
        while let Some(entry) = entries.next() {
            let entry = match entry {
                Ok(entry) => entry,
                // The folder that a link leads back to is being read already.
                Err(error) if error.loop_ancestor().is_some() => continue,
                Err(error) => {
                    return Err(SourceError::Folder {
                        folder: folder.to_path_buf(),
                        error: error.into(),
                    });
                }
            };
            let is_folder = entry.file_type().is_dir();
            if entry.depth() > 0
                && (is_hidden(&entry) || !(is_folder || entry.file_type().is_file()))
            {
                if is_folder {
                    entries.skip_current_dir();
                }
                self.num_skipped += 1;
                self.first_skipped.get_or_insert(entry.into_path());
            } else if is_folder {
                // Links can lead to a folder in more ways than there are files.
                let place = entry.path().canonicalize();
                let place = place.map_err(|error| SourceError::Folder {
                    folder: folder.to_path_buf(),
                    error,
                })?;
                if !seen.insert(place) {
                    entries.skip_current_dir();
                }
            } else {
                self.inputs.push(Input::File(entry.into_path()));
            }
        }
        if self.inputs.len() == num_inputs {
            return Err(SourceError::EmptyFolder {
                folder: folder.to_path_buf(),
                num_skipped: self.num_skipped - num_skipped,
            });
        }
        Ok(())
    }
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

/// The first digits of every hash in a range file, which its name tells: `00000.txt` to
/// `FFFFF.txt`, as the public downloader of Pwned Passwords writes them.
pub(crate) fn range_prefix(path: &Path) -> Option<[u8; PREFIX_DIGITS]> {
    let name = path.file_name()?.as_encoded_bytes();
    let (prefix, rest) = name.split_first_chunk()?;
    // What a program keeps beside them (`ABCDE.txt.meta`) is no range.
    let rest = rest.to_ascii_lowercase();
    let is_compressed = |end: &[u8]| matches!(end, b"" | b".gz" | b".zst" | b".xz");
    let is_range = prefix.iter().all(u8::is_ascii_hexdigit)
        && is_compressed(rest.strip_prefix(b".txt").unwrap_or(&rest));
    is_range.then_some(*prefix)
}

/// Is the file of the range before or behind this one there?
pub(crate) fn has_neighbour(path: &Path) -> bool {
    let (Some(prefix), Some(name)) = (range_prefix(path), path.file_name()) else {
        return false;
    };
    let rest = name.to_string_lossy().into_owned().split_off(PREFIX_DIGITS);
    let range = number(prefix);
    [range.wrapping_sub(1), range + 1].iter().any(|range| {
        [format!("{range:05X}{rest}"), format!("{range:05x}{rest}")]
            .iter()
            .any(|name| path.with_file_name(name).exists())
    })
}

fn number(prefix: [u8; PREFIX_DIGITS]) -> usize {
    let digits = prefix
        .iter()
        .filter_map(|digit| char::from(*digit).to_digit(16));
    digits.fold(0, |range, digit| range * 16 + digit as usize)
}

/// Do the first lines of a file that is named as a range lack the digits of its name? A file
/// with a number for a name may hold whole hashes. What cannot be read is left to the reader.
fn lacks_digits(input: &Input, path: &Path) -> bool {
    let mut start = Vec::new();
    let is_read = std::fs::File::open(path).is_ok_and(|file| {
        compression::open(input, None, file)
            .is_ok_and(|reader| reader.take(START_BYTES).read_to_end(&mut start).is_ok())
    });
    !is_read
        || split_lines(&start).any(|line| {
            let hash = line.split(|byte| *byte == b':').next().unwrap_or_default();
            let hash = hash.trim_ascii();
            SUFFIX_DIGITS.contains(&hash.len()) && hash.iter().all(u8::is_ascii_hexdigit)
        })
}

/// If any input is a range file, all of them must be there.
///
/// # Errors
/// [`SourceError::MissingRanges`].
pub fn check_ranges(inputs: &[Input]) -> Result<(), SourceError> {
    let mut is_there = Vec::new();
    for input in inputs {
        let Input::File(path) = input else { continue };
        let Some(prefix) = range_prefix(path) else {
            continue;
        };
        is_there.resize(NUM_RANGES, false);
        is_there[number(prefix)] = true;
    }
    let is_range = |input: &Input| match input {
        Input::File(path) => range_prefix(path).is_some() && lacks_digits(input, path),
        Input::Stdin | Input::Values(_) => false,
    };
    match is_there.iter().position(|is_there| !is_there) {
        None => Ok(()),
        // (The first that is one tells.)
        Some(_) if !inputs.iter().any(is_range) => Ok(()),
        Some(first) => Err(SourceError::MissingRanges {
            num_missing: is_there.iter().filter(|is_there| !**is_there).count() as u64,
            num_ranges: NUM_RANGES as u64,
            first: format!("{first:0PREFIX_DIGITS$X}"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_range_files() {
        for (name, prefix) in [
            ("a/00000.txt", Some(b"00000")),
            ("ABCDE.txt.gz", Some(b"ABCDE")),
            ("abcde", Some(b"abcde")),
            ("abcde.zst", Some(b"abcde")),
            ("ABCDE.TXT", Some(b"ABCDE")),
            ("ABCDE.txt.meta", None),
            ("ABCDE.html", None),
            ("ABCDE1.txt", None),
            ("ABCD.txt", None),
            ("GBCDE.txt", None),
            ("ABCDE/list.txt", None),
        ] {
            assert_eq!(range_prefix(Path::new(name)).as_ref(), prefix, "{name}");
        }
    }

    #[test]
    fn all_ranges_or_none() {
        let all = || (0..NUM_RANGES).map(|range| Input::File(format!("r/{range:05x}.txt").into()));
        let other = Input::File("more.txt".into());
        assert!(check_ranges(&[other.clone(), Input::Stdin]).is_ok());
        let mut inputs: Vec<Input> = all().chain([other]).collect();
        assert!(check_ranges(&inputs).is_ok());
        inputs.remove(0xABCDE);
        inputs.remove(0x0ABCD);
        match check_ranges(&inputs) {
            Err(SourceError::MissingRanges {
                num_missing, first, ..
            }) => assert_eq!((num_missing, first.as_str()), (2, "0ABCD")),
            other => panic!("{other:?}"),
        }
    }
}
