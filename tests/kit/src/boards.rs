//! The firmware of the boards that people own, built.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};
use leaksieve_link::Board;
use leaksieve_link::boards::{ESP32C3, MICROBIT, NRF52840_DK, NUCLEO_L476RG, PICO, PICO2};

use crate::cross::{CORTEX_M0, Cross, Target};
use crate::firmware::{self, Size};
use crate::run::say;
use crate::{setup, workspace};

/// A board's package.
#[derive(Clone, Copy, Debug)]
pub struct Package {
    /// The board.
    pub board: Board,
    /// Its processor.
    pub target: Target,
    /// Features beside those that it has by default.
    pub features: &'static [&'static str],
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
        .args(["--release", "--features", feature])
        .current_dir(package.folder());
    firmware::build_package(command, folder, name)
}

impl Package {
    /// That of a board.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn named(name: &str) -> Result<Self> {
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
    pub fn settings<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        // A quarter of the time goes into it. Without it a log has no line numbers, and no call
        // that may panic is found, as it is to be in what is emulated.
        if self.board != MICROBIT {
            command.env("CARGO_PROFILE_RELEASE_DEBUG", "false");
        }
        command.env("DEFMT_LOG", "info").current_dir(self.folder())
    }

    /// Measure its ELF.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn size(&self, elf: &Path) -> Result<Size> {
        let start = u64::from(self.board.ram_address);
        firmware::size_in(elf, start..start + u64::from(self.board.ram_bytes))
    }
}

/// Build packages for release, with no key; gives the ELF of each.
///
/// # Errors
/// When one does not compile.
pub fn build(cross: &Cross, packages: &[Package]) -> Result<Vec<(Package, PathBuf)>> {
    let build = |package: &Package| {
        say(format!("building the firmware for {}", package.board.title));
        let mut command = cross.cargo("build", package.target);
        package.settings(&mut command).arg("--release");
        let name = format!("{}.elf", package.board.name);
        let elf = firmware::build_package(command, firmware::FOLDER, &name)?;
        Ok((*package, elf))
    };
    packages.iter().map(build).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

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
