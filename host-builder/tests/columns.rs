//! A column of values, in memory or in parts that several processes read: it is surveyed, judged,
//! counted and hashed as a Parquet file of the same values is.

mod common;

use std::sync::{Arc, Mutex};

use common::Bench;
use leaksieve::input::normalise::{Counts, Key, Keys, Rules, read_and_hash};
use leaksieve::input::profile::{phone_plan, phone_profile};
use leaksieve::input::source::{Column, Gather, Input, Layout, Values};
use leaksieve::input::speller::Sample;
use leaksieve::input::survey::column::{self, Parts};
use leaksieve::input::survey::{Manner, Rest};
use leaksieve::pipeline::{self, BuildOptions};
use leaksieve_core::hash::HashFunction;
use leaksieve_core::identifier::{CaseRule, PasswordDigest, PasswordOrigin};
use leaksieve_core::{IdentifierKind, Profile};
use proptest::prelude::*;

type List = Vec<Option<Vec<u8>>>;
/// Counts, and all keys in order; or the refusal.
type Told = Result<(Counts, Vec<(bool, u64)>), String>;

fn profile(kind: IdentifierKind) -> Profile {
    match kind {
        IdentifierKind::Phone => Profile::Phone(phone_profile("CN").unwrap()),
        IdentifierKind::Email => Profile::Email,
        IdentifierKind::Username => Profile::Username(CaseRule::Fold),
        _ => Profile::Password(PasswordDigest::Sha1, PasswordOrigin::Hashes),
    }
}

fn rules(kind: IdentifierKind) -> Rules {
    let plan = match kind {
        IdentifierKind::Phone => &phone_plan("CN").unwrap().payloads[..],
        _ => &[],
    };
    let keys = Keys::Numbers(HashFunction::Xxh3 { seed: 7 });
    Rules::new(kind, profile(kind), keys, plan)
}

const fn bits(key: Key) -> (bool, u64) {
    match key {
        Key::Hash(hash) => (false, hash),
        Key::Number(number) => (true, number),
    }
}

/// What a build on one machine reads.
fn whole(kind: IdentifierKind, input: Input, layout: &Layout) -> Told {
    let name = input.to_string();
    let keys = Mutex::new(Vec::new());
    let counts = read_and_hash(
        &[input],
        layout,
        &rules(kind),
        2,
        &(),
        &|| false,
        &Mutex::new(Sample::new(1)),
        || |key, _| keys.lock().unwrap().push(bits(key)),
    )
    .map_err(|error| error.to_string().replace(&name, "column `c`"))?;
    let mut keys = keys.into_inner().unwrap();
    keys.sort_unstable();
    Ok((counts, keys))
}

fn in_memory(kind: IdentifierKind, list: &List) -> Told {
    let values = Values::new("column `c`", list.clone());
    whole(kind, Input::Values(values), &Layout::LineOf(kind))
}

#[cfg(feature = "parquet")]
fn in_parquet(kind: IdentifierKind, list: &List) -> Told {
    use parquet::data_type::{ByteArray, ByteArrayType};
    use parquet::file::writer::SerializedFileWriter;
    let bench = Bench::new();
    let schema = "message leak { optional binary c (utf8); }";
    let schema = parquet::schema::parser::parse_message_type(schema).unwrap();
    let mut bytes = Vec::new();
    let mut writer =
        SerializedFileWriter::new(&mut bytes, Arc::new(schema), Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let values: Vec<ByteArray> = list.iter().flatten().cloned().map(Into::into).collect();
    let levels: Vec<i16> = list.iter().map(|value| value.is_some().into()).collect();
    column
        .typed::<ByteArrayType>()
        .write_batch(&values, Some(&levels), None)
        .unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    bench.write("list.parquet", bytes);
    let layout = Layout::Table {
        column: Column::Index(0),
        delimiter: None,
        kind,
    };
    whole(kind, Input::File(bench.path("list.parquet")), &layout)
}

/// What was sent to another process.
fn sent<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    postcard::from_bytes(&postcard::to_stdvec(value).unwrap()).unwrap()
}

