//! FORMAT.md says what the code does: its tables hold the code's constants, and a file
//! can be read by its byte tables alone.

mod common;

use common::ribbon::{PlainAnswer, PlainRibbon};
use common::{ID, emails, place};
use leaksieve_core::encoding::exact::page::{PageWriter, Parameter};
use leaksieve_core::encoding::ribbon::{self, NumPages, Ribbon};
use leaksieve_core::encoding::{Encoding, Rules, bloom, exact};
use leaksieve_core::identifier::{IdScheme, MAX_IDENTIFIER_BYTES, NORMALISATION_VERSION, phone};
use leaksieve_core::sector::{CRC_BYTES, PAYLOAD_BYTES, SECTOR_BYTES, SectorIndex, seal};
use leaksieve_core::{Error, Profile, Trust, header, trust};

const FORMAT: &str = include_str!("../FORMAT.md");

#[track_caller]
fn says(text: &str) {
    // Lines may be wrapped anywhere.
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        flat(FORMAT).contains(&flat(text)),
        "FORMAT.md lacks: {text}"
    );
}

#[test]
fn the_tables_hold_the_constants() {
    says(&format!(
        "# The leaksieve file, format {}",
        header::FORMAT_VERSION
    ));
    says(&format!(
        "| 8 | 2 | format version: {} |",
        header::FORMAT_VERSION
    ));
    says(&format!("A file is a row of {SECTOR_BYTES}-byte sectors"));
    says(&format!("| 0 | {PAYLOAD_BYTES} | payload |"));
    says(&format!("| {PAYLOAD_BYTES} | {CRC_BYTES} | CRC-32C"));
    let magic: Vec<String> = header::MAGIC
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    says(&format!("| 0 | 8 | magic: `{}` |", magic.join(" ")));
    says(&format!(
        "| 10 | 2 | length of the postcard header, 0 to {} |",
        header::MAX_HEADER_BYTES
    ));
    says(&format!(
        "| {} | {} | postcard header, its first part |",
        header::FIXED_BYTES,
        PAYLOAD_BYTES - header::FIXED_BYTES
    ));
    says(&format!(
        "go on through sector {}",
        header::MAX_HEADER_SECTORS - 1
    ));
    says(&format!(
        "| datasets | list of Dataset | 1 to {} |",
        header::MAX_DATASETS_OF_A_FILE
    ));
    says(&format!(
        "name of the breach; at most {} bytes",
        header::MAX_NAME_BYTES
    ));
    says(&format!(
        "where the list came from; at most {} bytes",
        header::MAX_SOURCE_NOTE_BYTES
    ));
    says(&format!(
        "version of the rules under \"Items\": {NORMALISATION_VERSION} |"
    ));
    says(&format!("num_hashes (u8, 1 to {})", bloom::MAX_HASHES));
    says(&format!("bit = (x · {}) >> 32", bloom::PAGE_BITS));
    says(&format!(
        "the canonical bytes of an identifier, 1 to {MAX_IDENTIFIER_BYTES}"
    ));
    for (limit, value) in [
        (
            "header",
            format!(
                "{} sectors, {} bytes of postcard",
                header::MAX_HEADER_SECTORS,
                header::MAX_HEADER_BYTES
            ),
        ),
        (
            "datasets of a file",
            header::MAX_DATASETS_OF_A_FILE.to_string(),
        ),
        (
            "name, source note",
            format!(
                "{}, {} bytes",
                header::MAX_NAME_BYTES,
                header::MAX_SOURCE_NOTE_BYTES
            ),
        ),
        (
            "item, and identifier after trimming",
            format!("{MAX_IDENTIFIER_BYTES} bytes"),
        ),
        ("probes", format!("1 to {}", bloom::MAX_HASHES)),
        ("columns of a page", format!("1 to {}", ribbon::MAX_COLUMNS)),
        (
            "layers of a dataset",
            format!("1 to {}", ribbon::MAX_LAYERS),
        ),
        (
            "tags of a tag sector",
            trust::tree::TAGS_PER_SECTOR.to_string(),
        ),
        (
            "levels of tag sectors",
            format!("1 to {}", trust::tree::MAX_LEVELS),
        ),
        ("step of an epoch", trust::MAX_EPOCH_STEP.to_string()),
        (
            "rule lists of a phone profile",
            format!("{} bytes", phone::MAX_RULE_BYTES),
        ),
    ] {
        says(&format!("| {limit} | {value} |"));
    }
    let probes: Vec<String> = bloom::probes(0x89AB_CDEF, 8)
        .map(|bit| bit.to_string())
        .collect();
    says(&format!(
        "The probes of `low = 0x89ABCDEF` are {}, ...",
        probes.join(", ")
    ));
}

