//! `leaksieve install image`

use std::io::{self, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::ValueEnum;
use leaksieve::deliver::export::{ExportError, Format, Options, card_image, export};
use leaksieve_core::source::CARD_FILE_NAMES;
use leaksieve_link::Board;

use crate::cli::arguments::refuse_stdout;
use crate::cli::text::{size, unsaid};
use crate::cli::trust::{self, TrustArgs};
use crate::cli::{board, progress};

/// What `--board` does.
const BOARD: &str = "The image is for the first slot of the board's flash: UF2 if its boot loader \
    takes that, else Intel HEX. A file that is larger than the slot is refused.";

#[derive(clap::Args)]
#[command(
    after_help = "\
Examples:
  leaksieve install image leaks.lsv --board pico2 -o leaks.uf2
  leaksieve install image leaks.lsv --format card -o card.img",
    after_long_help = "\
A filter is flashed apart from the firmware: a new leak needs no new firmware. The file is verified
first, and the image is read back and compared with it. The device verifies what it finds again.

A card image is the whole card, for a card writer or an emulator: a partition table, and one FAT32
partition with the filter as LEAKS.LSV. Written onto a card, it replaces everything there.

Examples:
  leaksieve install image leaks.lsv --board pico2 -o leaks.uf2
  leaksieve install image leaks.lsv --board nrf52840-dk -o leaks.hex
  leaksieve install image leaks.lsv --format bin --address 0x10100000 -o leaks.bin
  leaksieve install image leaks.lsv --format card --size 4GiB -o card.img"
)]
pub(super) struct Args {
    /// Filter file
    file: PathBuf,
    /// Image file to write
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// Board to flash
    #[arg(long, value_name = "NAME", value_parser = board::parser(), hide_possible_values = true,
        long_help = board::help("Board to flash", BOARD),
        ignore_case = true, conflicts_with_all = ["address", "family"])]
    board: Option<&'static Board>,
    /// Format of the image [default: what the board takes]
    #[arg(long, value_enum, required_unless_present = "board")]
    format: Option<FormatName>,
    /// Where the filter begins in flash, such as 0x10100000
    #[arg(long, value_name = "ADDRESS", value_parser = parse_address, hide_short_help = true)]
    address: Option<u32>,
    /// UF2: the chip family, such as 0xE48BFF56 or pico
    ///
    /// A number of Microsoft's uf2families.json, or the name of a board.
    #[arg(long, value_name = "ID", value_parser = parse_family, hide_short_help = true)]
    family: Option<u32>,
    /// Card: its size, such as 4GiB [default: 64 MiB, or what the file needs]
    ///
    /// It is rounded up to a power of two, as emulators need it.
    #[arg(long, value_parser = crate::cli::arguments::parse_size, hide_short_help = true)]
    size: Option<u64>,
    /// Replace OUT if it exists
    #[arg(short, long)]
    force: bool,
    /// Show no progress and no summary
    #[arg(short, long, hide_short_help = true)]
    quiet: bool,
    #[command(flatten)]
    trust: TrustArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormatName {
    /// The filter's bytes as they are
    Bin,
    /// Intel HEX, for debug probes
    Ihex,
    /// USB Flashing Format, for boot loaders that show a drive
    Uf2,
    /// A whole SD card, for a card writer or an emulator
    Card,
}

/// `0x10100000`, or decimal.
fn parse_number(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    match digits {
        // `from_str_radix` takes a sign.
        Some(hex) if hex.starts_with(['+', '-']) => None,
        Some(hex) => u32::from_str_radix(&hex.replace('_', ""), 16).ok(),
        None => text.replace('_', "").parse().ok(),
    }
}

fn parse_address(text: &str) -> Result<u32, String> {
    parse_number(text).ok_or_else(|| "give a 32-bit address such as 0x10100000 or 269484032".into())
}

