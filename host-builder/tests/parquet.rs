//! Parquet files as lists: the filter is that of plain lines; what is damaged, or lies
//! about its sizes, is an error.
#![cfg(feature = "parquet")]

mod common;

use std::sync::Arc;

use common::{Bench, Ran, emails, gzip};
use leaksieve::input::source::{self, Column, Input, Layout, SourceError};
use parquet::basic::{Compression, Encoding, GzipLevel, ZstdLevel};
use parquet::data_type::{
    ByteArray, ByteArrayType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, Int32Type,
    Int64Type,
};
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder, WriterVersion};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;

const NUM_ITEMS: u32 = 3000;

/// A file with these columns; `write` is asked for each column of each row group.
fn file(
    schema: &str,
    properties: WriterPropertiesBuilder,
    num_groups: usize,
    mut write: impl FnMut(usize, usize, &mut SerializedColumnWriter<'_>),
) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut bytes = Vec::new();
    let mut writer =
        SerializedFileWriter::new(&mut bytes, schema, Arc::new(properties.build())).unwrap();
    for group in 0..num_groups {
        let mut group_writer = writer.next_row_group().unwrap();
        let mut column = 0;
        while let Some(mut column_writer) = group_writer.next_column().unwrap() {
            write(group, column, &mut column_writer);
            column_writer.close().unwrap();
            column += 1;
        }
        group_writer.close().unwrap();
    }
    writer.close().unwrap();
    bytes
}

/// Three row groups of a number and an address; each fifth row has no address.
fn mails(properties: WriterPropertiesBuilder, num_items: u32) -> Vec<u8> {
    let schema = "message leak { required int32 id; optional binary mail (utf8); }";
    let third = num_items / 3;
    file(schema, properties, 3, |group, column, writer| {
        let num_rows = third + third / 4;
        if column == 0 {
            let ids: Vec<i32> = (0..num_rows as i32).collect();
            writer
                .typed::<Int32Type>()
                .write_batch(&ids, None, None)
                .unwrap();
        } else {
            let first = third * group as u32;
            let mails: Vec<ByteArray> = (first..first + third)
                .map(|i| format!("member{i}@example.com").as_str().into())
                .collect();
            let levels: Vec<i16> = (0..num_rows).map(|i| i16::from(i % 5 != 4)).collect();
            writer
                .typed::<ByteArrayType>()
                .write_batch(&mails, Some(&levels), None)
                .unwrap();
        }
    })
}

fn properties() -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_data_page_size_limit(4096)
        .set_write_batch_size(64)
}

fn build(bench: &Bench, inputs: &str, name: &str) -> Ran {
    bench.run(&format!(
        "build {inputs} -o {name}.lsv --kind email --name A --seed 1 --force --format json"
    ))
}

#[test]
fn every_codec_and_version() {
    let bench = Bench::new();
    bench.write("plain.txt", emails(0..NUM_ITEMS));
    build(&bench, "plain.txt", "plain").succeeds();
    let plain = std::fs::read(bench.path("plain.lsv")).unwrap();
    for codec in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::ZSTD(ZstdLevel::default()),
        Compression::LZ4,
        Compression::LZ4_RAW,
    ] {
        for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
            for has_dictionary in [true, false] {
                let mut properties = properties()
                    .set_compression(codec)
                    .set_writer_version(version)
                    .set_dictionary_enabled(has_dictionary);
                if !has_dictionary {
                    properties = properties.set_column_encoding("mail".into(), Encoding::PLAIN);
                }
                bench.write("list.dat", mails(properties, NUM_ITEMS));
                let ran = build(&bench, "list.dat --column mail", "parquet").succeeds();
                assert_eq!(ran.json()["num_blank"], 750);
                let built = std::fs::read(bench.path("parquet.lsv")).unwrap();
                assert!(built == plain, "{codec} {version:?} {has_dictionary}");
            }
        }
    }
    bench
        .run("verify plain.lsv --source list.dat --column 2")
        .succeeds();
    // Its decoder takes the file's word for its sizes.
    let delta = properties()
        .set_dictionary_enabled(false)
        .set_column_encoding("mail".into(), Encoding::DELTA_BYTE_ARRAY);
    bench.write("delta.parquet", mails(delta, NUM_ITEMS));
    build(&bench, "delta.parquet --column mail", "x").fails(&[
        "delta.parquet",
        "DELTA_BYTE_ARRAY",
        "as text",
    ]);
}

