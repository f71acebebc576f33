//! Images for a board's flash, read by readers of their own, and `--board`.

mod common;

use common::{Bench, Ran, emails, foreign, header_of, read};
use leaksieve_link::{BOARDS, Board};

/// Bytes and where they go, as a flashing tool takes them from an image.
type Pieces = Vec<(u64, Vec<u8>)>;

/// Intel HEX by its description: `:LLAAAATT` and bytes, all of which sum to 0.
fn of_hex(text: &str) -> Pieces {
    let mut pieces = Pieces::new();
    let mut high = 0;
    let mut lines = text.lines();
    for line in lines.by_ref() {
        let digits = line.strip_prefix(':').unwrap();
        let bytes: Vec<u8> = (0..digits.len() / 2)
            .map(|i| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).unwrap())
            .collect();
        let sum = bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        assert_eq!((sum, bytes.len()), (0, usize::from(bytes[0]) + 5), "{line}");
        let data = &bytes[4..bytes.len() - 1];
        let low = u64::from(bytes[1]) << 8 | u64::from(bytes[2]);
        match bytes[3] {
            0 => {
                assert!(
                    low + data.len() as u64 <= 1 << 16,
                    "over a part's end: {line}"
                );
                pieces.push((high + low, data.to_vec()));
            }
            1 => break,
            4 => high = (u64::from(data[0]) << 8 | u64::from(data[1])) << 16,
            kind => panic!("{kind}: {line}"),
        }
    }
    assert_eq!(lines.next(), None);
    pieces
}

/// UF2 as the boot ROM of the RP2040 takes it, and none of what it passes over.
fn of_uf2(image: &[u8], family: u32) -> Pieces {
    assert!(image.len().is_multiple_of(512));
    let num_blocks = image.len() as u32 / 512;
    let blocks = image.chunks(512).enumerate();
    blocks
        .map(|(index, block)| {
            let field = |byte: usize| u32::from_le_bytes(block[byte..byte + 4].try_into().unwrap());
            assert_eq!(block[..8], *b"UF2\n\x57\x51\x5D\x9E");
            assert_eq!(field(508), 0x0AB1_6F30);
            assert_eq!((field(8), field(28)), (0x2000, family));
            assert_eq!((field(20), field(24)), (index as u32, num_blocks));
            assert_eq!((field(16), field(12) % 256), (256, 0));
            (field(12).into(), block[32..32 + 256].to_vec())
        })
        .collect()
}

/// The bytes of pieces that lie behind each other from an address on.
#[track_caller]
fn flashed(pieces: Pieces, address: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (at, piece) in pieces {
        assert_eq!(at, address + bytes.len() as u64);
        bytes.extend(piece);
    }
    bytes
}

/// `mail.lsv` of so many addresses.
fn bench_of(num_items: u32, options: &str) -> Bench {
    let bench = Bench::new();
    bench.write("mail.txt", emails(0..num_items));
    build(&bench, options).succeeds();
    bench
}

fn build(bench: &Bench, options: &str) -> Ran {
    bench.run(&format!(
        "build mail.txt -o mail.lsv --force --kind email --name Forum --seed 1 {options}"
    ))
}

fn text(bench: &Bench, name: &str) -> String {
    String::from_utf8(read(bench, name)).unwrap()
}

/// The example of the article "Intel HEX" in Wikipedia.
#[test]
fn the_readers_of_this_test_read_what_others_wrote() {
    let hex = "\
:020000040800F2
:10010000214601360121470136007EFE09D2190140
:100110002146017E17C20001FF5F16002148011928
:00000001FF
";
    let pieces = of_hex(hex);
    assert_eq!(pieces[0].0, 0x0800_0100);
    assert_eq!(flashed(pieces, 0x0800_0100).len(), 32);
}

