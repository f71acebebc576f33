//! Signed files that were changed, with every checksum and every field that is not signed
//! made right again: nothing that was changed is believed, and nothing panics.

#![cfg(feature = "signatures")]

mod common;

use std::sync::LazyLock;

use common::ribbon::{bit_of, equation};
use common::{
    Counting, Member, Plan, emails, exact, key, key_of, names, one_member_a_page, open_by, reseal,
    sectors_of, signed,
};
use leaksieve_core::encoding::{Encoding, Match, bloom};
use leaksieve_core::sector::Payload;
use leaksieve_core::trust::tree::{TAGS_PER_SECTOR, encode_tags};
use leaksieve_core::trust::{Signature, tag_of};
use leaksieve_core::{Catalogue, Error, Identifier, PublicKey, SectorIndex, Trust, Verdict, check};

/// A signed file, and for each page a member that is there, or for whom it is read.
struct Case {
    bytes: Vec<u8>,
    catalogue: Catalogue,
    members: Vec<Member>,
    /// Sectors that are read for a page: itself, and tags above it.
    sectors_per_page: u32,
}

/// 64 sectors: header, 59 pages, 2 + 1 tag sectors, signature. The tags of all pages are
/// kept, so that a question reads its page alone; of the names one of each of three layers.
static SMALL: LazyLock<Case> = LazyLock::new(|| {
    let names = names(9_300, 29).into_ribbon(12, 1 << 29, [1, 1, 0]);
    Case::new(&[emails(9_000, 30), names], 1)
});
/// 200 pages, 7 + 1 tag sectors: a question reads its page and the tag sector above.
static LARGER: LazyLock<Case> = LazyLock::new(|| Case::new(&[emails(30_000, 200)], 2));
/// The same of a ribbon: up to three pages, and the tag sector above each.
static LAYERED: LazyLock<Case> = LazyLock::new(|| {
    let emails = emails(39_000, 200).into_ribbon(20, 1 << 30, [9, 2, 0]);
    Case::new(&[emails], 2)
});

/// An exact set: a question reads its directory, a page of its index and one of its values, and
/// the tag sector above each.
static EXACT: LazyLock<Case> =
    LazyLock::new(|| Case::new(&[exact::ids(NUM_IDS, 13_800_000_000)], 2));
const NUM_IDS: u64 = 98_800;

static KEYS: LazyLock<[PublicKey; 1]> = LazyLock::new(|| [key(1).1]);

fn open(bytes: &[u8]) -> Result<Catalogue, Error> {
    open_by(bytes, &Trust::in_keys(&*KEYS))
}

impl Case {
    fn new(plans: &[Plan], sectors_per_page: u32) -> Self {
        let bytes = signed(plans, &key(1).0);
        let catalogue = open(&bytes).unwrap();
        let with_members = one_member_a_page(&catalogue, &bytes, plans);
        let num_pages: u32 = catalogue.datasets().iter().map(|d| d.num_sectors).sum();
        let members = (1..=num_pages).map(|page| {
            let has = |member: &&Member| member.page() == page;
            let of_page = with_members.iter().find(has);
            let leads_there = |member: &&Member| member.pages.contains(&page);
            of_page.or_else(|| with_members.iter().find(leads_there))
        });
        let members = members.map(|member| member.unwrap().clone()).collect();
        Self {
            bytes,
            catalogue,
            members,
            sectors_per_page,
        }
    }

    fn num_sectors(&self) -> u32 {
        self.bytes.len() as u32 / 512
    }

    fn first_tag_sector(&self) -> u32 {
        1 + self.members.len() as u32
    }

    /// Ask a catalogue about a page's member, of these bytes. `None`: there is no verdict.
    fn ask(&self, catalogue: &Catalogue, mut bytes: &[u8], page: u32) -> Option<Verdict> {
        let member = &self.members[page as usize - 1];
        let dataset = catalogue
            .datasets()
            .iter()
            .find(|dataset| sectors_of(dataset).contains(&page))
            .unwrap();
        let identifier = Identifier::new(member.text.as_bytes()).of_kind(dataset.profile.kind());
        check(catalogue, identifier, &mut bytes, &mut [0; 512]).ok()
    }

