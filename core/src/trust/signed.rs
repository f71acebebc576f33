//! A signed file: its signature verified, its sectors compared with the tree.

use ed25519_compact::VerifyingState;

use super::key::{PUBLIC_KEY_BYTES, PublicKey};
use super::tree::{Node, Step, TAG_BYTES, TAGS_PER_SECTOR, Tag, Tree, decode_tags};
use crate::bounded::List;
use crate::error::{Error, HeaderDefect};
use crate::sector::{FileId, PAYLOAD_BYTES, Payload, Sector, SectorIndex, seal};
use crate::units::MAX_HEADER_SECTORS;

/// Bytes of an Ed25519 signature: 64.
pub const SIGNATURE_BYTES: usize = 64;
/// Tags that are kept in memory, 1,280 bytes: the lowest level of the tree that has no more.
/// With them a question reads a page and at most 3 tag sectors, in files of up to
/// 80 · 31^3 pages (1.1 GiB); one more above that.
pub const CACHED_TAGS: usize = 80;

/// An Ed25519 signature (RFC 8032 section 5.1.6).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Signature(pub [u8; SIGNATURE_BYTES]);

impl Signature {
    /// The sector that a signed file ends with.
    pub fn seal(&self, key: PublicKey, file_id: FileId, index: SectorIndex) -> Sector {
        let mut payload = [0; PAYLOAD_BYTES];
        let signature = self.0.iter();
        for (place, byte) in payload.iter_mut().zip(key.0.iter().chain(signature)) {
            *place = *byte;
        }
        seal(file_id, index, &payload)
    }

    /// Who signed, and the signature.
    fn parse(payload: &Payload) -> Result<(PublicKey, Self), Error> {
        const ERROR: Error = Error::HeaderMalformed(HeaderDefect::ReservedBytes);
        let (key, rest) = payload
            .split_first_chunk::<PUBLIC_KEY_BYTES>()
            .ok_or(ERROR)?;
        let (signature, reserved) = rest.split_first_chunk().ok_or(ERROR)?;
        if reserved.iter().any(|byte| *byte != 0) {
            return Err(ERROR);
        }
        Ok((PublicKey(*key), Self(*signature)))
    }

    /// # Errors
    /// [`Error::BadSignature`]. Also where the signature's `S` is not below the group's order
    /// (RFC 8032 section 5.1.7), and where the key or `R` is of small order.
    fn verify(&self, key: PublicKey, message: &[u8]) -> Result<(), Error> {
        let mut state = self.begin(key)?;
        state.absorb(message);
        end(&state)
    }

    /// Not inlined, as [`end`]: what one of them needs is not on the stack with what the other does.
    #[inline(never)]
    fn begin(&self, key: PublicKey) -> Result<VerifyingState, Error> {
        ed25519_compact::PublicKey::new(key.0)
            .verify_incremental(&ed25519_compact::Signature::new(self.0))
            .map_err(|_| Error::BadSignature)
    }
}

#[inline(never)]
fn end(state: &VerifyingState) -> Result<(), Error> {
    state.verify().map_err(|_| Error::BadSignature)
}

/// The digest of a sector: BLAKE3 (its specification, section 2), keyed with `file id (16) ‖
/// sector number (u32) ‖ zeros (12)`, over the payload. The key is no secret: it binds a
/// payload to its place, and the place tells level and index in the tree.
fn digest_of(file_id: FileId, index: SectorIndex, payload: &Payload) -> [u8; blake3::OUT_LEN] {
    let mut key = [0; blake3::KEY_LEN];
    let place = file_id.0.into_iter().chain(index.0.to_le_bytes());
    for (byte, bound) in key.iter_mut().zip(place) {
        *byte = bound;
    }
    *blake3::keyed_hash(&key, payload).as_bytes()
}

/// The tag of a sector: the first 16 bytes of its digest.
pub fn tag_of(file_id: FileId, index: SectorIndex, payload: &Payload) -> Tag {
    let digest = digest_of(file_id, index, payload);
    Tag(*digest.first_chunk().unwrap_or(&[0; TAG_BYTES]))
}

/// What is signed: `leaksieve file:` and the digests of the header's sectors. Their payloads
/// would do as well, but SHA-512, which Ed25519 hashes with, takes a microcontroller ten
/// times as long.
pub type SignedMessage = List<u8, MAX_MESSAGE_BYTES>;

const MESSAGE_CONTEXT: &[u8; 15] = b"leaksieve file:";
const MAX_MESSAGE_BYTES: usize =
    MESSAGE_CONTEXT.len() + MAX_HEADER_SECTORS as usize * blake3::OUT_LEN;

/// The message that a signature is over, of the payloads of a header's sectors.
pub(crate) fn message_of(file_id: FileId, header_sectors: &[Payload]) -> SignedMessage {
    let mut message = SignedMessage::new();
    // There is room for as many sectors as a header may have.
    let _ = message.0.extend_from_slice(MESSAGE_CONTEXT);
    for (index, payload) in (0..).map(SectorIndex).zip(header_sectors) {
        let _ = message
            .0
            .extend_from_slice(&digest_of(file_id, index, payload));
    }
    message
}

/// What is known of a signed file: who signed it, and the verified tags of one level.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(crate) struct Signed {
    signer: PublicKey,
    tree: Tree,
    /// The level whose tags are kept.
    level: u8,
    /// While the cache is being filled: tag sectors of this level that are still to be
    /// read for the level below. They are read from the last to the first, so that the
    /// tags below do not overwrite those above which are still needed.
    num_unread: u32,
    /// `tree.num_nodes(level)` of them, while the cache is being filled perhaps more.
    tags: heapless::Vec<Tag, CACHED_TAGS>,
}

