//! Boards by their names.

use anyhow::Context;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use leaksieve_link::{BOARDS, Board};

/// `pico2`, and what else there is.
pub(super) fn parser() -> impl TypedValueParser<Value = &'static Board> {
    let names = BOARDS
        .iter()
        .map(|board| PossibleValue::new(board.name).help(board.title));
    PossibleValuesParser::new(names)
        .try_map(|name| Board::named(&name).context("there is no such board"))
}

/// The long help of an option that takes a board. The short one has no room for their names.
pub(super) fn help(what: &str, more: &str) -> String {
    let names = BOARDS
        .iter()
        .map(|board| format!("\n- {}: {}", board.name, board.title));
    let names: String = names.collect();
    format!("{what}\n\n{more}\n\nBoards:{names}")
}
