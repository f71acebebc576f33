//! The developer's and newcomer's commands, `cargo xtask ...`, and what the
//! end-to-end tests need of them: the cross compiler, SD-card images, the emulated
//! board and its logs, generated leaks; and benchmarks beside other programs.
//!
//! Everything made here lies under the workspace's `target/` folder. The one thing
//! that may change outside of it is named when it happens: a rustup target or a
//! Debian package that was missing.

pub mod bench;
pub mod bindings;
pub mod boards;
pub mod card;
pub mod check;
pub mod cross;
pub mod debian;
pub mod demo;
pub mod emulator;
pub mod firmware;
pub mod fuzz;
pub mod generate;
pub mod host;
pub mod kotlin;
pub mod lab;
pub mod logs;
pub mod oracle;
pub mod panics;
pub mod phones;
pub mod run;
pub mod sample;
pub mod setup;
pub mod sign;
pub mod test;
pub mod venv;
pub mod web;
pub mod workspace;
