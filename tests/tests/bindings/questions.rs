//! The texts that are asked, and how a program is asked them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::Result;

use crate::cases::Case;
use crate::golden;

/// How a program opens a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Path,
    Descriptor,
    /// By the descriptor of a larger file that it lies in.
    Region,
    Reader,
}

impl Way {
    /// Of a program in C, whose region is the descriptor's with two numbers more.
    pub(crate) const OF_C: [Self; 3] = [Self::Path, Self::Descriptor, Self::Reader];
    pub(crate) const ALL: [Self; 4] = [Self::Path, Self::Descriptor, Self::Region, Self::Reader];

    const fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Descriptor => "descriptor",
            Self::Region => "region",
            Self::Reader => "reader",
        }
    }
}

/// What `--kind` takes, in the order of the numbers of the C interface; the first asks all.
pub(crate) const KINDS: [&str; 8] = [
    "", "phone", "email", "username", "id", "password", "sha1", "ntlm",
];

/// What a person types for each line of a golden list.
pub(crate) fn members(name: &str) -> Result<Vec<Vec<u8>>> {
    let list = std::fs::read_to_string(golden(&format!("{name}.txt")))?;
    Ok(list
        .lines()
        .map(|line| match name {
            "ntlm" => line.split(':').next().unwrap_or_default().into(),
            // A person types the plus sign; a list need not have it.
            "world" if !line.starts_with('+') => format!("+{line}").into(),
            _ => line.into(),
        })
        .collect())
}

/// Members of every golden file, and what is in none, or in no form that one covers.
pub(crate) fn texts() -> Result<Vec<Vec<u8>>> {
    let mut texts = BTreeSet::new();
    for name in [
        "phone", "world", "email", "username", "id", "password", "ntlm",
    ] {
        texts.extend(members(name)?);
    }
    // It is a long list.
    texts.extend(members("ribbon")?.into_iter().step_by(9));
    let others = [
        "",
        " ",
        "13900139999",
        "+86 139 0013 9999",
        "+1 212 555 0100",
        "139",
        "1390013999912345",
        "stranger@example.com",
        "STRANGER@BÜCHER.example",
        "@example.com",
        "x@ü\u{FFFD}.example",
        "nobody",
        "JOSÉ",
        "Ñandú",
        "bell\u{7}",
        "11010519491231002x",
        "110105194912310021",
        "no such password",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "31d6cfe0d16ae931b73c59d7e0c089c0",
        "🦀",
        "Å\u{301}",
        "tab\there",
        "semi; colon",
    ];
    texts.extend(others.map(|text| text.as_bytes().to_vec()));
    texts.extend((0..40).map(|i| format!("1390000{i:04}").into_bytes()));
    texts.extend((0..40).map(|i| format!("stranger{i}@example.com").into_bytes()));
    texts.insert(vec![b'x'; 300]);
    texts.insert(b"not \xFF UTF-8".to_vec());
    Ok(texts.into_iter().collect())
}

/// What a program reads: for each file a line that opens it and one for each question.
pub(crate) fn lines(cases: &[Case], way: Way) -> String {
    let mut lines = String::new();
    for case in cases {
        // Writing to a String does not fail.
        let _ = writeln!(
            lines,
            "open\t{}\t{}\t{}\t{}\t{}",
            way.name(),
            case.path.display(),
            case.keys.join(","),
            case.min_epoch,
            u8::from(case.allow_expired)
        );
        for (kind, text) in case.questions() {
            let _ = write!(lines, "ask\t{kind}\t");
            for byte in text {
                let _ = write!(lines, "{byte:02x}");
            }
            lines.push('\n');
        }
    }
    lines
}
