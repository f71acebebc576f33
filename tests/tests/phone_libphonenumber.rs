//! Telephone numbers come out as libphonenumber has them.

use std::collections::BTreeMap;

use leaksieve::profile::{phone_profile, phone_regions};
use leaksieve_core::identifier::{Coverage, Identifier, NormaliseError, PhoneProfile, Profile};
use rlibphonenumber::{PhoneNumberFormat, PhoneNumberUtil, Region};

const EXAMPLES: &str = include_str!("../data/phone_examples.tsv");

fn read(profile: &Profile, text: &str) -> Result<(String, Coverage), NormaliseError> {
    let item = profile.normalise(&Identifier::new(text.as_bytes()))?;
    Ok((String::from_utf8(item.as_bytes().to_vec()).unwrap(), item.coverage()))
}

fn profile(region: &str) -> Profile {
    Profile::Phone(phone_profile(region).unwrap())
}

#[test]
fn examples() {
    let mut n = 0;
    let mut bad = 0;
    for line in EXAMPLES.lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.split('\t');
        let region = fields.next().unwrap();
        let expected = fields.next().unwrap();
        let profile = profile(region);
        for spelling in fields {
            let (text, want) = match spelling.rsplit_once('=') {
                Some((text, want)) if want.bytes().all(|b| b.is_ascii_digit()) => (text, want),
                _ => (spelling, expected),
            };
            n += 1;
            let got = read(&profile, text);
            if got != Ok((want.to_owned(), Coverage::Complete)) {
                bad += 1;
                println!("{region} {text:?} want {want} got {got:?}");
            }
        }
    }
    println!("{bad} of {n}");
}

struct Random(u64);
impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 16) % n
    }
}

const SEPARATORS: [&str; 14] = ["", "", "", "", " ", "-", ".", "\u{A0}", "\u{2011}", " - ", "/", "\u{3000}", "(", ")"];

#[test]
fn random() {
    let util = PhoneNumberUtil::new().unwrap();
    let mut random = Random(0x1234_5678_9ABC_DEF1);
    let mut stats: BTreeMap<&str, [u64; 6]> = BTreeMap::new();
    let mut shown: BTreeMap<String, u32> = BTreeMap::new();
    for line in include_str!("../../host-builder/src/profile/regions.tsv").lines().filter(|line| !line.starts_with('#')) {
        let f: Vec<&str> = line.split('\t').collect();
        let name = f[0];
        let region = Region::from_code(name).unwrap();
        let profile = profile(name);
        let lengths: Vec<usize> = f[3].split(',').map(|n| n.parse().unwrap()).collect();
        let idds = ["00", "011", "+", "+", f[4]];
        let trunks = ["", "", "", "0", f[5], "1", "8", "06"];
        let row = stats.entry(name).or_default();
        for _ in 0..4000 {
            let n = lengths[random.below(lengths.len() as u64) as usize];
            let mut digits: Vec<u8> = (0..n).map(|_| b'0' + random.below(10) as u8).collect();
            // Half of them like an example number.
            if random.below(2) == 0 {
                let all: Vec<&str> = EXAMPLES.lines().filter(|l| l.starts_with(name)).collect();
                let line = all[random.below(all.len() as u64) as usize];
                let e = line.split('\t').nth(1).unwrap();
                digits = e.as_bytes()[f[1].len()..].to_vec();
                let keep = random.below(digits.len() as u64) as usize;
                for d in &mut digits[keep..] { *d = b'0' + random.below(10) as u8; }
            }
            let mut text = String::new();
            let plain = |s: &str| s.bytes().all(|b| b.is_ascii_digit() || b == b'+');
            match random.below(4) {
                0 => { let i = idds[random.below(5) as usize]; if plain(i) { text += i; } text += f[1]; }
                1 => text += f[1],
                _ => {}
            }
            if random.below(2) == 0 { text += SEPARATORS[random.below(12) as usize]; }
            let t = trunks[random.below(8) as usize];
            if plain(t) { text += t; }
            let wide = random.below(8) == 0;
            let seps = random.below(2) == 0;
            for d in &digits {
                text.push(if wide { char::from_u32(0xFF10 + u32::from(d - b'0')).unwrap() } else { *d as char });
                if seps { text += SEPARATORS[random.below(14) as usize]; }
            }
            let theirs = util.parse(&text, Some(region)).ok();
            let possible = theirs.as_ref().is_some_and(|n| util.is_possible_number(n));
            let valid = theirs.as_ref().is_some_and(|n| util.is_valid_number(n));
            let e164 = theirs.as_ref().map(|n| util.format(n, PhoneNumberFormat::E164)[1..].to_owned());
            let ours = read(&profile, text.trim());
            row[0] += 1;
            row[1] += u64::from(valid);
            let class = match (&ours, valid, possible) {
                (Ok((o, Coverage::Complete)), true, _) if Some(o) == e164.as_ref() => continue,
                (Ok((o, _)), false, true) if Some(o) == e164.as_ref() => continue,
                (Err(_), false, false) => continue,
                (Ok((o, Coverage::Incidental(_))), false, false) if Some(o) == e164.as_ref() => continue,
                (Ok((o, Coverage::Incidental(NormaliseError::OtherCountry))), _, _) if Some(o) == e164.as_ref() => continue,
                (Ok((_, Coverage::Incidental(NormaliseError::OtherCountry))), _, _) => "other country",
                (Ok((o, Coverage::Incidental(_))), true, _) if Some(o) == e164.as_ref() => { row[4] += 1; "valid, incidental" }
                (Err(_), true, _) => { row[2] += 1; "valid, error" }
                (Ok(_), true, _) => { row[3] += 1; "valid, other item" }
                (Err(_), false, true) => "possible, error",
                (Ok((o, Coverage::Complete)), false, false) if Some(o) == e164.as_ref() => "impossible, same item complete",
                (Ok((_, Coverage::Complete)), false, _) => { row[5] += 1; "invalid, other item complete" }
                (Ok((_, _)), false, _) => "invalid, other item incidental",
            };
            let c = shown.entry(format!("{class} ")).or_default();
            *c += 1;
            let key = format!("{class} {name}");
            let c = shown.entry(key).or_default();
            *c += 1;
            if *c <= 3 && std::env::var("SHOW").is_ok_and(|s| class.starts_with(&s)) {
                println!("{name} {class}: {text:?} theirs {e164:?} ours {ours:?}");
            }
        }
    }
    for (k, v) in &shown { if k.ends_with(' ') { println!("{k}: {v}"); } }
    let total: u64 = stats.values().map(|r| r[0]).sum();
    let valid: u64 = stats.values().map(|r| r[1]).sum();
    println!("total {total} valid {valid}");
    for (name, r) in &stats { if r[2] + r[3] + r[4] > 0 { println!("{name} {r:?}"); } }
    let _ = phone_regions();
    let _: Option<PhoneProfile> = None;
}
