//! `leaksieve export`

use std::io::{self, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::ValueEnum;
use leaksieve::deliver::export::{ExportError, Format, Options, export};
use leaksieve_link::Board;

use super::trust::{self, TrustArgs};
use super::{board, progress, refuse_stdout, size, unsaid};

#[derive(clap::Args)]
#[command(after_help = "\
The filter is flashed apart from the firmware: a new leak needs no new firmware. The file is
verified to its end before, and the image is read back and compared with it. Firmware verifies
again what it finds. A card needs no image: copy the file onto it.

Examples:
  leaksieve export leaks.lsv --fits pico2 -o leaks.uf2
  leaksieve export leaks.lsv --fits nrf52840-dk -o leaks.hex
  leaksieve export leaks.lsv --format bin --address 0x10100000 -o leaks.bin")]
pub(crate) struct Args {
    /// The filter file
    file: PathBuf,
    /// The board that it is flashed into: the address of its first slot, UF2 where its boot loader
    /// takes that, Intel HEX where not; a file that is larger than the slot is refused
    #[arg(long, value_name = "BOARD", value_parser = board::parser(), ignore_case = true, conflicts_with_all = ["address", "family"])]
    fits: Option<&'static Board>,
    /// How the image is written [default: what the board takes]
    #[arg(long, value_enum, required_unless_present = "fits")]
    format: Option<FormatName>,
    /// Where the filter's first byte will be, such as 0x10100000
    #[arg(long, value_name = "ADDRESS", value_parser = parse_address, required_unless_present = "fits")]
    address: Option<u32>,
    /// UF2: the chips that take it: a number of Microsoft's uf2families.json such as 0xE48BFF56, or
    /// a board's name
    #[arg(long, value_name = "ID", value_parser = parse_family)]
    family: Option<u32>,
    /// The image to write
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    #[command(flatten)]
    trust: TrustArgs,
    /// Replace OUT if it exists
    #[arg(short, long)]
    force: bool,
    /// No progress, no summary
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormatName {
    /// The bytes as they are
    Bin,
    /// Intel HEX
    Ihex,
    /// USB Flashing Format, for boot loaders that show a drive
    Uf2,
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
    parse_number(text)
        .ok_or_else(|| "give an address of 32 bits such as 0x10100000 or 269484032".into())
}

fn parse_family(text: &str) -> Result<u32, String> {
    let of_board = Board::named(text).and_then(|board| board.uf2_family);
    of_board.or_else(|| parse_number(text)).ok_or_else(|| {
        "give a number such as 0xE48BFF56, or the name of a board whose boot loader takes UF2, such as pico"
            .into()
    })
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        refuse_stdout(&self.output)?;
        let options = self.options()?;
        let file = self.trust.open(&self.file)?;
        trust::warn_if_expired(&file);
        let observer = progress::Bar::observer(self.quiet);
        let addresses = export(&file, options, &self.output, observer.as_ref())
            .map_err(|error| self.of_output(error))?;
        drop(observer);
        if !self.quiet {
            self.report(options, addresses)
                .with_context(|| unsaid(&self.output))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn options(&self) -> anyhow::Result<Options> {
        let of_board = self.fits.map(|board| match board.uf2_family {
            Some(_) => FormatName::Uf2,
            None => FormatName::Ihex,
        });
        let format = self.format.or(of_board);
        let family = self.fits.map_or(self.family, |board| board.uf2_family);
        if self.family.is_some() && format != Some(FormatName::Uf2) {
            bail!("--family says nothing about other images than UF2: leave it out");
        }
        let format = match format.context("give --fits, or --format and --address")? {
            FormatName::Bin => Format::Bin,
            FormatName::Ihex => Format::Ihex,
            FormatName::Uf2 => match family {
                Some(family) => Format::Uf2 { family },
                None if self.fits.is_some() => bail!(
                    "this board's boot loader takes no UF2: leave --format out, for Intel HEX"
                ),
                None => bail!(
                    "--format uf2 needs --family, for boot loaders take blocks of their own chip only"
                ),
            },
        };
        let address = self.fits.map(Board::filter_address).or(self.address);
        Ok(Options {
            format,
            address: address.context("give --fits, or --address")?,
            fits: self.fits,
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

    fn report(&self, options: Options, addresses: Range<u64>) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let image = match options.format {
            Format::Bin => "the bytes as they are",
            Format::Ihex => "Intel HEX",
            Format::Uf2 { .. } => "UF2",
        };
        writeln!(
            out,
            "{}: {image}, read back and compared with {}",
            self.output.display(),
            self.file.display()
        )?;
        writeln!(
            out,
            "  takes     {:#010x} to {:#010x}, {}",
            addresses.start,
            addresses.end - 1,
            size(addresses.end - addresses.start)
        )?;
        if let Some(board) = self.fits {
            let slot = size(board.slot_bytes().into());
            writeln!(
                out,
                "  of        the first slot, {slot}, of {}",
                board.title
            )?;
            writeln!(
                out,
                "  to flash  {}",
                self.how_to_flash(board, options.format)
            )?;
        }
        Ok(())
    }

    /// What a person does with the image.
    fn how_to_flash(&self, board: &Board, format: Format) -> String {
        let (image, chip) = (self.output.display(), board.chip);
        let address = board.filter_address();
        match format {
            Format::Uf2 { .. } => format!(
                "hold the board's BOOTSEL button while you plug it in, and copy {image} onto the drive that appears"
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
