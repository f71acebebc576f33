//! `leaksieve sign`, and who believes what it made.

mod common;

use common::{Bench, bench_with_key, emails, forge, header_of, id_of, openssl, read};
use leaksieve::file::key::SecretKey;
use leaksieve_core::sector::{Payload, SectorIndex};
use leaksieve_core::trust::tag_of;

const SIGN: &str = "sign mail.lsv --key plain.key --epoch 3 -o signed.lsv";

/// `mail.lsv` of so many pages, and `plain.key` without a password.
fn bench_of(num_pages: u32) -> Bench {
    let bench = Bench::new();
    bench.write("mail.txt", emails(0..num_pages * 200));
    let size = (num_pages + 1) * 512;
    bench
        .run(&format!(
            "build mail.txt -o mail.lsv --kind email --name Forum --max-size {size} --seed 1"
        ))
        .succeeds();
    bench.run("keygen -o plain.key --no-password").succeeds();
    bench
}

#[test]
fn a_signed_file_answers_as_the_unsigned_one() {
    // Pages, and tag sectors of all levels.
    for (num_pages, num_tag_sectors) in [(1, 1), (31, 1), (32, 2 + 1), (1000, 33 + 2 + 1)] {
        let bench = bench_of(num_pages);
        bench.run(SIGN).succeeds();
        let header = header_of(&bench, "signed.lsv");
        assert_eq!(header.datasets[0].num_sectors, num_pages);
        assert_eq!(header.num_sectors, 1 + num_pages + num_tag_sectors + 1);
        let num_bytes = read(&bench, "signed.lsv").len();
        assert_eq!(num_bytes, header.num_sectors as usize * 512);
        let verified = bench
            .run("verify signed.lsv --key plain.key.pub --source mail.txt")
            .succeeds();
        assert!(verified.out().contains("which you trust"));
        let asked = emails(0..num_pages * 200 + 3000);
        let plain = bench.run_with("check mail.lsv", asked.as_bytes());
        let signed = bench.run_with("check signed.lsv --key plain.key.pub", asked.as_bytes());
        assert_eq!(plain.out(), signed.out());
        assert_eq!(plain.code(), signed.code());

        // OpenSSL verifies the same signature over the same message.
        let file = header.encode(id_of(&bench, "signed.lsv")).unwrap();
        bench.write("message", file.signed_message());
        let bytes = read(&bench, "signed.lsv");
        let signature = &bytes[num_bytes - 512 + 32..][..64];
        bench.write("signature", signature);
        let verify = "pkeyutl -verify -pubin -inkey plain.key.pub -rawin -in message -sigfile";
        if let Some(said) = openssl(&bench, &format!("{verify} signature")) {
            assert!(said.contains("Successfully"), "{said}");
        }
    }
}

#[test]
fn the_same_key_and_file_give_the_same_bytes() {
    let bench = bench_of(100);
    bench.run(SIGN).succeeds();
    let first = read(&bench, "signed.lsv");
    bench.run(SIGN).fails(&["signed.lsv", "--force"]);
    bench.run(&format!("{SIGN} --force")).succeeds();
    assert_eq!(read(&bench, "signed.lsv"), first);
    // Signed again, it is another file, though it says the same.
    bench
        .run("sign signed.lsv --key plain.key -o again.lsv")
        .fails(&["signed already", "--again"]);
    bench
        .run("sign signed.lsv --key plain.key -o again.lsv --again")
        .succeeds();
    let again = read(&bench, "again.lsv");
    assert_eq!(again.len(), first.len());
    // No sector of one passes in another.
    let ids = ["mail.lsv", "signed.lsv", "again.lsv"].map(|name| id_of(&bench, name));
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
    bench.run("keygen -o other.key --no-password").succeeds();
    bench
        .run("sign mail.lsv --key other.key --epoch 3 -o other.lsv")
        .succeeds();
    assert_ne!(id_of(&bench, "other.lsv"), ids[1]);
    // In place, the header's epoch stays.
    bench
        .run("sign again.lsv --key other.key -o again.lsv --again --force")
        .succeeds();
    bench.run("verify again.lsv --key other.key.pub").succeeds();
    assert_eq!(header_of(&bench, "again.lsv").epoch, 3);
}

