//! `leaksieve install`: what is on the card, and what is said.

mod common;

use std::fs;

use common::{Bench, emails};
use leaksieve_core::sector::{FileId, SectorIndex, seal};

/// A card, a key, and signed files of epochs 1 to 3, each smaller than the one before.
fn bench() -> Bench {
    let bench = Bench::new();
    fs::create_dir(bench.path("card")).unwrap();
    bench.run("keygen --no-password -o key").succeeds();
    for epoch in 1..=3 {
        bench.write(
            "list.txt",
            emails(epoch * 10_000..epoch * 10_000 + 500 * (4 - epoch)),
        );
        bench
            .run(&format!(
                "build list.txt --kind email -q --epoch {epoch} -o {epoch}.plain"
            ))
            .succeeds();
        bench
            .run(&format!("sign {epoch}.plain --key key -q -o {epoch}.lsv"))
            .succeeds();
    }
    bench
}

/// Is a file on the card this one, and perhaps bytes behind it?
fn has(bench: &Bench, name: &str, file: &str) -> bool {
    let expected = fs::read(bench.path(file)).unwrap();
    let found = fs::read(bench.path("card").join(name)).unwrap();
    found.starts_with(&expected)
}

#[test]
fn each_file_goes_beside_the_one_before() {
    let bench = bench();
    let said = bench.run("install 1.lsv card").succeeds().out();
    assert!(
        said.contains("installed and read back as LEAKS.LSV"),
        "{said}"
    );
    let said = bench
        .run("install 2.lsv card --key key.pub")
        .succeeds()
        .out();
    assert!(said.contains("LEAKS2.LSV"), "{said}");
    assert!(said.contains("the one before is still there"), "{said}");
    assert!(has(&bench, "LEAKS.LSV", "1.lsv") && has(&bench, "LEAKS2.LSV", "2.lsv"));
    // The third is shorter than what it is written over.
    assert_eq!(bench.run("install 3.lsv card -q").succeeds().out(), "");
    assert!(has(&bench, "LEAKS.LSV", "3.lsv") && has(&bench, "LEAKS2.LSV", "2.lsv"));
    bench.run("verify card/LEAKS.LSV").fails(&["does no harm"]);
    bench
        .run("check card/LEAKS.LSV --key key.pub member30001@example.com")
        .succeeds();
}

#[test]
fn what_is_not_installed_leaves_the_card_as_it_was() {
    let bench = bench();
    bench.run("install 2.lsv card").succeeds();
    for command in [
        "keygen --no-password -o other",
        "sign 3.plain --key other -q -o foreign.lsv",
        "sign 3.plain --key key --epoch 90000 -q -o far.lsv",
    ] {
        bench.run(command).succeeds();
    }
    let mut damaged = fs::read(bench.path("3.lsv")).unwrap();
    damaged[1000] ^= 1;
    bench.write("damaged.lsv", damaged);
    for (arguments, reason) in [
        (
            "1.lsv card",
            "LEAKS.LSV on the card has epoch 2 and this file 1",
        ),
        ("2.lsv card", "has this file already, as LEAKS.LSV"),
        ("3.plain card", "give --key"),
        ("foreign.lsv card", "give --key"),
        ("foreign.lsv card --key key.pub", "no trusted key"),
        ("far.lsv card", "65536 further at most"),
        ("damaged.lsv card", "damaged"),
        (
            "3.lsv nowhere",
            "give the folder that the card is mounted as",
        ),
        (
            "3.lsv 3.plain",
            "give the folder that the card is mounted as",
        ),
    ] {
        bench.run(&format!("install {arguments}")).fails(&[reason]);
        assert!(has(&bench, "LEAKS.LSV", "2.lsv"), "{arguments}");
        assert!(!bench.path("card/LEAKS2.LSV").exists(), "{arguments}");
    }
    // A file of a later format may be what the device takes.
    let mut newer = fs::read(bench.path("1.lsv")).unwrap();
    newer[8] += 1;
    let id = FileId(newer[16..32].try_into().unwrap());
    let sealed = seal(id, SectorIndex(0), newer[..508].try_into().unwrap());
    newer[..512].copy_from_slice(&sealed);
    bench.write("card/LEAKS2.LSV", &newer);
    bench
        .run("install 3.lsv card")
        .fails(&["LEAKS2.LSV on the card", "a newer leaksieve"]);
    assert_eq!(fs::read(bench.path("card/LEAKS2.LSV")).unwrap(), newer);
    fs::remove_file(bench.path("card/LEAKS2.LSV")).unwrap();
    // What is there and not whole is said, and not written over.
    let mut bytes = fs::read(bench.path("card/LEAKS.LSV")).unwrap();
    bytes[1000] ^= 1;
    bench.write("card/LEAKS.LSV", &bytes);
    bench
        .run("install 2.lsv card")
        .fails(&["damaged: delete it there"]);
    assert_eq!(fs::read(bench.path("card/LEAKS.LSV")).unwrap(), bytes);
}