    /// A bit of a page which, flipped, makes its member no member.
    fn bit_of_a_member(&self, page: u32, random: &mut Random) -> usize {
        let member = &self.members[page as usize - 1];
        assert!(member.pages.contains(&page));
        let datasets = self.catalogue.datasets();
        let dataset = datasets
            .iter()
            .find(|dataset| sectors_of(dataset).contains(&page))
            .unwrap();
        let mut hash = key_of(dataset, &member.text);
        let bits: Vec<usize> = match dataset.encoding {
            Encoding::Bloom { num_hashes } => bloom::probes(hash, num_hashes).collect(),
            Encoding::Ribbon(ribbon) => {
                let plain = common::plain(&ribbon);
                let layer = member.pages.len() - 1;
                for _ in 0..layer {
                    hash = common::ribbon::next_hash(hash);
                }
                let (_, num_pages) = plain.layers(dataset.num_sectors.into())[layer];
                let num_columns = plain.columns_of(plain.page_of(hash, num_pages), num_pages);
                let slots: Vec<u64> = equation(hash, num_columns, plain.salt).slots().collect();
                let of_column = |column| {
                    let bit = move |slot: &u64| bit_of(column, *slot, num_columns) as usize;
                    slots.iter().map(bit).collect::<Vec<_>>()
                };
                (0..num_columns).flat_map(of_column).collect()
            }
            Encoding::Exact => {
                let (sectors, _) = self.bytes.as_chunks::<512>();
                let sectors =
                    &sectors[sectors_of(dataset).start as usize..][..dataset.num_sectors as usize];
                let mut pages: Vec<Payload> = sectors
                    .iter()
                    .map(|sector| *sector.first_chunk().unwrap())
                    .collect();
                let page = (page - dataset.first_sector.0) as usize;
                loop {
                    let bit = random.below(508 * 8);
                    pages[page][bit / 8] ^= 1 << (bit % 8);
                    if !matches!(exact::ask(&pages, hash), Ok((Match::Hit, _))) {
                        return bit;
                    }
                    pages[page][bit / 8] ^= 1 << (bit % 8);
                }
            }
            other => panic!("{other:?}"),
        };
        bits[random.below(bits.len())]
    }

    /// Is there a changed sector that some reader took for what it read?
    /// `changed` are the sectors that are not as they were.
    fn is_believed(&self, bytes: &[u8], changed: &[u32]) -> bool {
        // One that was opened before the change, and one that is opened after it, which is
        // the same where nothing of what an opening reads has changed.
        let any_at_opening = changed
            .iter()
            .any(|sector| self.is_read_at_opening(*sector));
        let after = any_at_opening.then(|| open(bytes).ok()).flatten();
        for catalogue in [Some(&self.catalogue), after.as_ref()]
            .into_iter()
            .flatten()
        {
            let opened_after = !std::ptr::eq(catalogue, &self.catalogue);
            for sector in changed {
                let is_page = (1..self.first_tag_sector()).contains(sector);
                let believed = if is_page {
                    self.ask(catalogue, bytes, *sector).is_some()
                } else if opened_after && self.is_read_at_opening(*sector) {
                    true
                } else if !self.is_read_at_opening(*sector) {
                    let first = 1 + (*sector - self.first_tag_sector()) * TAGS_PER_SECTOR;
                    self.ask(catalogue, bytes, first).is_some()
                } else {
                    false
                };
                if believed {
                    return true;
                }
            }
        }
        false
    }

    /// Header, signature, and the tag sectors above the tags that are kept: in the small file
    /// all, in the larger one the top.
    fn is_read_at_opening(&self, sector: u32) -> bool {
        let keeps_tags_of_pages = self.sectors_per_page == 1;
        let first = match keeps_tags_of_pages {
            true => self.first_tag_sector(),
            false => self.num_sectors() - 2,
        };
        sector == 0 || sector >= first
    }
}

