//! C, through the header and the static library, under the compiler's sanitizers. They look at every
//! access of the program's own, at the blocks of memory that it and the library get, and for bytes
//! that nobody freed; what the library does within its own code they do not see, since Rust's stable
//! compiler has no sanitizers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use testkit::ask::vectors::golden;
use testkit::{run, setup};

use crate::program::{Program, Way};
use crate::{agrees, here, large, library};

/// Compile a program that is beside this file.
fn program(name: &str) -> Result<(TempDir, PathBuf)> {
    compiled(&here(&format!("{name}.c")))
}

fn compiled(source: &Path) -> Result<(TempDir, PathBuf)> {
    let folder = tempfile::tempdir()?;
    let program = folder.path().join("program");
    let mut compiler = Command::new(setup::c_compiler()?);
    compiler
        .args(["-std=c11", "-D_XOPEN_SOURCE=700", "-g", "-O1"])
        .args(["-Wall", "-Wextra", "-Werror", "-pedantic"])
        .args(setup::SANITIZERS)
        .arg("-I")
        .arg(here("../../../phone/include"))
        .arg(source)
        .arg(library("libleaksieve_phone.a")?)
        .args(["-lpthread", "-ldl", "-lm", "-o"])
        .arg(&program);
    run::output(&mut compiler)?;
    Ok((folder, program))
}

fn sanitized(program: &mut Command) -> &mut Command {
    program.env("ASAN_OPTIONS", "detect_leaks=1:abort_on_error=0")
}

/// Run it; what a sanitizer finds is an error.
fn output(program: &mut Command) -> Result<Output> {
    let output = sanitized(program)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}: {said}", output.status);
    ensure!(said.is_empty(), "{said}");
    Ok(output)
}

#[test]
#[ignore = "needs a C compiler and the host tool: cargo xtask test"]
fn c_agrees() -> Result<()> {
    let (_folder, program) = program("check")?;
    agrees(
        Program::start(sanitized(&mut Command::new(&program)))?,
        &Way::OF_C,
        &Way::OF_C,
    )
}

#[test]
#[ignore = "needs a C compiler: cargo xtask test"]
fn misuse_and_failing_readers_in_c_are_errors_and_2_gib_are_not_read() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (_folder, program) = program("misuse")?;
    let (path, members, strangers) = large(folder.path())?;
    let phone = golden("phone.lsv");
    let small: [&Path; 3] = [&phone, "13800138000".as_ref(), "13900139999".as_ref()];
    let output = output(
        Command::new(&program)
            .args(small)
            .arg(&path)
            .args([&members[0], &strangers[0]]),
    )?;
    ensure!(output.stdout == b"done\n");
    Ok(())
}

#[test]
#[ignore = "needs a C compiler: cargo xtask test"]
fn the_example_in_the_documents() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let text = fs::read_to_string(here("../../../phone/README.md"))?;
    let (_, example) = text.split_once("```c\n").context("no example")?;
    let (example, _) = example.split_once("```").context("no end")?;
    let source = folder.path().join("example.c");
    fs::write(&source, example)?;
    let (_folder, program) = compiled(&source)?;
    let said = |text| -> Result<String> {
        let output = output(Command::new(&program).arg(text).current_dir(&folder))?;
        Ok(String::from_utf8(output.stdout)?)
    };
    fs::copy(golden("phone.lsv"), folder.path().join("leaks.lsv"))?;
    ensure!(said("+86 138 0013 8000")? == "exposed\n");
    ensure!(said("+86 139 0013 9999")? == "not exposed\n");
    ensure!(said("12")?.starts_with("cannot say: "));
    Ok(())
}
