//! What comes from a person or a host, and when nothing does.

use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::Poll;

use embedded_hal_async::delay::DelayNs;

/// What came of listening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A byte.
    Byte(u8),
    /// One that was lost or damaged on its way.
    Lost,
    /// Nothing, for as long as was waited.
    Silence,
    /// The input ended, which a serial line never does: a script, or a file.
    End,
}

/// The reading end of a console, with a clock beside it.
pub trait Input {
    /// Wait for a byte, no longer than so many milliseconds. Little longer does no harm.
    fn listen(&mut self, longest_ms: u32) -> Heard;
}

/// What is being read, or `None` after so many milliseconds. The reading is not given up then: a byte
/// that came at this moment would be lost.
pub(crate) async fn within<F: Future>(
    mut reading: Pin<&mut F>,
    clock: &mut impl DelayNs,
    longest_ms: u32,
) -> Option<F::Output> {
    let mut silence = pin!(clock.delay_ms(longest_ms));
    poll_fn(|context| match reading.as_mut().poll(context) {
        Poll::Ready(read) => Poll::Ready(Some(read)),
        Poll::Pending => silence.as_mut().poll(context).map(|()| None),
    })
    .await
}