#[test]
fn the_words_on_exact_sets_hold_the_constants() {
    says(&format!(
        "| 0 | 1 | number of segments, 1 to {} |",
        exact::index::MAX_SEGMENTS
    ));
    says(&format!(
        "| 13 + 14·i | 1 | s, 0 to {} |",
        exact::index::MAX_SHIFT
    ));
    says(&format!(
        "| 14 + 14·i | 1 | exponent of its blocks, 0 to {} |",
        exact::BlockSize::MAX_EXPONENT
    ));
    says(&format!(
        "at most `{} div s`; 0 if s is 0 |",
        exact::index::most_in_share(1)
    ));
    says(&format!(
        "| digits of a number | 1 to {} |",
        exact::number::MAX_DIGITS
    ));
    says(&format!(
        "*marked*, which is 2^{} more",
        exact::MARK.trailing_zeros()
    ));
    let runs = Parameter::all(false).map(Parameter::run).max().unwrap();
    assert_eq!(runs, 57_344);
    says("which is 1 to 57,344");
    // The examples.
    let shown = |page: &[u8; PAYLOAD_BYTES], length: usize| {
        let bytes: Vec<String> = page.iter().map(|byte| format!("{byte:02X}")).collect();
        assert!(page[length..].iter().all(|byte| *byte == 0));
        bytes[..length].join(" ")
    };
    let page = |first, block, coded: &[(u32, bool, &[u64])]| {
        let mut writer = PageWriter::new(first, block);
        for (run, is_inverted, values) in coded {
            let mut all = Parameter::all(*is_inverted);
            let parameter = all.find(|parameter| parameter.run() == *run).unwrap();
            assert!(writer.begin_block(parameter));
            assert!(values.iter().all(|value| writer.code(*value)));
        }
        *writer.payload()
    };
    let whole = exact::BlockSize::PAGE;
    let members = page(100, whole, &[(3, false, &[100, 105, 106, 109, 137])]);
    says(&format!(
        "and so the bytes `{}`, and zeros",
        shown(&members, 4)
    ));
    let tens = exact::BlockSize::new(1).unwrap();
    let blocks = page(
        1_000,
        tens,
        &[(1, true, &[1_003, 1_009]), (1, false, &[1_011])],
    );
    says(&format!("Its bytes are `{}`", shown(&blocks, 4)));
    let segment = exact::index::Segment {
        first: 100,
        first_index_page: 2,
        shift: 10,
        block: whole,
    };
    let directory = exact::index::directory(&[segment]).unwrap();
    says(&format!("exponent of 0 is `{}`", shown(&directory, 15)));
    let index = exact::index::index_page(0, 100, 10, &[200]).unwrap();
    says(&format!("at 300, is `{}`", shown(&index, 16)));
    for (id, number) in [
        ("7", 17),
        ("007", 1_007),
        ("11010519491231002X", 111_010_519_491_231_002),
    ] {
        let profile = match id.len() {
            18 => Profile::Id(IdScheme::ChineseResident),
            _ => common::exact::IDS,
        };
        assert_eq!(exact::number(&profile, id.as_bytes()), Some(number));
    }
}