/// What a cluster reads whose parts end at these rows.
fn in_parts(kind: IdentifierKind, list: &List, ends: &[usize]) -> Told {
    let values = |start: usize, end: usize| list[start..end].iter().map(Option::as_deref);
    let layout = Layout::LineOf(kind);
    let mut column = column::Column::new("column `c`", kind, profile(kind), layout);
    let mut num_first = 0;
    loop {
        let found = column
            .look(values(num_first, list.len()))
            .map_err(|error| error.to_string())?;
        num_first = column.num_first() as usize;
        if found.is_some() || num_first == list.len() {
            break;
        }
    }
    let (rules, manner) = (rules(kind), column.manner());
    let mut keys = Vec::new();
    let starts = [0].into_iter().chain(ends.iter().copied());
    let mut parts = Vec::new();
    for (part, (start, end)) in starts.zip(ends.iter().copied()).enumerate() {
        let (rules, manner): (Rules, Manner) = (sent(&rules), sent(&manner));
        let mut rest = Rest::behind((num_first.clamp(start, end) - start) as u64);
        let (mut counts, mut sample) = (Counts::default(), Sample::new(1));
        let mut gather = Gather::new(part);
        let mut hash = |gather: &mut Gather| {
            let Some(batch) = gather.take() else { return };
            rest.keep(&batch);
            rules.hash_batch(&batch, manner, &mut counts, &mut sample, &mut |key, _| {
                keys.push(bits(key));
            });
            gather.reuse(batch);
        };
        for value in values(start, end) {
            gather.push(value);
            if gather.is_full() {
                hash(&mut gather);
            }
        }
        hash(&mut gather);
        parts.push((gather.num_rows(), sent(&rest), sent(&counts), sent(&sample)));
    }
    let begins = Parts::new(parts.iter().map(|(num_rows, ..)| *num_rows));
    let mut all = Counts::default();
    let (mut all_rest, mut all_samples) = (Rest::behind(0), Sample::new(1));
    // They come in any order.
    for (_, rest, counts, sample) in parts.into_iter().rev() {
        all_rest.merge(rest);
        all.merge(&counts);
        all_samples.merge(sample);
    }
    all.move_places(&|place| begins.place(place));
    all.survey = column.judge(&all_rest).map_err(|error| error.to_string())?;
    keys.sort_unstable();
    Ok((all, keys))
}

/// So many parts, some of them without a row.
fn ends(num_rows: usize, num_parts: usize) -> Vec<usize> {
    let mut ends: Vec<usize> = (1..num_parts)
        .map(|part| part * 2_654_435_761 % (num_rows + 1))
        .chain([num_rows])
        .collect();
    ends.sort_unstable();
    ends
}

fn same(kind: IdentifierKind, list: &List, told: &Told) {
    #[cfg(feature = "parquet")]
    assert!(in_parquet(kind, list) == *told, "{told:?}");
    for num_parts in [1, 2, 7, 64] {
        let parts = in_parts(kind, list, &ends(list.len(), num_parts));
        let words = [&parts, told].map(|told| told.as_ref().map(|(counts, _)| counts));
        assert!(parts == *told, "{num_parts} parts: {words:#?}");
    }
}

/// Rows of a template: {i} a number, {p} a number of Beijing, none for "null".
fn rows(parts: &[(&str, u64)]) -> List {
    let row = |template: &str, i: u64| {
        let phone = format!("138{:08}", i * 7_919 % 100_000_000);
        let text = template
            .replace("{i}", &i.to_string())
            .replace("{p}", &phone);
        (text != "null").then(|| text.into_bytes())
    };
    parts
        .iter()
        .flat_map(|(template, num)| (0..*num).map(|i| row(template, i)))
        .collect()
}

const LOOK: u64 = column::LOOK_ROWS as u64;

#[test]
fn surveyed_and_counted_as_a_file() {
    use IdentifierKind::{Email, Phone, Sha1, Username};
    let long = format!("member{{i}}.{}@example.com", "long".repeat(12));
    for (kind, parts, says) in [
        (Phone, &[][..], ""),
        (Phone, &[("{p}", 1)], ""),
        (Phone, &[("null", 3)], ""),
        (
            Phone,
            &[
                ("{p}", 900),
                ("null", 70),
                ("no number", 5),
                ("{p}x", 30),
                ("  ", 4),
            ],
            "",
        ),
        (Phone, &[("86{p}", LOOK), ("86{p}", 300)], ""),
        (
            Phone,
            &[("{p}", LOOK), ("86{p}", 300)],
            "has numbers with the calling code alone",
        ),
        // The first batch in which anything is decides.
        (Phone, &[("null", LOOK), ("86{p}", 300)], ""),
        (
            Phone,
            &[("null", LOOK), ("{p} 7", 300)],
            "one or two digits after the numbers",
        ),
        (Email, &[(&long, 15_000)], ""),
        (Email, &[(&long, 14_500), ("\"a{i}@example.com\"", 700)], ""),
        (
            Username,
            &[("name{i}", LOOK), ("\"name{i}\"", 1_500)],
            "has more around",
        ),
        (
            Username,
            &[("name{i}", LOOK), ("name{i}:pw", 1_500)],
            "within one cell",
        ),
        (Username, &[("name{i}", LOOK), ("name{i}:pw", 19)], ""),
        (Username, &[("name{i}:pw", 30)], "within one cell"),
        (
            Sha1,
            &[("5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8", 30)],
            "",
        ),
        (
            Sha1,
            &[("5BAA61E4C9B93F3F0682250B6CF8331B7EE6{i}:4", 30)],
            "",
        ),
    ] {
        let list = rows(parts);
        let told = in_memory(kind, &list);
        match &told {
            Ok(_) => assert_eq!(says, "", "{parts:?}"),
            Err(message) => assert!(
                message.starts_with("column `c`: ") && message.contains(says) && !says.is_empty(),
                "{parts:?}: {message}"
            ),
        }
        same(kind, &list, &told);
    }
}

