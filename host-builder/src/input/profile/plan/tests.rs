//! The table of changes, and what must hold for every plan. That plans say what libphonenumber
//! says is tested in `tests/tests/phone_plan.rs`.

use std::collections::BTreeSet;

use leaksieve_core::identifier::phone::MAX_DIGITS;
use leaksieve_core::identifier::phone::plan::{Judgement, Plan, Step, WORDS_PER_SECTOR, Walk};

use super::super::phone_regions;
use super::*;

fn judge(region: &str, digits: &str) -> Judgement {
    Plan(&phone_plan(region).unwrap().payloads)
        .judge(digits.as_bytes())
        .unwrap()
}

/// Is the number valid, and what is its other form?
fn judged(region: &str, digits: &str) -> (bool, Option<String>) {
    let judgement = judge(region, digits);
    let mut place = [0; MAX_DIGITS];
    let other = judgement.change.map(|change| {
        let other = change.apply(digits.as_bytes(), &mut place).unwrap();
        String::from_utf8(other.to_vec()).unwrap()
    });
    (judgement.is_valid, other)
}

#[test]
fn every_line_is_read() {
    let num_changes = lines(CHANGES).count();
    assert_eq!((num_changes, change_rows().count()), (98, 98));
    for line in lines(PLANS) {
        let fields: Vec<&str> = line.split('\t').collect();
        assert_eq!(fields.len(), 4, "{line}");
        assert!(
            fields[2].split(',').all(|n| n.parse::<u32>().is_ok()),
            "{line}"
        );
        parse(fields[3]).unwrap();
    }
    let codes: BTreeSet<u16> = regions().map(|region| region.calling_code).collect();
    let with_others: BTreeSet<u16> = calling_codes().collect();
    let others: Vec<u16> = with_others.difference(&codes).copied().collect();
    assert_eq!(others, [800, 808, 870, 878, 881, 882, 883, 888, 979]);
    assert!(codes.is_subset(&with_others));
}

#[test]
fn region_names() {
    assert_eq!(phone_plan(" cn ").unwrap(), phone_plan("CN").unwrap());
    assert_eq!(phone_plan("zz").unwrap(), phone_plan("World").unwrap());
    // One calling code, one plan.
    assert_eq!(phone_plan("CA").unwrap(), phone_plan("US").unwrap());
    assert!(phone_plan("XX").is_err());
    assert!(phone_plan("001").is_err());
}

#[test]
fn sizes() {
    let num_words = |plan: &PhonePlan| {
        let words = plan.payloads.iter().flat_map(|p| p.as_chunks::<4>().0);
        words.filter(|word| **word != [0; 4]).count()
    };
    for (region, num_sectors, max_reads) in [
        ("CN", 4, 2),
        ("US", 8, 2),
        ("DE", 3, 2),
        ("GB", 5, 2),
        ("BR", 1, 1),
        ("IN", 2, 2),
        ("FR", 1, 1),
        ("AR", 6, 2),
        ("VN", 7, 2),
        ("world", 120, 4),
    ] {
        let plan = phone_plan(region).unwrap();
        println!("{region}: {} words", num_words(plan));
        assert_eq!(
            (plan.payloads.len(), plan.max_reads),
            (num_sectors, max_reads),
            "{region}"
        );
    }
    let mut all: Vec<_> = phone_regions()
        .map(|region| phone_plan(region).unwrap())
        .map(|plan| (plan.payloads.len(), plan.max_reads, num_words(plan)))
        .collect();
    all.sort_unstable();
    assert_eq!(all[all.len() / 2].0, 1);
    assert!(
        all.iter()
            .all(|(num_sectors, max_reads, _)| *num_sectors <= 8 && *max_reads <= 2)
    );
    println!("median {:?}, largest {:?}", all[all.len() / 2], all.last());
}