#[test]
fn the_words_on_ribbons_hold_the_constants() {
    says(&format!(
        "| columns | u8 | columns of a narrow page, 1 to {}; a wide one has one more |",
        ribbon::MAX_COLUMNS
    ));
    says(&format!(
        "overflow | {} times u32 | pages of layers 1 to {0};",
        ribbon::MAX_LAYERS - 1
    ));
    says(&format!(
        "A dataset has up to {} layers",
        ribbon::MAX_LAYERS
    ));
    says(&format!("`m = {} div r` slots", ribbon::COLUMN_BITS));
    says(&format!(
        "the *priority* is `place mod {}`, or {} if that is more",
        ribbon::PRIORITY_SCALE,
        ribbon::PRIORITIES - 1
    ));
    says(&format!(
        "less {}, but at least 0 and at most m - {}",
        ribbon::WIDTH / 2,
        ribbon::WIDTH
    ));
    says(&format!("*coefficients* are {} bits", ribbon::WIDTH));
    says(&format!("bumps t / {} of", ribbon::PRIORITY_SCALE));
    // The example.
    let (hash, num_pages) = (0xFEDC_BA98_7654_3210, 1000);
    let encoding = Encoding::Ribbon(Ribbon {
        columns: 9,
        salt: 0,
        wide_share: 1 << 30,
        overflow: [NumPages(0); 3],
    });
    let layer = encoding.layer(num_pages, 0).unwrap();
    let Rules::Ribbon(columns) = layer.rules else {
        panic!("{layer:?}");
    };
    let page = layer.page_of(hash);
    let form = columns.page(page);
    let equation = form.equation(hash);
    let first_wide = (0..num_pages).find(|page| columns.is_wide(*page)).unwrap();
    says(&format!(
        "the hash 0x{hash:X} in a layer of {num_pages} pages with columns 9, salt 0 and a wide_share of 2^30: \
         pages {first_wide} to {} are wide; its page is {page}, of {} columns and {} slots; \
         its priority is {}, start {}, coefficients 0x{:X}, fingerprint 0x{:X}. \
         Its next hash is 0x{:X}.",
        num_pages - 1,
        form.columns,
        form.slots,
        equation.priority,
        equation.start,
        equation.coefficients,
        equation.fingerprint,
        ribbon::rehash(hash),
    ));
}

/// Takes fields off the front, as FORMAT.md lays them out.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (field, rest) = self.0.split_at(length);
        self.0 = rest;
        field
    }

    fn number(&mut self, length: usize) -> u64 {
        let mut bytes = [0; 8];
        bytes[..length].copy_from_slice(self.take(length));
        u64::from_le_bytes(bytes)
    }

    /// Lengths here are all below 128: one byte of varint.
    fn text(&mut self) -> &'a str {
        let length = self.number(1) as usize;
        std::str::from_utf8(self.take(length)).unwrap()
    }
}

/// What a file of one dataset says of itself.
struct Tables<'a> {
    file: &'a [u8],
    num_items: u64,
    num_extra: u64,
    num_plan_sectors: u64,
    /// The encoding's number, and what follows it.
    encoding: u64,
    num_hashes: u64,
    ribbon: PlainRibbon,
    seed: u64,
    first_sector: u64,
    num_pages: u64,
}

