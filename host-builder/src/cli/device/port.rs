//! Which serial port a device is at.

use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use leaksieve::deliver::device::Device;
use serialport::{
    ClearBuffer, ErrorKind, SerialPort, SerialPortInfo, SerialPortType, available_ports,
};

/// A read ends by itself after this, so that the device can be asked again.
const READ_TIMEOUT: Duration = Duration::from_millis(50);
/// What boards whose serial port is a real one talk at; USB has no baud rate.
const BAUD: u32 = 115_200;

#[derive(clap::Args)]
pub(crate) struct PortArgs {
    /// Serial port, such as /dev/ttyACM0 [default: the only USB one]
    ///
    /// `leaksieve device list` shows the ports.
    #[arg(long, value_name = "PORT")]
    port: Option<String>,
}

impl PortArgs {
    /// Open the port.
    pub(crate) fn open(&self) -> anyhow::Result<Device<Port>> {
        let name = match &self.port {
            Some(name) => name.clone(),
            None => only_usb_port()?,
        };
        let port = serialport::new(&name, BAUD)
            .timeout(READ_TIMEOUT)
            // A Pico talks to nobody before.
            .dtr_on_open(true)
            .open()
            .map_err(|error| match error.kind() {
                ErrorKind::Io(io::ErrorKind::NotFound) => {
                    anyhow!("{name}: no such port; `leaksieve device list` shows the ports")
                }
                ErrorKind::Io(io::ErrorKind::PermissionDenied) => anyhow!(
                    "{name}: permission denied; on Linux, add your user to the port's group: sudo usermod -aG dialout $USER, then log in again"
                ),
                _ => anyhow!("{name}: cannot open the port: {error}; does another program have it open?"),
            })?;
        port.clear(ClearBuffer::Input)
            .with_context(|| format!("{name}: cannot be used"))?;
        Ok(Device::new(Port(port)))
    }
}

/// A port whose reads end in time though another program takes what has come.
pub(crate) struct Port(Box<dyn SerialPort>);

impl Read for Port {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let start = Instant::now();
        while self.0.bytes_to_read()? == 0 {
            if start.elapsed() > READ_TIMEOUT {
                return Err(io::ErrorKind::TimedOut.into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        self.0.read(bytes)
    }
}

impl Write for Port {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn ports() -> anyhow::Result<Vec<SerialPortInfo>> {
    let mut ports =
        available_ports().context("cannot list the serial ports: name one with --port")?;
    // There each port has two names, and this one waits for a modem's carrier.
    ports.retain(|port| !(cfg!(target_os = "macos") && port.port_name.starts_with("/dev/tty.")));
    Ok(ports)
}

fn only_usb_port() -> anyhow::Result<String> {
    let mut usb = ports()?
        .into_iter()
        .filter(|port| matches!(port.port_type, SerialPortType::UsbPort(_)));
    match (usb.next(), usb.next()) {
        (Some(port), None) => Ok(port.port_name),
        (None, _) => {
            bail!("no USB serial port found: plug the device in, or name its port with --port")
        }
        (Some(_), Some(_)) => bail!(
            "several USB serial ports found: name one with --port (`leaksieve device list` shows them)"
        ),
    }
}

/// `leaksieve device list`
pub(super) fn list() -> anyhow::Result<ExitCode> {
    let ports = ports()?;
    let mut out = io::stdout().lock();
    for port in &ports {
        let what = match &port.port_type {
            SerialPortType::UsbPort(usb) => {
                let words = [&usb.manufacturer, &usb.product].map(|word| word.as_deref());
                let words: Vec<&str> = words.into_iter().flatten().collect();
                format!("USB {:04x}:{:04x} {}", usb.vid, usb.pid, words.join(" "))
            }
            SerialPortType::BluetoothPort => "Bluetooth".into(),
            SerialPortType::PciPort | SerialPortType::Unknown => "built in".into(),
        };
        writeln!(out, "{:<20} {}", port.port_name, what.trim_end())?;
    }
    if ports.is_empty() {
        bail!("no serial port found: plug the device in, with a cable that carries data");
    }
    Ok(ExitCode::SUCCESS)
}
