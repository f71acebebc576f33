//! Pages of exact sets read plainly, bit by bit, from FORMAT.md's words alone: no function of the
//! crate's is used.

/// Bytes of a page.
pub type Payload = [u8; 508];

/// What a dataset says of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlainSaid {
    Member,
    NoMember,
    /// The page that was read last is to be refused.
    Refused,
}

/// 2^bit; all that is computed here has room in 128 bits.
const fn two_to(bit: u32) -> u128 {
    1 << bit
}

struct Bits {
    bits: Vec<bool>,
    at: usize,
}

impl Bits {
    fn of(page: &Payload) -> Self {
        let bits = page
            .iter()
            .flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1));
        Self {
            bits: bits.collect(),
            at: 0,
        }
    }

    fn from(page: &Payload, at: usize) -> Self {
        Self {
            at,
            ..Self::of(page)
        }
    }

    /// A field of so many bits; behind the end they are 0.
    fn field(&mut self, num_bits: u32) -> u128 {
        let mut number = 0;
        for bit in 0..num_bits {
            if self.bits.get(self.at) == Some(&true) {
                number += two_to(bit);
            }
            self.at += 1;
        }
        number
    }

    /// The zeros before the next 1, and that is left behind. `None`: there is none.
    fn zeros(&mut self) -> Option<u32> {
        let rest = self.bits.get(self.at..)?;
        let zeros = rest.iter().position(|bit| *bit)?;
        self.at += zeros + 1;
        Some(zeros as u32)
    }

    fn is_within(&self) -> bool {
        self.at <= self.bits.len()
    }
}

fn bytes(page: &Payload, at: usize, length: usize) -> u128 {
    page[at..at + length]
        .iter()
        .rev()
        .fold(0, |number, byte| number * 256 + u128::from(*byte))
}

/// What the pages say of a number, marked or not, and those that were read.
pub fn ask(
    number: u64,
    num_pages: u64,
    mut payload: impl FnMut(u64) -> Payload,
) -> (PlainSaid, Vec<u64>) {
    let mut read = Vec::new();
    let mut page = |index: u64| {
        read.push(index);
        payload(index)
    };
    let said = said(number.into(), num_pages.into(), &mut page);
    (said, read)
}

fn said(number: u128, num_pages: u128, page: &mut impl FnMut(u64) -> Payload) -> PlainSaid {
    let directory_page = num_pages - 1;
    let directory = page(directory_page as u64);
    let num_segments = usize::from(directory[0]);
    if !(1..=36).contains(&num_segments) {
        return PlainSaid::Refused;
    }
    // First value, first page of the index, s, exponent.
    let segments: Vec<[u128; 4]> = (0..num_segments)
        .map(|i| {
            let field = |at, length| bytes(&directory, at + 14 * i, length);
            [field(1, 8), field(9, 4), field(13, 1), field(14, 1)]
        })
        .collect();
    // Where the pages of the index end that are a segment's; looked at from the last one on.
    let mut end = directory_page;
    let mut found = None;
    for segment in segments.iter().rev() {
        if segment[1] >= end {
            return PlainSaid::Refused;
        }
        if segment[0] <= number {
            found = Some(*segment);
            break;
        }
        end = segment[1];
    }
    let Some([first, first_index_page, s, exponent]) = found else {
        return PlainSaid::NoMember;
    };
    if s > 56 || exponent > 9 {
        return PlainSaid::Refused;
    }
    let share = ((number - first) / two_to(s as u32)).min(end - first_index_page - 1);
    let first_of_share = first + share * two_to(s as u32);

    let index_page = first_index_page + share;
    let index = page(index_page as u64);
    let num_further = bytes(&index, 12, 2);
    if num_further > 3952_u128.checked_div(s).unwrap_or(0) {
        return PlainSaid::Refused;
    }
    let mut fields = Bits::from(&index, 112);
    let offsets: Vec<u128> = (0..num_further).map(|_| fields.field(s as u32)).collect();
    let (mut low, mut high) = (0, offsets.len());
    while low < high {
        let middle = (low + high) / 2;
        if first_of_share + offsets[middle] <= number {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    let place = match low {
        0 => (bytes(&index, 0, 4), bytes(&index, 4, 8)),
        _ => (
            bytes(&index, 0, 4) + low as u128,
            first_of_share + offsets[low - 1],
        ),
    };
    if place.0 >= index_page || place.1 > number {
        return PlainSaid::Refused;
    }
    in_page(number, &page(place.0 as u64), place.1, exponent as u32)
}

fn in_page(number: u128, page: &Payload, first: u128, exponent: u32) -> PlainSaid {
    let block_of = |value: u128| match exponent {
        0 => 0,
        _ => value / 10_u128.pow(exponent),
    };
    let mut bits = Bits::of(page);
    let mut next = first;
    let mut block = None;
    let mut is_inverted = false;
    let mut m = 0;
    loop {
        if block != Some(block_of(next)) {
            block = Some(block_of(next));
            is_inverted = bits.field(1) == 1;
            let e = bits.field(4);
            let f = bits.field(2);
            m = (4 + f) * two_to(e as u32) / 4;
        }
        let Some(zeros) = bits.zeros() else {
            return match is_inverted {
                true => PlainSaid::Refused,
                false => PlainSaid::NoMember,
            };
        };
        // The lengths of the runs, the next one's last.
        let mut left_out = 0;
        let mut length = m;
        for run in 1..=zeros {
            left_out += length;
            length = if run < 8 { m } else { length * 2 };
            if length >= two_to(61) {
                return PlainSaid::Refused;
            }
        }
        let k = length.ilog2();
        let t = two_to(k + 1) - length;
        let mut rest = bits.field(k);
        if rest >= t {
            rest = rest * 2 + bits.field(1) - t;
        }
        if !bits.is_within() {
            return PlainSaid::Refused;
        }
        let coded = next + left_out + rest;
        if coded >= number {
            return match coded {
                _ if coded >= two_to(63) => PlainSaid::Refused,
                _ if (coded == number) != is_inverted => PlainSaid::Member,
                _ => PlainSaid::NoMember,
            };
        }
        next = coded + 1;
    }
}