impl<'a> Tables<'a> {
    /// A golden file, read by the tables: no function of the crate's is used. `profile` takes
    /// the profile off, behind its number.
    fn read(file: &'a [u8], name: &str, profile: (u64, fn(&mut Bytes<'_>)), units: u64) -> Self {
        let mut sectors = file.chunks(512);
        let mut sector = Bytes(&sectors.next().unwrap()[..508]);
        assert_eq!(sector.take(8), b"\x93LSV\r\n\x1a\n");
        assert_eq!(sector.number(2), 2);
        let length = sector.number(2) as usize;
        assert_eq!(sector.number(4), 0);
        let file_id = sector.take(16);
        let mut bytes = sector.0.to_vec();
        while bytes.len() < length {
            bytes.extend(&sectors.next().unwrap()[..508]);
        }
        assert!(bytes[length..].iter().all(|byte| *byte == 0));
        let header_sectors = (32 + bytes.len()) as u64 / 508;
        let mut header = Bytes(&bytes[..length]);

        assert_eq!(header.number(4), file.len() as u64 / 512);
        assert_eq!(header.number(8), 1_625_097_600);
        assert_eq!(header.number(4), 7);
        assert_eq!(header.number(8), 4_102_444_800);
        assert_eq!(header.number(1), 1, "datasets");
        assert_eq!(header.text(), name);
        assert_eq!(
            (header.number(2), header.number(1), header.number(1)),
            (2021, 6, 0)
        );
        assert_eq!(header.text(), "leaksieve's tests");
        assert_eq!(header.number(1), 2, "normalisation version");
        assert_eq!(header.number(1), profile.0, "profile");
        profile.1(&mut header);
        let num_items = header.number(8);
        assert_eq!(header.number(8), 0, "rejected");
        let num_extra = header.number(8);
        assert_eq!(header.number(4), 0, "lowest count");
        let encoding = header.number(1);
        let (mut num_hashes, mut ribbon) = (0, PlainRibbon::default());
        if encoding == 0 {
            num_hashes = header.number(1);
        } else {
            ribbon = PlainRibbon {
                columns: header.number(1),
                salt: header.number(1),
                wide_share: header.number(4),
                overflow: [(); 3].map(|()| header.number(4)),
            };
        }
        assert_eq!(header.number(1), 0, "hash: XXH3");
        let seed = header.number(8);
        let num_plan_sectors = header.number(2);
        assert_eq!(header.number(1) > 0, num_plan_sectors > 0);
        let first_sector = header.number(4);
        let num_pages = header.number(4);
        assert_eq!(header.number(8), units, "designed, in units of 1e-18");
        assert!((1..units).contains(&header.number(8)), "measured");
        assert!(header.0.is_empty());
        assert_eq!(first_sector, header_sectors + num_plan_sectors);
        assert_eq!(first_sector + num_pages, file.len() as u64 / 512);

        // The sums.
        let crc = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI);
        for (index, sector) in file.chunks(512).enumerate() {
            let sealed = [file_id, &(index as u32).to_le_bytes(), &sector[..508]].concat();
            assert_eq!(sector[508..], crc.checksum(&sealed).to_le_bytes());
        }
        Self {
            file,
            num_items,
            num_extra,
            num_plan_sectors,
            encoding,
            num_hashes,
            ribbon,
            seed,
            first_sector,
            num_pages,
        }
    }

    fn hash(&self, item: &[u8]) -> u64 {
        xxhash_rust::xxh3::xxh3_64_with_seed(item, self.seed)
    }

    fn payload(&self, page: u64) -> [u8; 508] {
        let at = (self.first_sector + page) as usize * 512;
        *self.file[at..].first_chunk().unwrap()
    }
}

#[test]
fn a_file_read_by_the_byte_tables() {
    let file = include_bytes!("golden/email.lsv");
    let tables = Tables::read(file, "Golden email.txt", (1, |_| ()), 100_000_000_000_000);
    // One of its 53 lines has a tag, and so a second item, which is marked.
    assert_eq!((tables.first_sector, tables.num_plan_sectors), (1, 0));
    assert_eq!((tables.num_items, tables.num_extra), (54, 1));
    assert_eq!(tables.encoding, 0, "bloom");
    let has = |hash: u64| {
        let payload = tables.payload(((hash >> 32) * tables.num_pages) >> 32);
        let mut x = hash as u32;
        (0..tables.num_hashes).all(|_| {
            x = x.wrapping_mul(0x9E37_79B1);
            let bit = (u64::from(x) * 4064) >> 32;
            x ^= x >> 15;
            payload[bit as usize / 8] >> (bit % 8) & 1 == 1
        })
    };
    let marked = |item: &[u8]| {
        let hash = tables.hash(item);
        hash.rotate_left(32)
    };
    assert!(has(tables.hash(b"member7@example.org")));
    assert!(has(tables.hash(b"member52+shop@example.com")));
    assert!(has(marked(b"member52@example.com")));
    assert!(!has(tables.hash(b"member52@example.com")));
}