/// The highest sector that was read from a page upwards, and its tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    node: Node,
    tag: Tag,
}

impl Signed {
    /// Verify the signature of a header; gives what is known before any tag sector was read.
    ///
    /// # Errors
    /// [`Error::BadSignature`], or [`HeaderDefect::ReservedBytes`].
    pub(crate) fn verify(
        file_id: FileId,
        header_sectors: &[Payload],
        signature_sector: &Payload,
        tree: Tree,
        root: Tag,
    ) -> Result<Self, Error> {
        let (signer, signature) = Signature::parse(signature_sector)?;
        signature.verify(signer, &message_of(file_id, header_sectors))?;
        let level = tree.num_levels();
        let mut tags = heapless::Vec::new();
        // There is room for one.
        let _ = tags.push(root);
        Ok(Self {
            signer,
            tree,
            level,
            num_unread: tree.num_nodes(level),
            tags,
        })
    }

    pub(crate) const fn signer(&self) -> PublicKey {
        self.signer
    }

    /// Tag sectors that a question reads for one page, at most.
    pub(crate) const fn sectors_per_path(&self) -> u8 {
        self.level
    }

    /// The tag sector to read next for the cache.
    pub(crate) fn wants(&self) -> Option<SectorIndex> {
        self.wanted_node().map(|node| self.tree.sector_of(node))
    }

    fn wanted_node(&self) -> Option<Node> {
        let is_filled = self.level == self.tree.level_of_at_most(CACHED_TAGS as u32);
        (!is_filled).then_some(Node {
            level: self.level,
            index: self.num_unread.saturating_sub(1),
        })
    }

    /// Take the tag sector that is wanted.
    ///
    /// # Errors
    /// [`Error::NotAsSigned`].
    pub(crate) fn supply(&mut self, file_id: FileId, payload: &Payload) -> Result<(), Error> {
        let Some(node) = self.wanted_node() else {
            return Ok(());
        };
        let tag = tag_of(file_id, self.tree.sector_of(node), payload);
        self.compare(Path { node, tag })?;
        let below = node.level.saturating_sub(1);
        let num_below = self.tree.num_nodes(below);
        let first = node.index.saturating_mul(TAGS_PER_SECTOR);
        let num_here = num_below.saturating_sub(first).min(TAGS_PER_SECTOR);
        let end = usize::try_from(first.saturating_add(num_here)).unwrap_or(usize::MAX);
        if self.tags.len() < end && self.tags.resize(end, Tag([0; 16])).is_err() {
            return Err(Error::Unfinished);
        }
        let places = self.tags.iter_mut().skip(first as usize);
        for (place, tag) in places.zip(decode_tags(payload)).take(num_here as usize) {
            *place = tag;
        }
        self.num_unread = node.index;
        if self.num_unread == 0 {
            self.level = below;
            self.num_unread = num_below;
        }
        Ok(())
    }

    /// A sector was read: a page, when there is no path yet, or the tag sector above the
    /// path's end.
    ///
    /// # Errors
    /// [`Error::NotAsSigned`].
    pub(crate) fn prove(
        &self,
        file_id: FileId,
        sector: SectorIndex,
        payload: &Payload,
        path: Option<Path>,
    ) -> Result<Step<Path>, Error> {
        let node = match path {
            None => self.tree.leaf_at(sector),
            Some(path) => self.agrees(payload, &path)?,
        };
        let tag = tag_of(file_id, sector, payload);
        let path = Path { node, tag };
        if node.level == self.level {
            return self.compare(path).map(|()| Step::Proven);
        }
        Ok(Step::Above(self.tree.sector_of(node.parent().0), path))
    }

    /// Has the tag sector above a path the tag at its end? Gives where that sector is in the tree.
    ///
    /// # Errors
    /// [`Error::NotAsSigned`].
    #[inline(always)]
    pub(crate) fn agrees(&self, payload: &Payload, path: &Path) -> Result<Node, Error> {
        let (parent, place) = path.node.parent();
        if decode_tags(payload).nth(place as usize) != Some(path.tag) {
            return Err(self.not_as_signed(path.node));
        }
        Ok(parent)
    }

    /// With the tags that are kept.
    fn compare(&self, path: Path) -> Result<(), Error> {
        if self.tags.get(path.node.index as usize) != Some(&path.tag) {
            return Err(self.not_as_signed(path.node));
        }
        Ok(())
    }

    fn not_as_signed(&self, node: Node) -> Error {
        Error::NotAsSigned {
            index: self.tree.sector_of(node),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By another implementation: Python's `blake3(payload, key=id + index.to_bytes(4,
    /// "little") + bytes(12))`.
    #[test]
    fn digests_are_keyed_blake3() {
        let id = FileId(*b"0123456789abcdef");
        let mut payload = [0; PAYLOAD_BYTES];
        for (i, byte) in payload.iter_mut().enumerate() {
            *byte = (i * 7) as u8;
        }
        for (index, high, low) in [
            (
                0x5,
                0x56d8ca756757147941d401a49c4640ad_u128,
                0xaee77e03ca398ee0d2501df56260bb90_u128,
            ),
            (
                0xdeadbeef,
                0x4c0e391357f4882ec2bfa18edca5fee1_u128,
                0x8da9312fc69f62896c0883517ed44d0a_u128,
            ),
        ] {
            let digest = digest_of(id, SectorIndex(index), &payload);
            assert_eq!(digest[..16], high.to_be_bytes());
            assert_eq!(digest[16..], low.to_be_bytes());
            assert_eq!(
                tag_of(id, SectorIndex(index), &payload).0,
                high.to_be_bytes()
            );
        }
    }
}
