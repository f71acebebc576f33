//! Golden files, byte for byte: what is built now is what was built when they were
//! made. What they answer is in the table, `tests/data/vectors.tsv`. `LEAKSIEVE_BLESS=1` writes
//! them anew, which a change of format alone may ask for (run it twice: a bundle and signed files
//! are made of the other files); the old ones then stay beside, to be read still.

use std::path::Path;

use leaksieve::file::FilterFile;
use leaksieve::file::bundle::bundle;
use leaksieve::file::key::SecretKey;
use leaksieve::file::sign;
use leaksieve::input::profile::phone_profile;
use leaksieve::input::source::{Input, Layout};
use leaksieve::pipeline::{BuildOptions, build};
use leaksieve::sizing::{Aim, Choice, Method};
use leaksieve_core::header::Date;
use leaksieve_core::identifier::{CaseRule, IdScheme, PasswordDigest, PasswordOrigin, Separators};
use leaksieve_core::{IdentifierKind, Profile, Trust};
use testkit::ask::vectors::golden;

fn options(name: &str, list: &str, kind: IdentifierKind, profile: Profile) -> BuildOptions {
    let mut options = BuildOptions::new(vec![Input::File(golden(list))], kind, profile);
    options.layout = match kind {
        IdentifierKind::Ntlm => Layout::BeforeColon { kind, min_count: 0 },
        _ => Layout::Line,
    };
    // Several pages for one of them, and for the ribbon two layers of small ones.
    options.aim = match list {
        "phone.txt" => Aim::MaxBytes(4096),
        "ribbon.txt" => Aim::FalsePositiveRate(1e-6),
        _ => Aim::FalsePositiveRate(1e-4),
    };
    options.encoding = match name {
        "ribbon" => Choice::Filter(Method::Ribbon),
        _ if name.starts_with("exact") => Choice::Exact,
        _ => Choice::Filter(Method::Bloom),
    };
    options.name = format!("Golden {list}");
    options.date = Date {
        year: 2021,
        month: 6,
        day: 0,
    };
    options.source_note = "leaksieve's tests".into();
    options.seed = Some(0x1EAC_51E7E);
    options.created_unix_s = 1_625_097_600;
    options.epoch = 7;
    options.expires_unix_s = 4_102_444_800;
    options.max_rejected_share = 0.0;
    options
}

fn lists() -> Vec<(&'static str, IdentifierKind, Profile)> {
    let phone = |region| Profile::Phone(phone_profile(region).unwrap());
    vec![
        ("phone", IdentifierKind::Phone, phone("CN")),
        ("ribbon", IdentifierKind::Phone, phone("CN")),
        ("world", IdentifierKind::Phone, phone("world")),
        ("exact", IdentifierKind::Phone, phone("DE")),
        ("exact-world", IdentifierKind::Phone, phone("world")),
        (
            "exact-id",
            IdentifierKind::Id,
            Profile::Id(IdScheme::Plain(CaseRule::Fold, Separators::Ignore)),
        ),
        ("email", IdentifierKind::Email, Profile::Email),
        (
            "username",
            IdentifierKind::Username,
            Profile::Username(CaseRule::Fold),
        ),
        (
            "id",
            IdentifierKind::Id,
            Profile::Id(IdScheme::ChineseResident),
        ),
        (
            "password",
            IdentifierKind::Password,
            Profile::Password(PasswordDigest::Sha1, PasswordOrigin::Passwords),
        ),
        (
            "ntlm",
            IdentifierKind::Ntlm,
            Profile::Password(PasswordDigest::Ntlm, PasswordOrigin::Hashes),
        ),
    ]
}

/// Compare with the golden file, or write it.
fn compare(built: &Path, name: &str) {
    let golden = golden(name);
    if std::env::var_os("LEAKSIEVE_BLESS").is_some() {
        std::fs::copy(built, &golden).unwrap();
    }
    let expected = std::fs::read(&golden).unwrap();
    let found = std::fs::read(built).unwrap();
    assert_eq!(found.len(), expected.len(), "{name}");
    for (sector, (found, expected)) in found.chunks(512).zip(expected.chunks(512)).enumerate() {
        assert_eq!(found, expected, "{name}, sector {sector}");
    }
}

#[test]
fn the_same_lists_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    for (name, kind, profile) in lists() {
        // The same list as an exact set, too.
        let list = match name {
            "exact-world" => "world.txt".to_owned(),
            name => format!("{name}.txt"),
        };
        let mut options = options(name, &list, kind, profile);
        let built = folder.path().join(name);
        build(&options, &built, &()).unwrap();
        compare(&built, &format!("{name}.lsv"));
        // Neither the number of threads nor a second run changes a byte.
        options.num_threads = 5;
        options.replace = true;
        build(&options, &built, &()).unwrap();
        compare(&built, &format!("{name}.lsv"));
    }
}

#[test]
fn the_same_parts_give_the_same_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let built = folder.path().join("bundle");
    let parts = ["phone.lsv", "email.lsv", "password.lsv"].map(golden);
    bundle(&parts, &built, false, &()).unwrap();
    compare(&built, "bundle.lsv");
}

/// Ed25519 is deterministic: the same file and key have the same signature.
#[test]
fn the_same_key_gives_the_same_signed_file() {
    let folder = tempfile::tempdir().unwrap();
    let built = folder.path().join("signed");
    let key = SecretKey::from_seed(&[7; 32]).unwrap();
    for (name, signed) in [
        ("phone.lsv", "signed.lsv"),
        ("ribbon.lsv", "signed-ribbon.lsv"),
    ] {
        let options = sign::Options {
            replace: true,
            ..Default::default()
        };
        sign::sign(&golden(name), &key, options, &built, &()).unwrap();
        compare(&built, signed);
        let keys = [key.public()];
        let file = FilterFile::open_trusted(&golden(signed), &Trust::in_keys(&keys)).unwrap();
        assert_eq!(file.catalogue().signer(), Some(key.public()));
    }
    // By OpenSSL, of the same seed.
    assert_eq!(
        key.public().to_string(),
        "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c"
    );
}
