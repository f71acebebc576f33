//! What the command line says, word by word: each `cmd/*.trycmd` is a session at a shell, in a
//! folder of its own. After a wanted change, `TRYCMD=overwrite cargo test --test sessions` writes
//! the new words into the files; read them before you commit.
#![cfg(unix)]

use trycmd::schema::Bin;

#[test]
fn sessions() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cmd");
    let leaksieve = std::path::Path::new(env!("CARGO_BIN_EXE_leaksieve"));
    let programs = leaksieve.parent().unwrap().display();
    let path = std::env::var("PATH").unwrap();
    trycmd::TestCases::new()
        .register_bin("leaksieve", Bin::Path(leaksieve.into()))
        .register_bin("sh", Bin::Path("/bin/sh".into()))
        .env("PATH", format!("{folder}/bin:{programs}:{path}"))
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .case(format!("{folder}/*.trycmd"));
}