#[test]
fn cases_are_what_they_are_meant_to_be() {
    assert_eq!(SMALL.num_sectors(), 64);
    assert_eq!(SMALL.catalogue.sectors_per_dataset(), 3);
    assert_eq!(LARGER.num_sectors(), 1 + 200 + 7 + 1 + 1);
    assert_eq!(LARGER.catalogue.sectors_per_dataset(), 2 * 2);
    assert_eq!(LAYERED.num_sectors(), LARGER.num_sectors());
    assert_eq!(LAYERED.catalogue.sectors_per_dataset(), 2 * 3 * 2);
    assert_eq!(EXACT.num_sectors(), LARGER.num_sectors());
    assert_eq!(EXACT.catalogue.sectors_per_dataset(), 3 * 2);
    for case in [&*SMALL, &*LARGER, &*LAYERED, &*EXACT] {
        let mut source = Counting {
            inner: case.bytes.as_slice(),
            reads: Vec::new(),
        };
        let trust = Trust::in_keys(&*KEYS);
        leaksieve_core::open(&mut source, &mut [0; 512], &trust).unwrap();
        source.reads.sort();
        let at_opening = (0..case.num_sectors()).filter(|sector| case.is_read_at_opening(*sector));
        assert_eq!(source.reads, at_opening.collect::<Vec<_>>());
        for page in 1..case.first_tag_sector() {
            let verdict = case.ask(&case.catalogue, &case.bytes, page);
            assert!(matches!(verdict, Some(Verdict::Exposed(_))));
        }
        // What was not changed is believed: the tests below can fail.
        let all: Vec<u32> = (0..case.num_sectors()).collect();
        for sector in &all {
            assert!(case.is_believed(&case.bytes, &[*sector]), "{sector}");
        }
    }
}

#[test]
fn every_single_bit_flip() {
    let case = &*SMALL;
    let mut bytes = case.bytes.clone();
    for bit in 0..bytes.len() * 8 {
        let sector = (bit / 8 / 512) as u32;
        let is_checksum = bit / 8 % 512 >= 508;
        let original: [u8; 512] = *bytes[sector as usize * 512..].first_chunk().unwrap();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(!case.is_believed(&bytes, &[sector]), "bit {bit}");
        if !is_checksum {
            reseal(&mut bytes, sector);
            assert!(
                !case.is_believed(&bytes, &[sector]),
                "bit {bit}, checksum made right"
            );
        }
        bytes[sector as usize * 512..][..512].copy_from_slice(&original);
    }
    assert_eq!(bytes, case.bytes);
}

/// In the larger file the tag sectors that questions read.
#[test]
fn every_single_bit_flip_of_tags_that_are_read_with_a_question() {
    for case in [&*LARGER, &*LAYERED, &*EXACT] {
        every_single_bit_flip_of_tags(case);
    }
}

fn every_single_bit_flip_of_tags(case: &Case) {
    let mut bytes = case.bytes.clone();
    for sector in case.first_tag_sector()..case.first_tag_sector() + 7 {
        for bit in 0..508 * 8 {
            let at = sector as usize * 512 + bit / 8;
            bytes[at] ^= 1 << (bit % 8);
            reseal(&mut bytes, sector);
            assert!(!case.is_believed(&bytes, &[sector]), "{sector}, bit {bit}");
            bytes[at] ^= 1 << (bit % 8);
        }
        reseal(&mut bytes, sector);
    }
    assert_eq!(bytes, case.bytes);
}

#[test]
fn every_truncation() {
    let case = &*SMALL;
    for length in 0..case.bytes.len() {
        assert!(open(&case.bytes[..length]).is_err(), "{length} bytes");
    }
}

#[test]
fn every_pair_of_sectors_swapped() {
    let case = &*SMALL;
    for first in 0..64 {
        for second in first + 1..64 {
            let mut bytes = case.bytes.clone();
            let (low, high) = bytes.split_at_mut(second * 512);
            low[first * 512..][..512].swap_with_slice(&mut high[..512]);
            let changed = [first as u32, second as u32];
            assert!(!case.is_believed(&bytes, &changed), "{changed:?}");
            for sector in changed {
                reseal(&mut bytes, sector);
            }
            assert!(!case.is_believed(&bytes, &changed), "{changed:?} resealed");
        }
    }
}

