//! The firmware of the boards that people own: built, linted and measured.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, ensure};
use leaksieve_link::boards::{ESP32C3, MICROBIT, NRF52840_DK, NUCLEO_L476RG, PICO, PICO2};
use leaksieve_link::frame::encode;
use leaksieve_link::{Board, MAX_FRAME_BYTES, Request, uf2};
use object::read::elf::ProgramHeader as _;

use crate::cross::{CORTEX_M0, Cross, Target};
use crate::emulator::{Emulator, Machine, Options, Storage, flash_area};
use crate::firmware::{self, DEEP_QUESTIONS, Size, part_text, size_text};
use crate::run::{run, say};
use crate::{setup, workspace};

/// A board's package.
#[derive(Clone, Copy, Debug)]
pub struct Package {
    board: Board,
    /// Its processor.
    target: Target,
    /// Features beside those that it has by default, each to be linted.
    features: &'static [&'static str],
}

/// One for each board that there is firmware for.
pub const PACKAGES: [Package; 6] = [
    package(MICROBIT, CORTEX_M0, &["embassy"]),
    package(NRF52840_DK, "thumbv7em-none-eabihf", &[]),
    package(NUCLEO_L476RG, "thumbv7em-none-eabihf", &[]),
    package(PICO, CORTEX_M0, &["sd-card"]),
    package(PICO2, "thumbv8m.main-none-eabihf", &["sd-card"]),
    package(ESP32C3, "riscv32imc-unknown-none-elf", &[]),
];

/// All packages, or that of the board that is emulated.
pub fn packages(all: bool) -> &'static [Package] {
    let [emulated, ..] = PACKAGES.as_slice() else {
        return &[];
    };
    if all {
        &PACKAGES
    } else {
        std::slice::from_ref(emulated)
    }
}

const fn package(board: Board, target: Target, features: &'static [&'static str]) -> Package {
    Package {
        board,
        target,
        features,
    }
}

/// The environment variable by which `cargo xtask test` names the micro:bit's ELF to the tests.
pub const MICROBIT_VARIABLE: &str = "LEAKSIEVE_FIRMWARE_MICROBIT";

/// The micro:bit's ELF among those that were built.
///
/// # Errors
/// When it was not built.
pub fn microbit_of(elves: &[(Package, PathBuf)]) -> Result<&Path> {
    elves
        .iter()
        .find(|(package, _)| package.board == MICROBIT)
        .map(|(_, elf)| &**elf)
        .context("the micro:bit's firmware was not built")
}

/// Build the micro:bit's firmware, which is run in the emulator; gives its ELF.
///
/// # Errors
/// When it does not compile.
pub fn build_microbit() -> Result<PathBuf> {
    let package = Package::named(MICROBIT.name)?;
    let elves = build(&setup::cross(&[package.target])?, &[package])?;
    Ok(microbit_of(&elves)?.to_owned())
}

/// Build what counts instructions on the micro:bit in place of talking; gives its ELF.
///
/// # Errors
/// When it does not compile.
pub fn build_counting_microbit() -> Result<PathBuf> {
    build_microbit_with("count", firmware::COUNTING_FOLDER, "microbit.elf")
}

/// The environment variable by which `cargo xtask test` names the ELF of
/// [`build_embassy_microbit`] to the tests.
pub const EMBASSY_VARIABLE: &str = "LEAKSIEVE_FIRMWARE_EMBASSY";

/// Build the micro:bit's firmware that awaits keys, on Embassy's executor; gives its ELF.
///
/// # Errors
/// When it does not compile.
pub fn build_embassy_microbit() -> Result<PathBuf> {
    build_microbit_with("embassy", firmware::FOLDER, "microbit-embassy.elf")
}

fn build_microbit_with(feature: &str, folder: &str, name: &str) -> Result<PathBuf> {
    let package = Package::named(MICROBIT.name)?;
    let cross = setup::cross(&[package.target])?;
    let mut command = cross.cargo("build", package.target);
    command
        .args(["--features", feature])
        .current_dir(package.folder());
    firmware::build_package(command, folder, name)
}

