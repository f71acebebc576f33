//! `cargo xtask firmware`: the boards' firmware, and what it takes of them; linted, and measured in
//! the emulator, for `check` and `test`.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};
use leaksieve_link::boards::MICROBIT;
use leaksieve_link::frame::encode;
use leaksieve_link::{Board, MAX_FRAME_BYTES, Request, uf2};
use object::read::elf::ProgramHeader as _;
use testkit::boards::{PACKAGES, Package, build};
use testkit::cross::{CORTEX_M0, Cross};
use testkit::emulator::{Emulator, Machine, Options, Storage, flash_area};
use testkit::firmware::{self, DEEP_QUESTIONS, Size, Stack, Variant, part_text, size_text};
use testkit::run::{run, say};
use testkit::{setup, workspace};

/// `cargo xtask firmware`: build boards' firmware, that of all if none is named, and print what
/// it takes.
///
/// # Errors
/// When there is no such board, or its firmware does not compile or fit.
pub(crate) fn firmware(names: &[String]) -> Result<()> {
    let packages = if names.is_empty() {
        PACKAGES.to_vec()
    } else {
        let packages = names.iter().map(|name| Package::named(name));
        packages.collect::<Result<_>>()?
    };
    let targets: Vec<_> = packages.iter().map(|package| package.target).collect();
    let elves = build(&setup::cross(&targets)?, &packages)?;
    print!("{}", table(&elves, None)?);
    for (package, elf) in &elves {
        println!("{}", workspace::shown(elf));
        if let Some(family) = package.board.uf2_family {
            let image = elf.with_extension("uf2");
            fs::write(&image, uf2(elf, &package.board, family)?)
                .with_context(|| format!("cannot write {}", image.display()))?;
            println!("{}", workspace::shown(&image));
        }
    }
    Ok(())
}

/// What a boot loader's drive takes: the program, whole.
fn uf2(elf: &Path, board: &Board, family: u32) -> Result<Vec<u8>> {
    let bytes = fs::read(elf)?;
    let file = object::read::elf::ElfFile32::<object::Endianness>::parse(&*bytes)?;
    let start = board.flash_address + board.program_offset;
    // Between its parts the flash is erased.
    let mut program = Vec::new();
    for segment in file.elf_program_headers() {
        let content = segment.data(file.endian(), &*bytes);
        let content = content.map_err(|()| anyhow!("{} is cut short", elf.display()))?;
        if segment.p_type(file.endian()) != object::elf::PT_LOAD || content.is_empty() {
            continue;
        }
        let place = segment.p_paddr(file.endian()).checked_sub(start);
        let place = place.context("a part of the program does not lie in the flash")? as usize;
        let end = place + content.len();
        ensure!(
            end <= board.program_bytes() as usize,
            "the program is longer than its part of the flash"
        );
        if program.len() < end {
            program.resize(end, 0xFF);
        }
        program[place..end].copy_from_slice(content);
    }
    program.resize(program.len().next_multiple_of(uf2::PAYLOAD_BYTES), 0xFF);
    let (payloads, _) = program.as_chunks();
    let image = uf2::Image {
        address: start,
        num_blocks: u32::try_from(payloads.len())?,
        family,
    };
    Ok((0..)
        .zip(payloads)
        .flat_map(|(index, payload)| image.block(index, payload))
        .collect())
}

/// Lint the packages of the micro:bit and the Pico, with each of their further features; `all`: every
/// package.
///
/// # Errors
/// When a lint is broken.
pub(crate) fn lint(cross: &Cross, all: bool) -> Result<()> {
    let is_wanted = |package: &&Package| all || package.target == CORTEX_M0;
    for package in PACKAGES.iter().filter(is_wanted) {
        for features in [""].iter().chain(package.features) {
            let mut command = if package.board == MICROBIT {
                // As `build`, which then finds compiled what others wrote.
                let arguments = ["--quiet", "--release", "--features", features];
                cross.clippy_building(package.target, &arguments)
            } else {
                cross.clippy(package.target, &["--quiet", "--features", features])
            };
            package.settings(&mut command).env(
                "CARGO_TARGET_DIR",
                workspace::target().join(firmware::FOLDER),
            );
            say(format!("clippy for {}, {features}", package.board.title));
            run(&mut command)?;
        }
    }
    Ok(())
}