#[test]
fn every_board_has_an_image_that_lies_in_its_first_slot() {
    let bench = bench_of(7_000, "");
    let filter = read(&bench, "mail.lsv");
    assert!(!filter.len().is_multiple_of(4096));
    for board in &BOARDS {
        let Board { name, title, .. } = board;
        let address = u64::from(board.filter_address());
        let export = format!("install image mail.lsv --board {name} --force");
        let said = bench.run(&format!("{export} -o image")).succeeds().out();
        let end = address + filter.len() as u64 - 1;
        for part in [
            format!("takes     {address:#010x} to {end:#010x}, "),
            format!("{title}\n"),
            "compared with mail.lsv".to_owned(),
        ] {
            assert!(said.contains(&part), "{part}: {said}");
        }
        let pieces = match board.uf2_family {
            Some(family) => of_uf2(&read(&bench, "image"), family),
            None => of_hex(&text(&bench, "image")),
        };
        assert_eq!(flashed(pieces, address), filter, "{name}");
        match board.uf2_family {
            Some(_) => assert!(said.contains("drive"), "{said}"),
            None => assert!(said.contains(board.chip), "{said}"),
        }

        // The other formats.
        let said = bench
            .run(&format!("{export} --format bin -o image"))
            .succeeds()
            .out();
        assert!(said.contains(&format!("{address:#x} image\n")) || said.contains("write-bin"));
        assert_eq!(read(&bench, "image"), filter);
        bench
            .run(&format!("{export} --format ihex --quiet -o image"))
            .succeeds();
        assert_eq!(flashed(of_hex(&text(&bench, "image")), address), filter);
        let uf2 = bench.run(&format!("{export} --format uf2 -o image"));
        match board.uf2_family {
            Some(_) => drop(uf2.succeeds()),
            None => drop(uf2.fails(&["takes no UF2"])),
        }
    }
    // Letters are as people type them, and nothing is said that was not asked for.
    let said = bench
        .run("install image mail.lsv --board Pico2 -q -f -o image")
        .succeeds();
    assert_eq!((said.out(), said.err()), (String::new(), String::new()));
}

#[test]
fn any_address_has_an_image() {
    // 141 KiB: over three ends of 64 KiB.
    let bench = bench_of(80_000, "");
    let filter = read(&bench, "mail.lsv");
    let last = (1 << 32) - filter.len() as u64;
    for address in [0, 1, 0xFFFF, 0x0803_FFF0, 0x1010_0000, last] {
        for given in [format!("{address:#x}"), address.to_string()] {
            bench
                .run(&format!(
                    "install image mail.lsv --format ihex --address {given} -f -o image.hex"
                ))
                .succeeds();
            let image = text(&bench, "image.hex");
            assert_eq!(flashed(of_hex(&image), address), filter, "{given}");
        }
        let decode = "-I ihex -O binary image.hex decoded";
        if foreign(&bench, "objcopy", decode).is_some() {
            assert_eq!(read(&bench, "decoded"), filter, "{address:#x}");
        }
    }
    for (family, number) in [
        ("0xE48BFF56", 0xE48B_FF56),
        ("pico2", 0xE48B_FF59),
        ("7", 7),
    ] {
        for address in [0, 0x1010_0000, last / 4096 * 4096] {
            bench
                .run(&format!(
                    "install image mail.lsv --format uf2 --family {family} --address {address} -f -o image"
                ))
                .succeeds();
            let pieces = of_uf2(&read(&bench, "image"), number);
            assert_eq!(flashed(pieces, address), filter, "{address:#x}");
        }
    }
    for format in ["bin", "ihex", "uf2 --family pico"] {
        for beyond in [last + 1, last + 4096, u32::MAX.into()] {
            bench
                .run(&format!(
                    "install image mail.lsv --format {format} --address {beyond} -o none"
                ))
                .fails(&["use a lower address"]);
        }
    }
    bench
        .run("install image mail.lsv --format uf2 --family pico --address 0x10100200 -o none")
        .fails(&["multiple of 0x1000"]);
    assert!(!bench.files().contains(&"none".to_owned()));
}

/// The first block of all is as the format's description has it.
#[test]
fn a_block_of_uf2_byte_by_byte() {
    let bench = bench_of(1_000, "");
    bench
        .run("install image mail.lsv --board pico -o image")
        .succeeds();
    let (filter, image) = (read(&bench, "mail.lsv"), read(&bench, "image"));
    assert_eq!(image.len(), filter.len() * 2);
    let num_blocks = (filter.len() / 256) as u8;
    let mut block =
        b"UF2\n\x57\x51\x5D\x9E\x00\x20\x00\x00\x00\x01\x04\x10\x00\x01\x00\x00\x01\x00\x00\x00"
            .to_vec();
    block.extend([num_blocks, 0, 0, 0, 0x56, 0xFF, 0x8B, 0xE4]);
    block.extend(&filter[256..512]);
    block.extend([0xFF; 220]);
    block.extend([0x30, 0x6F, 0xB1, 0x0A]);
    assert_eq!(image[512..1024], block);
}

/// As `estimate` has it, of a board.
fn row_of(
    bench: &Bench,
    num_items: u64,
    board: &str,
    fpr: &str,
    encoding: &str,
) -> serde_json::Value {
    let rows = bench
        .run(&format!(
            "estimate --items {num_items} --board {board} --fpr {fpr} --format json"
        ))
        .succeeds()
        .rows();
    let mut rows = rows.into_iter().filter(|row| row["row"] == "medium");
    rows.find(|row| row["encoding"] == encoding).unwrap()
}

fn slot_of(board: &str) -> u64 {
    Board::named(board).unwrap().slot_bytes().into()
}

