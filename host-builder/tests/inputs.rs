//! What lists may come as: each form gives the filter that plain lines give, and what is
//! damaged, cut or looks like something else gives an error.

mod common;

use std::fmt::Write as _;
use std::io::Write as _;

use common::{Bench, Ran, emails, gzip};

const NUM_ITEMS: u32 = 3000;

/// `plain.lsv` of `plain.txt`, which all other forms are compared with.
fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("plain.txt", emails(0..NUM_ITEMS));
    build(&bench, "plain.txt", "plain").succeeds();
    bench
}

fn build(bench: &Bench, inputs: &str, name: &str) -> Ran {
    bench.run(&arguments(inputs, name))
}

fn arguments(inputs: &str, name: &str) -> String {
    format!("build {inputs} -o {name}.lsv --kind email --name A --seed 1 --force")
}

#[track_caller]
fn same(bench: &Bench, name: &str) {
    let read = |name: &str| std::fs::read(bench.path(&format!("{name}.lsv"))).unwrap();
    assert!(read(name) == read("plain"), "{name}");
}

fn zstd(content: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn xz(content: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

type Compress = fn(&[u8]) -> Vec<u8>;
const CODECS: [(&str, Compress); 3] = [("gzip", gzip), ("zstd", zstd), ("xz", xz)];

#[test]
fn compressed_lists_known_by_their_content() {
    let bench = bench();
    let list = emails(0..NUM_ITEMS);
    // Divided within a line.
    let (first, second) = list.split_at(40_003);
    for (codec, compress) in CODECS {
        bench.write("whole.dat", compress(list.as_bytes()));
        let joined = [first, "", second]
            .map(|part| compress(part.as_bytes()))
            .concat();
        bench.write("joined.dat", &joined);
        for input in ["whole.dat", "joined.dat"] {
            build(&bench, input, codec).succeeds();
            same(&bench, codec);
        }
        bench.run_with(&arguments("-", codec), &joined).succeeds();
        same(&bench, codec);
        // With a byte order mark within.
        bench.write("mark.dat", compress(format!("\u{FEFF}{list}").as_bytes()));
        build(&bench, "mark.dat", codec).succeeds();
        same(&bench, codec);
        bench
            .run_with("check plain.lsv", &compress(b"member1@example.com"))
            .succeeds();
        bench.write("twice.dat", compress(&compress(b"x")));
        build(&bench, "twice.dat", "x").fails(&["twice.dat", "decompress it once"]);
        bench.write("nothing.dat", compress(b""));
        build(&bench, "nothing.dat", "x").fails(&["no identifier", "--kind"]);
    }
    // Each input by itself.
    let thirds = [0..1000, 1000..2000, 2000..NUM_ITEMS];
    for ((codec, compress), range) in CODECS.into_iter().zip(thirds) {
        bench.write(codec, compress(emails(range).as_bytes()));
    }
    build(&bench, "gzip zstd xz", "mixed").succeeds();
    same(&bench, "mixed");
}

/// As the tools of each format have it: gzip and xz have padding of zeros, xz by fours.
#[test]
fn what_stands_behind_the_data() {
    let bench = bench();
    let list = emails(0..NUM_ITEMS);
    // A frame to be skipped: four bytes.
    let skippable = b"\x50\x2A\x4D\x18\x04\0\0\0skip";
    for (codec, compress, behind, is_fine) in [
        ("gzip", gzip as Compress, &[0; 3][..], true),
        ("gzip", gzip, &[0; 300_000], true),
        ("gzip", gzip, b"\0\0x", false),
        ("gzip", gzip, b"garbage", false),
        ("gzip", gzip, b"\x1F\x8B", false),
        ("zstd", zstd, skippable, true),
        ("zstd", zstd, b"\0\0\0\0", false),
        ("zstd", zstd, b"garbage", false),
        ("xz", xz, &[0; 8], true),
        ("xz", xz, &[0; 3], false),
        ("xz", xz, b"garbage!", false),
    ] {
        let mut bytes = compress(list.as_bytes());
        bytes.extend_from_slice(behind);
        bench.write("list.dat", &bytes);
        let ran = build(&bench, "list.dat", codec);
        if is_fine {
            ran.succeeds();
            same(&bench, codec);
        } else {
            ran.fails(&["list.dat", codec, "something else follows it"]);
        }
    }
    // Padding between streams.
    let (first, second) = list.split_at(1234);
    let padded = [xz(first.as_bytes()), vec![0; 4], xz(second.as_bytes())].concat();
    bench.write("padded.xz", padded);
    build(&bench, "padded.xz", "padded").succeeds();
    same(&bench, "padded");
    let skipped_first = [skippable.to_vec(), zstd(list.as_bytes())].concat();
    bench.write("first.zst", skipped_first);
    build(&bench, "first.zst", "first").succeeds();
    same(&bench, "first");
}

/// A checksum's worth: whatever is cut or changed is an error, and leaves nothing.
#[test]
fn cut_or_damaged_data_is_an_error() {
    let bench = Bench::new();
    let list = emails(0..300);
    bench.write("list.txt", &list);
    build(&bench, "list.txt", "plain").succeeds();
    for (codec, compress) in CODECS {
        let whole = compress(list.as_bytes());
        let mut num_errors = 0;
        // Of the first bytes too few are left to know what it was.
        let cuts = (8..whole.len())
            .step_by(whole.len() / 25)
            .chain([whole.len() - 1]);
        for end in cuts {
            bench.write("cut.dat", &whole[..end]);
            build(&bench, "cut.dat", "x").fails(&["cut.dat", codec, "damaged or cut short"]);
        }
        for place in (6..whole.len()).step_by(whole.len() / 40) {
            let mut changed = whole.clone();
            changed[place] ^= 0x10;
            bench.write("changed.dat", &changed);
            let ran = build(&bench, "changed.dat", "x");
            // A bit that means nothing, such as gzip's time: then the list is whole.
            if ran.code() == 0 {
                same(&bench, "x");
            } else {
                ran.fails(&["changed.dat", codec]);
                num_errors += 1;
            }
        }
        assert!(num_errors >= 38, "{codec}: {num_errors}");
    }
    // A list is read a mebibyte at a time.
    let long = gzip("13800138000\n".repeat(100_000).as_bytes());
    bench.write("long.gz", &long[..long.len() - 1]);
    let message = build(&bench, "long.gz", "x").err();
    assert!(message.contains("long.gz: after line 87381: "), "{message}");
    // Behind nothing that was read there is no line to name.
    bench.write("cut.gz", &gzip(list.as_bytes())[..40]);
    let message = build(&bench, "cut.gz", "x").err();
    assert!(!message.contains("line 0"), "{message}");
    bench.write("check.gz", &gzip(list.as_bytes())[..200]);
    let piped = std::fs::read(bench.path("check.gz")).unwrap();
    bench
        .run_with("check plain.lsv", &piped)
        .fails(&["damaged or cut short"]);
}

/// Memory is bounded by what a stream may ask for, and by the longest line.
#[test]
fn bombs() {
    let bench = Bench::new();
    let zeros = vec![0; 1 << 24];
    let blanks = vec![b'\n'; 1 << 21];
    for (codec, compress) in CODECS {
        for (content, blank) in [(&zeros, false), (&blanks, true)] {
            // 256 MiB in all, or 32 of blank lines.
            let bomb = compress(content).repeat(16);
            assert!(bomb.len() < 4 << 20, "{codec}: {}", bomb.len());
            bench.write("bomb.dat", &bomb);
            let ran = build(&bench, "bomb.dat", "x").fails(&["no identifier"]);
            let is_long = ran
                .err()
                .contains("longer than 65536 bytes (bomb.dat line 1)");
            assert_eq!(is_long, !blank, "{}", ran.err());
        }
    }
    // A window, a dictionary of 512 MiB.
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(29).unwrap();
    encoder.include_contentsize(false).unwrap();
    encoder.write_all(b"a@example.com\n").unwrap();
    bench.write("window.zst", encoder.finish().unwrap());
    build(&bench, "window.zst", "x").fails(&["window.zst", "128 MiB", "--long=31", "build -"]);
    // The header of an .xz is of a filter with that size, its content of a small one.
    let mut small = xz(b"a@example.com\n");
    let header_bytes = (usize::from(small[12]) + 1) * 4;
    let header = &mut small[12..12 + header_bytes];
    assert_eq!(header[2..4], [0x21, 1]);
    // 29: 2^29 bytes (The .xz File Format, 5.3.1).
    header[4] = (29 - 12) * 2 + 2;
    let crc = crc_32(&header[..header_bytes - 4]);
    header[header_bytes - 4..].copy_from_slice(&crc.to_le_bytes());
    bench.write("dictionary.xz", &small);
    build(&bench, "dictionary.xz", "x").fails(&["dictionary.xz", "256 MiB", "xzcat", "build -"]);
}

fn crc_32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

#[test]
fn folders() {
    let bench = bench();
    let folder = |name: &str| std::fs::create_dir_all(bench.path(name)).unwrap();
    for name in ["all/b/deep", "all/.hidden", "empty/.git"] {
        folder(name);
    }
    bench.write("all/c.txt", emails(0..1000));
    bench.write("all/b/deep/a.xz", xz(emails(1000..2000).as_bytes()));
    bench.write("all/b/z.gz", gzip(emails(2000..NUM_ITEMS).as_bytes()));
    bench.write("all/.hidden/x", emails(9000..9100));
    bench.write("all/.x.swp", emails(9000..9100));
    let ran = build(&bench, "all", "all").succeeds();
    same(&bench, "all");
    let said = ran.err();
    assert!(said.contains("2 hidden or special files"), "{said}");
    assert!(said.contains("all/.hidden"), "{said}");
    bench.run("verify all.lsv --source all").succeeds();
    // Named by the folder.
    bench.run("build all -o named.lsv --kind email").succeeds();
    assert_eq!(
        bench.run("inspect named.lsv --format json").json()["datasets"][0]["name"],
        "all"
    );

    // Places name the file, in the order of names.
    bench.write("all/b/bad", "nonsense\n");
    bench.write("all/d", "a@example.com\nnonsense\n");
    let ran = build(&bench, "all", "all").succeeds();
    let places = "(all/b/bad line 1, all/d line 2)";
    assert!(ran.err().contains(places), "{}", ran.err());

    build(&bench, "empty", "x").fails(&["empty", "no file in this folder", "1 hidden"]);
    bench.write(
        "all/other.lsv",
        std::fs::read(bench.path("plain.lsv")).unwrap(),
    );
    build(&bench, "all", "x").fails(&["all/other.lsv", "leaksieve filter"]);
    build(&bench, "all", "all/other").fails(&["all/other.lsv: is an input"]);
}

#[cfg(unix)]
#[test]
fn links_in_folders() {
    use std::os::unix::fs::symlink;
    let bench = bench();
    std::fs::create_dir_all(bench.path("all/b")).unwrap();
    bench.write("all/a.txt", emails(0..NUM_ITEMS));
    symlink("..", bench.path("all/b/up")).unwrap();
    symlink(".", bench.path("all/self")).unwrap();
    symlink("../plain.txt", bench.path("all/link.txt")).unwrap();
    // 2^40 ways through 40 folders.
    for i in 0..40 {
        std::fs::create_dir(bench.path(&format!("all/b/{i}"))).unwrap();
        for side in ["l", "r"] {
            symlink(
                format!("../{}", i + 1),
                bench.path(&format!("all/b/{i}/{side}")),
            )
            .unwrap();
        }
    }
    std::fs::create_dir(bench.path("all/b/40")).unwrap();
    build(&bench, "all", "all").succeeds();
    same(&bench, "all");
    // What cannot be read is not left out.
    symlink("nowhere", bench.path("all/lost")).unwrap();
    build(&bench, "all", "x").fails(&["all/lost"]);
}

#[test]
fn json_lines() {
    let bench = bench();
    let mut lines = String::new();
    let mut nested = String::new();
    for i in 0..NUM_ITEMS {
        let mail = format!("member{i}@example.com");
        writeln!(
            lines,
            r#"{{"id":{i},"mail":"{mail}","x":[1,{{"mail":2}}]}}"#
        )
        .unwrap();
        writeln!(nested, r#"{{"user":{{"mails":["{mail}"]}}}}"#).unwrap();
    }
    bench.write("a.jsonl", &lines);
    bench.write("b.jsonl.gz", gzip(nested.as_bytes()));
    build(&bench, "a.jsonl --field mail", "a").succeeds();
    same(&bench, "a");
    build(&bench, "b.jsonl.gz --field user.mails", "b").succeeds();
    same(&bench, "b");
    bench
        .run("verify a.lsv --source a.jsonl --field mail")
        .succeeds();
}

/// A folder as the downloader of Pwned Passwords writes it: the first digits of a hash
/// are in the file's name.
#[test]
fn range_files() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path("ranges")).unwrap();
    // SHA-1 and NTLM of "password".
    let sha1 = "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8";
    let ntlm = "8846F7EAEE8FB117AD06BDD830B7586C";
    let other = "5baa600000000000000000000000000000000000";
    bench.write(
        "ranges/5BAA6.txt",
        format!("{}:3\r\n{other}:1\r\n", &sha1[5..]),
    );
    bench.write(
        "ranges/8846f.txt.gz",
        gzip(format!("{}\n", &ntlm[5..]).as_bytes()),
    );
    bench.write("whole.txt", format!("{sha1}\n{other}\n"));
    std::fs::create_dir(bench.path("ntlm")).unwrap();
    std::fs::rename(
        bench.path("ranges/8846f.txt.gz"),
        bench.path("ntlm/8846f.txt.gz"),
    )
    .unwrap();
    for (kind, folder) in [("sha1", "ranges"), ("ntlm", "ntlm")] {
        let build = format!("build {folder} -o {kind}.lsv --kind {kind}");
        bench.run(&build).fails(&[
            "1048575 of the 1048576 range files",
            "the first is 00000",
            "--partial",
        ]);
        bench.run(&format!("{build} --partial")).succeeds();
        bench
            .run_with(&format!("check {kind}.lsv"), b"password\n")
            .succeeds();
    }
    bench
        .run("build ranges -o x.lsv --kind ntlm --partial")
        .fails(&["5BAA6.txt", "--kind sha1"]);
    bench
        .run("verify sha1.lsv --kind sha1 --source whole.txt")
        .succeeds();
    bench
        .run("verify sha1.lsv --kind sha1 --source ranges")
        .fails(&["--partial"]);
    bench
        .run("verify sha1.lsv --kind sha1 --source ranges --partial")
        .succeeds();
    // A download that failed, and what lies beside those that did not.
    for content in ["", "<html>\n503\n", &ntlm.replace('8', "g")] {
        bench.write("ranges/00000.txt", content);
        bench
            .run("build ranges -o x.lsv --kind sha1 --partial")
            .fails(&["ranges/00000.txt", "range file without a hash"]);
    }
    std::fs::remove_file(bench.path("ranges/00000.txt")).unwrap();
    bench.write("ranges/00000.txt.meta", "etag\n");
    bench
        .run("build ranges -o x.lsv --kind sha1")
        .fails(&["1048575 of", "the first is 00000"]);
    // A number that is no range.
    bench.write("10000.txt", format!("{sha1}:3\n{other}:1\n"));
    bench.run("build 10000.txt -o x.lsv --kind sha1").succeeds();
    bench.run_with("check x.lsv", b"password\n").succeeds();
    bench.write("ranges/5BAA7.txt", format!("{sha1}:3\n{other}:1\n"));
    bench
        .run("build ranges -o y.lsv --kind sha1 --partial")
        .fails(&["ranges/5BAA7.txt", "range file without a hash"]);
    // For another kind the name says nothing.
    bench.write("12345.txt", "alice\n");
    bench
        .run("build 12345.txt -o x.lsv --kind username --force")
        .succeeds();
}

/// Each is refused, with what reads it.
#[test]
fn what_is_no_text() {
    let bench = Bench::new();
    let mut tar = vec![b'x'; 1024];
    tar[257..262].copy_from_slice(b"ustar");
    let utf_16 =
        |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    for (content, part) in [
        (tar.clone(), "tar -xOf"),
        (gzip(&tar), "tar -xOf"),
        (xz(&tar), "tar -xOf"),
        (b"PK\x03\x04....list.txt".to_vec(), "unzip -p"),
        (b"PK\x03\x04....xl/workbook.xml".to_vec(), "as CSV"),
        (b"7z\xBC\xAF\x27\x1C".to_vec(), "7z e -so"),
        (b"SQLite format 3\0....".to_vec(), "sqlite3 -csv"),
        (b"\x04\x22\x4D\x18....".to_vec(), "lz4 -dc"),
        (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec(), "as CSV"),
        (b"%PDF-1.7".to_vec(), "PDF"),
        (utf_16("a@example.com\n"), "--charset utf-16le"),
        (utf_16("\u{FEFF}a@example.com\n"), "--charset utf-16le"),
        (b"a@example.com\rb@example.com\r".to_vec(), "tr '\\r' '\\n'"),
    ] {
        bench.write("list.dat", &content);
        for options in ["", " --column 2"] {
            build(&bench, &format!("list.dat{options}"), "x").fails(&["list.dat", part]);
        }
    }
}

#[test]
fn charsets() {
    let bench = bench();
    let list = emails(0..NUM_ITEMS);
    let utf_16: Vec<u8> = format!("\u{FEFF}{list}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for (content, charset) in [
        (utf_16.clone(), "utf-16le"),
        (utf_16[2..].to_vec(), "UTF-16"),
        (gzip(&utf_16), "utf-16le"),
        (list.clone().into_bytes(), "latin1"),
    ] {
        bench.write("list.dat", content);
        let arguments = format!("list.dat --charset {charset}");
        build(&bench, &arguments, "x").succeeds();
        same(&bench, "x");
        bench
            .run(&format!("verify x.lsv --source {arguments}"))
            .succeeds();
    }
    bench.write("list.dat", utf_16);
    build(&bench, "list.dat --charset utf-16be", "x").fails(&["give --charset utf-16le"]);
    build(&bench, "list.dat --charset utf-99", "x").fails(&["no charset of that name", "gb18030"]);

    // Names of columns, cells, fields and passwords.
    let table = b"\xD0\xD5\xC3\xFB,\xCA\xD6\xBB\xFA\n\xD5\xC5\xC8\xFD,13800138000\n";
    bench.write("table.csv", table);
    let arguments = "build table.csv -o t.lsv --kind phone --region CN --column 手机";
    bench
        .run(arguments)
        .fails(&["table.csv", "UTF-8", "--charset gb18030"]);
    bench.run(&format!("{arguments} --charset gbk")).succeeds();
    bench.run("check t.lsv 13800138000").succeeds();
    bench.write("names.txt", b"\xD5\xC5\xC8\xFD\n");
    bench
        .run("build names.txt -o n.lsv --kind username")
        .fails(&["not UTF-8 text", "--charset gb18030"]);
    bench
        .run("build names.txt -o n.lsv --kind username --charset gb18030")
        .succeeds();
    bench.run("check n.lsv 张三").succeeds();
    bench.write("pw.jsonl", b"{\"p\":\"m\xFCller\"}\n{\"p\":\"x\"}\n");
    bench
        .run("build pw.jsonl -o p.lsv --kind password --field p --charset windows-1252")
        .succeeds();
    bench
        .run_with("check p.lsv", "müller\n".as_bytes())
        .succeeds();
    // What is not of the charset is rejected, and never becomes another sign.
    bench.write("bad.txt", [&b"ann\n"[..], b"b\x81\n", b"bob\n"].concat());
    let ran = bench
        .run("build bad.txt -o b.lsv --kind username --charset big5 --max-rejected 50%")
        .succeeds();
    let part = "not text of the charset that was given (bad.txt line 2)";
    assert!(ran.err().contains(part), "{}", ran.err());
}
