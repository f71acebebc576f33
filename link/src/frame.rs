//! Messages as bytes of a serial line that a person types on, too.
//!
//! ```text
//! 00 | COBS ( 00 | sequence | message, in postcard's wire format | CRC-32C, little-endian ) | 00
//! ```
//!
//! COBS (Cheshire and Baker, "Consistent Overhead Byte Stuffing", 1999) leaves no zero within a
//! frame. A zero byte is nothing that a person types, and what follows it must be 01, which is
//! what COBS makes of the zero that each message begins with: any other byte belongs to the
//! person's line, which then lost a character. An answer has the sequence number of its
//! question. A frame comes without a pause: one that does not end is given up after a silence.

use leaksieve_core::sector::crc_32c;
use serde::{Deserialize, Serialize};

use crate::message::PIECE_BYTES;

/// Longest frame, both zeros included: a piece of a file; in front of it the first zero, the
/// message's, 3 bytes of sequence number, 1 for which message, 5 of offset and 2 of length;
/// behind it 4 of checksum; 2 that COBS adds, and the last zero.
pub const MAX_FRAME_BYTES: usize = PIECE_BYTES + 20;

const DELIMITER: u8 = 0;
/// COBS's code for a zero at the very start.
const FIRST: u8 = 1;

const CTRL_C: u8 = 0x03;

const SUM_BYTES: usize = 4;

#[derive(Serialize, Deserialize)]
struct Sealed<T> {
    /// 0, which COBS makes [`FIRST`].
    mark: u8,
    sequence: u16,
    message: T,
}

/// A message as a frame. `None`: it does not fit into the buffer. Not inlined: its own buffer is
/// on the stack only while it works.
#[inline(never)]
pub fn encode<'b, T: Serialize>(
    sequence: u16,
    message: &T,
    buffer: &'b mut [u8; MAX_FRAME_BYTES],
) -> Option<&'b [u8]> {
    let mut plain = [0; MAX_FRAME_BYTES];
    let sealed = Sealed {
        mark: 0,
        sequence,
        message,
    };
    let length = postcard::to_slice(&sealed, &mut plain).ok()?.len();
    let (message, rest) = plain.split_at_mut_checked(length)?;
    *rest.first_chunk_mut()? = crc_32c(message).to_le_bytes();
    let plain = plain.get(..length.checked_add(SUM_BYTES)?)?;
    let (first, rest) = buffer.split_first_mut()?;
    *first = DELIMITER;
    let length = cobs::try_encode(plain, rest).ok()?;
    *rest.get_mut(length)? = DELIMITER;
    buffer.get(..length.checked_add(2)?)
}

/// The sequence number and the message of a frame, as [`Receiver`] has it. `None`: it is
/// damaged, or no message.
pub fn decode<'b, T: Deserialize<'b>>(frame: &'b mut [u8]) -> Option<(u16, T)> {
    let length = cobs::decode_in_place(frame).ok()?;
    let (plain, sum) = frame.get(..length)?.split_last_chunk()?;
    if crc_32c(plain).to_le_bytes() != *sum {
        return None;
    }
    let Sealed {
        mark,
        sequence,
        message,
    } = postcard::from_bytes(plain).ok()?;
    (mark == 0).then_some((sequence, message))
}

/// What a byte turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// A part of a frame.
    Nothing,
    /// The last byte of one: [`Receiver::frame`].
    Frame,
    /// No part of a frame.
    Text(u8),
    /// The same, and before it something was lost.
    AfterLoss(u8),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Text, or the first zero of a frame.
    Text,
    /// After the last zero of a frame, which may be the first of the next one.
    Ended,
    /// After a zero in text.
    Begun,
    /// After 00 01.
    Within,
    /// After more than a frame can have.
    TooLong,
}

/// Tells frames from text, byte by byte.
pub struct Receiver {
    bytes: [u8; MAX_FRAME_BYTES],
    length: usize,
    state: State,
}

impl Receiver {
    /// Nothing has come.
    pub const fn new() -> Self {
        Self {
            bytes: [0; MAX_FRAME_BYTES],
            length: 0,
            state: State::Text,
        }
    }

    /// Take a byte.
    pub fn take(&mut self, byte: u8) -> Taken {
        match (self.state, byte) {
            (State::Within | State::TooLong, DELIMITER) => {
                let is_whole = self.state == State::Within;
                self.state = State::Ended;
                if is_whole {
                    return Taken::Frame;
                }
            }
            (State::Within, byte) => self.push(byte),
            // A person waits behind what began like a frame. In one, these may be data.
            (State::TooLong, b'\r' | CTRL_C) => {
                self.state = State::Text;
                return Taken::AfterLoss(byte);
            }
            (State::TooLong, _) => {}
            (_, DELIMITER) => self.state = State::Begun,
            (State::Begun | State::Ended, FIRST) => {
                self.state = State::Within;
                self.length = 0;
                self.push(byte);
            }
            (State::Begun, byte) => {
                self.state = State::Text;
                return Taken::AfterLoss(byte);
            }
            (State::Text | State::Ended, byte) => {
                self.state = State::Text;
                return Taken::Text(byte);
            }
        }
        Taken::Nothing
    }

    /// Is a frame under way? What is lost of it, its checksum tells.
    pub const fn is_within_frame(&self) -> bool {
        matches!(self.state, State::Within | State::TooLong)
    }