/// Rows between blanks, of which a survey looks at some, are read as all others are.
#[test]
fn rows_between_blanks_lose_what_is_around_them() {
    let kind = IdentifierKind::Username;
    let keys = |list: &List| in_memory(kind, list).map(|(_, keys)| keys);
    let list = rows(&[
        ("  ", 1),
        ("\"name{i}\"", 1),
        ("  ", 2 * LOOK),
        ("\"name{i}\"", 40),
    ]);
    let bare = keys(&rows(&[("name{i}", 1), ("name{i}", 40)])).unwrap();
    assert!(keys(&list).unwrap() == bare);

    let bench = Bench::new();
    let lines: Vec<&[u8]> = list.iter().map(|row| row.as_deref().unwrap()).collect();
    std::fs::write(bench.path("list.txt"), lines.join(&b'\n')).unwrap();
    let input = Input::File(bench.path("list.txt"));
    let (_, keys) = whole(kind, input, &Layout::LineOf(kind)).unwrap();
    assert!(keys == bare);
}

/// More than a survey keeps: parts keep other rows of the rest than one reader does, and judge alike.
#[test]
fn a_long_rest_is_judged_alike() {
    let good = rows(&[("{p}", LOOK + 30_000)]);
    let bad = rows(&[("{p}", LOOK), ("86{p}", 30_000)]);
    for num_parts in [1, 64] {
        let kind = IdentifierKind::Phone;
        let (counts, _) = in_parts(kind, &good, &ends(good.len(), num_parts)).unwrap();
        assert_eq!(counts, in_memory(kind, &good).unwrap().0);
        let message = in_parts(kind, &bad, &ends(bad.len(), num_parts)).unwrap_err();
        assert_eq!(message, in_memory(kind, &bad).unwrap_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn in_any_parts(
        list in prop::collection::vec(
            prop_oneof![
                8 => (0_u32..9_000).prop_map(|i| Some(format!("1380013{i:04}").into_bytes())),
                1 => Just(None),
                1 => "[ -~]{0,12}".prop_map(|text| Some(text.into_bytes())),
                // Of these few are the first MiB.
                1 => (1_usize..3).prop_map(|longer| Some(vec![b'x'; (64 << 10) + longer])),
            ],
            0..400,
        ),
        cuts in prop::collection::vec(0_usize..400, 0..9),
    ) {
        let kind = IdentifierKind::Phone;
        let mut ends: Vec<usize> = cuts.into_iter().map(|cut| cut.min(list.len())).collect();
        ends.push(list.len());
        ends.sort_unstable();
        prop_assert!(in_parts(kind, &list, &ends) == in_memory(kind, &list));
    }
}

/// The same file as of the same lines.
#[test]
fn builds_the_same_file() {
    let bench = Bench::new();
    for (kind, template) in [
        (IdentifierKind::Phone, "{p}"),
        (IdentifierKind::Email, "member{i}@example.com"),
    ] {
        let list = rows(&[(template, 5_000), ("null", 10)]);
        let blank = Vec::new();
        let lines: Vec<&[u8]> = list
            .iter()
            .map(|value| value.as_ref().unwrap_or(&blank).as_slice())
            .collect();
        bench.write("list.txt", lines.join(&b'\n'));
        let build = |input: Input, output: &str| {
            let mut options = BuildOptions::new(vec![input], kind, profile(kind));
            options.name = "A".to_owned();
            options.seed = Some(3);
            options.created_unix_s = 1_700_000_000;
            options.replace = true;
            let summary = pipeline::build(&options, &bench.path(output), &()).unwrap();
            assert_eq!(summary.num_items, 5_000);
            std::fs::read(bench.path(output)).unwrap()
        };
        let of_file = build(Input::File(bench.path("list.txt")), "file.lsv");
        let of_values = build(Input::Values(Values::new("list", list)), "values.lsv");
        assert!(of_file == of_values, "{kind:?}");
    }
}

#[test]
fn values_have_no_columns() {
    let list: List = rows(&[("{p}", 3)]);
    let layout = Layout::Field {
        path: "phone".into(),
        kind: IdentifierKind::Phone,
    };
    let input = Input::Values(Values::new("column `c`", list));
    let message = whole(IdentifierKind::Phone, input, &layout).unwrap_err();
    assert!(
        message.contains("column `c`: values in memory are taken whole"),
        "{message}"
    );
}
