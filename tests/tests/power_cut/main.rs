//! A new filter is installed on a card, and the power is cut at each write: the device
//! finds the old file or the new one, whole, and nothing else.
//!
//! The installation is the host's own (`leaksieve::deliver::install`), over a FAT volume on a disk that
//! remembers each write and each sync; the device is its own code (`leaksieve_app`), with a
//! key and a lowest epoch.

mod disk;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Cursor, Write};
use std::path::PathBuf;
use std::rc::Rc;

use anyhow::{Context, Result, ensure};
use embedded_sdmmc::{BlockCount, BlockDevice, BlockIdx};
use leaksieve::deliver::install::{Card, InstallError, install};
use leaksieve::file::FilterFile;
use leaksieve::file::key::SecretKey;
use leaksieve::file::sign::{self, sign};
use leaksieve::input::source::{Input, Layout};
use leaksieve::pipeline::{self, build};
use leaksieve::sizing::{Choice, Method};
use leaksieve_app::epoch::{EpochError, EpochStore};
use leaksieve_app::filter::Filter;
use leaksieve_app::{CardFile, Guard, StorageError, Workspace};
use leaksieve_core::identifier::{CaseRule, IdScheme, Separators};
use leaksieve_core::{Identifier, IdentifierKind, Profile, PublicKey, SectorIndex, Verdict, check};
use leaksieve_tests::{is_exhaustive, some};
use tempfile::TempDir;

use crate::disk::{Cut, History, Random, Shared, State};

/// Lost and reordered states for each write.
const NUM_RANDOM: usize = 5;

/// A file that is installed, and a member for each of its pages: of three one is a ribbon, and one
/// an exact set.
struct Publication {
    file: FilterFile,
    epoch: u32,
    members: Vec<String>,
    /// Some that only this publication has, and that no page of it need hold.
    own: String,
}

struct Lab {
    _folder: TempDir,
    keys: &'static [PublicKey],
    publications: Vec<Publication>,
}

/// Items of each publication, of which 1,000 take some three or four pages, or of an exact set
/// two: the next file is larger than the one before, or smaller.
const NUM_ITEMS: [usize; 6] = [3_000, 4_000, 7_000, 2_000, 5_000, 5_200];

impl Lab {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let key = SecretKey::from_seed(&[7; 32]).context("no key")?;
        let keys: &'static [PublicKey] = Box::leak(Box::new([key.public()]));
        let mut publications = Vec::new();
        for (epoch, num_items) in (1..).zip(NUM_ITEMS) {
            let path = |name: &str| -> PathBuf { folder.path().join(format!("{epoch}.{name}")) };
            let member = |i: usize| match epoch % 3 {
                0 => format!("{epoch}{:09}", i * 997 % 1_000_000),
                _ => format!("member{i}.{epoch}@example.com"),
            };
            let all: Vec<String> = (0..num_items).map(member).collect();
            std::fs::write(path("txt"), all.join("\n"))?;
            build(&options(path("txt"), epoch), &path("lsv"), &())?;
            sign(
                &path("lsv"),
                &key,
                sign::Options::default(),
                &path("signed"),
                &(),
            )?;
            let file = FilterFile::open(&path("signed"))?;
            let bytes = std::fs::read(path("signed"))?;
            let (sectors, _) = bytes.as_chunks();
            let mut by_sector: BTreeMap<SectorIndex, String> = BTreeMap::new();
            for member in &all {
                let mut lookup = file.catalogue().lookup(Identifier::new(member.as_bytes()));
                // The last page that it reads; the tags of so few are all kept.
                while let Some(wanted) = lookup.wants() {
                    by_sector.insert(wanted, member.clone());
                    lookup.supply(&sectors[wanted.0 as usize])?;
                }
            }
            publications.push(Publication {
                file,
                epoch,
                own: all[0].clone(),
                members: by_sector.into_values().collect(),
            });
        }
        Ok(Self {
            _folder: folder,
            keys,
            publications,
        })
    }
}

