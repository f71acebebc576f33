//! Counted instructions of what is done for every line and every question, by callgrind: the same
//! number in every run on every machine, with one compiler. `cargo benchmark --only instructions`
//! runs this and compares with `docs/instructions.tsv`.

#![allow(
    missing_docs,
    unreachable_pub,
    reason = "of what gungraun's macros make"
)]

use std::hint::black_box;

use gungraun::{library_benchmark, library_benchmark_group, main};
use leaksieve::input::profile::{phone_plan, phone_profile};
use leaksieve_core::encoding::bloom::{self, UnpackedPage};
use leaksieve_core::encoding::ribbon::{self, Ribbon};
use leaksieve_core::encoding::{Encoding, Match, Rules};
use leaksieve_core::hash::HashFunction;
use leaksieve_core::identifier::phone::Shortcuts;
use leaksieve_core::identifier::phone::plan::Plan;
use leaksieve_core::identifier::{Item, PasswordDigest, PasswordOrigin};
use leaksieve_core::sector::{
    self, FileId, PAYLOAD_BYTES, Payload, SECTOR_BYTES, Sector, SectorIndex,
};
use leaksieve_core::{
    Catalogue, Error, Identifier, IdentifierKind, NormaliseError, Profile, Trust, Verdict, check,
    open,
};

// What a benchmark borrows is leaked: only what is between its call and its return
// is counted, and to free something is not what we count.

/// What is normalised, by which rules.
#[derive(Clone, Copy)]
struct Question(&'static Profile, Identifier<'static>);

impl Question {
    fn new(profile: Profile, text: &'static str) -> Self {
        Self(
            Box::leak(Box::new(profile)),
            Identifier::new(text.as_bytes()),
        )
    }

    fn item(self) -> &'static Item {
        match self.0.normalise(&self.1) {
            Ok(item) => Box::leak(Box::new(item)),
            Err(error) => panic!("{error}"),
        }
    }
}

fn phone(text: &'static str) -> Question {
    match phone_profile("CN") {
        Ok(profile) => Question::new(Profile::Phone(profile), text),
        Err(error) => panic!("{error}"),
    }
}

fn email(text: &'static str) -> Question {
    Question::new(Profile::Email, text)
}

fn password(text: &'static str) -> Question {
    Question::new(
        Profile::Password(PasswordDigest::Sha1, PasswordOrigin::Passwords),
        text,
    )
}

fn sha1(text: &'static str) -> Question {
    let Question(profile, identifier) = password(text);
    Question(profile, identifier.of_kind(IdentifierKind::Sha1))
}

#[library_benchmark]
#[bench::phone_national(phone("13800138000"))]
#[bench::phone_e164(phone("+8613800138000"))]
#[bench::phone_with_spaces(phone("+86 138 0013 8000"))]
#[bench::phone_full_width(phone("１３８００１３８０００"))]
#[bench::email_lower_case(email("ann.smith@example.com"))]
#[bench::email_mixed_case(email("Ann.Smith@Example.com"))]
#[bench::sha1_hexadecimal(sha1("5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8"))]
#[bench::password_typed(password("correct horse"))]
fn normalise(question: Question) -> Result<Item, NormaliseError> {
    let Question(profile, identifier) = black_box(question);
    black_box(profile.normalise(&identifier))
}

fn shortcuts(text: &'static str) -> (&'static Shortcuts, &'static str) {
    match (phone_profile("CN"), phone_plan("CN")) {
        (Ok(profile), Ok(plan)) => {
            let shortcuts = Shortcuts::new(&profile, Plan(&plan.payloads));
            (Box::leak(Box::new(shortcuts)), text)
        }
        (Err(error), _) | (_, Err(error)) => panic!("{error}"),
    }
}

// Normalised and hashed, as most lines of a list of telephone numbers are.
#[library_benchmark]
#[bench::phone_national(shortcuts("13800138000"))]
#[bench::phone_with_calling_code(shortcuts("8613800138000"))]
fn hash_by_shortcut((shortcuts, text): (&'static Shortcuts, &'static str)) -> Option<u64> {
    let item = shortcuts.item(black_box(text).as_bytes(), false)?;
    Some(black_box(
        HashFunction::Xxh3 { seed: 7 }.hash_short(black_box(item)),
    ))
}

#[library_benchmark]
#[bench::phone(phone("13800138000").item())]
#[bench::email(email("ann.smith@example.com").item())]
#[bench::sha1(password("correct horse").item())]
fn hash(item: &'static Item) -> u64 {
    black_box(HashFunction::Xxh3 { seed: 7 }.hash(black_box(item)))
}

/// As many items as a page has at a rate of 1 in 1,000, and one of them first.
const NUM_HASHES: u8 = 10;
const ITEMS_OF_A_PAGE: u64 = 280;

fn full_page() -> &'static mut Payload {
    let page = Box::leak(Box::new([0; PAYLOAD_BYTES]));
    for item in 0..ITEMS_OF_A_PAGE {
        bloom::insert(page, hash_number(item), NUM_HASHES);
    }
    page
}