#[test]
fn only_files_of_the_keys_are_accepted() {
    let bench = bench_of(5);
    bench.run("keygen -o other.key --no-password").succeeds();
    bench.run(SIGN).succeeds();
    for command in ["verify", "inspect", "check"] {
        let ask = |rest: &str| {
            let command = format!("{command} {rest}");
            match command.starts_with("check") {
                true => bench.run_with(&command, b"member1@example.com\n"),
                false => bench.run(&command),
            }
        };
        ask("signed.lsv").succeeds();
        ask("signed.lsv --key plain.key.pub").succeeds();
        ask("signed.lsv --key other.key.pub --key plain.key.pub").succeeds();
        ask("signed.lsv --key other.key.pub").fails(&["signed by", "no trusted key"]);
        ask("mail.lsv").succeeds();
        ask("mail.lsv --key plain.key.pub").fails(&["not signed"]);
        ask("signed.lsv --min-epoch 3").succeeds();
        ask("signed.lsv --min-epoch 4").fails(&["epoch 3", "newest"]);
    }
    let said = bench.run("verify signed.lsv").succeeds().out();
    assert!(said.contains("not compared with any that you trust"));
    let said = bench.run("verify mail.lsv").succeeds().out();
    assert!(said.contains("not signed"));
    let said = bench.run("inspect mail.lsv").succeeds().out();
    assert!(said.contains("signed    no"));
    let said = bench.run("inspect signed.lsv").succeeds().out();
    assert!(said.contains("signed    by ") && said.contains("epoch     3"));
    let unsigned = bench.run("inspect mail.lsv --format json").json();
    assert!(unsigned["signer"].is_null() && unsigned["expires"].is_null());
}

#[test]
fn what_was_forged_is_found_and_never_answers() {
    let bench = bench_of(1000);
    bench.run(SIGN).succeeds();
    let id = id_of(&bench, "signed.lsv");
    let genuine = read(&bench, "signed.lsv");
    let header = header_of(&bench, "signed.lsv");
    let tags = 1 + 1000;
    // Pages; tag sectors of pages, of tag sectors, and the top one; each with its checksum.
    // With the first sector that is not as its tag says; the upper ones are compared when the
    // file is opened, from the top down.
    for (index, byte, found) in [
        (1, 0, 1),
        (77, 507, 77),
        (1000, 300, 1000),
        (tags, 16, 2),
        (tags + 32, 0, 1 + 32 * 31),
        (tags + 33, 16, tags + 33),
        (tags + 35, 16, tags + 35),
    ] {
        let mut bytes = genuine.clone();
        forge(&mut bytes, id, index, |payload| payload[byte] ^= 1);
        bench.write("forged.lsv", &bytes);
        bench
            .run("verify forged.lsv --key plain.key.pub")
            .fails(&[&format!("sector {found} is not the one that was signed")]);
    }
    // A forger who clears all pages: everybody would be safe.
    let mut bytes = genuine.clone();
    for index in 1..=1000 {
        forge(&mut bytes, id, index, |payload| payload.fill(0));
    }
    bench.write("forged.lsv", &bytes);
    let asked = emails(0..5000);
    let ran = bench.run_with("check forged.lsv --format json", asked.as_bytes());
    assert_eq!(ran.code(), 2);
    assert!(ran.verdicts().iter().all(|verdict| verdict == "error"));
    // A header that was changed, the signature of another file, none.
    let mut bytes = genuine.clone();
    forge(&mut bytes, id, 0, |payload| payload[40] ^= 1);
    bench.write("forged.lsv", &bytes);
    bench
        .run("check forged.lsv member1@example.com")
        .fails(&["signature is wrong"]);
    let last = header.num_sectors as usize - 1;
    let mut bytes = genuine.clone();
    forge(&mut bytes, id, last, |payload| payload[40] ^= 1);
    bench.write("forged.lsv", &bytes);
    bench
        .run("verify forged.lsv")
        .fails(&["signature is wrong"]);
    bench.write("cut.lsv", &genuine[..genuine.len() - 512]);
    bench.run("verify cut.lsv").fails(&["cut short"]);
    bench.write("long.lsv", [genuine.as_slice(), b"more"].concat());
    bench
        .run("verify long.lsv")
        .fails(&["4 bytes stand behind"]);
    // Damage is damage.
    let mut bytes = genuine.clone();
    bytes[tags * 512 + 3] ^= 1;
    bench.write("damaged.lsv", &bytes);
    bench
        .run("verify damaged.lsv")
        .fails(&[&format!("sector {tags} is damaged")]);
}