#[test]
fn types_lists_and_places() {
    let bench = Bench::new();
    let schema = "message leak {
        required int64 long; required int32 unsigned (integer(32, false)); required int32 short;
        required fixed_len_byte_array(11) fixed;
        optional group phones (list) { repeated group list { optional binary element (utf8); } }
        required double ratio; required int64 money (decimal(10, 2)); required int64 13800138009;
    }";
    let bytes = file(schema, properties(), 1, |_, column, writer| {
        match column {
            0 => {
                let values = [13_800_138_000i64, 13_800_138_001, 13_800_138_002];
                writer
                    .typed::<Int64Type>()
                    .write_batch(&values, None, None)
                    .map(drop)
            }
            1 => {
                let values = [3_105_551_234, 3_105_551_235, 3_105_551_236u32];
                writer
                    .typed::<Int32Type>()
                    .write_batch(&values.map(u32::cast_signed), None, None)
                    .map(drop)
            }
            // Its digits would be a number.
            2 => writer
                .typed::<Int32Type>()
                .write_batch(&[2_025_550_123, 2_025_550_124, -2_025_550_125], None, None)
                .map(drop),
            3 => {
                let values = ["13800138000", "13800138001", "nonsense   "]
                    .map(|text| FixedLenByteArray::from(text.as_bytes().to_vec()));
                writer
                    .typed::<FixedLenByteArrayType>()
                    .write_batch(&values, None, None)
                    .map(drop)
            }
            // [a, null, b], [], [c]
            4 => {
                let values = ["13800138000", "13800138001", "junk"].map(ByteArray::from);
                writer
                    .typed::<ByteArrayType>()
                    .write_batch(&values, Some(&[3, 2, 3, 1, 3]), Some(&[0, 1, 1, 0, 0]))
                    .map(drop)
            }
            5 => writer
                .typed::<DoubleType>()
                .write_batch(&[0.5; 3], None, None)
                .map(drop),
            _ => writer
                .typed::<Int64Type>()
                .write_batch(&[1, 2, 3], None, None)
                .map(drop),
        }
        .unwrap()
    });
    bench.write("list.parquet", bytes);
    let run = |column: &str, kind: &str| {
        bench.run(&format!(
            "build list.parquet -o {column}.lsv --kind {kind} --column {column} --max-rejected 50% --format json --force"
        ))
    };
    for column in ["long", "LONG", "1"] {
        let ran = run(column, "phone --region CN").succeeds();
        assert_eq!(ran.json()["num_items"], 3);
        bench
            .run(&format!("check {column}.lsv 13800138002"))
            .succeeds();
    }
    run("unsigned", "phone --region US").succeeds();
    bench.run("check unsigned.lsv 3105551234").succeeds();
    let ran = run("short", "phone --region US").succeeds();
    assert_eq!(ran.json()["num_rejected"], 1);
    bench.run("check short.lsv 2025550123").succeeds();
    let ran = run("fixed", "phone --region CN").succeeds();
    assert!(ran.err().contains("(list.parquet line 3)"), "{}", ran.err());
    for column in ["phones", "phones.list.element", "5"] {
        let ran = run(column, "phone --region CN").succeeds();
        for (field, expected) in [("num_items", 2), ("num_blank", 2), ("num_rejected", 1)] {
            assert_eq!(ran.json()[field], expected, "{field}");
        }
        assert!(ran.err().contains("(list.parquet line 3)"), "{}", ran.err());
    }
    for column in ["ratio", "money"] {
        run(column, "id").fails(&["list.parquet", column, "neither text nor whole numbers"]);
    }
    // Of whoever took a first row for names.
    run("8", "phone --region CN").fails(&["list.parquet", "row of names"]);
    for (column, kind) in [
        ("long", "id"),
        ("long", "password"),
        ("unsigned", "username"),
        ("short", "email"),
        ("short", "sha1"),
        ("short", "ntlm"),
    ] {
        run(column, kind).fails(&["list.parquet", column, "zeros in front", kind, "as text"]);
    }
    for arguments in [
        "--column nothing",
        "--column 9",
        "",
        "--field long",
        "--as-lines",
    ] {
        bench
            .run(&format!(
                "build list.parquet -o x.lsv --kind id {arguments}"
            ))
            .fails(&[
                "list.parquet",
                "--column",
                "8 of them",
                "\"phones.list.element\"",
            ]);
    }
}