    /// Nothing more of the frame comes: what does is text.
    pub fn give_up(&mut self) {
        // It may have begun with an identifier.
        self.bytes.fill(0);
        self.state = State::Text;
    }

    fn push(&mut self, byte: u8) {
        match self.bytes.get_mut(self.length) {
            Some(place) => {
                *place = byte;
                self.length += 1;
            }
            None => {
                self.give_up();
                self.state = State::TooLong;
            }
        }
    }

    /// After [`Taken::Frame`]: what came between the zeros, for [`decode`].
    pub fn frame(&mut self) -> &mut [u8] {
        self.bytes.get_mut(..self.length).unwrap_or_default()
    }

    /// The place of frames, to make one in when none is awaited.
    pub const fn buffer(&mut self) -> &mut [u8; MAX_FRAME_BYTES] {
        &mut self.bytes
    }
}

impl Default for Receiver {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Request, Response};
    use std::vec::Vec;

    fn frame_of(sequence: u16, message: &impl Serialize) -> Vec<u8> {
        encode(sequence, message, &mut [0; MAX_FRAME_BYTES])
            .unwrap()
            .to_vec()
    }

    /// All that is in a stream: text, and frames.
    fn receive(stream: &[u8]) -> (Vec<Taken>, Vec<Vec<u8>>) {
        let mut receiver = Receiver::new();
        let (mut text, mut frames) = (Vec::new(), Vec::new());
        for byte in stream {
            match receiver.take(*byte) {
                Taken::Nothing => {}
                Taken::Frame => frames.push(receiver.frame().to_vec()),
                taken => text.push(taken),
            }
        }
        (text, frames)
    }

    /// Written out by hand, from the description above: COBS of 00 05 00 and the CRC.
    #[test]
    fn golden_frame() {
        // CRC-32C of 00 05 00, by the definition, bit by bit.
        let mut sum = u32::MAX;
        for byte in [0_u8, 5, 0] {
            sum ^= u32::from(byte);
            for _ in 0..8 {
                sum = (sum >> 1) ^ (0x82F6_3B78 * (sum & 1));
            }
        }
        let sum = (!sum).to_le_bytes();
        assert!(!sum.contains(&0), "the frame below would be another one");
        let mut expected = std::vec![0, 1, 2, 5, 5];
        expected.extend(sum);
        expected.push(0);
        assert_eq!(frame_of(5, &Request::Info), expected);
    }

    #[test]
    fn longest_message_fits() {
        let bytes = [0xFF; PIECE_BYTES];
        let write = Request::Write {
            offset: u32::MAX,
            bytes: &bytes,
        };
        let frame = frame_of(u16::MAX, &write);
        assert!(frame.len() <= MAX_FRAME_BYTES);
        let (text, mut frames) = receive(&frame);
        assert_eq!((text.len(), frames.len()), (0, 1));
        assert!(decode::<Request<'_>>(&mut frames[0]) == Some((u16::MAX, write)));
    }

    #[test]
    fn frames_and_text_on_one_line() {
        let frame = frame_of(7, &Request::Check(b"13800138000"));
        let stream = [b"12", &frame[..], &frame, b"3\r", &frame, b"\n"].concat();
        let (text, frames) = receive(&stream);
        assert_eq!(text, [b'1', b'2', b'3', b'\r', b'\n'].map(Taken::Text));
        assert_eq!(frames.len(), 3);
        for mut frame in frames {
            let decoded = decode::<Request<'_>>(&mut frame);
            assert!(decoded == Some((7, Request::Check(b"13800138000"))));
        }
    }

    /// No damaged frame is taken for a message, and the next one is received.
    #[test]
    fn every_damage_is_found() {
        let response = Response::Refused("no filter is in the flash");
        let frame = frame_of(300, &response);
        for index in 0..frame.len() {
            for damage in [
                [&frame[..index], &frame[index + 1..]].concat(),
                [&frame[..index], &[0], &frame[index..]].concat(),
                [&frame[..index], &[frame[index] ^ 0x20], &frame[index + 1..]].concat(),
                [&frame[..index], &[frame[index] ^ 0x01], &frame[index + 1..]].concat(),
                frame[..index].to_vec(),
            ] {
                let (_, frames) = receive(&[&damage[..], &frame].concat());
                let decoded: Vec<_> = frames
                    .into_iter()
                    .filter_map(|mut frame| {
                        decode::<Response<'_>>(&mut frame).map(|(sequence, message)| {
                            assert!((sequence, message) == (300, response.clone()));
                        })
                    })
                    .collect();
                // A zero may stand before the first one, and the last one may be lost: the next
                // frame brings it.
                assert!((1..=2).contains(&decoded.len()), "{index}");
            }
        }
    }

    #[test]
    fn stray_zero_loses_a_character_of_a_line() {
        let (text, frames) = receive(b"1\x002\r");
        assert_eq!(
            text,
            [
                Taken::Text(b'1'),
                Taken::AfterLoss(b'2'),
                Taken::Text(b'\r')
            ]
        );
        assert!(frames.is_empty());
    }

    #[test]
    fn what_never_ends_gives_the_line_back() {
        let mut stream = std::vec![0, 1];
        stream.extend([b'x'; MAX_FRAME_BYTES]);
        stream.extend(b"abc\r12");
        let (text, frames) = receive(&stream);
        assert_eq!(
            text,
            [
                Taken::AfterLoss(b'\r'),
                Taken::Text(b'1'),
                Taken::Text(b'2')
            ]
        );
        assert!(frames.is_empty());
    }
}