fn options(list: PathBuf, epoch: u32) -> pipeline::BuildOptions {
    let ids = Profile::Id(IdScheme::Plain(CaseRule::Exact, Separators::Keep));
    let (kind, profile, encoding) = match epoch % 3 {
        0 => (IdentifierKind::Id, ids, Choice::Exact),
        1 => (
            IdentifierKind::Email,
            Profile::Email,
            Choice::Filter(Method::Bloom),
        ),
        _ => (
            IdentifierKind::Email,
            Profile::Email,
            Choice::Filter(Method::Ribbon),
        ),
    };
    let mut options = pipeline::BuildOptions::new(vec![Input::File(list)], kind, profile);
    options.layout = Layout::Line;
    options.encoding = encoding;
    options.name = "Forum".into();
    options.seed = Some(1);
    options.created_unix_s = 0;
    options.epoch = epoch;
    options.max_rejected_share = 0.0;
    options
}

/// A card's volume, as the host reaches it.
struct Volume<'a>(&'a fatfs::FileSystem<Shared>);

impl<'a> Card for Volume<'a> {
    type File = fatfs::File<'a, Shared>;

    fn open(&mut self, name: &str) -> io::Result<Option<Self::File>> {
        match self.0.root_dir().open_file(name) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn create(&mut self, name: &str) -> io::Result<Self::File> {
        self.0.root_dir().create_file(name)
    }

    fn sync(&mut self, file: &mut Self::File) -> io::Result<()> {
        file.flush()
    }
}

/// An empty volume, formatted.
fn formatted(fat_type: fatfs::FatType) -> Result<Vec<u8>> {
    let num_bytes = match fat_type {
        fatfs::FatType::Fat32 => 40 << 20,
        _ => 4 << 20,
    };
    let mut volume = Cursor::new(vec![0; num_bytes]);
    let options = fatfs::FormatVolumeOptions::new()
        .fat_type(fat_type)
        .bytes_per_cluster(512);
    fatfs::format_volume(&mut volume, options)?;
    Ok(volume.into_inner())
}

/// Install a publication on a disk; gives what is there then, and what the host did.
fn install_on(
    image: Vec<u8>,
    publication: &Publication,
    keys: &[PublicKey],
) -> Result<(Result<&'static str, InstallError>, Vec<u8>, History)> {
    let disk = Shared::new(image);
    let installed;
    {
        let system = fatfs::FileSystem::new(disk.clone(), fatfs::FsOptions::new())?;
        installed = install(&publication.file, &mut Volume(&system), keys, &());
        system.unmount()?;
    }
    let (image, history) = disk.into_parts();
    Ok((installed, image, history))
}

/// A disk in the device's socket.
#[derive(Clone)]
struct Socket(Rc<State>);

#[derive(Debug, thiserror::Error)]
#[error("no such block")]
struct PastEnd;

impl BlockDevice for Socket {
    type Error = PastEnd;

    fn read(&self, blocks: &mut [embedded_sdmmc::Block], start: BlockIdx) -> Result<(), PastEnd> {
        for (index, block) in (start.0..).zip(blocks) {
            block.contents = *self.0.block(index).ok_or(PastEnd)?;
        }
        Ok(())
    }

    fn write(&self, _: &[embedded_sdmmc::Block], _: BlockIdx) -> Result<(), PastEnd> {
        panic!("the device writes to the card");
    }

    fn num_blocks(&self) -> Result<BlockCount, PastEnd> {
        Ok(BlockCount(self.0.num_blocks()))
    }
}

impl leaksieve_app::Card for Socket {
    fn forget(&self) {}

    fn explain(_: &PastEnd) -> StorageError {
        StorageError::Unreadable
    }
}

/// The device's own storage.
struct Kept(u32);

impl EpochStore for Kept {
    fn lowest(&mut self) -> Result<u32, EpochError> {
        Ok(self.0)
    }

