//! Cards as other programs make them: volumes by mkfs.fat, mkfs.exfat and mkntfs, partition
//! tables by sfdisk and sgdisk.

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use leaksieve_app::{CardFile, Storage, StorageError};
use leaksieve_core::SectorSource;
use tempfile::TempDir;

use crate::common::MemoryCard;
use crate::volumes::content;

/// A card, and its volumes; MiB.
const CARD_MIB: u64 = 100;
const VOLUME_MIB: u64 = 40;
/// Where the volumes begin; blocks of 512 bytes.
const STARTS: [u64; 2] = [2048, 2048 + VOLUME_MIB * 2048];

/// Sectors of the file on the volume that is to be found, and on one that lay there before.
const NUM_SECTORS: u32 = 7;
const OLD_NUM_SECTORS: u32 = 3;

const FAT32: &[&str] = &["mkfs.fat", "-F", "32"];
const EXFAT: &[&str] = &["mkfs.exfat"];

/// Run a program of the system's administration, which may lie outside PATH.
fn program(name: &str, arguments: &[&str], card: &Path, input: &str) {
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap());
    let mut child = Command::new(name)
        .args(arguments)
        .arg(card)
        .env("PATH", path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("{name}: {error}; install dosfstools, exfatprogs, ntfs-3g, fdisk and gdisk")
        });
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let said = child.wait_with_output().unwrap();
    assert!(said.status.success(), "{name} {arguments:?}: {said:?}");
}

/// A file of zeros, which takes no room.
fn empty(path: &Path, num_mib: u64) {
    fs::write(path, []).unwrap();
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_len(num_mib << 20).unwrap();
}

/// A volume, with a filter of so many sectors if it is a FAT volume.
fn volume(folder: &TempDir, make: &[&str], num_sectors: u32) -> Vec<u8> {
    let path = folder.path().join("volume");
    empty(&path, VOLUME_MIB);
    program(make[0], &make[1..], &path, "");
    if make[0] == "mkfs.fat" {
        let volume = fs::File::options().read(true).write(true).open(&path);

        let system = fatfs::FileSystem::new(volume.unwrap(), fatfs::FsOptions::new()).unwrap();
        let mut file = system.root_dir().create_file("LEAKS.LSV").unwrap();
        file.write_all(&content(num_sectors)).unwrap();
    }
    let mut volume = fs::read(&path).unwrap();
    let end = volume.iter().rposition(|byte| *byte != 0).unwrap();
    volume.truncate(end + 1);
    volume
}

/// A partition table: none, one of sfdisk's script, or one of sgdisk's arguments.
#[derive(Clone, Copy)]
enum Table {
    None,
    Mbr(&'static str),
    Gpt(&'static [&'static str]),
}
use Table::{Gpt, Mbr, None as Whole};

/// What lay in a card's first block before; its table; what makes its volumes, or the whole card;
/// how many sectors the file has that is found.
type Case<'a> = (
    &'a [u8],
    Table,
    &'a [&'a [&'a str]],
    Result<u32, StorageError>,
);

fn write_at(card: &Path, block: u64, volume: &[u8]) {
    let mut card = fs::File::options().write(true).open(card).unwrap();
    card.seek(SeekFrom::Start(block * 512)).unwrap();
    card.write_all(volume).unwrap();
}

