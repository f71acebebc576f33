//! A linked firmware as functions, constants, and what names what.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use anyhow::{Context, Result, ensure};
use object::{
    Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionFlags, SectionKind, SymbolKind,
    elf,
};

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
    /// Read a firmware for ARM's M profile, linked with `--emit-relocs`: the relocations are what
    /// names what.
    ///
    /// A constant that points to another constant leads nowhere. Such tables of tables hold texts,
    /// in what rustc makes.
    pub(crate) fn read(elf: &[u8]) -> Result<Self> {
        let file = object::File::parse(elf)?;
        ensure!(
            file.architecture() == object::Architecture::Arm && file.is_little_endian(),
            "not a program for a Cortex-M"
        );
        let mut image = Self {
            items: items(&file)?,
        };
        let mut num_relocations = 0;
        for section in file.sections().filter(is_loaded) {
            for (at, relocation) in section.relocations() {
                let at = u32::try_from(at)?;
                let RelocationTarget::Symbol(symbol) = relocation.target() else {
                    continue;
                };
                let symbol = file.symbol_by_index(symbol)?;
                let address = if symbol.kind() == SymbolKind::Section {
                    word(&section, at).with_context(|| format!("no word at {at:#x}"))?
                } else {
                    u32::try_from(symbol.address())?
                };
                num_relocations += 1;
                image.refer(at, address);
            }
        }
        ensure!(num_relocations > 0, "not linked with --emit-relocs");
        Ok(image)
    }

    /// What stands at `at` names what is at `address`.
    fn refer(&mut self, at: u32, address: u32) {
        let Some(from) = self.holder(at) else {
            return;
        };
        let to = self.function(address).or_else(|| {
            let is_code = self.items.get(&from)?.is_function;
            self.holder(address).filter(|_| is_code)
        });
        if let (Some(to), Some(item)) = (to.filter(|to| *to != from), self.items.get_mut(&from)) {
            item.references.insert((at, to));
        }
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

/// The word at an address, which a linker has filled in.
fn word<'a>(section: &impl ObjectSection<'a>, at: u32) -> Option<u32> {
    let offset = usize::try_from(u64::from(at).checked_sub(section.address())?).ok()?;
    let bytes = section.data().ok()?.get(offset..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}
