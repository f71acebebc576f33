//! The shortcut for telephone numbers of digits alone gives what the general rules give.

use leaksieve::file::FilterFile;
use leaksieve::input::profile::{phone_plan, phone_profile, phone_regions};
use leaksieve_core::Verdict;
use leaksieve_core::identifier::phone::Shortcuts;
use leaksieve_core::identifier::phone::plan::{Judgement, Plan};
use leaksieve_core::identifier::{Coverage, Identifier, IdentifierKind, Item, Profile, Side};

/// Regions of which every start of a number is tried; of the others, one in [`STRIDE`].
const MAIN_REGIONS: [&str; 12] = [
    "CN", "US", "GB", "DE", "IN", "BR", "AR", "MX", "RU", "JP", "IT", "world",
];
const STRIDE: usize = 37;

/// Texts that a shortcut was found for, and how many were tried.
fn compare(region: &str, starts: impl Iterator<Item = usize>) -> (u64, u64) {
    let phone = phone_profile(region).unwrap();
    let plan = plan(region);
    let shortcuts = Shortcuts::new(&phone, plan);
    let code = match phone.calling_code {
        0 => String::new(),
        code => code.to_string(),
    };
    let profile = Profile::Phone(phone);
    let (mut num_found, mut num_tried) = (0, 0);
    let mut tail = 0x9E37_79B9_7F4A_7C15_u64;
    for start in starts {
        for num_digits in 1..=17 {
            tail = tail.rotate_left(23).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let number: String = format!("{start:04}{tail:020}")
                .chars()
                .take(num_digits)
                .collect();
            for text in [
                number.clone(),
                format!("{code}{number}"),
                format!("+{code}{number}"),
                format!("+{number}"),
            ] {
                let digits = text.trim_start_matches('+');
                num_tried += 1;
                let has_plus = text.starts_with('+');
                if let Some(item) = shortcuts.item(digits.as_bytes(), has_plus) {
                    num_found += 1;
                    let mut place = [0; 16];
                    let item = item.encode(&mut place);
                    is_the_only_reading(&profile, &text, item);
                    let judgement = plan.judge(item).unwrap();
                    let plain = Judgement {
                        is_valid: true,
                        change: None,
                    };
                    assert_eq!(judgement, plain, "{region} {text}");
                }
            }
        }
    }
    (num_found, num_tried)
}

fn plan(region: &str) -> Plan<'static> {
    Plan(&phone_plan(region).unwrap().payloads)
}

/// In a list and in a question.
fn is_the_only_reading(profile: &Profile, text: &str, item: &[u8]) {
    let identifier = Identifier::new(text.as_bytes());
    let mut general = Item::empty();
    for side in [Side::Store, Side::Ask] {
        assert_eq!(
            profile.reading(&identifier, side, 0, &mut general),
            Ok(true)
        );
        assert_eq!(general.as_bytes(), item, "{text}");
        assert_eq!(general.coverage(), Coverage::Complete, "{text}");
        assert!(!general.is_marked(), "{text}");
        assert_eq!(
            profile.reading(&identifier, side, 1, &mut general),
            Ok(false),
            "{text}"
        );
    }
}

#[test]
fn every_start_of_a_number_in_large_regions() {
    for region in MAIN_REGIONS {
        let (num_found, num_tried) = compare(region, 0..10_000);
        println!("{region}: {num_found} of {num_tried}");
        assert!(num_found > 100, "{region}");
    }
}

#[test]
fn some_starts_in_all_regions() {
    let num_with: usize = phone_regions()
        .map(|region| compare(region, (0..10_000).step_by(STRIDE)))
        .filter(|(num_found, _)| *num_found > 0)
        .count();
    assert!(num_with > 200, "{num_with}");
}

/// What leaks hold: bare mobile numbers, and all spellings with the country code.
#[test]
fn the_usual_forms_have_shortcuts() {
    for (region, texts) in [
        (
            "CN",
            &[
                "13800138000",
                "8613800138000",
                "+8613800138000",
                "15912345678",
            ][..],
        ),
        ("IN", &["9876543210", "919876543210", "+919876543210"]),
        ("US", &["2015550123", "12015550123", "+12015550123"]),
        ("GB", &["7400123456", "447400123456", "+447400123456"]),
        ("BR", &["11961234567", "5511961234567", "+5511961234567"]),
        ("world", &["+8613800138000", "+447400123456"]),
    ] {
        let shortcuts = Shortcuts::new(&phone_profile(region).unwrap(), plan(region));
        for text in texts {
            let (digits, has_plus) = match text.strip_prefix('+') {
                Some(digits) => (digits, true),
                None => (*text, false),
            };
            let item = shortcuts.item(digits.as_bytes(), has_plus);
            assert!(item.is_some(), "{region} {text}");
        }
    }
    // Letters, separators, nothing at all: the general rules.
    let shortcuts = Shortcuts::new(&phone_profile("CN").unwrap(), plan("CN"));
    for text in [
        "",
        "138",
        "138 0013 8000",
        "1380013800a",
        "013800138000",
        "17911138001",
    ] {
        assert_eq!(shortcuts.item(text.as_bytes(), false), None);
    }
}

/// A lookup with shortcuts has the verdict of one without, whatever it is asked as.
#[test]
fn lookups_by_shortcuts_say_the_same() {
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/tests/golden");
    let kinds = [
        None,
        Some(IdentifierKind::Phone),
        Some(IdentifierKind::Email),
        Some(IdentifierKind::Password),
    ];
    let mut num_exposed = 0;
    for name in [
        "phone.lsv",
        "ribbon.lsv",
        "world.lsv",
        "bundle.lsv",
        "email.lsv",
    ] {
        let file = FilterFile::open(&golden.join(name)).unwrap();
        let shortcuts = file.shortcuts().unwrap();
        let members = ["phone.txt", "ribbon.txt", "world.txt", "email.txt"]
            .map(|list| std::fs::read_to_string(golden.join(list)).unwrap());
        let strangers = (0..3000_u64).map(|i| format!("1{:010}", i * 3_333_333));
        for text in members
            .iter()
            .flat_map(|list| list.lines().map(str::to_owned))
            .chain(strangers)
        {
            for spelling in [
                text.clone(),
                format!("+{text}"),
                format!("+86{text}"),
                format!("86{text}"),
            ] {
                for kind in kinds {
                    let mut identifier = Identifier::new(spelling.as_bytes());
                    if let Some(kind) = kind {
                        identifier = identifier.of_kind(kind);
                    }
                    let by_rules = file.check(identifier, &mut [0; 512]).unwrap();
                    let by_shortcuts = file
                        .check_by_shortcuts(identifier, &shortcuts, &mut [0; 512])
                        .unwrap();
                    assert_eq!(by_rules, by_shortcuts, "{name} {spelling} {kind:?}");
                    num_exposed += u32::from(matches!(by_rules, Verdict::Exposed(_)));
                }
            }
        }
    }
    assert!(num_exposed > 100, "{num_exposed}");
}
