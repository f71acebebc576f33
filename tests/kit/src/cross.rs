//! The compiler for the chips: one value that makes the right `cargo` command,
//! whichever way the compiler was come by.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run;

/// A chip family, as rustc names it.
pub type Target = &'static str;

/// The micro:bit's: Cortex-M0.
pub const CORTEX_M0: Target = "thumbv6m-none-eabi";

/// The LM3S6965's: Cortex-M3.
pub const CORTEX_M3: Target = "thumbv7m-none-eabi";

/// A browser's.
pub const WASM: Target = "wasm32-unknown-unknown";

/// What the core must also build for: Cortex-M0, Cortex-M4F, Cortex-M33F, RISC-V. They are
/// those of the boards that people own.
pub const CORE_TARGETS: [Target; 4] = [
    CORTEX_M0,
    "thumbv7em-none-eabihf",
    "thumbv8m.main-none-eabihf",
    "riscv32imc-unknown-none-elf",
];

/// What tests and lints are compiled for: the emulated boards and the web page; `all`: each board.
pub fn targets(all: bool) -> Vec<Target> {
    let chips = if all { &CORE_TARGETS[..] } else { &[CORTEX_M0] };
    [&[CORTEX_M3, WASM], chips].concat()
}

/// A compiler that has been tried and works.
#[derive(Clone, Debug)]
pub enum Cross {
    /// The rustc that builds for this machine has the targets installed.
    Installed,
    /// Debian's rustc, unpacked into a folder of ours.
    Debian {
        /// The folder that the packages were unpacked into.
        root: PathBuf,
        /// rustup's linker for chips; Debian's packages have none.
        linker: PathBuf,
    },
}

impl Cross {
    /// A `cargo SUBCOMMAND --target TARGET` that compiles with this compiler. The
    /// caller adds the rest and the folder to run it in.
    pub fn cargo(&self, subcommand: &str, target: Target) -> Command {
        let mut command = self.environment(target);
        command.args([subcommand, "--target", target]);
        command
    }

    /// A `cargo clippy --target TARGET ARGUMENTS` with every warning an error.
    pub fn clippy(&self, target: Target, arguments: &[&str]) -> Command {
        self.clippy_by("check", target, arguments)
    }

    /// As [`clippy`](Self::clippy), while it is built, where this compiler can: a build that
    /// follows finds compiled what others wrote.
    pub fn clippy_building(&self, target: Target, arguments: &[&str]) -> Command {
        self.clippy_by("build", target, arguments)
    }

    fn clippy_by(&self, subcommand: &str, target: Target, arguments: &[&str]) -> Command {
        let mut command = self.environment(target);
        match self {
            Self::Installed => {
                command.args(["clippy", "--target", target]);
                command.args(arguments).args(["--", "-Dwarnings"]);
            }
            Self::Debian { root, .. } => {
                // What `cargo clippy` does, with the driver that fits this rustc.
                command
                    .args([subcommand, "--target", target])
                    .args(arguments);
                command.env(
                    "RUSTC_WORKSPACE_WRAPPER",
                    root.join("usr/bin/clippy-driver"),
                );
                command.env("CLIPPY_ARGS", "-Dwarnings__CLIPPY_HACKERY__");
            }
        }
        command
    }

    fn environment(&self, target: Target) -> Command {
        let mut command = run::cargo();
        // Flags meant for this machine would replace those of firmware/.cargo/config.toml.
        for name in [
            "RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_BUILD_RUSTFLAGS",
            "CARGO_BUILD_TARGET",
            "CARGO_BUILD_TARGET_DIR",
            "CARGO_TARGET_DIR",
            "RUSTC_WORKSPACE_WRAPPER",
        ] {
            command.env_remove(name);
        }
        command.env_remove(target_variable(target, "RUSTFLAGS"));
        if let Self::Debian { root, linker } = self {
            command
                .env("RUSTC", root.join("usr/bin/rustc"))
                .env("RUSTDOC", root.join("usr/bin/rustdoc"))
                .env("LD_LIBRARY_PATH", library_path(root))
                .env(target_variable(target, "LINKER"), linker)
                .env_remove("RUSTC_WRAPPER");
        }
        command
    }

    /// How to say which compiler this is.
    pub fn description(&self) -> &'static str {
        match self {
            Self::Installed => "the installed Rust toolchain",
            Self::Debian { .. } => "Debian's rustc, in target/cross",
        }
    }
}

/// The environment variable that cargo reads a target's setting from.
pub(crate) fn target_variable(target: &str, setting: &str) -> String {
    let target = target.to_uppercase().replace(['-', '.'], "_");
    format!("CARGO_TARGET_{target}_{setting}")
}

/// Where Debian's packages put their shared libraries: the folders under `lib` and
/// `usr/lib` that are named for the machine, such as `x86_64-linux-gnu`.
pub(crate) fn library_path(root: &Path) -> OsString {
    let folders = ["usr/lib", "lib"]
        .into_iter()
        .filter_map(|lib| std::fs::read_dir(root.join(lib)).ok())
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().ends_with("-linux-gnu"));
    // Fails only on a path with a colon in it, which no separator could mend.
    std::env::join_paths(folders).unwrap_or_default()
}