fn parse_family(text: &str) -> Result<u32, String> {
    let of_board = Board::named(text).and_then(|board| board.uf2_family);
    of_board.or_else(|| parse_number(text)).ok_or_else(|| {
        "give a number such as 0xE48BFF56, or a board whose boot loader takes UF2, such as pico"
            .into()
    })
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        refuse_stdout(&self.output)?;
        let options = match self.format {
            Some(FormatName::Card) => None,
            _ => Some(self.flash_options()?),
        };
        if options.is_none() && (self.board.is_some() || self.address.or(self.family).is_some()) {
            bail!(
                "--board, --address and --family are for flash: leave them out with --format card"
            );
        }
        if options.is_some() && self.size.is_some() {
            bail!("--size is for card images: leave it out, or give --format card");
        }
        let file = self.trust.open(&self.file)?;
        trust::warn_if_expired(&file);
        let observer = progress::Bar::observer(self.quiet);
        let said = match options {
            Some(options) => export(&file, options, &self.output, observer.as_ref())
                .map(|addresses| self.describe_flash(options, addresses)),
            None => card_image(
                &file,
                self.size,
                &self.output,
                self.force,
                observer.as_ref(),
            )
            .map(|num_bytes| self.describe_card(num_bytes)),
        };
        drop(observer);
        let said = said.map_err(|error| self.of_output(error))?;
        if !self.quiet {
            let mut out = io::stdout().lock();
            out.write_all(said.as_bytes())
                .with_context(|| unsaid(&self.output))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn flash_options(&self) -> anyhow::Result<Options> {
        let of_board = self.board.map(|board| match board.uf2_family {
            Some(_) => FormatName::Uf2,
            None => FormatName::Ihex,
        });
        let format = self.format.or(of_board);
        let family = self.board.map_or(self.family, |board| board.uf2_family);
        if self.family.is_some() && format != Some(FormatName::Uf2) {
            bail!("--family is for --format uf2: leave it out");
        }
        let format = match format {
            Some(FormatName::Bin) => Format::Bin,
            Some(FormatName::Uf2) => match family {
                Some(family) => Format::Uf2 { family },
                None if self.board.is_some() => {
                    bail!(
                        "this board's boot loader takes no UF2: leave --format out to get Intel HEX"
                    )
                }
                None => bail!(
                    "--format uf2 needs --family, because a boot loader takes only blocks for its own chip"
                ),
            },
            _ => Format::Ihex,
        };
        let address = self.board.map(Board::filter_address).or(self.address);
        Ok(Options {
            format,
            address: address.context("this format needs --address, or give --board")?,
            board: self.board,
            replace: self.force,
        })
    }

    /// An error, with the image that it is about where it does not say so itself.
    fn of_output(&self, error: ExportError) -> anyhow::Error {
        match error {
            ExportError::Record(_) | ExportError::ReadBack(_) | ExportError::OtherContent => {
                anyhow::Error::new(error).context(self.output.display().to_string())
            }
            _ => error.into(),
        }
    }

    fn describe_flash(&self, options: Options, addresses: Range<u64>) -> String {
        let image = match options.format {
            Format::Bin => "the filter's bytes",
            Format::Ihex => "Intel HEX",
            Format::Uf2 { .. } => "UF2",
        };
        let mut said = self.describe(image);
        said += &format!(
            "  takes     {:#010x} to {:#010x}, {}\n",
            addresses.start,
            addresses.end - 1,
            size(addresses.end - addresses.start)
        );
        if let Some(board) = self.board {
            let slot = size(board.slot_bytes().into());
            said += &format!("  of        the first slot ({slot}) of {}\n", board.title);
            let how = self.how_to_flash(board, options.format);
            said += &format!("  to flash  {how}\n");
        }
        said
    }

    fn describe_card(&self, num_bytes: u64) -> String {
        let image = self.describe("a FAT32 card");
        let name = CARD_FILE_NAMES[0];
        format!(
            "{image}  size      {}; the filter is {name} in it\n",
            size(num_bytes)
        )
    }

    fn describe(&self, image: &str) -> String {
        let (output, file) = (self.output.display(), self.file.display());
        format!("{output}: {image}, read back and compared with {file}\n")
    }

    /// What a person does with the image.
    fn how_to_flash(&self, board: &Board, format: Format) -> String {
        let (image, chip) = (self.output.display(), board.chip);
        let address = board.filter_address();
        match format {
            Format::Uf2 { .. } => format!(
                "hold the board's BOOTSEL button while you plug it in, then copy {image} to the drive that appears"
            ),
            Format::Ihex => format!("probe-rs download --chip {chip} --binary-format hex {image}"),
            // Its own tool, which needs no probe.
            Format::Bin if chip.starts_with("esp") => {
                format!("espflash write-bin {address:#x} {image}")
            }
            Format::Bin => format!(
                "probe-rs download --chip {chip} --binary-format bin --base-address {address:#x} {image}"
            ),
        }
    }
}