#[test]
fn every_pair_of_tags_swapped() {
    for case in [&*SMALL, &*LARGER, &*LAYERED, &*EXACT] {
        let first = case.first_tag_sector();
        let places: Vec<usize> = (first..case.num_sectors() - 1)
            .flat_map(|sector| (0..31).map(move |tag| sector as usize * 512 + 16 * tag))
            .filter(|at| case.bytes[*at..][..16] != [0; 16])
            .collect();
        assert_eq!(
            places.len(),
            if case.num_sectors() == 64 { 61 } else { 207 }
        );
        for (number, one) in places.iter().enumerate() {
            for other in &places[number + 1..] {
                let mut bytes = case.bytes.clone();
                let (low, high) = bytes.split_at_mut(*other);
                low[*one..][..16].swap_with_slice(&mut high[..16]);
                let changed = [*one as u32 / 512, *other as u32 / 512];
                for sector in changed {
                    reseal(&mut bytes, sector);
                }
                assert!(!case.is_believed(&bytes, &changed), "{one} {other}");
            }
        }
    }
}

/// splitmix64 (Steele, Lea, Flood, OOPSLA 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }
}

/// Tags anew from a page upwards, `levels` of them, each sealed; gives the tag that the
/// next one above would have to have.
fn retag(bytes: &mut [u8], catalogue: &Catalogue, page: u32, levels: u8) -> [u8; 16] {
    let id = catalogue.file_id();
    let tree = catalogue.header().tree().unwrap();
    let mut node = tree.leaf_at(SectorIndex(page));
    loop {
        let sector = tree.sector_of(node);
        let payload = bytes[sector.0 as usize * 512..].first_chunk().unwrap();
        let tag = tag_of(id, sector, payload);
        let (above, place) = node.parent();
        if node.level == levels.min(tree.num_levels()) {
            return tag.0;
        }
        let at = tree.sector_of(above).0;
        bytes[at as usize * 512 + 16 * place as usize..][..16].copy_from_slice(&tag.0);
        reseal(bytes, at);
        node = above;
    }
}

/// Whoever clears one bit of a member's page makes it "not exposed" in a filter that does
/// not notice. Here all that is not signed is made right again: checksums, tags up to
/// every level, in one case of 50 the root too, in one of 100 by a signature of another key.
fn targeted_bit_clears(case: &Case, seed: u64, num_rounds: usize) {
    let mut random = Random(seed);
    let (other, other_public) = key(2);
    let mut bytes = case.bytes.clone();
    let num_levels = case.catalogue.header().tree().unwrap().num_levels();
    let mut num_opened = 0;
    for round in 0..num_rounds {
        let page = 1 + random.below(case.members.len()) as u32;
        let bit = case.bit_of_a_member(page, &mut random);
        let at = page as usize * 512 + bit / 8;
        bytes[at] ^= 1 << (bit % 8);
        reseal(&mut bytes, page);
        let levels = random.below(usize::from(num_levels) + 1) as u8;
        let root = retag(&mut bytes, &case.catalogue, page, levels);

        assert_eq!(
            case.ask(&case.catalogue, &bytes, page),
            None,
            "round {round}"
        );
        if round % 50 == 0 {
            num_opened += 1;
            if levels == num_levels {
                let length = usize::from(u16::from_le_bytes([bytes[10], bytes[11]]));
                bytes[32 + length - 16..][..16].copy_from_slice(&root);
                reseal(&mut bytes, 0);
                let index = case.catalogue.header().signature_sector();
                if round % 100 == 0 {
                    let mut header = case.catalogue.header().clone();
                    header.root = Some(leaksieve_core::trust::Tag(root));
                    let message = header.encode(common::ID).unwrap().signed_message();
                    let signature = Signature(*other.sk.sign(message, None));
                    // With its own key it is another's file; with ours it is a wrong signature.
                    for (name, is_known) in [(other_public, false), (KEYS[0], true)] {
                        let sector = signature.seal(name, common::ID, index);
                        bytes[index.0 as usize * 512..].copy_from_slice(&sector);
                        assert_eq!(
                            open(&bytes),
                            Err(match is_known {
                                true => Error::BadSignature,
                                false => Error::UnknownSigner { key: other_public },
                            })
                        );
                    }
                } else {
                    assert_eq!(open(&bytes), Err(Error::BadSignature));
                }
            } else if let Ok(catalogue) = open(&bytes) {
                assert_eq!(case.ask(&catalogue, &bytes, page), None, "round {round}");
            }
        }
        // What was changed, and no more, is put back.
        let tree = case.catalogue.header().tree().unwrap();
        let mut node = tree.leaf_at(SectorIndex(page));
        while node.level <= num_levels {
            let at = tree.sector_of(node).0 as usize * 512;
            bytes[at..at + 512].copy_from_slice(&case.bytes[at..at + 512]);
            node = node.parent().0;
        }
        bytes[..512].copy_from_slice(&case.bytes[..512]);
        let end = case.bytes.len() - 512;
        bytes[end..].copy_from_slice(&case.bytes[end..]);
    }
    assert_eq!(bytes, case.bytes);
    assert!(num_opened >= num_rounds / 50);
}

