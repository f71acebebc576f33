//! Lists as people have them: what is refused, with what remedy, and what is not.

use leaksieve_core::IdentifierKind::{self, Email, Id, Ntlm, Password, Phone, Sha1, Username};
use leaksieve_core::identifier::{CaseRule, IdScheme, PasswordDigest, PasswordOrigin, Separators};

use super::look::look;
use super::*;
use crate::input::profile::phone_profile;

const SHA1: &str = "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8";
const NTLM: &str = "8846F7EAEE8FB117AD06BDD830B7586C";

fn profile(kind: IdentifierKind, region: &str) -> Profile {
    match kind {
        Phone => Profile::Phone(phone_profile(region).unwrap()),
        Email => Profile::Email,
        Username => Profile::Username(CaseRule::Fold),
        Id => Profile::Id(IdScheme::Plain(CaseRule::Fold, Separators::Ignore)),
        Ntlm => Profile::Password(PasswordDigest::Ntlm, PasswordOrigin::Hashes),
        _ => Profile::Password(PasswordDigest::Sha1, PasswordOrigin::Passwords),
    }
}

/// Lines of a template: {i} a number, {w} a word, {p} a number of Beijing, {h} a hash's end.
fn lines(row: &str, num: usize) -> Vec<String> {
    (0..num)
        .map(|i| {
            let mut random = i as u64 + 1;
            let mut next = |below: u64| {
                random = random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                (random >> 33) % below
            };
            let word: String = (0..7).map(|_| char::from(b'a' + next(26) as u8)).collect();
            let hash: String = (0..8).map(|_| format!("{:X}", next(16))).collect();
            row.replace("{i}", &i.to_string())
                .replace("{w}", &word)
                .replace("{p}", &format!("138{:08}", next(100_000_000)))
                .replace("{h}", &hash)
        })
        .collect()
}

fn judge(kind: IdentifierKind, region: &str, list: &[String]) -> Result<Manner, String> {
    let subject = Subject {
        kind,
        profile: &profile(kind, region),
        place: match kind {
            Sha1 | Ntlm => Place::Hashes {
                is_range: false,
                is_counted: false,
            },
            _ => Place::Lines,
        },
    };
    let lines: Vec<&[u8]> = list.iter().map(|line| line.as_bytes()).collect();
    look(&subject, &lines).map_err(|refusal| format!("{}: {}", refusal.found, refusal.remedy))
}

