//! A linked firmware as functions, constants, and what names what.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use anyhow::{Context, Result, ensure};
use object::{Object, ObjectSection, ObjectSymbol, SectionFlags, SectionKind, SymbolKind, elf};

use crate::thumb;

/// A function or a constant, by the address of its first byte.
#[derive(Debug)]
pub(crate) struct Item {
    /// As the linker knows it; where several names share an address, each.
    pub(crate) names: Vec<String>,
    pub(crate) is_function: bool,
    /// What it names: where from, and the item.
    pub(crate) references: BTreeSet<(u32, u32)>,
    range: Range<u32>,
}

/// Everything of an ELF that has an address and a name.
pub(crate) struct Image {
    pub(crate) items: BTreeMap<u32, Item>,
}

impl Image {
    /// Read a firmware for ARM's M profile.
    ///
    /// Of constants only words are seen that are a function's address; a constant that points
    /// to another constant leads nowhere. Such tables of tables hold texts, in what rustc makes.
    pub(crate) fn read(elf: &[u8]) -> Result<Self> {
        let file = object::File::parse(elf)?;
        ensure!(
            file.architecture() == object::Architecture::Arm && file.is_little_endian(),
            "not a program for a Cortex-M"
        );
        let mut image = Self {
            items: items(&file)?,
        };
        let words = words_in_code(&file);
        for section in file.sections().filter(is_loaded) {
            image.read_section(&section, &words)?;
        }
        Ok(image)
    }

    fn read_section<'a>(
        &mut self,
        section: &impl ObjectSection<'a>,
        words: &[Range<u32>],
    ) -> Result<()> {
        let start = u32::try_from(section.address())?;
        let data = section.data()?;
        let end = start + u32::try_from(data.len())?;
        let bytes = |range: Range<u32>| {
            data.get((range.start - start) as usize..(range.end - start) as usize)
        };
        let ranges: Vec<_> = self
            .items
            .range(start..end)
            .map(|(_, item)| (item.is_function, item.range.start..item.range.end.min(end)))
            .collect();
        for (is_function, range) in ranges {
            let mut references = BTreeSet::new();
            for (is_code, part) in parts(range.clone(), is_function, words) {
                let bytes = bytes(part.clone()).context("a symbol lies outside of its section")?;
                let named = if is_code {
                    thumb::references(bytes, part.start)
                } else {
                    pointers(bytes, part.start)
                };
                references.extend(named.into_iter().filter_map(|(at, address)| {
                    let to = if is_code {
                        self.function(address).or_else(|| self.holder(address))
                    } else {
                        self.function(address)
                    };
                    Some((at, to.filter(|to| *to != range.start)?))
                }));
            }
            if let Some(item) = self.items.get_mut(&range.start) {
                item.references = references;
            }
        }
        Ok(())
    }

    /// The function that a pointer points to: the Thumb bit is set.
    fn function(&self, pointer: u32) -> Option<u32> {
        let start = pointer & !1;
        let item = self.items.get(&start)?;
        (pointer != start && item.is_function).then_some(start)
    }

    /// The item that an address lies in.
    fn holder(&self, address: u32) -> Option<u32> {
        let (start, item) = self.items.range(..=address).next_back()?;
        item.range.contains(&address).then_some(*start)
    }
}

fn is_loaded<'a>(section: &impl ObjectSection<'a>) -> bool {
    let is_allocated = matches!(
        section.flags(),
        SectionFlags::Elf { sh_flags, .. } if (sh_flags & elf::SHF_ALLOC) == elf::SHF_ALLOC
    );
    is_allocated && !matches!(section.kind(), SectionKind::UninitializedData)
}

/// Functions and constants, without what they name. A function of assembly that has no size
/// reaches up to the next.
fn items(file: &object::File<'_>) -> Result<BTreeMap<u32, Item>> {
    let mut items: BTreeMap<u32, Item> = BTreeMap::new();
    let mut ends = BTreeMap::new();
    for section in file.sections().filter(is_loaded) {
        let start = u32::try_from(section.address())?;
        ends.insert(start, start + u32::try_from(section.size())?);
    }
    for symbol in file.symbols().filter(|symbol| symbol.is_definition()) {
        let is_function = match symbol.kind() {
            SymbolKind::Text => true,
            SymbolKind::Data => false,
            _ => continue,
        };
        let start = u32::try_from(symbol.address())? & !u32::from(is_function);
        let end = start + u32::try_from(symbol.size())?;
        let item = items.entry(start).or_insert_with(|| Item {
            names: Vec::new(),
            is_function,
            references: BTreeSet::new(),
            range: start..end,
        });
        item.names.push(symbol.name()?.to_owned());
        item.range.end = item.range.end.max(end);
    }
    let mut next = None;
    for (start, item) in items.iter_mut().rev() {
        let section_end = ends.range(..=*start).next_back().map(|(_, end)| *end);
        let limit = next.into_iter().chain(section_end).min();
        if let (true, true, Some(limit)) = (item.is_function, item.range.is_empty(), limit) {
            item.range.end = limit.max(*start);
        }
        next = Some(*start);
    }
    Ok(items)
}

/// Where words lie between instructions, by the mapping symbols `$d` and `$t` (ELF for the
/// Arm Architecture, 5.5.5).
fn words_in_code(file: &object::File<'_>) -> Vec<Range<u32>> {
    let marks: BTreeMap<u32, bool> = file
        .symbols()
        .filter_map(|symbol| {
            let name = symbol.name().ok()?;
            let is = |mark: &str| name == mark || name.starts_with(&format!("{mark}."));
            let is_words = is("$d");
            (is_words || is("$t")).then_some((u32::try_from(symbol.address()).ok()?, is_words))
        })
        .collect();
    let ends = marks.keys().skip(1).copied().chain([u32::MAX]);
    marks
        .iter()
        .zip(ends)
        .filter(|((_, is_words), _)| **is_words)
        .map(|((start, _), end)| *start..end)
        .collect()
}

/// A range as pieces: (code or not, piece).
fn parts(range: Range<u32>, is_function: bool, words: &[Range<u32>]) -> Vec<(bool, Range<u32>)> {
    if !is_function {
        return vec![(false, range)];
    }
    let mut parts = Vec::new();
    let mut at = range.start;
    for words in words {
        let words = words.start.max(at)..words.end.min(range.end);
        if !words.is_empty() {
            parts.push((true, at..words.start));
            at = words.end;
            parts.push((false, words));
        }
    }
    parts.push((true, at..range.end));
    parts
}

/// The aligned words, each of which may be a pointer.
fn pointers(bytes: &[u8], start: u32) -> Vec<(u32, u32)> {
    let skipped = start.wrapping_neg() % 4;
    let (words, _) = bytes
        .get(skipped as usize..)
        .unwrap_or_default()
        .as_chunks::<4>();
    (start + skipped..)
        .step_by(4)
        .zip(words)
        .map(|(at, word)| (at, u32::from_le_bytes(*word)))
        .collect()
}