#[test]
fn not_from_a_stream() {
    let bench = Bench::new();
    let bytes = mails(properties(), 30);
    bench
        .run_with(
            "build - -o x.lsv --kind email --name A --column mail",
            &bytes,
        )
        .fails(&["Parquet file in a stream", "save it"]);
    bench.write("list.parquet.gz", gzip(&bytes));
    build(&bench, "list.parquet.gz --column mail", "x").fails(&["save it, decompressed"]);
    // A list may begin with these letters.
    bench.write("list.txt", "PAR1\nalice\n");
    bench
        .run("build list.txt -o names.lsv --kind username")
        .succeeds();
    bench.run("check names.lsv par1").succeeds();
}

/// What reading the column gives.
fn read(input: &Input) -> Result<u64, SourceError> {
    let layout = Layout::Table {
        column: Column::Name("mail".into()),
        delimiter: None,
        kind: leaksieve_core::IdentifierKind::Email,
    };
    let mut num_records = 0;
    source::read(0, input, &layout, &|_| (), &mut |batch| {
        batch.for_each(|_| num_records += 1);
        Ok(())
    })
    .map(|()| num_records)
}

/// Whatever is cut is an error; what is changed is an error, or leaves every row.
#[test]
fn cut_or_damaged() {
    let bench = Bench::new();
    let input = Input::File(bench.path("changed.parquet"));
    for codec in [Compression::UNCOMPRESSED, Compression::SNAPPY] {
        let bytes = mails(properties().set_compression(codec), 60);
        bench.write("changed.parquet", &bytes);
        assert_eq!(read(&input).unwrap(), 75);
        for end in 5..bytes.len() {
            bench.write("changed.parquet", &bytes[..end]);
            assert!(
                matches!(read(&input), Err(SourceError::Parquet { .. })),
                "{end}"
            );
        }
        for place in 5..bytes.len() {
            for bit in [place % 8, (place + 3) % 8] {
                let mut changed = bytes.clone();
                changed[place] ^= 1 << bit;
                bench.write("changed.parquet", &changed);
                assert!(
                    read(&input).map_or(true, |num_records| num_records == 75),
                    "{place}"
                );
            }
        }
        bench.write("cut.parquet", &bytes[..bytes.len() / 2]);
        let ran = build(&bench, "cut.parquet --column mail", "x")
            .fails(&["cut.parquet", "damaged, cut short"]);
        assert!(!ran.err().contains("panicked"), "{}", ran.err());
    }
    for (name, bytes) in [
        ("short", b"PAR1\x15".to_vec()),
        (
            "footer",
            [&b"PAR1\x15AAAAAAA"[..], &[0xFF; 4], b"PAR1"].concat(),
        ),
        ("secret", b"PAR1\x15AAAAAAAAAA\x04\0\0\0PARE".to_vec()),
    ] {
        bench.write(name, bytes);
        build(&bench, &format!("{name} --column mail"), "x").fails(&[name, "damaged, cut short"]);
    }
}

/// Pages of a few KiB that become hundreds of MiB, said or not.
#[test]
fn page_bombs() {
    let bench = Bench::new();
    let value = ByteArray::from(vec![0; 16 << 20]);
    for (codec, num_values) in [
        (Compression::GZIP(GzipLevel::default()), 1),
        (Compression::GZIP(GzipLevel::default()), 17),
        (Compression::ZSTD(ZstdLevel::default()), 17),
        (Compression::SNAPPY, 17),
    ] {
        let properties = WriterProperties::builder()
            .set_compression(codec)
            .set_dictionary_enabled(false)
            .set_statistics_enabled(parquet::file::properties::EnabledStatistics::None)
            .set_data_page_size_limit(1 << 30);
        let schema = "message leak { required binary mail; }";
        let mut bytes = file(schema, properties, 1, |_, _, writer| {
            let values = vec![value.clone(); num_values];
            writer
                .typed::<ByteArrayType>()
                .write_batch(&values, None, None)
                .unwrap();
        });
        bench.write("bomb.parquet", &bytes);
        let ran = build(&bench, "bomb.parquet --column mail", "x");
        if num_values > 1 {
            ran.fails(&["bomb.parquet", "a page of more than 256 MiB"]);
            continue;
        }
        ran.fails(&["no identifier"]);
        // The same with a header that says less: 2^20 bytes, zigzag, in as many bytes.
        assert_eq!(bytes[4..7], [0x15, 0, 0x15]);
        assert_eq!(bytes[10] & 0x80, 0);
        bytes[7..11].copy_from_slice(&[0x80, 0x80, 0x80, 0x01]);
        bench.write("bomb.parquet", &bytes);
        build(&bench, "bomb.parquet --column mail", "x")
            .fails(&["bomb.parquet", "larger than it says"]);
    }
}