/// `max_reads` by other means: along the words themselves.
#[test]
fn max_reads_is_that_of_the_words() {
    for region in phone_regions().chain(["world"]) {
        let plan = phone_plan(region).unwrap();
        let word = |address: u32| {
            let at = 4 * (address % 128) as usize;
            let payload = &plan.payloads[(address / 128) as usize];
            u32::from_le_bytes(payload[at..at + 4].try_into().unwrap())
        };
        // From the last word on: what follows was seen before.
        let mut reads: BTreeMap<u32, u32> = BTreeMap::new();
        let addresses =
            (0..plan.payloads.len() as u32).flat_map(|s| 128 * s..128 * s + WORDS_PER_SECTOR);
        let addresses: Vec<u32> = addresses.collect();
        for &start in addresses.iter().rev() {
            let mut most = 1;
            for address in start.. {
                // Behind the last node of a sector, and in a change: no node begins here.
                if address % 128 == WORDS_PER_SECTOR || word(address) == 0 {
                    break;
                }
                let (target, after) = match word(address) & 0x3FF {
                    // Nothing follows a change.
                    0 => (word(address) >> 12, 1),
                    _ => {
                        let target = word(address) >> 11;
                        (target, reads.get(&target).copied().unwrap_or(1))
                    }
                };
                if target > start {
                    most = most.max(after + u32::from(target / 128 != start / 128));
                }
                if word(address) >> 10 & 1 == 1 {
                    break;
                }
            }
            reads.insert(start, most);
        }
        assert!(reads[&0] <= u32::from(plan.max_reads), "{region}");
    }
}

/// An old number of the row, with a digit of each pick where there is a choice.
fn samples(numbers: &Numbers, set: Set, num_samples: u32) -> Vec<String> {
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let samples = (0..num_samples).map(|_| {
        let (mut node, mut digits) = (numbers.node(set), String::new());
        while !node.end.is_any() {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let open: Vec<usize> = (0..10).filter(|digit| node.next[*digit] != NONE).collect();
            let digit = open[(random >> 33) as usize % open.len()];
            digits += &digit.to_string();
            node = numbers.node(node.next[digit]);
        }
        digits
    });
    samples.collect()
}

#[test]
fn every_row_of_the_changes() {
    let mut numbers = Numbers::new();
    let mut rare = Vec::new();
    for row in change_rows() {
        let old = numbers.matching(&parse(row.old).unwrap());
        let mut num_changed = 0;
        for digits in samples(&numbers, old, 400) {
            let (is_valid, other) = judged("world", &digits);
            let (kept, removed) = (row.num_kept as usize, row.num_removed as usize);
            let new = format!(
                "{}{}{}",
                &digits[..kept],
                row.inserted,
                &digits[kept + removed..]
            );
            let is_new_valid = judge("world", &new).is_valid;
            if is_valid && !row.is_both || !is_new_valid {
                assert_eq!(other, None, "{} {digits}", row.old);
                continue;
            }
            assert_eq!(other, Some(new), "{} {digits}", row.old);
            num_changed += 1;
        }
        if num_changed < 4 {
            rare.push(format!("{} {num_changed}", row.old));
        }
    }
    assert!(rare.is_empty(), "{rare:?}");
}

/// Two rows must not say different things of one number.
#[test]
fn rows_do_not_overlap() {
    let mut numbers = Numbers::new();
    let old: Vec<(Set, &str)> = change_rows()
        .map(|row| (numbers.matching(&parse(row.old).unwrap()), row.old))
        .collect();
    let nothing = Mark {
        num_kept: 0,
        num_removed: 0,
        inserted: "",
        word: 0,
    };
    for (at, (a, a_name)) in old.iter().enumerate() {
        for (b, b_name) in &old[at + 1..] {
            assert_eq!(numbers.marked(*a, *b, &nothing), NONE, "{a_name} {b_name}");
        }
    }
}