/// What another program might sign: a tag sector with more than its tags.
#[test]
fn a_tag_sector_is_zero_behind_its_tags() {
    let bench = bench_of(3);
    bench.run(SIGN).succeeds();
    let key = SecretKey::from_seed(&[9; 32]).unwrap();
    let id = id_of(&bench, "signed.lsv");
    let mut header = header_of(&bench, "signed.lsv");
    for (byte, part) in [
        (507, "sector 4 is not zero behind its tags"),
        (3 * 16, "sector 4 is not zero behind its tags"),
        (2 * 16, "sector 3 is not the one that was signed"),
    ] {
        let mut bytes = read(&bench, "signed.lsv");
        forge(&mut bytes, id, 4, |payload| payload[byte] ^= 1);
        let top: &Payload = bytes[4 * 512..].first_chunk().unwrap();
        header.root = Some(tag_of(id, SectorIndex(4), top));
        let encoded = header.encode(id).unwrap();
        for (index, sector) in encoded.sectors().enumerate() {
            bytes[index * 512..][..512].copy_from_slice(&sector);
        }
        let signature = key.sign(&encoded.signed_message());
        let last = header.signature_sector();
        bytes[last.0 as usize * 512..].copy_from_slice(&signature.seal(key.public(), id, last));
        bench.write("other.lsv", &bytes);
        bench
            .run(&format!("verify other.lsv --key {}", key.public()))
            .fails(&[part]);
    }
}

#[test]
fn what_does_not_verify_is_not_signed() {
    let bench = bench_of(40);
    let genuine = read(&bench, "mail.lsv");
    let id = id_of(&bench, "mail.lsv");
    let mut damaged = genuine.clone();
    damaged[512 * 17 + 3] ^= 1;
    let mut rate = header_of(&bench, "mail.lsv");
    rate.datasets[0].measured = leaksieve_core::header::Rate::from_units(5);
    let mut lying = genuine.clone();
    let sector = rate.encode(id).unwrap().sectors().next().unwrap();
    lying[..512].copy_from_slice(&sector);
    for (bytes, part) in [
        (damaged, "sector 17 is damaged"),
        (genuine[..512 * 40].to_vec(), "cut short"),
        (
            [genuine.as_slice(), b"more"].concat(),
            "4 bytes stand behind",
        ),
        (lying, "states a false alarm"),
    ] {
        bench.write("mail.lsv", bytes);
        bench.run(SIGN).fails(&["mail.lsv", part]);
    }
    bench
        .run("sign mail.txt --key plain.key --epoch 1 -o signed.lsv")
        .fails(&["not a leaksieve file"]);
    bench
        .run("sign none.lsv --key plain.key --epoch 1 -o signed.lsv")
        .fails(&["none.lsv"]);
    bench
        .run("sign mail.lsv --key plain.key -o -")
        .fails(&["standard output"]);
    assert_eq!(
        bench.files(),
        ["mail.lsv", "mail.txt", "plain.key", "plain.key.pub"]
    );
}

#[test]
fn a_bundle_is_signed_as_a_whole() {
    let bench = bench_with_key();
    let sign = |file: &str, output: &str| {
        bench.run_with(
            &format!("sign {file} --key leaks.key -o {output} --epoch 2"),
            b"secret\n",
        )
    };
    bench.write("names.txt", "alice\nbob\n");
    bench
        .run("build names.txt -o names.lsv --kind username --name Game --expires 2100-01-01")
        .succeeds();
    bench
        .run("bundle mail.lsv names.lsv -o both.lsv")
        .succeeds();
    sign("both.lsv", "signed.lsv").succeeds();
    bench
        .run("verify signed.lsv --key leaks.key.pub --kind email --source mail.txt")
        .succeeds();
    let report = bench.run("inspect signed.lsv --format json").json();
    assert_eq!(report["expires"], "2100-01-01");
    assert_eq!(report["has_expired"], false);
    assert_eq!(report["epoch"], 2);
    bench
        .run("check signed.lsv --key leaks.key.pub alice")
        .succeeds();

    // Of signed files it is not signed, and says so.
    sign("names.lsv", "names-signed.lsv").succeeds();
    let ran = bench
        .run("bundle mail.lsv names-signed.lsv -o again.lsv")
        .succeeds();
    assert!(
        ran.err()
            .contains("not signed, though 1 of its 2 parts are")
    );
    bench
        .run("verify again.lsv --key leaks.key.pub")
        .fails(&["not signed"]);
    assert_eq!(header_of(&bench, "again.lsv").root, None);
    let id = id_of(&bench, "names-signed.lsv");
    let mut bytes = read(&bench, "names-signed.lsv");
    forge(&mut bytes, id, 1, |payload| payload[0] ^= 1);
    bench.write("forged.lsv", bytes);
    bench
        .run("bundle mail.lsv forged.lsv -o third.lsv")
        .fails(&["forged.lsv", "not the one that was signed"]);
    assert!(!bench.path("third.lsv").exists());
}

