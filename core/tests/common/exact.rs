//! A plain builder of exact sets: any parameters, the best of them or random ones.

use leaksieve_core::encoding::exact::index::{
    MAX_SHIFT, Segment, directory, index_page, most_in_share,
};
use leaksieve_core::encoding::exact::page::{PageWriter, Parameter};
use leaksieve_core::encoding::exact::{BlockSize, Next, PAGES_PER_QUESTION, PageDefect, Step};
use leaksieve_core::encoding::{Encoding, Match};
use leaksieve_core::identifier::{CaseRule, IdScheme, Separators};
use leaksieve_core::sector::Payload;
use leaksieve_core::{Profile, encoding::exact};

use super::Plan;

pub const IDS: Profile = Profile::Id(IdScheme::Plain(CaseRule::Exact, Separators::Keep));

/// splitmix64 (Steele, Lea, Flood, OOPSLA 2014).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// Absent values of a block that may be coded one by one.
const MOST_ABSENT: u64 = 20_000;

/// The pages of a set of numbers in order. The first segment begins at the first number or
/// before. `random`: one parameter of three is not the best, nor is each share as long as it can be.
pub fn build(
    members: &[u64],
    segments: &[(u64, BlockSize)],
    mut random: Option<&mut Random>,
) -> Vec<Payload> {
    assert!(members.is_sorted_by(|a, b| a < b) && segments.is_sorted_by_key(|(first, _)| *first));
    let mut pages = Vec::new();
    let mut index = Vec::new();
    let mut places = Vec::new();
    for (at, (first, block)) in segments.iter().enumerate() {
        let end = segments.get(at + 1).map_or(u64::MAX, |(end, _)| *end);
        let lower = members.partition_point(|member| member < first);
        let upper = members.partition_point(|member| *member < end);
        assert!(at > 0 || lower == 0);
        let first_page = pages.len();
        let firsts = values(
            &members[lower..upper],
            *first,
            *block,
            &mut pages,
            &mut random,
        );
        let fits = |shift: u8| {
            let shares = firsts.chunk_by(|a, b| (a - first) >> shift == (b - first) >> shift);
            let fullest = shares.map(<[u64]>::len).max().unwrap();
            fullest <= most_in_share(shift) as usize
        };
        let mut shift = (1..=MAX_SHIFT).rev().find(|shift| fits(*shift)).unwrap();
        if let Some(random) = &mut random {
            let less = random.below(3) as u8;
            let is_short = |shift: u8| (firsts[firsts.len() - 1] - first) >> shift < 100;
            shift = Some(shift.saturating_sub(less).max(1))
                .filter(|shift| is_short(*shift) && fits(*shift))
                .unwrap_or(shift);
        }
        places.push((*first, index.len(), shift, *block));
        let num_shares = ((firsts[firsts.len() - 1] - first) >> shift) + 1;
        assert!(num_shares < 100_000);
        for share in 0..num_shares {
            let begin = first + (share << shift);
            // Those that begin at its first value or before, the last of which it begins in.
            let before = firsts.partition_point(|page| *page <= begin);
            let begins: Vec<u64> = firsts[before..]
                .iter()
                .map(|page| page - begin)
                .take_while(|offset| offset >> shift == 0)
                .collect();
            let page = (first_page + before - 1) as u32;
            index.push(index_page(page, firsts[before - 1], shift, &begins).unwrap());
        }
    }
    let segments: Vec<Segment> = places
        .into_iter()
        .map(|(first, index_page, shift, block)| Segment {
            first,
            first_index_page: (pages.len() + index_page) as u32,
            shift,
            block,
        })
        .collect();
    pages.extend(index);
    pages.push(directory(&segments).unwrap());
    pages
}