    fn raise(&mut self, epoch: u32) -> Result<(), EpochError> {
        self.0 = epoch;
        Ok(())
    }
}

/// Which publication a device that has seen this epoch finds on the disk. It is asked for a
/// member in each page, and about those that the other publications have.
fn found_by_device(
    lab: &Lab,
    work: &mut Workspace,
    state: &State,
    seen: u32,
) -> Result<Option<u32>> {
    let card = CardFile::new(Socket(Rc::new(state.clone())));
    let mut filter = Filter::new(card, Guard::new(lab.keys, Kept(seen)), work);
    let Ok(catalogue) = filter.mount() else {
        return Ok(None);
    };
    let epoch = catalogue.header().epoch;
    let publication = lab
        .publications
        .iter()
        .find(|publication| publication.epoch == epoch)
        .context("a publication that there is not")?;
    ensure!(catalogue.file_id() == publication.file.catalogue().file_id());
    let mut ask = |text: &str| -> Result<Verdict> {
        let reply = filter
            .ask(text.as_bytes())
            .map_err(|refused| anyhow::anyhow!("{refused:?}"))?;
        ensure!(!reply.filter_changed);
        let [(_, verdict)] = reply.findings.as_slice() else {
            anyhow::bail!("not one finding");
        };
        verdict
            .clone()
            .map_err(|failure| anyhow::anyhow!("{failure}"))
    };
    for member in &publication.members {
        ensure!(
            matches!(ask(member)?, Verdict::Exposed(_)),
            "a wrong \"not exposed\""
        );
    }
    for other in &lab.publications {
        let expected = publication
            .file
            .check(Identifier::new(other.own.as_bytes()), &mut [0; 512])?;
        ensure!(
            ask(&other.own)? == expected,
            "another answer than the file's"
        );
    }
    Ok(Some(epoch))
}

/// Install one publication after the other, and cut the power in each installation.
fn cut_everywhere(lab: &Lab, fat_type: fatfs::FatType, seed: u64) -> Result<BTreeMap<Cut, usize>> {
    let mut counts: BTreeMap<Cut, usize> = BTreeMap::new();
    let mut image = formatted(fat_type)?;
    let mut work = Workspace::new();
    let mut random = Random(seed);
    for (number, publication) in lab.publications.iter().enumerate() {
        let base = Rc::new(image);
        let (installed, after, history) = install_on(base.to_vec(), publication, lab.keys)?;
        installed?;
        let before = publication.epoch - 1;
        let mut found = BTreeSet::new();
        let mut failure = None;
        let mut num_states = 0usize;
        let (mut installed_again, mut not_again) = (0, 0);
        history.states(&base, NUM_RANDOM, &mut random, |cut, state| {
            if failure.is_some() {
                return;
            }
            let outcome = found_by_device(lab, &mut work, &state, before).and_then(|epoch| {
                // On the first card there was none before.
                let none_yet = number == 0 && epoch.is_none();
                ensure!(
                    none_yet
                        || epoch.is_some_and(
                            |epoch| epoch == before && number > 0 || epoch == publication.epoch
                        ),
                    "the device finds {epoch:?}"
                );
                found.insert(epoch);
                // And from whatever the cut has left, the host goes on; where the volume's own
                // tables were lost with a write, it says so, and harms nothing.
                if num_states.is_multiple_of(29) {
                    let (again, image, _) = install_on(state.image(), publication, lab.keys)?;
                    let now =
                        found_by_device(lab, &mut work, &State::new(&Rc::new(image)), before)?;
                    let is_new = now == Some(publication.epoch);
                    match again {
                        Ok(_) | Err(InstallError::Installed(_)) => {
                            ensure!(is_new, "again: {now:?}")
                        }
                        Err(error) => {
                            ensure!(cut != Cut::Whole, "{error}");
                            ensure!(is_new || now == epoch, "{error}: {now:?}");
                            not_again += 1;
                        }
                    }
                    installed_again += 1;
                }
                Ok(())
            });
            num_states += 1;
            // Before the first there was no file to find, so that none may be found.
            if number > 0 {
                *counts.entry(cut).or_default() += 1;
            }
            failure = outcome
                .err()
                .map(|error| format!("{cut:?}, state {num_states}: {error:#}"));
        });
        if let Some(failure) = failure {
            anyhow::bail!("{fat_type:?}, publication {}: {failure}", publication.epoch);
        }
        // Both were found: the cuts are around the moment that counts.
        ensure!(found.len() == 2, "{found:?}");
        println!(
            "{fat_type:?}, epoch {}: {} writes, {num_states} states, installed again from {installed_again}, refused in {not_again} of them",
            publication.epoch,
            history.num_writes()
        );
        image = after;
    }
    Ok(counts)
}

#[test]
fn the_power_is_cut_at_each_write_of_an_update() -> Result<()> {
    let lab = Lab::new()?;
    let mut total = 0;
    for (fat_type, seed) in some(
        vec![(fatfs::FatType::Fat16, 1), (fatfs::FatType::Fat32, 2)],
        2,
    ) {
        for (cut, count) in cut_everywhere(&lab, fat_type, seed)? {
            println!("{fat_type:?}, {cut:?}: {count} states");
            total += count;
        }
    }
    println!("{total} states with a file before: 0 wrong, 0 without a valid file");
    ensure!(total >= if is_exhaustive() { 10_000 } else { 1_000 });
    Ok(())
}

/// The test can fail: with the first sector written before the others, a cut leaves a file
/// that begins as the new one and is not whole.
#[test]
fn a_careless_copy_is_caught() -> Result<()> {
    let lab = Lab::new()?;
    let mut image = formatted(fatfs::FatType::Fat16)?;
    let mut work = Workspace::new();
    for publication in &lab.publications[..2] {
        image = install_on(image, publication, lab.keys)?.1;
    }
    let base = Rc::new(image);
    let disk = Shared::new(base.to_vec());
    {
        let system = fatfs::FileSystem::new(disk.clone(), fatfs::FsOptions::new())?;
        let mut file = system.root_dir().open_file("LEAKS.LSV")?;
        file.write_all(&std::fs::read(lab.publications[2].file.path())?)?;
        file.flush()?;
        drop(file);
        system.unmount()?;
    }
    let mut num_caught = 0;
    disk.into_parts()
        .1
        .states(&base, 50, &mut Random(3), |_, state| {
            if found_by_device(&lab, &mut work, &state, 2).is_err() {
                num_caught += 1;
            }
        });
    ensure!(num_caught > 0);
    Ok(())
}

/// What the device would not take is not installed, and the card is as it was.
#[test]
fn an_older_file_and_the_same_file_are_not_installed() -> Result<()> {
    let lab = Lab::new()?;
    let disk = Shared::new(formatted(fatfs::FatType::Fat16)?);
    {
        let system = fatfs::FileSystem::new(disk.clone(), fatfs::FsOptions::new())?;
        let mut volume = Volume(&system);
        let mut put =
            |number: usize| install(&lab.publications[number].file, &mut volume, lab.keys, &());
        ensure!(put(1)? == "LEAKS.LSV");
        ensure!(matches!(put(1), Err(InstallError::Installed("LEAKS.LSV"))));
        ensure!(matches!(
            put(0),
            Err(InstallError::NotNewer {
                installed: 2,
                offered: 1,
                ..
            })
        ));
        ensure!(put(2)? == "LEAKS2.LSV");
        ensure!(put(4)? == "LEAKS.LSV");
        system.unmount()?;
    }
    let image = Rc::new(disk.into_parts().0);
    let found = found_by_device(&lab, &mut Workspace::new(), &State::new(&image), 3)?;
    ensure!(found == Some(5));
    // Both are whole: a device that has seen nothing takes the newer one.
    let mut bytes: &[u8] = &std::fs::read(lab.publications[4].file.path())?;
    let asked = Identifier::new(lab.publications[4].own.as_bytes());
    ensure!(matches!(
        check(
            lab.publications[4].file.catalogue(),
            asked,
            &mut bytes,
            &mut [0; 512]
        ),
        Ok(Verdict::Exposed(_))
    ));
    Ok(())
}
