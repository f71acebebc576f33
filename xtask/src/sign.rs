//! Signed files for tests and measurements: an unsigned file, signed with the test key.
//!
//! The key is no secret: `tests/data/test-key.pub.pem` is built into the firmware that the
//! tests ask, and into no other.

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use ed25519_compact::{KeyPair, Seed};
use leaksieve_core::sector::{FileId, Payload, seal};
use leaksieve_core::trust::tree::{TAGS_PER_SECTOR, encode_tags};
use leaksieve_core::trust::{Signature, TAG_BYTES, Tag, tag_of};
use leaksieve_core::{Header, PublicKey, Sector, SectorIndex, Trust, open};

use crate::workspace;

/// The test key's seed, 32 times; another number gives another key.
pub const TEST_KEY: u8 = 7;

/// The public half of the test key.
pub fn public_key() -> PathBuf {
    workspace::root().join("tests/data/test-key.pub.pem")
}

/// A signed file of an unsigned one's pages. `change` may change what its header says.
///
/// # Errors
/// When the file is no filter, or the header that comes of it cannot be.
pub fn sign(mut file: &[u8], seed: u8, change: impl FnOnce(&mut Header)) -> Result<Vec<u8>> {
    let catalogue = open(&mut file, &mut [0; 512], &Trust::ANY)
        .map_err(|error| anyhow!("cannot be signed: {error}"))?;
    let id = catalogue.file_id();
    let mut header = catalogue.header().clone();
    let sectors: &[Sector] = file.as_chunks().0;
    let mut payloads = Vec::new();
    for dataset in catalogue.datasets() {
        let first = dataset.first_sector.0 as usize;
        let pages = sectors.get(first..first + dataset.num_sectors as usize);
        let pages = pages.context("a dataset without its pages")?;
        payloads.extend(pages.iter().map(payload_of));
    }

    header.root = Some(Tag([0; TAG_BYTES]));
    change(&mut header);
    let mut next = header.num_header_sectors()?;
    for dataset in &mut header.datasets {
        dataset.first_sector = SectorIndex(next);
        next += dataset.num_sectors;
    }
    let tree = header.tree().context("a header without a page")?;
    header.num_sectors = next + tree.num_tag_sectors() + 1;
    header.root = Some(add_tags(&mut payloads, id, header.datasets[0].first_sector));

    let encoded = header.encode(id)?;
    let mut signed: Vec<u8> = encoded.sectors().flatten().collect();
    for (index, payload) in (header.datasets[0].first_sector.0..).zip(&payloads) {
        signed.extend(seal(id, SectorIndex(index), payload));
    }
    let pair = KeyPair::from_seed(Seed::new([seed; 32]));
    let signature = Signature(*pair.sk.sign(encoded.signed_message(), None));
    signed.extend(signature.seal(PublicKey(*pair.pk), id, header.signature_sector()));
    Ok(signed)
}

/// Put all levels of tags behind the pages; gives the root.
fn add_tags(payloads: &mut Vec<Payload>, id: FileId, first: SectorIndex) -> Tag {
    let mut level = 0..payloads.len();
    loop {
        let places = (first.0..).skip(level.start).map(SectorIndex);
        let tags: Vec<Tag> = places
            .zip(&payloads[level.clone()])
            .map(|(place, payload)| tag_of(id, place, payload))
            .collect();
        if let (1.., [root]) = (level.start, &tags[..]) {
            return *root;
        }
        level.start = payloads.len();
        payloads.extend(tags.chunks(TAGS_PER_SECTOR as usize).map(encode_tags));
        level.end = payloads.len();
    }
}

/// Change a byte of a sector's payload and make its checksum right again, as a forger does.
///
/// # Errors
/// When the file has no such sector.
pub fn forge(file: &mut [u8], index: u32, at: usize, flip: u8) -> Result<()> {
    let id = open(&mut &*file, &mut [0; 512], &Trust::ANY)
        .map_err(|error| anyhow!("cannot be forged: {error}"))?
        .file_id();
    let (sectors, _) = file.as_chunks_mut::<512>();
    let sector = sectors.get_mut(index as usize).context("no such sector")?;
    let mut payload = payload_of(sector);
    *payload.get_mut(at).context("no such byte")? ^= flip;
    *sector = seal(id, SectorIndex(index), &payload);
    Ok(())
}

fn payload_of(sector: &Sector) -> Payload {
    let mut payload = [0; leaksieve_core::sector::PAYLOAD_BYTES];
    payload.copy_from_slice(&sector[..leaksieve_core::sector::PAYLOAD_BYTES]);
    payload
}

#[cfg(test)]
mod tests {
    use super::*;
    use leaksieve_core::{Identifier, Verdict, check};

    #[test]
    fn a_signed_file_is_of_the_test_key_and_says_the_same() -> Result<()> {
        let path = workspace::root().join("core/tests/golden/phone.lsv");
        let plain = std::fs::read(path)?;
        let signed = sign(&plain, TEST_KEY, |header| header.epoch = 9)?;
        let mut sector = [0; 512];
        let catalogue = open(&mut &*signed, &mut sector, &Trust::ANY)?;
        assert_eq!(catalogue.header().epoch, 9);
        let signer = catalogue.signer().context("not signed")?.to_string();
        // `openssl pkey -pubin -in tests/data/test-key.pub.pem -noout -text`
        assert!(signer.starts_with("ea4a6c63e29c520a"), "{signer}");
        let asked = Identifier::new(b"+86 138-0013-8000");
        let said = check(&catalogue, asked, &mut &*signed, &mut sector)?;
        assert!(matches!(said, Verdict::Exposed(_)));
        Ok(())
    }
}
