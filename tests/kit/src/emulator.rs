//! The emulated board: booted with a card or a flash filter, typed at, its card
//! pulled, its log read. It ends when the value is dropped.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use leaksieve_link::boards::MICROBIT;
use serde_json::{Value, json};
use tempfile::TempDir;

/// What the firmware prints when it waits for a line.
pub const PROMPT: &str = "> ";

/// Where the internal-flash build looks for its filter.
pub const FLASH_FILTER_ADDRESS: u32 = 0x2_0000;

/// A host's reads end by themselves, so that it can ask again.
const LINE_TIMEOUT: Duration = Duration::from_millis(20);

/// Longest wait for a prompt. An answer takes milliseconds; a busy machine may not
/// run the emulator for seconds.
const DEADLINE: Duration = Duration::from_secs(30);

/// A board that QEMU emulates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Machine {
    /// Cortex-M3, an SD card.
    #[default]
    Lm3s6965evb,
    /// Cortex-M0, filters in its flash.
    Microbit,
}

impl Machine {
    const fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Lm3s6965evb => &["-machine", "lm3s6965evb", "-cpu", "cortex-m3"],
            Self::Microbit => &["-machine", "microbit"],
        }
    }
}

/// Where the board finds its filter.
#[derive(Clone, Copy, Debug)]
pub enum Storage<'a> {
    /// The slot is empty.
    NoCard,
    /// A card image, not written to.
    Card(&'a Path),
    /// A filter file in the upper half of the flash.
    Flash(&'a Path),
    /// All of the micro:bit's flash that is the filters', as [`flash_area`] makes it, or
    /// [`Emulator::flash_area`] gives it.
    FlashArea(&'a [u8]),
}

/// The micro:bit's flash that is the filters': erased, with a file in each slot.
pub fn flash_area(files: [&[u8]; 2]) -> Vec<u8> {
    const ERASED: u8 = 0xFF;
    let slot_bytes = MICROBIT.slot_bytes() as usize;
    let mut area = vec![ERASED; 2 * slot_bytes];
    for (slot, file) in area.chunks_mut(slot_bytes).zip(files) {
        slot[..file.len()].copy_from_slice(file);
    }
    area
}

/// How a board is started.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    /// The folder where the board keeps what it must remember when it is switched off: its
    /// lowest epoch. Without it, the board is new.
    pub memory: Option<&'a Path>,
    /// The board's clock counts instructions.
    pub count: bool,
    /// Which board.
    pub machine: Machine,
}

/// A running board.
#[derive(Debug)]
pub struct Emulator {
    process: Process,
    console: UnixStream,
    monitor: BufReader<UnixStream>,
    elf: PathBuf,
    greeting: String,
    /// Holds the sockets and the log.
    folder: TempDir,
}

impl Emulator {
    /// Start the board and wait for its first prompt.
    ///
    /// # Errors
    /// When QEMU cannot be started, or the firmware does not come to its prompt.
    pub fn boot(qemu: &Path, elf: &Path, storage: Storage<'_>) -> Result<Self> {
        Self::boot_with(qemu, elf, storage, &Options::default())
    }

    /// The same, with more said about it.
    ///
    /// # Errors
    /// As [`boot`](Self::boot).
    pub fn boot_with(
        qemu: &Path,
        elf: &Path,
        storage: Storage<'_>,
        options: &Options<'_>,
    ) -> Result<Self> {
        let elf = &std::path::absolute(elf)?;
        // A socket's path may have about 100 bytes, so not below target/.
        let folder = tempfile::Builder::new().prefix("lsv-").tempdir()?;
        let [console, monitor, log, errors] =
            ["console", "monitor", "log", "errors"].map(|name| folder.path().join(name));
        let mut command = Command::new(qemu);
        command
            .args(options.machine.arguments())
            .args([
                "-display",
                "none",
                "-monitor",
                "none",
                "-serial",
                "chardev:console",
                "-chardev",
            ])
            // The board does not start before somebody listens.
            .arg(option(
                "socket,id=console,server=on,wait=on,path=",
                &console,
                "",
            ))
            // What the device writes to the debugger is QEMU's own stdout.
            .args(["-semihosting-config", "enable=on,target=native", "-qmp"])
            .arg(option("unix:", &monitor, ",server=on,wait=off"))
            .arg("-kernel")
            .arg(elf)
            .current_dir(options.memory.unwrap_or(folder.path()));
        if options.count {
            // A nanosecond of the board's time for each instruction, however long it takes.
            command.args(["-icount", "shift=0"]);
        }
        match storage {
            Storage::NoCard => {}
            Storage::Card(image) => {
                command.arg("-drive").arg(option(
                    "if=sd,format=raw,snapshot=on,file=",
                    &std::path::absolute(image)?,
                    "",
                ));
            }
            Storage::FlashArea(area) => {
                let file = folder.path().join("flash");
                fs::write(&file, area)?;
                let place = format!(",addr={:#x},force-raw=on", MICROBIT.filter_address());
                command
                    .arg("-device")
                    .arg(option("loader,file=", &file, &place));
            }
            Storage::Flash(filter) => {
                let place = format!(",addr={FLASH_FILTER_ADDRESS:#x},force-raw=on");
                command.arg("-device").arg(option(
                    "loader,file=",
                    &std::path::absolute(filter)?,
                    &place,
                ));
            }
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(File::create(log)?)
            .stderr(File::create(errors)?)
            .spawn()
            .with_context(|| format!("cannot start {}", qemu.display()))?;
        let mut process = Process(child);
        let sockets = connect(&console, &mut process)
            .and_then(|console| Ok((console, connect(&monitor, &mut process)?)));
        let (console, monitor) = sockets.with_context(|| {
            let said = fs::read_to_string(folder.path().join("errors")).unwrap_or_default();
            format!("QEMU did not start: {}", said.trim())
        })?;
        let mut emulator = Self {
            process,
            console,
            monitor: BufReader::new(monitor),
            elf: elf.to_owned(),
            greeting: String::new(),
            folder,
        };
        // Its own greeting, then leave to give commands.
        read_reply(&mut emulator.monitor)?;
        emulator.command(&json!({"execute": "qmp_capabilities"}))?;
        emulator.greeting = emulator.until_prompt(|_| ())?;
        Ok(emulator)
    }

    /// What the board said before its first prompt.
    pub fn greeting(&self) -> &str {
        &self.greeting
    }

    /// Type a line and give what the board answers, without the echo of the line.
    ///
    /// # Errors
    /// When the prompt does not come back.
    pub fn ask(&mut self, line: &str) -> Result<String> {
        self.ask_live(line, |_| ())
    }

    /// As [`ask`](Self::ask), and hand on what comes over the line while it comes.
    ///
    /// # Errors
    /// When the prompt does not come back.
    pub fn ask_live(&mut self, line: &str, live: impl FnMut(&[u8])) -> Result<String> {
        // QEMU holds the line back while the UART's FIFO is full, so it needs no pacing.
        let keys = [line.as_bytes(), b"\r"].concat();
        self.console.write_all(&keys).context("the board is gone")?;
        let heard = self.until_prompt(live)?;
        Ok(heard
            .split_once('\n')
            .map_or("", |(_echo, answer)| answer)
            .to_owned())
    }

    /// Pull the card out.
    ///
    /// # Errors
    /// When QEMU refuses.
    pub fn unplug(&mut self) -> Result<()> {
        self.command(&json!({"execute": "eject", "arguments": {"device": "sd0", "force": true}}))
    }

    /// Put a card in.
    ///
    /// # Errors
    /// When QEMU refuses.
    pub fn plug(&mut self, image: &Path) -> Result<()> {
        let arguments = json!({
            "device": "sd0",
            "filename": image,
            "format": "raw",
            "read-only-mode": "retain",
        });
        self.command(&json!({"execute": "blockdev-change-medium", "arguments": arguments}))
    }

    /// The line that the console is at, for a host to talk over beside it.
    ///
    /// # Errors
    /// When it cannot be shared.
    pub fn line(&self) -> Result<UnixStream> {
        let line = self.console.try_clone()?;
        line.set_read_timeout(Some(LINE_TIMEOUT))?;
        Ok(line)
    }

    /// What the filters' part of the micro:bit's flash holds at this moment. The board stands
    /// still from then on.
    ///
    /// # Errors
    /// When QEMU does not give it.
    pub fn flash_area(&mut self) -> Result<Vec<u8>> {
        let file = self.folder.path().join("flash.now");
        self.command(&json!({"execute": "stop"}))?;
        let arguments = json!({
            "val": MICROBIT.filter_address(),
            "size": 2 * MICROBIT.slot_bytes(),
            "filename": file,
        });
        self.command(&json!({"execute": "memsave", "arguments": arguments}))?;
        Ok(fs::read(file)?)
    }

    /// The program that it runs.
    pub fn elf(&self) -> &Path {
        &self.elf
    }

    /// The log so far, as the bytes that left the device: defmt's frames.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn raw_log(&self) -> Result<Vec<u8>> {
        fs::read(self.folder.path().join("log")).context("the board has not logged")
    }

    fn until_prompt(&mut self, mut live: impl FnMut(&[u8])) -> Result<String> {
        self.console.set_read_timeout(Some(DEADLINE))?;
        let start = Instant::now();
        let mut heard = Vec::new();
        let mut buffer = [0; 4096];
        while !ends_with_prompt(&heard) {
            let why = match self.console.read(&mut buffer) {
                Ok(0) => "ended",
                Ok(length) => {
                    live(&buffer[..length]);
                    heard.extend(&buffer[..length]);
                    if start.elapsed() < DEADLINE {
                        continue;
                    }
                    "talked without end"
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                // The socket's own time limit.
                Err(_) => "gave no prompt in time",
            };
            let said = fs::read_to_string(self.folder.path().join("errors"));
            let ended = self.process.0.try_wait();
            bail!(
                "the board {why}; it said: {:?}; QEMU: {ended:?}, {:?}",
                String::from_utf8_lossy(&heard),
                said.unwrap_or_default()
            );
        }
        heard.truncate(heard.len() - PROMPT.len());
        Ok(String::from_utf8_lossy(&heard).replace("\r\n", "\n"))
    }

    fn command(&mut self, command: &Value) -> Result<()> {
        writeln!(self.monitor.get_mut(), "{command}")?;
        loop {
            let reply = read_reply(&mut self.monitor)?;
            if let Some(error) = reply.get("error") {
                bail!("QEMU refused {command}: {error}");
            }
            // Events come in between.
            if reply.get("return").is_some() {
                return Ok(());
            }
        }
    }
}

/// Ends with the value that owns it.
#[derive(Debug)]
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn ends_with_prompt(heard: &[u8]) -> bool {
    heard
        .strip_suffix(PROMPT.as_bytes())
        .is_some_and(|before| before.is_empty() || before.ends_with(b"\n"))
}

/// In QEMU's options a comma ends a value, and two are one comma.
fn option(before: &str, path: &Path, after: &str) -> String {
    format!(
        "{before}{}{after}",
        path.display().to_string().replace(',', ",,")
    )
}

fn connect(socket: &Path, process: &mut Process) -> Result<UnixStream> {
    let start = Instant::now();
    loop {
        match UnixStream::connect(socket) {
            Ok(stream) => {
                stream.set_read_timeout(Some(DEADLINE))?;
                return Ok(stream);
            }
            Err(error) => {
                let ended = process.0.try_wait()?;
                ensure!(
                    ended.is_none() && start.elapsed() < DEADLINE,
                    "no socket: {error}"
                );
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

fn read_reply(monitor: &mut BufReader<UnixStream>) -> Result<Value> {
    let mut line = String::new();
    monitor.read_line(&mut line)?;
    serde_json::from_str(&line).with_context(|| format!("the monitor said {line:?}"))
}