#[test]
fn published_examples() {
    for (region, digits, is_valid, other) in [
        // Old forms, as they were published, and what became of them.
        ("BR", "551187654321", false, Some("5511987654321")),
        ("BR", "5511987654321", true, None),
        ("BR", "551132345678", true, None),
        ("BR", "551176543210", true, Some("5511976543210")),
        ("MX", "5215512345678", false, Some("525512345678")),
        ("MX", "525512345678", true, None),
        ("AR", "541123456789", true, Some("5491123456789")),
        ("AR", "5491123456789", true, None),
        ("VN", "841681234567", false, Some("84381234567")),
        ("VN", "841201234567", false, Some("84701234567")),
        ("VN", "841991234567", false, Some("84591234567")),
        ("VN", "84438223344", false, Some("842438223344")),
        ("VN", "845113822334", false, Some("842363822334")),
        // Ho Chi Minh City's old numbers have the form of today's mobiles.
        ("VN", "84838223344", true, None),
        ("CI", "22507123456", false, Some("2250707123456")),
        ("CI", "22507080910", false, Some("2250707080910")),
        ("CI", "22505060708", false, Some("2250505060708")),
        ("CI", "22501020304", false, Some("2250101020304")),
        ("CI", "22520212345", false, Some("2252720212345")),
        ("CI", "2250707080910", true, None),
        ("BJ", "22997123456", false, Some("2290197123456")),
        ("BJ", "22921301234", false, Some("2290121301234")),
        ("CM", "23777123456", false, Some("237677123456")),
        ("CM", "23722221234", false, Some("237222221234")),
        ("GA", "2417123456", true, Some("24177123456")),
        ("GA", "24107123456", true, Some("24177123456")),
        ("MU", "2307891234", false, Some("23057891234")),
        ("EC", "59399123456", false, Some("593999123456")),
        ("QA", "9745512345", false, Some("97455512345")),
        ("CO", "5712345678", false, Some("576012345678")),
        ("CL", "5626712345", false, Some("56226712345")),
        ("CL", "5632123456", false, Some("56322123456")),
        ("world", "37744123456", true, Some("38344123456")),
        // Area code left off, a digit too many, nobody's.
        ("CN", "86213800138", false, None),
        ("CN", "8613800138000", true, None),
        ("CN", "86138001380000", false, None),
        ("DE", "4917167831549999", false, None),
        ("US", "15551234567", false, None),
        ("US", "12015550123", true, None),
    ] {
        assert_eq!(
            judged(region, digits),
            (is_valid, other.map(str::to_owned)),
            "{region} {digits}"
        );
        assert_eq!(judge("world", digits).is_valid, is_valid, "world {digits}");
    }
}

#[test]
fn by_sectors_as_in_memory() {
    let mut numbers = Numbers::new();
    for region in ["CN", "GB", "US", "IN", "DE", "BR", "VN", "world"] {
        let plan = phone_plan(region).unwrap();
        let mut most = 0;
        for calling_code in calling_codes() {
            let valid = numbers_of(&mut numbers, calling_code).unwrap();
            for digits in samples(&numbers, valid, 40) {
                let (mut walk, mut reads) = (Walk::START, BTreeSet::new());
                let judgement = loop {
                    assert!(reads.insert(walk.wants()));
                    let payload = &plan.payloads[walk.wants() as usize];
                    match walk.step(digits.as_bytes(), payload).unwrap() {
                        Step::Wants(next) => walk = next,
                        Step::Judged(judgement) => break judgement,
                    }
                };
                most = most.max(reads.len());
                assert_eq!(judgement, judge(region, &digits), "{region} {digits}");
                assert!(region != "world" || judgement.is_valid, "{digits}");
            }
        }
        assert!(most <= usize::from(plan.max_reads), "{region} {most}");
        println!("{region}: {most} of {} reads", plan.max_reads);
    }
}

#[test]
fn all_valid_is_that_of_each() {
    for (region, start, num_digits) in [
        ("CN", "86138001", 11),
        ("CN", "8613800138", 13),
        ("CN", "8621", 7),
        ("CN", "86138001380", 13),
        ("BR", "5511987654", 13),
        ("BR", "5511887654", 13),
        ("BR", "551187654", 12),
        ("BR", "551127654", 12),
        ("BR", "551177654", 12),
        ("US", "1201234", 11),
        ("US", "12012", 8),
        ("US", "1202345", 10),
        ("VN", "8416812345", 12),
        ("VN", "843812345", 11),
        ("DE", "49171678", 11),
        ("DE", "4930123", 10),
        ("AR", "54112345678", 12),
        ("AR", "549112345678", 13),
        ("world", "86138001380", 13),
        ("world", "999", 6),
        ("world", "", 4),
    ] {
        let plan = Plan(&phone_plan(region).unwrap().payloads);
        let num_open = num_digits - start.len();
        let all = (0..10_usize.pow(num_open as u32)).all(|n| {
            let number = format!("{start}{n:0num_open$}");
            let judgement = plan.judge(number.as_bytes()).unwrap();
            judgement.is_valid && judgement.change.is_none()
        });
        assert_eq!(
            plan.all_valid(start.as_bytes(), num_digits),
            all,
            "{region} {start} {num_digits}"
        );
    }
    let plan = Plan(&phone_plan("CN").unwrap().payloads);
    assert!(plan.all_valid(b"86138", 13));
    assert!(!plan.all_valid(b"86", 13));
    assert!(!plan.all_valid(b"86138001380001", 13));
}