/// The pages of a segment's values; gives the first value of each.
fn values(
    members: &[u64],
    first: u64,
    block: BlockSize,
    pages: &mut Vec<Payload>,
    random: &mut Option<&mut Random>,
) -> Vec<u64> {
    let mut firsts = Vec::new();
    let mut next = first;
    let mut rest = members;
    loop {
        firsts.push(next);
        let mut writer = PageWriter::new(next, block);
        let mut is_inverted = false;
        let is_done = loop {
            if rest.is_empty() && (!is_inverted || writer.wants_parameter()) {
                break true;
            }
            // Behind the last member of an inverted page that has no block's end.
            if rest.is_empty() && writer.block_end() == u64::MAX {
                break false;
            }
            if writer.wants_parameter() {
                let parameter = parameter(rest, &writer, random);
                if !writer.begin_block(parameter) {
                    break false;
                }
                is_inverted = parameter.is_inverted();
            }
            let value = if is_inverted {
                let mut absent = writer.next_value();
                let mut present = rest.iter();
                while present.next() == Some(&absent) {
                    absent += 1;
                }
                absent
            } else {
                rest[0]
            };
            if !writer.code(value) {
                break false;
            }
            rest = &rest[rest.partition_point(|member| *member <= value)..];
        };
        pages.push(*writer.payload());
        if is_done {
            return firsts;
        }
        next = writer.next_value();
        // Between two pages there may be what neither has.
        if let (false, [member, ..], Some(random)) = (is_inverted, rest, &mut *random)
            && random.below(2) == 0
        {
            next = *member;
        }
    }
}

fn parameter(rest: &[u64], writer: &PageWriter, random: &mut Option<&mut Random>) -> Parameter {
    let (first, end) = (writer.next_value(), writer.next_block_end());
    let mut members = &rest[..rest.partition_point(|member| *member < end)];
    let mut width = end - first;
    if end == u64::MAX {
        members = &rest[..rest.len().min(1_000)];
        width = members[members.len() - 1] + 1 - first;
    }
    let num_members = members.len() as u64;
    let num_absent = width - num_members;
    if let Some(random) = random
        && random.below(3) == 0
    {
        let is_inverted = random.below(2) == 0 && num_absent < MOST_ABSENT;
        let place = random.below(64) as usize;
        return Parameter::all(is_inverted).nth(place).unwrap();
    }
    let is_inverted = num_members > num_absent && num_absent < MOST_ABSENT;
    let (coded, left_out) = match is_inverted {
        true => (num_absent, num_members),
        false => (num_members, num_absent),
    };
    let wanted = left_out * 7 / 10 / coded.max(1);
    let mut all = Parameter::all(is_inverted);
    let enough = all.find(|parameter| u64::from(parameter.run()) >= wanted);
    enough.unwrap_or_else(|| Parameter::all(is_inverted).last().unwrap())
}

/// What the pages say of a number, and which of them were read.
pub fn ask(pages: &[Payload], number: u64) -> Result<(Match, Vec<u32>), PageDefect> {
    let num_pages = pages.len() as u32;
    let mut step = Step::Directory;
    let mut read = Vec::new();
    loop {
        let page = step.page(num_pages).ok_or(PageDefect)?;
        read.push(page);
        assert!(read.len() <= PAGES_PER_QUESTION as usize);
        match step.take(number, &pages[page as usize], num_pages)? {
            Next::Wants(next) => step = next,
            Next::Said(said) => return Ok((said, read)),
        }
    }
}

/// The pages of these numbers, those of marked ones in a segment of their own.
pub fn pages_of(numbers: &[u64]) -> Vec<Payload> {
    let mut numbers = numbers.to_vec();
    numbers.sort_unstable();
    let mut segments = vec![(numbers[0], BlockSize::PAGE)];
    if numbers.last() >= Some(&exact::MARK) {
        segments.push((exact::MARK, BlockSize::PAGE));
    }
    build(&numbers, &segments, None)
}

/// So many ids of eleven digits, in clusters.
pub fn ids(num_members: u64, first: u64) -> Plan {
    let members: Vec<String> = (0..num_members)
        .map(|i| (first + i * 7 + i / 500 * 100_000 + i % 13).to_string())
        .collect();
    let numbers = members
        .iter()
        .map(|member| number_of(member))
        .collect::<Vec<_>>();
    Plan {
        name: "Ids",
        profile: IDS,
        num_pages: pages_of(&numbers).len() as u32,
        members,
        encoding: Encoding::Exact,
    }
}

pub fn number_of(id: &str) -> u64 {
    exact::number(&IDS, id.as_bytes()).unwrap()
}