const fn hash_number(item: u64) -> u64 {
    item.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// One that finds its first bit, and not all.
fn stranger(page: &Payload) -> u64 {
    let is_miss = |hash: &u64| bloom::query(page, *hash, NUM_HASHES) == Match::Miss;
    (ITEMS_OF_A_PAGE..)
        .map(hash_number)
        .filter(is_miss)
        .find(|hash| bloom::query(page, *hash, 1) == Match::Hit)
        .unwrap_or_default()
}

fn page_and_stranger() -> (&'static Payload, u64) {
    let page = full_page();
    (page, stranger(page))
}

#[library_benchmark]
#[bench::into_page(full_page())]
fn bloom_insert(page: &'static mut Payload) {
    bloom::insert(black_box(page), black_box(hash_number(1)), NUM_HASHES);
}

#[library_benchmark]
#[bench::into_page(Box::leak(Box::new(UnpackedPage::EMPTY)))]
fn bloom_insert_unpacked(page: &'static mut UnpackedPage) {
    black_box(page).insert(black_box(hash_number(1)), NUM_HASHES);
}

#[library_benchmark]
#[bench::hit((full_page(), hash_number(1)))]
#[bench::miss(page_and_stranger())]
fn bloom_query((page, hash): (&'static Payload, u64)) -> Match {
    black_box(bloom::query(black_box(page), black_box(hash), NUM_HASHES))
}

/// Columns at a rate of 1 in 1,024.
const COLUMNS: u8 = 10;

fn ribbon_page() -> &'static ribbon::Page {
    let encoding = Encoding::Ribbon(Ribbon {
        columns: COLUMNS,
        salt: 0,
        wide_share: 0,
        overflow: Default::default(),
    });
    match encoding.layer(1, 0).map(|layer| layer.rules) {
        Some(Rules::Ribbon(columns)) => Box::leak(Box::new(columns.page(0))),
        _ => panic!("no ribbon"),
    }
}

/// A page, and a hash whose fingerprint ends so: in a page of zeros, every sum is 0.
fn ribbon_of(
    threshold: u8,
    mask: u32,
    fingerprint: u32,
) -> (&'static ribbon::Page, &'static Payload, u64) {
    let (page, content) = (ribbon_page(), Box::leak(Box::new([0; PAYLOAD_BYTES])));
    ribbon::set_threshold(content, threshold);
    let hash = (0..).map(hash_number).find(|hash| {
        let equation = page.equation(*hash);
        equation.fingerprint & mask == fingerprint && equation.priority < u8::MAX
    });
    (page, content, hash.unwrap_or_default())
}

// A miss looks at two columns, as it does on average.
#[library_benchmark]
#[bench::hit(ribbon_of(0, u32::MAX, 0))]
#[bench::miss(ribbon_of(0, 0b11, 0b10))]
#[bench::bumped(ribbon_of(u8::MAX, 0, 0))]
fn ribbon_query((page, content, hash): (&'static ribbon::Page, &'static Payload, u64)) -> Match {
    black_box(black_box(page).query(black_box(content), black_box(hash)))
}

const ID: FileId = FileId(*b"0123456789abcdef");
const PLACE: SectorIndex = SectorIndex(5);

fn sealed() -> &'static Sector {
    Box::leak(Box::new(sector::seal(ID, PLACE, full_page())))
}

#[library_benchmark]
#[bench::seal(full_page())]
fn sector_seal(page: &'static mut Payload) -> Sector {
    black_box(sector::seal(ID, black_box(PLACE), black_box(page)))
}

#[library_benchmark]
#[bench::verify(sealed())]
fn sector_verify(sector: &'static Sector) -> Result<&'static Payload, Error> {
    black_box(sector::verify(ID, black_box(PLACE), black_box(sector)))
}

const FILE: &[u8] = include_bytes!("../../core/tests/golden/phone.lsv");

fn opened() -> &'static Catalogue {
    match open(&mut &*FILE, &mut [0; SECTOR_BYTES], &Trust::ANY) {
        Ok(catalogue) => Box::leak(Box::new(catalogue)),
        Err(error) => panic!("{error}"),
    }
}

#[library_benchmark]
#[bench::exposed((opened(), "+86 138-0013-8000"))]
#[bench::not_exposed((opened(), "+86 138-0013-8001"))]
fn lookup((catalogue, text): (&'static Catalogue, &'static str)) -> Option<Verdict> {
    let identifier = Identifier::new(black_box(text).as_bytes());
    let answer = check(catalogue, identifier, &mut &*FILE, &mut [0; SECTOR_BYTES]);
    black_box(answer.ok())
}

library_benchmark_group!(
    name = instructions,
    benchmarks = [
        normalise,
        hash_by_shortcut,
        hash,
        bloom_insert,
        bloom_insert_unpacked,
        bloom_query,
        ribbon_query,
        sector_seal,
        sector_verify,
        lookup
    ]
);

main!(library_benchmark_groups = instructions);