/// The most that the micro:bit's program and its RAM, stack included, may take beside its filters:
/// 60 KiB and 8 KiB.
const MICROBIT_MOST_BYTES: (u64, u64) = (60 << 10, 8 << 10);

/// Boot the micro:bit with a filter, ask it over its console and as a host, and give the
/// deepest that its stack has been.
///
/// # Errors
/// When it does not boot or say so, or takes more than it may.
pub(crate) fn microbit_stack(qemu: &Path, elf: &Path, filter: &Path) -> Result<Stack> {
    let area = flash_area([&fs::read(filter)?, &[]]);
    let options = Options {
        machine: Machine::Microbit,
        ..Options::default()
    };
    let mut board = Emulator::boot_with(qemu, elf, Storage::FlashArea(&area), &options)?;
    let checks = DEEP_QUESTIONS.map(|line| Request::Check(line.as_bytes()));
    for (sequence, request) in (0..).zip([Request::Info].into_iter().chain(checks)) {
        let mut buffer = [0; MAX_FRAME_BYTES];
        let frame = encode(sequence, &request, &mut buffer).context("no frame")?;
        board.line()?.write_all(frame)?;
    }
    for line in DEEP_QUESTIONS {
        board.ask(line)?;
    }
    let stack = Stack::said(&board.ask("?")?)?;
    microbit_limits(elf, stack.used_bytes)?;
    Ok(stack)
}

/// The micro:bit's program takes no more than it may, with a stack of so many bytes.
///
/// # Errors
/// When it takes more.
pub(crate) fn microbit_limits(elf: &Path, stack_bytes: u32) -> Result<()> {
    let size = Package::named(MICROBIT.name)?.size(elf)?;
    let ram_bytes = size.static_ram_bytes + u64::from(stack_bytes);
    ensure!(
        size.flash_bytes <= MICROBIT_MOST_BYTES.0 && ram_bytes <= MICROBIT_MOST_BYTES.1,
        "the micro:bit's program takes {} of flash and {ram_bytes} of RAM, and may take {MICROBIT_MOST_BYTES:?}",
        size.flash_bytes
    );
    Ok(())
}

/// What each takes of its board. The stack has what the variables leave; how deep it gets is
/// known of the micro:bit, which runs in the emulator.
///
/// # Errors
/// When an ELF cannot be read, or fills more than the program's part of the flash.
pub(crate) fn table(elves: &[(Package, PathBuf)], microbit: Option<Stack>) -> Result<String> {
    let mut table = format!(
        "{:<20}{:>24}{:>24}{:>24}\n",
        "board", "flash", "static RAM", "stack"
    );
    for (package, elf) in elves {
        let board = &package.board;
        let size = package.size(elf)?;
        let room = u64::from(board.program_bytes());
        ensure!(
            size.flash_bytes <= room,
            "the image for {} has {} bytes, and may have {room}",
            board.title,
            size.flash_bytes
        );
        let flash = part_text(size.flash_bytes, room);
        let ram = part_text(size.static_ram_bytes, board.ram_bytes.into());
        let stack = match microbit {
            Some(stack) if *board == MICROBIT => {
                part_text(stack.used_bytes.into(), stack.available_bytes.into())
            }
            _ => {
                let left = u64::from(board.ram_bytes).saturating_sub(size.static_ram_bytes);
                format!("{} left", size_text(left))
            }
        };
        // Writing to a String does not fail.
        let _ = writeln!(table, "{:<20}{flash:>24}{ram:>24}{stack:>24}", board.title);
    }
    Ok(table)
}

/// The table of sizes, a line for each variant. Stacks are known after a run.
pub(crate) fn variants_table(rows: &[(Variant, Size, Option<Stack>)]) -> String {
    let mut table = format!(
        "{:<16}{:>22}{:>22}{:>26}\n",
        "LM3S6965", "flash", "static RAM", "deepest stack"
    );
    for (variant, size, stack) in rows {
        let flash = part_text(size.flash_bytes, variant.room_bytes());
        let ram = part_text(size.static_ram_bytes, firmware::RAM_BYTES);
        let stack = stack.map_or_else(
            || "not measured".to_owned(),
            |stack| part_text(stack.used_bytes.into(), stack.available_bytes.into()),
        );
        // Writing to a String does not fail.
        let _ = writeln!(
            table,
            "{:<16}{flash:>22}{ram:>22}{stack:>26}",
            variant.name()
        );
    }
    table
}
