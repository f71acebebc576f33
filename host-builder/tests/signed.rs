//! `leaksieve sign`, and who believes what it made.

mod common;

use common::{Bench, emails, forge, header_of, id_of, openssl, read};
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
fn no_sector_of_one_file_passes_in_another() {
    let bench = bench_of(100);
    bench.run(SIGN).succeeds();
    // Signed again, it is another file, though it says the same.
    bench
        .run("sign signed.lsv --key plain.key -o again.lsv --again")
        .succeeds();
    let lengths = ["signed.lsv", "again.lsv"].map(|name| read(&bench, name).len());
    assert_eq!(lengths[0], lengths[1]);
    bench.run("keygen -o other.key --no-password").succeeds();
    bench
        .run("sign mail.lsv --key other.key --epoch 3 -o other.lsv")
        .succeeds();
    let mut ids = ["mail.lsv", "signed.lsv", "again.lsv", "other.lsv"]
        .map(|name| id_of(&bench, name).0)
        .to_vec();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 4);
    // In place, the header's epoch stays.
    bench
        .run("sign again.lsv --key other.key -o again.lsv --again --force")
        .succeeds();
    bench.run("verify again.lsv --key other.key.pub").succeeds();
    assert_eq!(header_of(&bench, "again.lsv").epoch, 3);
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
        .fails(&["4 bytes follow the last sector"]);
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
        (507, "sector 4 is not zero after its tags"),
        (3 * 16, "sector 4 is not zero after its tags"),
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
fn a_rate_that_is_not_that_of_the_pages_is_not_signed() {
    let bench = bench_of(40);
    let genuine = read(&bench, "mail.lsv");
    let id = id_of(&bench, "mail.lsv");
    let mut rate = header_of(&bench, "mail.lsv");
    rate.datasets[0].measured = leaksieve_core::header::Rate::from_units(5);
    let mut lying = genuine;
    let sector = rate.encode(id).unwrap().sectors().next().unwrap();
    lying[..512].copy_from_slice(&sector);
    bench.write("mail.lsv", lying);
    bench.run(SIGN).fails(&["mail.lsv", "says false alarm"]);
    assert_eq!(
        bench.files(),
        ["mail.lsv", "mail.txt", "plain.key", "plain.key.pub"]
    );
}

#[test]
fn what_was_forged_is_not_bundled() {
    let bench = bench_of(40);
    bench.run(SIGN).succeeds();
    bench.write("names.txt", "alice\nbob\n");
    bench
        .run("build names.txt -o names.lsv --kind username")
        .succeeds();
    bench
        .run("bundle signed.lsv names.lsv -o both.lsv")
        .succeeds();
    assert_eq!(header_of(&bench, "both.lsv").root, None);
    let id = id_of(&bench, "signed.lsv");
    let mut bytes = read(&bench, "signed.lsv");
    forge(&mut bytes, id, 1, |payload| payload[0] ^= 1);
    bench.write("forged.lsv", bytes);
    bench
        .run("bundle names.lsv forged.lsv -o third.lsv")
        .fails(&["forged.lsv", "not the one that was signed"]);
    assert!(!bench.path("third.lsv").exists());
}