#[test]
#[ignore = "needs the programs that format cards: `cargo xtask test` brings them"]
fn cards_of_other_programs() {
    const ONE: &[&str] = &["-n", "1:2048:+40M"];
    let folder = tempfile::tempdir().unwrap();
    let old = volume(&folder, FAT32, OLD_NUM_SECTORS);
    let found = Ok(NUM_SECTORS);
    let exfat = Err(StorageError::ExFat);
    let cases: &[Case<'_>] = &[
        (&[], Whole, &[FAT32], found),
        (&[], Whole, &[&["mkfs.fat", "-F", "16"]], found),
        (&[], Whole, &[EXFAT], exfat),
        (
            &[],
            Whole,
            &[&["mkntfs", "-F", "-Q"]],
            Err(StorageError::Ntfs),
        ),
        (&old, Whole, &[FAT32], found),
        (&old, Whole, &[EXFAT], exfat),
        (&[], Mbr("start=2048, type=c"), &[FAT32], found),
        (&[], Mbr("start=2048, type=7"), &[FAT32], found),
        (&[], Mbr("start=2048, type=83, bootable"), &[FAT32], found),
        (
            &[],
            Mbr("start=2048, type=e"),
            &[&["mkfs.fat", "-F", "16", "-s", "8"]],
            found,
        ),
        (
            &[],
            Mbr("start=2048, type=c"),
            &[&["mkfs.fat", "-F", "32", "-s", "1", "-f", "1"]],
            found,
        ),
        (
            &[],
            Mbr("start=2048, type=c"),
            &[&["mkfs.fat", "-F", "32", "-R", "64"]],
            found,
        ),
        (&[], Mbr("start=2048, type=7"), &[EXFAT], exfat),
        (&[], Mbr("start=2048, type=c"), &[EXFAT], exfat),
        (
            &[],
            Mbr("start=2048, type=7"),
            &[&["mkntfs", "-F", "-Q"]],
            Err(StorageError::Ntfs),
        ),
        (
            &[],
            Mbr("start=2048, type=c"),
            &[],
            Err(StorageError::NoVolume),
        ),
        (
            &[],
            Mbr("start=2048, size=40MiB, type=7\ntype=c"),
            &[EXFAT, FAT32],
            found,
        ),
        (
            &[],
            Mbr("start=2048, size=40MiB, type=c\ntype=7"),
            &[FAT32, EXFAT],
            found,
        ),
        (&old, Mbr("start=2048, type=c"), &[FAT32], found),
        (&old, Mbr("start=2048, type=7"), &[EXFAT], exfat),
        (&[], Gpt(ONE), &[FAT32], found),
        (
            &[],
            Gpt(&["-n", "1:2048:+40M", "-t", "1:0700"]),
            &[FAT32],
            found,
        ),
        (
            &[],
            Gpt(&["-n", "1:2048:+40M", "-t", "1:ef00"]),
            &[FAT32],
            found,
        ),
        (&[], Gpt(&["-n", "4:2048:+40M"]), &[FAT32], found),
        (
            &[],
            Gpt(&["-n", "9:2048:+40M", "-n", "3:83968:+40M"]),
            &[EXFAT, FAT32],
            found,
        ),
        (&old, Gpt(ONE), &[FAT32], found),
        (&[], Gpt(ONE), &[EXFAT], exfat),
        (&[], Gpt(&["-o"]), &[], Err(StorageError::NoVolumeInGpt)),
    ];
    let path = folder.path().join("card");
    for (before, table, volumes, expected) in cases {
        empty(&path, CARD_MIB);
        write_at(&path, 0, before);
        let what = match table {
            Whole => "no table".to_owned(),
            Mbr(script) => {
                program(
                    "sfdisk",
                    &["--quiet", "--wipe=never"],
                    &path,
                    &format!("label: dos\n{script}\n"),
                );
                format!("sfdisk: {script}")
            }
            Gpt(arguments) => {
                // Over what lies in the first block, too.
                program("sgdisk", &[&["-g"], *arguments].concat(), &path, "");
                format!("sgdisk {arguments:?}")
            }
        };
        for (make, start) in volumes.iter().zip(STARTS) {
            let start = if matches!(table, Whole) { 0 } else { start };
            write_at(&path, start, &volume(&folder, make, NUM_SECTORS));
        }
        let slot = MemoryCard::default();
        *slot.slot.borrow_mut() = Some(fs::read(&path).unwrap());
        let mut file = CardFile::new(slot);
        let told = file.mount(0).and_then(|()| file.num_sectors());
        let is_old = !before.is_empty();
        assert_eq!(told, *expected, "{what}, {volumes:?}, old volume: {is_old}");
    }
}
