//! A filter file -> the same, signed: its pages under a hash tree, the tree's root in the
//! header, and a signature over the header.

use std::path::{Path, PathBuf};

use leaksieve_core::file::{FileSectors, byte_of};
use leaksieve_core::sector::{FileId, Sector, SectorIndex, seal};
use leaksieve_core::trust::{Tag, Tree};
use leaksieve_core::{Header, PublicKey, ReadError, Trust};

use crate::file::copy::{compare_pages, copy_pages};
use crate::file::key::SecretKey;
use crate::file::sectors::read_payloads;
use crate::file::tags;
use crate::file::verify::{VerifyError, verify};
use crate::file::{Access, AtomicFile};
use crate::file::{FileError, FilterFile};
use crate::file::{WriteError, file_id, write_header};
use crate::parallel::ordered_parallel;
use crate::progress::{Observer, Stage};

/// How a file is signed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Counter of publications; `None` leaves what the file says.
    pub epoch: Option<u32>,
    /// When the file should be replaced; seconds since 1970-01-01 UTC, 0 for never; `None`
    /// leaves what the file says.
    pub expires_unix_s: Option<u64>,
    /// Sign what is signed already: its signature and tree are left out, and made anew.
    pub again: bool,
    /// Replace an output that exists.
    pub replace: bool,
}

/// Why a file was not signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is not what it should be.
    #[error(transparent)]
    Unsound(#[from] VerifyError),
    /// It is signed.
    #[error(
        "{}: already signed, by {signer}",
        path.display()
    )]
    SignedAlready {
        /// The file.
        path: PathBuf,
        /// Who signed it.
        signer: PublicKey,
    },
    /// No room for the tags.
    #[error(
        "with its tags, one sector in 30, the file has more than 2^32 sectors (2 TiB): make several files"
    )]
    TooLarge,
    /// The signed file.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The signed file was read, and is not what it should be.
    #[error("the signed file does not verify, so it was not saved. Check the disk ({0})")]
    Unverified(#[source] VerifyError),
}

/// Verify the file at `input` to its end, and write it, signed, to `output`; gives the new
/// header. The same file, key and options give the same bytes.
///
/// # Errors
/// [`SignError`]; what was at `output` before is then as it was.
pub fn sign(
    input: &Path,
    key: &SecretKey,
    options: Options,
    output: &Path,
    observer: &dyn Observer,
) -> Result<Header, SignError> {
    let file = FilterFile::open(input)?;
    if let Some(signer) = file.catalogue().signer().filter(|_| !options.again) {
        return Err(SignError::SignedAlready {
            path: input.to_path_buf(),
            signer,
        });
    }
    let mut new_file =
        AtomicFile::create(output, options.replace, Access::AsUsual).map_err(WriteError::Output)?;
    // Who signs says that it is sound.
    verify(&file, observer)?;
    let (mut header, tree) = plan(file.catalogue().header(), options)?;
    // Other than that of the unsigned file, so that no sector of it passes in this one.
    let origin = [file.catalogue().file_id().0.as_slice(), &key.public().0].concat();
    let id = file_id(&header, &origin).map_err(WriteError::Header)?;

    observer.begin(Stage::Encode, Some(header.num_sectors.into()));
    let first_page = header.num_header_sectors().map_err(WriteError::Header)?;
    let files = [file];
    new_file
        .seek(byte_of(SectorIndex(first_page)))
        .map_err(WriteError::Output)?;
    copy_pages::<SignError>(&files, &mut new_file, id, first_page, observer)?;
    header.root = Some(write_tags(tree, id, &mut new_file, observer)?);
    let message = header.encode(id).map_err(WriteError::Header)?;
    let signature = key.sign(&message.signed_message());
    new_file
        .write(&signature.seal(key.public(), id, header.signature_sector()))
        .map_err(WriteError::Output)?;
    write_header(&header, id, &mut new_file)?;
    observer.end();

    // As a device with this key will read it, and then all of it.
    let reopened = new_file.reopen().map_err(WriteError::Output)?;
    let keys = [key.public()];
    let written = FilterFile::of(
        output,
        || Ok(Box::new(reopened.try_clone().and_then(FileSectors::new)?)),
        &Trust::in_keys(&keys),
    )
    .map_err(|error| SignError::Unverified(error.into()))?;
    if *written.catalogue().header() != header {
        return Err(WriteError::OtherContent.into());
    }
    verify(&written, observer).map_err(SignError::Unverified)?;
    observer.begin(Stage::Recheck, Some(header.num_sectors.into()));
    compare_pages::<SignError>(&files, &reopened, &header, id, observer)?;
    observer.end();
    new_file.commit().map_err(WriteError::Output)?;
    Ok(header)
}

/// The header of the signed file, but for its root; and the tree that goes into the file.
fn plan(unsigned: &Header, options: Options) -> Result<(Header, Tree), SignError> {
    let mut header = unsigned.clone();
    header.epoch = options.epoch.unwrap_or(header.epoch);
    header.expires_unix_s = options.expires_unix_s.unwrap_or(header.expires_unix_s);
    // The root makes the header longer, so it has to be there for the places.
    header.root = Some(Tag([0; 16]));
    let first_page = header.num_header_sectors().map_err(WriteError::Header)?;
    let end = header
        .place_datasets(first_page)
        .ok_or(SignError::TooLarge)?;
    let tree = header.tree().ok_or(SignError::TooLarge)?;
    let num_sectors = u64::from(end) + u64::from(tree.num_tag_sectors()) + 1;
    header.num_sectors = u32::try_from(num_sectors).map_err(|_| SignError::TooLarge)?;
    Ok((header, tree))
}

/// Write all tag sectors behind the pages; gives the root. A level is hashed as it is read
/// back, and no level is in memory.
fn write_tags(
    tree: Tree,
    id: FileId,
    new_file: &mut AtomicFile,
    observer: &dyn Observer,
) -> Result<Tag, SignError> {
    for level in 0..tree.num_levels() {
        let below = new_file.reopen().map_err(WriteError::Output)?;
        ordered_parallel(
            std::thread::available_parallelism().map_or(1, usize::from),
            tags::groups(tree, level),
            || {
                |nodes| -> Result<Vec<Sector>, ReadError<std::io::Error>> {
                    let sectors = tags::sectors(tree, level, &nodes);
                    let above = tags::sectors(tree, level + 1, &tags::above(&nodes));
                    let payloads = read_payloads(&below, id, sectors.clone())?;
                    let tag_sectors = tags::tag_sectors(id, sectors.start, &payloads);
                    Ok(above
                        .zip(&tag_sectors)
                        .map(|(index, payload)| seal(id, SectorIndex(index), payload))
                        .collect())
                }
            },
            |sectors| {
                let sectors = sectors.map_err(WriteError::ReadBack)?;
                observer.advance(sectors.len() as u64);
                new_file
                    .write(sectors.as_flattened())
                    .map_err(WriteError::Output)
            },
        )?;
    }
    let file = new_file.reopen().map_err(WriteError::Output)?;
    Ok(tags::root(&file, id, tree).map_err(WriteError::ReadBack)?)
}