/// The same of a ribbon: every member is found, in each of its layers, and no stranger.
#[test]
fn a_ribbon_read_by_the_byte_tables() {
    let file = include_bytes!("golden/ribbon.lsv");
    let phone = |header: &mut Bytes<'_>| {
        assert_eq!(header.take(2), b"CN");
        assert_eq!(header.number(2), 86);
        header.take(4);
        assert_eq!(header.number(1), 0, "all with calling codes");
        header.take(1 + 1);
        let num_rule_bytes = header.number(1);
        header.take(num_rule_bytes as usize);
    };
    let tables = Tables::read(file, "Golden ribbon.txt", (0, phone), 1_000_000_000_000);
    assert_eq!(tables.encoding, 1, "ribbon");
    assert!(tables.num_plan_sectors > 0 && tables.num_extra == 0);
    let ask = |number: &str| {
        let hash = tables.hash(format!("86{number}").as_bytes());
        let payload = |page| tables.payload(page);
        let (answer, pages) = tables.ribbon.ask(hash, tables.num_pages, payload);
        (answer, pages.len())
    };
    let members = include_str!("golden/ribbon.txt");
    assert_eq!(members.lines().count() as u64, tables.num_items);
    let mut found_in = [0; 4];
    for number in members.lines() {
        let (answer, num_read) = ask(number);
        assert_eq!(answer, PlainAnswer::Member);
        found_in[num_read - 1] += 1;
    }
    let max_pages_read = tables.ribbon.layers(tables.num_pages).len();
    assert_eq!(max_pages_read, 2);
    for (layer, found) in (0..).zip(found_in) {
        assert_eq!(found > 0, layer < max_pages_read, "{found_in:?}");
    }
    for number in 13_700_000_000_u64..13_700_002_000 {
        assert_eq!(ask(&number.to_string()).0, PlainAnswer::NoMember);
    }
}

/// Every length that the header of seven world-wide datasets can have, up to the longest of all.
#[cfg(feature = "eight-datasets")]
#[test]
fn a_header_takes_the_sectors_that_its_length_needs() {
    let world = leaksieve_core::open(
        &mut &include_bytes!("golden/world.lsv")[..],
        &mut [0; 512],
        &Trust::ANY,
    )
    .unwrap();
    let mut shortest = common::header(&[(); 7].map(|()| emails(1, 1)));
    for dataset in &mut shortest.datasets {
        dataset.profile = world.datasets()[0].profile.clone();
        dataset.plan = header::PlanSectors {
            num_sectors: 1,
            max_reads: 1,
        };
    }
    for root in [None, Some(trust::Tag([7; 16]))] {
        let mut header = shortest.clone();
        header.root = root;
        let mut last_length = None;
        'notes: for index in 0..header.datasets.len() {
            for note_bytes in 1..=header::MAX_SOURCE_NOTE_BYTES {
                let note = "n".repeat(note_bytes);
                header.datasets[index].source_note = note.as_str().try_into().unwrap();
                let num_sectors = match header.num_header_sectors() {
                    Ok(num_sectors) => num_sectors,
                    Err(error) => {
                        assert_eq!(error, Error::HeaderTooLarge { bytes: 2001 });
                        assert_eq!(header.encode(ID).err(), Some(error));
                        break 'notes;
                    }
                };
                place(&mut header);
                let encoded = header.encode(ID).unwrap();
                let mut file: Vec<u8> = encoded.sectors().flatten().collect();
                let length = usize::from(u16::from_le_bytes([file[10], file[11]]));
                assert_eq!(num_sectors as usize, (32 + length).div_ceil(508));
                assert_eq!(num_sectors as usize, file.len() / 512);
                assert!(last_length.is_none_or(|last| length == last + 1));
                last_length = Some(length);
                if root.is_none() {
                    for index in num_sectors..header.num_sectors {
                        file.extend(seal(ID, SectorIndex(index), &[0; PAYLOAD_BYTES]));
                    }
                    let opened =
                        leaksieve_core::open(&mut file.as_slice(), &mut [0; 512], &Trust::ANY);
                    assert_eq!(opened.unwrap().header(), &header);
                }
            }
        }
        assert_eq!(last_length, Some(2000));
    }
}