#[test]
fn half_a_million_targeted_bit_clears_where_all_tags_are_kept() {
    targeted_bit_clears(&SMALL, 1, 500_000);
}

#[test]
fn half_a_million_targeted_bit_clears_where_tags_are_read() {
    targeted_bit_clears(&LARGER, 2, 500_000);
}

#[test]
fn a_hundred_thousand_targeted_bit_flips_of_a_ribbon() {
    targeted_bit_clears(&LAYERED, 3, 100_000);
}

#[test]
fn twenty_thousand_targeted_bit_flips_of_an_exact_set() {
    targeted_bit_clears(&EXACT, 4, 20_000);
}

/// A forged page of any layer is refused before it can send a question anywhere.
#[test]
fn a_forged_page_of_any_layer_is_refused_before_the_next_is_wanted() {
    let case = &*LAYERED;
    let mut layers = [0; 3];
    for member in &case.members {
        layers[member.pages.len() - 1] += 1;
        for (layer, page) in member.pages.iter().enumerate() {
            for threshold in [0, 255] {
                let mut bytes = case.bytes.clone();
                let at = *page as usize * 512;
                if bytes[at] == threshold {
                    continue;
                }
                bytes[at] = threshold;
                reseal(&mut bytes, *page);
                let asked = Identifier::new(member.text.as_bytes());
                let mut lookup = case.catalogue.lookup(asked);
                let mut read = Vec::new();
                let mut refused = None;
                let mut source = &bytes;
                while let Some(index) = lookup.wants() {
                    read.push(index.0);
                    let sector = source[index.0 as usize * 512..].first_chunk().unwrap();
                    if let Err(error) = lookup.supply(sector) {
                        assert_eq!(refused.replace(error), None);
                        assert_eq!(lookup.wants(), Some(SectorIndex(*page)));
                        // The page as it was signed is believed after all.
                        source = &case.bytes;
                    }
                }
                let forged = Error::NotAsSigned {
                    index: SectorIndex(*page),
                };
                assert_eq!(refused, Some(forged));
                assert!(matches!(lookup.verdict(), Ok(Verdict::Exposed(_))));
                // Each page with what is above it, the forged one twice.
                assert!(
                    read.iter()
                        .skip(1)
                        .step_by(2)
                        .all(|sector| *sector >= case.first_tag_sector())
                );
                let pages: Vec<u32> = read.iter().copied().step_by(2).collect();
                assert_eq!(
                    pages,
                    [&member.pages[..=layer], &member.pages[layer..]].concat()
                );
            }
        }
    }
    assert_eq!(layers, [189, 9, 2]);
}

/// A tag sector of another level or place is no other's, though its tags are right.
#[test]
fn an_empty_tag_sector_is_none_of_the_file() {
    let case = &*LARGER;
    let mut bytes = case.bytes.clone();
    let sector = case.first_tag_sector();
    let at = sector as usize * 512;
    bytes[at..at + 508].copy_from_slice(&encode_tags(&[]));
    reseal(&mut bytes, sector);
    assert!(!case.is_believed(&bytes, &[sector]));
}