#[test]
fn what_is_refused() {
    let json = r#"{"p":"1,2","q":3}"#;
    for (kind, row, num, part) in [
        // Counts and ranks.
        (Password, "      2 {w}", 20, "sed -E 's/^[ ]*[0-9]+ //'"),
        (Password, "      2 {w}", 3, "sed -E"),
        (Username, "{i}. {w}", 20, "[0-9]+[.):]"),
        (Password, "{w}\t{i}", 20, "--column 1 --delimiter tab"),
        (Password, "{w} {i}", 20, "sed -E 's/ +[0-9]+$//'"),
        (Password, "{w}:{i}", 20, "sed -E 's/:+[0-9]+$//'"),
        (Phone, "      2 {p}", 20, "counts"),
        (Phone, "{i}) {p}", 20, "counts"),
        (Phone, "{p}\t{i}", 20, "--column 1 --delimiter tab"),
        // Columns.
        (Username, "alice:secret", 1, "--column 1 --delimiter colon"),
        (
            Username,
            "{w}:pw{i}:{w}@example.com",
            20,
            "--column 1 --delimiter colon",
        ),
        (
            Username,
            "{w} # pw{i} # {w}@example.com",
            20,
            "--column 1 --delimiter ' # '",
        ),
        (Username, "{w}=pw{i}", 20, "--column 1 --delimiter '='"),
        (Username, "{w} / pw{i}", 20, "--column 1 --delimiter ' / '"),
        (Username, "{w} x{i}y", 20, "--column 1 --delimiter ' '"),
        (Username, "{w}~pw{i}", 20, "--column 1 --delimiter '~'"),
        (Username, "{i}|{w}", 20, "--column 2 --delimiter bar"),
        (Username, "CORP\\{w}", 20, "--column 2 --delimiter '\\'"),
        (Username, "{w}\u{1}x{i}", 20, "--delimiter $'\\x01'"),
        (Username, "{w}，pw{i}", 20, "--column 1 --delimiter '，'"),
        (
            Password,
            "{w}@example.com----{w}{i}",
            20,
            "--column 2 --delimiter '----'",
        ),
        (
            Password,
            "a@example.com:secret",
            1,
            "--column 2 --delimiter colon",
        ),
        (Password, "{w}::pw{i}x", 20, "--column 2 --delimiter '::'"),
        (Password, "{w}:x{w}", 3, "--column 2 --delimiter colon"),
        (
            Email,
            "{w}@example.com----{w}{i}",
            20,
            "--column 1 --delimiter '----'",
        ),
        (
            Email,
            "a@example.com;Ann",
            1,
            "--column 1 --delimiter semicolon",
        ),
        (Phone, "{p}----{w}{i}", 20, "--column 1 --delimiter '----'"),
        (Phone, "{p} {w}", 20, "--column 1 --delimiter ' '"),
        (Phone, "{w}:{p}", 3, "--column 2 --delimiter colon"),
        (Phone, "{p}|Li", 9, "--column 1 --delimiter bar"),
        (Phone, "{p};{p}", 20, "sed 's|;|\\n|g'"),
        (Id, "1\tx\t", 9, "--delimiter tab"),
        (
            Ntlm,
            "{w}:{i}:aad3b435b51404eeaad3b435b51404ee:8846F7EAEE8FB117AD06BDD8{h}:::",
            20,
            "--column 4 --delimiter colon",
        ),
        // Hashes.
        (Password, SHA1, 1, "--kind sha1"),
        (
            Password,
            "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:3",
            2,
            "--kind sha1",
        ),
        (Password, &SHA1[5..], 9, "--kind sha1"),
        (Password, NTLM, 1, "--kind ntlm"),
        (
            Password,
            "5BAA61E4C9B93F3F0682250B6CF8331B{h}:{w}",
            5,
            "a salted hash cannot be asked",
        ),
        (Password, "{w}:8846F7EAEE8FB117AD06BDD8{h}", 5, "--column 2"),
        (Password, "$2y$10$abcdefghijklmnopqrstu{w}", 3, "no filter"),
        (Password, "{SSHA}abcdefghijklmnopqrstu{w}", 3, "no filter"),
        (
            Password,
            "{SHA}W6ph5Mm5Pz8GgiULbPgz{h}=",
            3,
            "decode_base64",
        ),
        (
            Password,
            "*2470C0C06DEE42FD1618BB99005ADCA2{h}",
            3,
            "no filter",
        ),
        (Username, "8846F7EAEE8FB117AD06BDD8{h}", 20, "no filter"),
        (Id, "5BAA61E4C9B93F3F0682250B6CF8331B{h}", 20, "no filter"),
        (
            Sha1,
            "5BAA61E4C9B93F3F0682250B6CF8331B{h}:{w}",
            5,
            "a salted hash cannot be asked",
        ),
        (
            Ntlm,
            "8846F7EAEE8FB117AD06BDD8{h}:{w}",
            5,
            "a salted hash cannot be asked",
        ),
        (
            Ntlm,
            "8846F7EAEE8FB117AD06BDD8{h}:00{i}",
            20,
            "--min-count 1",
        ),
        (Sha1, NTLM, 5, "--kind ntlm"),
        (
            Ntlm,
            "5BAA61E4C9B93F3F0682250B6CF8331B{h}:{i}",
            5,
            "--kind sha1",
        ),
        (Sha1, &SHA1[5..], 5, "5BAA6.txt"),
        // Numbers that were fractions, masks, quotes.
        (Phone, "{p}.0", 20, r"sed -E 's/\.0+"),
        (Phone, "1.38{i}E+10", 20, "as text"),
        (Id, "1.38{i}E+10", 20, "as text"),
        (Id, "12345678901234567{i}.0", 20, r"sed -E 's/\.0+"),
        (Phone, "138****80{i}", 20, "masks"),
        (Email, "a***n@example.com", 1, "masks"),
        (Email, r#"{"p":"1,2","q":3}"#, 1, "--field"),
        (Password, json, 1, "--field"),
    ] {
        match judge(kind, "CN", &lines(row, num)) {
            Err(message) => assert!(message.contains(part), "{row}: {message}"),
            Ok(manner) => panic!("{row}: {manner:?}"),
        }
    }
    let table: Vec<String> = ["id,name", "1,alice", "2,bob"].map(str::to_owned).into();
    for kind in [Password, Username, Id, Email, Phone] {
        let message = judge(kind, "CN", &table).unwrap_err();
        assert!(message.contains("--column NAME"), "{message}");
        assert!(!message.contains("alice"), "{message}");
    }
}

#[test]
fn what_comes_off() {
    for (kind, row, num, expected) in [
        (Password, "\"{w}{i}\"", 20, Some(Wrapper::Quotes)),
        (Username, "'{w}'", 3, Some(Wrapper::Quotes)),
        (Username, "'{w}", 5, Some(Wrapper::Apostrophe)),
        (Username, "- {w}", 5, Some(Wrapper::Bullet)),
        (Id, "1{i}.0", 20, Some(Wrapper::PointZero)),
        // Of few passwords it may be a part.
        (Password, "\"{w}\"", 2, None),
        (Password, "'{w}", 5, None),
        (Password, "- {w}", 5, None),
    ] {
        let manner = judge(kind, "CN", &lines(row, num)).unwrap();
        assert_eq!(manner.take_off, expected, "{row}");
    }
    // One line of another kind does not matter, and is not changed.
    let mut list = lines("\"{w}\"", 99);
    list.push("x\"".to_owned());
    assert_eq!(
        judge(Password, "CN", &list).unwrap().take_off,
        Some(Wrapper::Quotes)
    );
    // What is in the quotes is looked at, too.
    assert!(
        judge(
            Password,
            "CN",
            &lines("\"8846F7EAEE8FB117AD06BDD8{h}\"", 20)
        )
        .is_err()
    );
    assert!(
        judge(
            Password,
            "CN",
            &[lines("\"{w}\"", 50), lines("{w}", 50)].concat()
        )
        .is_err()
    );
}

#[test]
fn what_is_a_list() {
    for (kind, region, row, num) in [
        (Password, "", "pa:ss", 1),
        (Password, "", "{w}:x{w}", 2),
        (Password, "", "a,b", 3),
        (Password, "", "correct horse battery staple", 1),
        (Password, "", "correct {w}", 300),
        (Password, "", "correct {w} battery staple", 300),
        (Password, "", "{w}-{i}", 300),
        (Password, "", "{w}#{i}", 300),
        (Password, "", "{w}@{i}", 300),
        (Password, "", "00{i}", 300),
        (Password, "", "1 {w}", 3),
        (Password, "", "{w}@example.com", 300),
        (Password, "", "p={w}", 5),
        (Password, "", "$hex[70613a7373]", 3),
        (Username, "", SHA1, 9),
        (Username, "", "Ann {w}", 300),
        (Username, "", "{w}_{i}", 300),
        (Username, "", "{w}-{i}", 300),
        (Username, "", "{w}@example.com", 300),
        (Id, "", "02:00:5e:10:00:0{i}", 10),
        (Id, "", "123e4567-e89b-42d3-a456-4266141{h}", 300),
        (Id, "", "123e4567e89b42d3a4564266{h}", 300),
        (Id, "", "12/345/6{i}", 300),
        (Id, "", "123 456 {i}", 300),
        (Id, "", "123-45-{i}", 300),
        (Id, "", "EMP-{i}", 300),
        (Email, "", "{w}@example.com", 300),
        (Email, "", "Ann Lee <{w}@example.com>", 300),
        (Email, "", "mailto:{w}@example.com", 3),
        (Phone, "CN", "tel:+86-{p}", 300),
        (Phone, "CN", "{p}", 300),
        (Phone, "CN", "138 0013 8000", 300),
        (Phone, "CN", "010-62345678", 300),
        (Phone, "US", "1 202 555 0123", 300),
        (Phone, "US", "(202) 555-0123", 300),
        (Phone, "DE", "0171 6783154", 300),
        (Phone, "DE", "030 / 12345678", 300),
        (
            Sha1,
            "",
            "5BAA61E4C9B93F3F0682250B6CF8331B{h}:9,659,365",
            300,
        ),
        (Sha1, "", "0x5BAA61E4C9B93F3F0682250B6CF8331B{h}", 300),
        (Ntlm, "", NTLM, 1),
        (Username, "", "", 0),
    ] {
        let found = judge(
            kind,
            if region.is_empty() { "CN" } else { region },
            &lines(row, num),
        );
        assert_eq!(found, Ok(Manner::default()), "{row}");
    }
    // Of everything a little.
    let odd = [
        "a:b", "c d", "\"x\"", "'y", "- z", "{}", "1,2", "a=b", "--", "<3", "5 x",
    ];
    for kind in [Password, Username, Id] {
        let list = odd.map(str::to_owned);
        assert_eq!(judge(kind, "CN", &list), Ok(Manner::default()));
    }
}

/// Who owns the digits that begin with the region's own calling code.
#[test]
fn international_lists() {
    for (region, row, num, expected) in [
        ("CN", "86{p}", 20, true),
        ("CN", "86{p}", 19, false),
        ("CN", "{p}", 20, false),
        ("CN", "+86{p}", 20, false),
        ("DE", "491716783154", 20, true),
        ("DE", "01716783154", 20, false),
        ("US", "12025550123", 20, true),
        ("world", "8613800138000", 20, false),
    ] {
        let found = judge(Phone, region, &lines(row, num));
        assert_eq!(
            found.map(|manner| manner.is_international),
            Ok(expected),
            "{row}"
        );
    }
    let mixed = [lines("86{p}", 90), lines("{p}", 10)].concat();
    assert!(!judge(Phone, "CN", &mixed).unwrap().is_international);
}

/// What a survey says of inputs of so many lines of templates.
fn survey(
    kind: IdentifierKind,
    layout: &Layout,
    inputs: &[&[(&str, usize)]],
) -> Result<Findings, String> {
    let folder = tempfile::tempdir().unwrap();
    let profile = profile(kind, "CN");
    let mut survey = Survey::new(kind, &profile);
    for (index, parts) in inputs.iter().enumerate() {
        let path = folder.path().join(format!("{index}.txt"));
        let list: Vec<String> = parts
            .iter()
            .flat_map(|(row, num)| lines(row, *num))
            .collect();
        std::fs::write(&path, list.join("\n")).unwrap();
        survey
            .read(index, &Input::File(path), layout, &|_| (), &mut |_, _| {
                Ok::<_, SourceError>(())
            })
            .map_err(|error| error.to_string())?;
    }
    Ok(survey.findings())
}

/// Whatever stands behind the first MiB is held against it.
#[test]
fn lists_that_change() {
    const MUCH: usize = 150_000;
    let of = |parts: &[(&str, usize)]| survey(Username, &Layout::LineOf(Username), &[parts]);
    assert!(of(&[("{w}{i}", MUCH), ("{w}", MUCH)]).is_ok());
    assert!(of(&[("\"{w}{i}\"", MUCH)]).is_ok());
    for (parts, part) in [
        (
            &[("{w}{i}", 85_000), ("\"{w}\"", MUCH)][..],
            "has more around",
        ),
        (&[("\"{w}{i}\"", 75_000), ("{w}", MUCH)], "has less around"),
        (&[("{w}{i}", MUCH), ("{w}:pw{i}", MUCH)], "two lists in one"),
    ] {
        let message = of(parts).unwrap_err();
        assert!(message.contains(part), "{message}");
        assert!(message.contains("shapes: "), "{message}");
    }
    // As it was said that they are to be taken.
    let parts = [("{w}{i}", MUCH), ("{w}:pw{i}", MUCH)];
    assert!(survey(Username, &Layout::Line, &[&parts]).is_ok());
}

/// Each input is looked at by itself, in every layout.
#[test]
fn inputs_and_layouts() {
    let good: &[(&str, usize)] = &[("{w}", 30)];
    let bad: &[(&str, usize)] = &[("{w}:pw", 30)];
    let message = survey(Username, &Layout::LineOf(Username), &[good, bad]).unwrap_err();
    assert!(message.contains("1.txt"), "{message}");
    let table = Layout::Table {
        column: crate::input::source::Column::Index(0),
        delimiter: None,
        kind: Username,
    };
    let field = |kind| Layout::Field {
        path: "n".into(),
        kind,
    };
    for (kind, layout, row, part) in [
        (Username, &table, "{w}:pw{i},x", "--delimiter colon"),
        (
            Password,
            &table,
            "8846F7EAEE8FB117AD06BDD8{h},x",
            "--kind ntlm",
        ),
        (
            Password,
            &field(Password),
            "{\"n\":\"8846F7EAEE8FB117AD06BDD8{h}\"}",
            "--kind ntlm",
        ),
        (Phone, &table, "INSERT INTO u VALUES ({i},'{p}');", "SQL"),
        (Phone, &field(Phone), "{\"n\":\"138****80{i}\"}", "masks"),
    ] {
        let message = survey(kind, layout, &[&[(row, 30)]]).unwrap_err();
        assert!(message.contains(part), "{message}");
    }
    let found = survey(
        Phone,
        &Layout::LineOf(Phone),
        &[&[("86{p}", 300)], &[("86{p}", 30)]],
    );
    let found = found.unwrap();
    assert!(found.is_international);
    assert_eq!(describe(&found.shapes), "9999999999999 100 %");
    let found = survey(
        Phone,
        &Layout::LineOf(Phone),
        &[&[("86{p}", 300)], &[("{p}", 300)]],
    );
    assert!(!found.unwrap().is_international);
}