impl Package {
    fn named(name: &str) -> Result<Self> {
        let mut packages = PACKAGES.into_iter();
        packages
            .find(|package| package.board.name == name)
            .ok_or_else(|| {
                let names = PACKAGES.map(|package| package.board.name).join(", ");
                anyhow!("there is no firmware for a board `{name}`; there is for {names}")
            })
    }

    fn folder(&self) -> PathBuf {
        workspace::firmware().join("boards").join(self.board.name)
    }

    /// Where cargo runs, and with what settings.
    fn settings<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        // A quarter of the time goes into it. Without it a log has no line numbers, and no call
        // that may panic is found, as it is to be in what is emulated.
        if self.board != MICROBIT {
            command.env("CARGO_PROFILE_RELEASE_DEBUG", "false");
        }
        command.env("DEFMT_LOG", "info").current_dir(self.folder())
    }

    fn size(&self, elf: &Path) -> Result<Size> {
        let start = u64::from(self.board.ram_address);
        firmware::size_in(elf, start..start + u64::from(self.board.ram_bytes))
    }
}

/// `cargo xtask firmware`: build boards' firmware, that of all if none is named, and print what
/// it takes.
///
/// # Errors
/// When there is no such board, or its firmware does not compile or fit.
pub fn firmware(names: &[String]) -> Result<()> {
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

/// Build packages for release, with no key; gives the ELF of each.
///
/// # Errors
/// When one does not compile.
pub fn build(cross: &Cross, packages: &[Package]) -> Result<Vec<(Package, PathBuf)>> {
    let build = |package: &Package| {
        say(format!("building the firmware for {}", package.board.title));
        let mut command = cross.cargo("build", package.target);
        package.settings(&mut command);
        let name = format!("{}.elf", package.board.name);
        let elf = firmware::build_package(command, firmware::FOLDER, &name)?;
        Ok((*package, elf))
    };
    packages.iter().map(build).collect()
}

/// Lint every package, and with each of its further features.
///
/// # Errors
/// When a lint is broken.
pub fn lint(cross: &Cross) -> Result<()> {
    for package in &PACKAGES {
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
/// 58 KiB and 8 KiB.
const MICROBIT_MOST_BYTES: (u64, u64) = (58 << 10, 8 << 10);

/// Boot the micro:bit with a filter, ask it over its console and as a host, and give the
/// deepest that its stack has been, and all of it; bytes.
///
/// # Errors
/// When it does not boot or say so, or takes more than it may.
pub fn microbit_stack(qemu: &Path, elf: &Path, filter: &Path) -> Result<(u32, u32)> {
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
    let said = board.ask("?")?;
    let words = said.lines().find_map(|line| {
        let (used, all) = line.strip_prefix("Stack: at most ")?.split_once(" of ")?;
        let number = |text: &str| text.replace(',', "").parse::<u32>().ok();
        number(used).zip(number(all.strip_suffix(" bytes used")?))
    });
    let (used, all) = words.context("the micro:bit did not say how deep its stack was")?;
    microbit_limits(elf, used)?;
    Ok((used, all))
}

/// The micro:bit's program takes no more than it may, with a stack of so many bytes.
///
/// # Errors
/// When it takes more.
pub fn microbit_limits(elf: &Path, stack_bytes: u32) -> Result<()> {
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
/// known of the micro:bit, which runs in the emulator: used and all, bytes.
///
/// # Errors
/// When an ELF cannot be read, or fills more than the program's part of the flash.
pub fn table(elves: &[(Package, PathBuf)], microbit: Option<(u32, u32)>) -> Result<String> {
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
            Some((used, all)) if *board == MICROBIT => part_text(used.into(), all.into()),
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

#[cfg(test)]
mod tests {
    use leaksieve_link::BOARDS;

    use super::*;

    #[test]
    fn every_board_has_a_package() {
        assert_eq!(PACKAGES.map(|package| package.board), BOARDS);
        for package in PACKAGES {
            let manifest = fs::read_to_string(package.folder().join("Cargo.toml")).unwrap();
            assert_eq!(
                manifest.contains("\"eight-datasets\""),
                !package.board.is_small
            );
            assert_eq!(manifest.contains("\"signatures\""), !package.board.is_small);
        }
    }
}