#[test]
fn a_board_is_filled_with_room_for_a_signature() {
    for encoding in ["bloom", "ribbon"] {
        for num_items in [160_000, 240_000] {
            let fits = format!("--board nrf52840-dk --encoding {encoding}");
            let bench = bench_of(num_items, &fits);
            let (slot, size) = (
                slot_of("nrf52840-dk"),
                read(&bench, "mail.lsv").len() as u64,
            );
            assert!(size <= slot && size > slot - slot / 15, "{size}");
            bench.run("keygen -o key --no-password").succeeds();
            bench
                .run("sign mail.lsv --key key --epoch 1 -o signed.lsv")
                .succeeds();
            let signed = read(&bench, "signed.lsv").len() as u64;
            assert!(signed <= slot && signed > slot - slot / 50, "{signed}");
            for name in ["mail", "signed"] {
                bench
                    .run(&format!(
                        "install image {name}.lsv --board nrf52840-dk -o {name}.hex"
                    ))
                    .succeeds();
            }
        }
    }
}

#[test]
fn the_most_items_of_a_board_fit_and_one_more_is_refused() {
    for encoding in ["bloom", "ribbon"] {
        let bench = Bench::new();
        let most = row_of(&bench, 1, "microbit", "0.01", encoding)["most_items"].as_u64();
        let most = most.unwrap() as u32;
        let options = format!("--board microbit --fpr 0.01 --encoding {encoding}");
        bench.write("mail.txt", emails(0..most));
        build(&bench, &options).succeeds();
        let before = read(&bench, "mail.lsv");
        bench.write("mail.txt", emails(0..most + 1));
        let thousands = format!("{},{:03}", most / 1000, most % 1000);
        let said = build(&bench, &options).fails(&[
            "the filter needs 96.5 KiB, and microbit has room for 96.0 KiB",
            &format!("at 1 in 100 at most {thousands} items fit"),
            "the lowest rate that fits is 1 in",
        ]);
        assert_eq!(read(&bench, "mail.lsv"), before);
        assert_eq!(bench.files(), ["mail.lsv", "mail.txt"]);
        let instead = match encoding {
            "bloom" => Some("as a ribbon they fit at 1 in 100"),
            _ => None,
        };
        match instead {
            Some(part) => assert!(said.err().contains(part), "{}", said.err()),
            None => assert!(!said.err().contains("ribbon"), "{}", said.err()),
        }
        // What is said to fit does.
        let lowest: u32 = figure(&said.err(), "the lowest rate that fits is 1 in ");
        assert!((90..=100).contains(&lowest), "{}", said.err());
        build(&bench, &format!("--board microbit --encoding {encoding}")).succeeds();
        let designed = header_of(&bench, "mail.lsv").datasets[0].designed;
        assert_eq!(designed.one_in(), u64::from(lowest));
    }
}

/// The number behind a text.
fn figure(said: &str, text: &str) -> u32 {
    let (_, behind) = said.split_once(text).unwrap();
    let digits = behind.split(|c: char| !c.is_ascii_digit() && c != ',');
    digits
        .into_iter()
        .next()
        .unwrap()
        .replace(',', "")
        .parse()
        .unwrap()
}