#[test]
fn an_expired_file_is_no_not_exposed() {
    let bench = bench_of(5);
    // A year alone is no second of 1970.
    bench
        .run(&format!("{SIGN} --expires 2027"))
        .fails(&["such as 2027-01-31"]);
    let ran = bench
        .run(&format!("{SIGN} --expires 2020-01-31"))
        .succeeds();
    assert!(ran.err().contains("expired on 2020-01-31"));
    let asked = b"member1@example.com\nnobody@example.com\nnonsense\n";
    for command in ["verify", "inspect", "check"] {
        let ran = bench.run_with(&format!("{command} signed.lsv"), b"member1@example.com\n");
        assert!(ran.succeeds().err().contains("expired on 2020-01-31"));
    }
    std::fs::create_dir(bench.path("card")).unwrap();
    let ran = bench.run("install signed.lsv card").succeeds();
    assert!(ran.err().contains("expired on 2020-01-31"));
    let ran = bench.run_with("check signed.lsv", asked);
    assert_eq!(ran.code(), 2);
    let lines: Vec<String> = ran.out().lines().map(str::to_owned).collect();
    assert!(lines[0].starts_with("1: EXPOSED in Forum"));
    assert!(lines[1].starts_with("2: cannot say: the file expired on 2020-01-31"));
    assert!(lines[2].starts_with("3: cannot say: Forum"));
    let ran = bench.run_with("check signed.lsv --format json", asked);
    assert_eq!(ran.verdicts(), ["exposed", "not_covered", "not_covered"]);
    assert!(ran.out().contains("expired on 2020-01-31"));
    // Alone, the statuses.
    for (arguments, code) in [
        ("member1@example.com", 0),
        ("nobody@example.com", 2),
        ("nobody@example.com --allow-expired", 1),
        ("member1@example.com --allow-expired", 0),
    ] {
        assert_eq!(
            bench
                .run(&format!("check -q signed.lsv {arguments}"))
                .code(),
            code
        );
    }
    let ran = bench.run_with("check signed.lsv --allow-expired", asked);
    assert!(ran.out().contains("2: not exposed: not in Forum"));
    assert!(ran.err().contains("expired on 2020-01-31"));
    let report = bench.run("inspect signed.lsv --format json").json();
    assert_eq!(report["expires"], "2020-01-31");
    assert_eq!(report["has_expired"], true);
    // An unsigned file's expiry is one as well; and it can be taken away.
    bench
        .run("build mail.txt -o old.lsv --kind email --expires 2020-01-31")
        .succeeds();
    assert_eq!(bench.run("check old.lsv nobody@example.com").code(), 2);
    bench
        .run("sign old.lsv --key plain.key -o new.lsv --epoch 1 --expires 0")
        .succeeds();
    assert_eq!(bench.run("check new.lsv nobody@example.com").code(), 1);
}

/// Where another leak cannot say either, its expiry is said of the one that lacks it.
#[test]
fn an_expired_bundle_is_no_absence_beside_a_gap() {
    let bench = Bench::new();
    for (region, number) in [("CN", "13800138000"), ("US", "2128675309")] {
        bench.write("list.txt", number);
        bench
            .run(&format!(
                "build list.txt -o {region}.lsv --kind phone --region {region} --name {region} --expires 2020-01-31"
            ))
            .succeeds();
    }
    bench.run("bundle CN.lsv US.lsv -o both.lsv").succeeds();
    for format in ["text", "json"] {
        let check = format!("check both.lsv +8613900139999 --format {format}");
        let ran = bench.run(&check);
        assert_eq!(ran.code(), 2);
        let out = ran.out();
        assert!(out.contains("US (phone, US +1): "), "{out}");
        assert!(out.contains("the file expired on 2020-01-31"), "{out}");
        assert!(!out.contains("not in CN"), "{out}");
        let ran = bench.run(&format!("{check} --allow-expired"));
        assert!(!ran.out().contains("expired"), "{}", ran.out());
    }
    let ran = bench.run("check both.lsv +8613900139999 --allow-expired");
    assert!(ran.out().contains("not in CN"), "{}", ran.out());
    // What no leak covers is none for being old.
    let ran = bench.run("check both.lsv +442079460000");
    assert_eq!(ran.code(), 2);
    assert!(!ran.out().contains("expired"), "{}", ran.out());
}

#[test]
fn epochs_that_protect_nobody_are_told() {
    let bench = bench_of(2);
    for (epoch, part) in [
        ("", Some("epoch 0")),
        ("--epoch 1", None),
        ("--epoch 65536", None),
        ("--epoch 65537", Some("until they have seen 1")),
        ("--epoch 4294967295", Some("at most 65,536 further")),
    ] {
        let ran = bench
            .run(&format!(
                "sign mail.lsv --key plain.key -o signed.lsv --force {epoch}"
            ))
            .succeeds();
        match part {
            Some(part) => assert!(ran.err().contains(part), "{}", ran.err()),
            None => assert_eq!(ran.err(), ""),
        }
        bench
            .run("verify signed.lsv --key plain.key.pub")
            .succeeds();
    }
}
