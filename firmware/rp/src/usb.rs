//! The console: a serial port over USB.
//!
//! USB is served in an interrupt, so that the host has its answers while the processor looks
//! something up. Two pipes lie between: what the host sent, and what it is to be sent. The
//! input ends when the host closes the port, or opens it; where nobody is there, output is dropped.
//!
//! A program says by DTR that it has the port open. Some leave DTR off: the first byte says so, too.

use core::convert::Infallible;
use core::sync::atomic::{AtomicBool, Ordering};

use embassy_executor::InterruptExecutor;
use embassy_futures::block_on;
use embassy_futures::join::join4;
use embassy_futures::select::{Either, select};
use embassy_rp::interrupt::{InterruptExt, Priority};
use embassy_rp::peripherals::USB;
use embassy_rp::usb::{Driver, InterruptHandler};
use embassy_rp::{Peri, bind_interrupts, interrupt};
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::pipe::Pipe;
use embassy_sync::signal::Signal;
use embassy_usb::class::cdc_acm::{CdcAcmClass, ControlChanged, Receiver, Sender, State};
use embassy_usb::{Builder, Config};
use zeroize::Zeroize;

/// Full speed's largest.
const PACKET_BYTES: usize = 64;
/// Shared by all serial ports without a number of their own, which are told apart by their
/// names (V-USB, "USB-IDs-for-free.txt").
const VENDOR_AND_PRODUCT: (u16, u16) = (0x16C0, 0x27DD);

const PIPE_BYTES: usize = 512;
type Bytes = Pipe<CriticalSectionRawMutex, PIPE_BYTES>;

static INPUT: Bytes = Pipe::new();
static OUTPUT: Bytes = Pipe::new();
/// For the conversation: the port was opened (true) or closed.
static IS_OPEN: Signal<CriticalSectionRawMutex, bool> = Signal::new();
/// For what is being sent: it was not for who is there now.
static CHANGED: Signal<CriticalSectionRawMutex, ()> = Signal::new();
/// Somebody is there: DTR is on, or a byte came.
static IS_THERE: AtomicBool = AtomicBool::new(false);
static EXECUTOR: InterruptExecutor = InterruptExecutor::new();

bind_interrupts!(struct Interrupts {
    USBCTRL_IRQ => InterruptHandler<USB>;
});

// One that no part of the chip raises.
#[interrupt]
unsafe fn SWI_IRQ_1() {
    // SAFETY: this is the handler of the interrupt that the executor was started with, and it
    // was unmasked by that start.
    unsafe { EXECUTOR.on_interrupt() }
}

/// Serve USB from now on.
pub(crate) fn start(usb: Peri<'static, USB>) {
    let interrupt = interrupt::SWI_IRQ_1;
    interrupt.set_priority(Priority::P3);
    if let Ok(task) = serve(usb) {
        EXECUTOR.start(interrupt).spawn(task);
    }
}

/// Waits until the host opens the port, or sends something.
pub(crate) async fn opened() {
    while !IS_OPEN.wait().await {}
}

#[embassy_executor::task]
async fn serve(usb: Peri<'static, USB>) {
    let (vendor, product) = VENDOR_AND_PRODUCT;
    let mut config = Config::new(vendor, product);
    config.manufacturer = Some("github.com/leaksieve");
    config.product = Some("leaksieve");
    let (mut descriptor, mut bos, mut control) = ([0; 128], [0; 32], [0; PACKET_BYTES]);
    let mut state = State::new();
    let mut builder = Builder::new(
        Driver::new(usb, Interrupts),
        config,
        &mut descriptor,
        &mut bos,
        &mut [],
        &mut control,
    );
    let port = CdcAcmClass::new(&mut builder, &mut state, PACKET_BYTES as u16);
    let (sender, receiver, control) = port.split_with_control();
    let mut device = builder.build();
    join4(
        device.run(),
        send(sender),
        receive(receiver),
        watch(control),
    )
    .await;
}

async fn send<'a>(mut port: Sender<'a, Driver<'a, USB>>) {
    // Never a whole packet: a host waits for another one behind that.
    let mut packet = [0; PACKET_BYTES - 1];
    loop {
        let length = OUTPUT.read(&mut packet).await;
        let (bytes, _) = packet.split_at(length);
        if IS_THERE.load(Ordering::Relaxed) {
            CHANGED.reset();
            select(port.write_packet(bytes), CHANGED.wait()).await;
        }
        packet.zeroize();
        wipe(&OUTPUT);
    }
}

async fn receive<'a>(mut port: Receiver<'a, Driver<'a, USB>>) {
    let mut packet = [0; PACKET_BYTES];
    loop {
        port.wait_connection().await;
        while let Ok(length) = port.read_packet(&mut packet).await {
            let (bytes, _) = packet.split_at(length);
            if !IS_THERE.load(Ordering::Relaxed) {
                IS_THERE.store(true, Ordering::Relaxed);
                IS_OPEN.signal(true);
            }
            INPUT.write_all(bytes).await;
            packet.zeroize();
        }
    }
}

async fn watch(port: ControlChanged<'_>) {
    let mut was_open = false;
    loop {
        port.control_changed().await;
        if port.dtr() == was_open {
            continue;
        }
        was_open = port.dtr();
        // What came and what was answered was not for whoever comes next.
        for pipe in [&INPUT, &OUTPUT] {
            pipe.clear();
            wipe(pipe);
        }
        IS_THERE.store(was_open, Ordering::Relaxed);
        CHANGED.signal(());
        IS_OPEN.signal(was_open);
    }
}

/// What went through a pipe stays in it until something is written over it: what was typed, and
/// its echo. Nothing is done while something is on its way.
fn wipe(pipe: &Bytes) {
    critical_section::with(|_| {
        if pipe.is_empty() {
            // From the beginning of its buffer, so that all of it is written.
            pipe.clear();
            let _ = pipe.try_write(&[0; PIPE_BYTES]);
            pipe.clear();
        }
    });
}

/// What the host sends. It ends when the host closes the port, or opens it.
pub(crate) struct Input;

impl embedded_io_async::ErrorType for Input {
    type Error = Infallible;
}

impl embedded_io_async::Read for Input {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        wipe(&INPUT);
        match select(IS_OPEN.wait(), INPUT.read(buffer)).await {
            Either::First(is_open) => {
                if is_open {
                    // For `opened`, which is asked next.
                    IS_OPEN.signal(true);
                }
                Ok(0)
            }
            Either::Second(length) => Ok(length),
        }
    }
}

/// What the host is sent. Waits where it does not take it.
pub(crate) struct Output;

impl embedded_io::ErrorType for Output {
    type Error = Infallible;
}

impl embedded_io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        Ok(block_on(OUTPUT.write(bytes)))
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