#[test]
fn a_file_that_is_too_large_for_a_board_says_what_would_fit() {
    let bench = bench_of(60_000, "");
    let row = row_of(&bench, 60_000, "microbit", "0.001", "bloom");
    let said = bench
        .run("install image mail.lsv --board microbit -o x")
        .fails(&[
            "mail.lsv: needs 108.0 KiB, and microbit has room for 96.0 KiB: at 1 in 1,000 at most",
            "hint: build it with --board microbit and without --fpr",
            "as a ribbon they fit at 1 in 1,000",
        ])
        .err();
    let most = figure(&said, "at most ");
    assert_eq!(row["most_items"], most);
    let lowest = 1.0 / row["lowest_false_positive_rate"].as_f64().unwrap();
    assert_eq!(figure(&said, "that fits is 1 in "), lowest.round() as u32);

    // No rate is low enough.
    bench.write("mail.txt", emails(0..700_000));
    build(&bench, "").succeeds();
    bench
        .run("install image mail.lsv --board microbit -o x")
        .fails(&["700,000 items fit at no useful rate"]);
    build(&bench, "--board microbit --encoding bloom").fails(&["--board microbit", "estimate"]);
    // One so low that it cannot be asked for.
    bench.write("mail.txt", emails(0..10_000));
    build(&bench, "--max-size 100KiB").succeeds();
    bench
        .run("install image mail.lsv --board microbit -o x")
        .fails(&["built again for microbit, its 10,000 items fit at 1 in 10,000,000"]);
    // An exact set has no rate. As a ribbon it fits, or not even so.
    for (step, told, hint) in [
        (
            97,
            "as a ribbon its 200,001 items fit at 1 in ",
            "hint: build it with --board microbit --encoding ribbon",
        ),
        (
            19,
            "as a filter its 1,021,053 items fit at no useful rate, too",
            "",
        ),
    ] {
        let numbers = (13_800_000_000_u64..=13_819_400_000).step_by(step);
        bench.write(
            "phones.txt",
            numbers.map(|i| format!("{i}\n")).collect::<String>(),
        );
        let build = "build phones.txt --kind phone --region CN --encoding exact -q -f";
        bench.run(&format!("{build} -o x.lsv")).succeeds();
        let install = "install image x.lsv --board microbit -o exact.hex";
        let said = bench.run(install).fails(&["cannot be smaller", told, hint]);
        assert!(!said.err().contains("--fpr"), "{}", said.err());
        bench
            .run(&format!("{build} -o y.lsv --board microbit"))
            .fails(&["a filter can be smaller", "leave --encoding exact out"]);
        let command = "build phones.txt --kind phone --region CN -q -f -o x.lsv --board microbit";
        let rebuilt = bench.run(command);
        if hint.is_empty() {
            continue;
        }
        rebuilt.succeeds();
        bench.run(install).succeeds();
    }
    // Of a bundle no one rate can be said.
    bench.write("mail.txt", emails(0..60_000));
    build(&bench, "--board microbit").succeeds();
    bench
        .run("install image mail.lsv --board microbit -o x")
        .succeeds();
    bench.write("other.txt", emails(100_000..105_000));
    bench
        .run("build other.txt -o other.lsv --kind email --name Other --fpr 1e-6")
        .succeeds();
    bench
        .run("bundle mail.lsv other.lsv -o both.lsv")
        .succeeds();
    bench
        .run("install image both.lsv --board microbit -f -o x")
        .fails(&["both.lsv: needs", "bundle fewer"]);
    assert!(
        bench
            .run("install image both.lsv --board pico -f -o x")
            .succeeds()
            .out()
            .contains("UF2")
    );
}

#[test]
fn the_guide_names_every_board_and_its_room() {
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/guide.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    for board in &BOARDS {
        let kib = board.slot_bytes() / 1024;
        let size = match kib {
            0..1024 => format!("{kib} KiB"),
            _ => format!("{:.1} MiB", f64::from(kib) / 1024.0),
        };
        let row = guide
            .lines()
            .find(|line| line.starts_with('|') && line.contains(&format!("`{}`", board.name)));
        assert!(row.is_some_and(|row| row.contains(&size)), "{}", board.name);
    }
}

/// The file in the root folder of a card's first partition, as Microsoft's "FAT: General Overview of
/// On-Disk Format" has it. Its clusters lie behind each other, as on any new volume.
fn file_on_card(card: &[u8], name: &[u8; 11]) -> Vec<u8> {
    let u32_at = |at: usize| u32::from_le_bytes(card[at..at + 4].try_into().unwrap()) as usize;
    let u16_at = |at: usize| usize::from(u16::from_le_bytes(card[at..at + 2].try_into().unwrap()));
    let partition = u32_at(446 + 8) * 512;
    assert_eq!(u32_at(446 + 12) * 512 + partition, card.len());
    assert_eq!(u16_at(partition + 11), 512);
    let cluster_bytes = usize::from(card[partition + 13]) * 512;
    let tables = u16_at(partition + 14) * 512;
    let num_tables = usize::from(card[partition + 16]);
    let data = partition + tables + num_tables * u32_at(partition + 36) * 512;
    let place_of = |cluster: usize| data + (cluster - 2) * cluster_bytes;
    let root = place_of(u32_at(partition + 44));
    let entries = (root..root + cluster_bytes).step_by(32);
    let entry = entries.into_iter().find(|at| card[*at..at + 11] == *name);
    let entry = entry.expect("no such file");
    let first = u16_at(entry + 20) << 16 | u16_at(entry + 26);
    let num_bytes = u32_at(entry + 28);
    let num_clusters = num_bytes.div_ceil(cluster_bytes);
    for cluster in first..first + num_clusters - 1 {
        assert_eq!(u32_at(partition + tables + 4 * cluster), cluster + 1);
    }
    card[place_of(first)..][..num_bytes].to_vec()
}

#[test]
fn a_card_image_holds_the_filter() {
    let bench = bench_of(80_000, "");
    for size in ["", "--size 256MiB"] {
        bench
            .run(&format!(
                "install image mail.lsv --format card {size} -f -o card.img"
            ))
            .succeeds();
        let card = read(&bench, "card.img");
        assert_eq!(
            file_on_card(&card, b"LEAKS   LSV"),
            read(&bench, "mail.lsv")
        );
        bench.write("partition", &card[1 << 20..]);
        foreign(&bench, "fsck.fat", "-n partition");
    }
}
