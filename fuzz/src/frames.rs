//! A serial line with any bytes on it, as a device and a host receive them: text that begins no
//! frame comes out as it went in, what is taken for a message has a right checksum, computed
//! plainly, and the next message arrives, whatever was before it.
//!
//! Input: bytes of noise (u16), the noise, sequence number (u16), then a text that is asked.

use leaksieve_link::frame::{Receiver, Taken, decode, encode};
use leaksieve_link::{MAX_FRAME_BYTES, PIECE_BYTES, Request, Response};

use crate::input::Input;

/// Run one input.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let num_bytes = usize::from(input.u16());
    let noise = input.take(num_bytes);
    let mut line = Line::new();
    line.take(noise);
    for frame in &line.frames {
        let is_message = decode::<Request<'_>>(&mut frame.clone()).is_some()
            || decode::<Response<'_>>(&mut frame.clone()).is_some();
        assert!(!is_message || has_right_sum(frame));
    }
    if !noise.contains(&0) {
        assert_eq!(line.text, noise);
        assert!(line.frames.is_empty());
    }

    let sequence = input.u16();
    let text = input.take(PIECE_BYTES);
    let request = Request::Check(text);
    let mut buffer = [0; MAX_FRAME_BYTES];
    let frame = encode(sequence, &request, &mut buffer).expect("a text of a piece's length fits");
    line.frames.clear();
    line.take(frame);
    // What the noise began ends with the zero in front.
    let last = line.frames.last_mut().expect("a frame");
    assert!(decode::<Request<'_>>(last) == Some((sequence, request)));
}

/// What comes out of a line.
struct Line {
    receiver: Receiver,
    text: Vec<u8>,
    frames: Vec<Vec<u8>>,
}

impl Line {
    const fn new() -> Self {
        Self {
            receiver: Receiver::new(),
            text: Vec::new(),
            frames: Vec::new(),
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match self.receiver.take(*byte) {
                Taken::Nothing => {}
                Taken::Text(byte) | Taken::AfterLoss(byte) => self.text.push(byte),
                Taken::Frame => {
                    let frame = self.receiver.frame();
                    assert!(frame.len() <= MAX_FRAME_BYTES && !frame.contains(&0));
                    self.frames.push(frame.to_vec());
                }
            }
        }
    }
}

/// COBS as its paper has it, and CRC-32C bit by bit (RFC 3720, B.4).
fn has_right_sum(frame: &[u8]) -> bool {
    let mut plain = Vec::new();
    let mut rest = frame;
    while let Some((code, behind)) = rest.split_first() {
        let Some((block, behind)) = behind.split_at_checked(usize::from(*code) - 1) else {
            return false;
        };
        plain.extend(block);
        if *code != 0xFF && !behind.is_empty() {
            plain.push(0);
        }
        rest = behind;
    }
    let Some((message, expected)) = plain.split_last_chunk::<4>() else {
        return false;
    };
    let mut sum = u32::MAX;
    for byte in message {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = (sum >> 1) ^ (0x82F6_3B78 * (sum & 1));
        }
    }
    (!sum).to_le_bytes() == *expected
}
