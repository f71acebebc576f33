//! What is made to fail, where, and how.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use leaksieve_tests::{is_exhaustive, some};

use crate::trace::{Call, Place};

/// A place in our sources that asks something of the system, known by the calls of it.
pub(crate) struct Site {
    /// File, function, and what it asks for.
    pub(crate) name: &'static str,
    place: Place,
    calls: &'static [&'static str],
    /// Stands in the call.
    text: &'static str,
}

const fn site(
    name: &'static str,
    place: Place,
    calls: &'static [&'static str],
    text: &'static str,
) -> Site {
    Site {
        name,
        place,
        calls,
        text,
    }
}

const OPEN: &[&str] = &["openat", "open"];
const STATUS: &[&str] = &["statx", "newfstatat", "fstat", "stat"];
const READ: &[&str] = &["read", "pread64"];

/// All of them; the first that fits a call is its site. A call that fits none fails the
/// test: who adds file work adds it here, and sees it tried.
#[rustfmt::skip]
pub(crate) const SITES: &[Site] = &[
    site("output create: what is in the place", Place::Target, STATUS, ""),
    site("output remove_left_overs: open the folder", Place::Folder, OPEN, "O_DIRECTORY"),
    site("output remove_left_overs: list it", Place::Folder, &["getdents64"], ""),
    site("output create, remove_left_overs: the folder", Place::Folder, STATUS, ""),
    site("output remove_left_overs: open", Place::LeftOver, OPEN, ""),
    site("output remove_left_overs: lock", Place::LeftOver, &["flock"], ""),
    site("output remove_left_overs: remove", Place::LeftOver, &["unlink", "unlinkat"], ""),
    site("output create_locked: create", Place::Unfinished, OPEN, "O_CREAT"),
    site("output create_locked: lock", Place::Unfinished, &["flock"], ""),
    site("output create_locked, reopen, read_header: status", Place::Unfinished, STATUS, ""),
    site("output seek", Place::Unfinished, &["lseek"], ""),
    site("output clear: cut", Place::Unfinished, &["ftruncate"], ""),
    site("output write, seek, reopen: write", Place::Unfinished, &["write"], ""),
    site("output clear", Place::Unfinished, &["ftruncate"], ""),
    site("output reopen", Place::Unfinished, OPEN, ""),
    site("bundle: a second handle", Place::Unfinished, &["fcntl"], ""),
    site("recheck, read_header: read back", Place::Unfinished, READ, ""),
    site("output commit: sync", Place::Unfinished, &["fsync"], ""),
    site("output commit: rename", Place::Unfinished, &["renameat", "renameat2", "rename"], ""),
    site("output commit: link", Place::Unfinished, &["linkat", "link"], ""),
    site("output commit: unlink", Place::Unfinished, &["unlinkat", "unlink"], ""),
    site("output sync_folder: open", Place::Folder, OPEN, ""),
    site("output sync_folder: sync", Place::Folder, &["fsync"], ""),
    site("spool write: create", Place::Spool, OPEN, ""),
    site("spool flush: write", Place::Spool, &["pwrite64"], ""),
    site("spool read", Place::Spool, READ, ""),
    site("install folder: status", Place::Card, STATUS, ""),
    site("install: its file system", Place::Card, &["statfs", "statfs64"], ""),
    site("install create", Place::Card, OPEN, "O_CREAT"),
    site("install sync: open the folder", Place::Card, OPEN, "\"card\""),
    site("install open", Place::Card, OPEN, ""),
    site("install seek", Place::Card, &["lseek"], ""),
    site("install write", Place::Card, &["write"], ""),
    site("install read", Place::Card, READ, ""),
    site("install sync", Place::Card, &["fsync"], "LEAKS"),
    site("install sync: the folder", Place::Card, &["fsync"], ""),
    site("install sync: forget what is remembered", Place::Card, &["fadvise64"], ""),
    site("inputs: open", Place::Input, OPEN, ""),
    site("inputs: status, begin again", Place::Input, &["statx", "newfstatat", "fstat", "stat", "lseek"], ""),
    site("inputs: read", Place::Input, READ, ""),
    site("cmd: the summary", Place::Stdout, &["write"], ""),
];

/// The site of a call for a file of ours.
pub(crate) fn site_of(call: &Call) -> Option<usize> {
    SITES.iter().position(|site| {
        Some(site.place) == call.place
            && site.calls.contains(&call.name.as_str())
            && call.line.contains(site.text)
    })
}

/// The calls for files of ours, by their sites.
pub(crate) fn by_site(calls: &[Call]) -> Result<BTreeMap<usize, Vec<&Call>>> {
    let mut sites = BTreeMap::<usize, Vec<&Call>>::new();
    // A standard library with debug assertions looks whether what it closes is open.
    let is_ours = |call: &&Call| call.place.is_some() && !call.line.contains("F_GETFD");
    for call in calls.iter().filter(is_ours) {
        let site = site_of(call).with_context(|| format!("no site for {}", call.line))?;
        sites.entry(site).or_default().push(call);
    }
    Ok(sites)
}

/// All calls of a site, but of more than three that read or print, and of another
/// thread's, the first and the last: they differ only in where they read. `strace` counts
/// for each thread: what the first of several threads that do the same work in turn does
/// is tried, and of the later ones what goes beyond its number.
pub(crate) fn sample_of<'a>(calls: &[&'a Call], all: &[Call]) -> Vec<&'a Call> {
    // A call of another thread is known by its number alone; the loader's of that number
    // would fail too.
    let num_others = |name: &str| {
        all.iter()
            .filter(|call| call.is_main && call.place.is_none() && call.name == name)
            .count() as u32
    };
    let mut sample: Vec<&Call> = Vec::new();
    for is_main in [true, false] {
        let mut of_thread: Vec<&Call> = calls
            .iter()
            .copied()
            .filter(|call| call.is_main == is_main)
            .filter(|call| is_main || call.name == "openat" || call.nth > num_others(&call.name))
            .collect();
        let is_alike = !is_main
            || ["read", "pread64"]
                .iter()
                .any(|name| of_thread.iter().all(|call| call.name == *name))
            || of_thread
                .iter()
                .all(|call| call.place == Some(Place::Stdout));
        if is_alike && of_thread.len() > 3 {
            of_thread.sort_by_key(|call| call.nth);
            of_thread = vec![of_thread[0], of_thread[of_thread.len() - 1]];
        }
        sample.extend(of_thread);
    }
    sample
}

/// What is tried at a site: what can happen at each call, or some of it.
pub(crate) fn faults_of(site: usize, calls: Vec<&Call>) -> Vec<(&Call, Fault)> {
    let faults = calls.into_iter().flat_map(|call| {
        let faults = Fault::of(call).into_iter();
        faults.map(move |fault| (call, fault))
    });
    // Begins elsewhere at each site, so that each kind of fault is tried.
    let first = if is_exhaustive() { 0 } else { site % 3 };
    some(faults.skip(first).collect(), 4)
}

/// What happens at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It fails, once.
    Once(&'static str),
    /// It fails, and so do all later calls of its name.
    FromNowOn(&'static str),
    /// The program is killed in front of it.
    Kill,
    /// The program is asked to end.
    Terminate,
}

impl Fault {
    /// What can happen at a call.
    pub(crate) fn of(call: &Call) -> Vec<Self> {
        let mut faults = vec![Self::Once("EIO"), Self::FromNowOn("EIO"), Self::Kill];
        if matches!(
            call.place,
            Some(Place::Unfinished | Place::Folder | Place::Card | Place::Stdout)
        ) {
            faults.push(Self::Terminate);
        }
        let name = call.name.as_str();
        let takes_room = call.line.contains("O_CREAT") || call.line.contains("O_TMPFILE");
        if takes_room
            || name.contains("write")
            || name.starts_with("rename")
            || name.starts_with("link")
            || name == "fsync"
        {
            faults.push(Self::Once("ENOSPC"));
        }
        // The standard library asks again; that the answer is then right is ours.
        if name.contains("read") || name.contains("write") || name.starts_with("open") {
            faults.push(Self::Once("EINTR"));
        }
        faults
    }

    /// The options that make it happen at `call`.
    pub(crate) fn options(self, call: &Call) -> Vec<String> {
        let effect = match self {
            Self::Once(error) | Self::FromNowOn(error) => format!("error={error}"),
            Self::Kill => "signal=SIGKILL".into(),
            Self::Terminate => "signal=SIGTERM".into(),
        };
        let (mut options, nth) = if call.is_main || call.place != Some(Place::Spool) {
            (Vec::new(), call.nth)
        } else if call.name == "openat" {
            // `strace` counts for each thread; the loader's first call must not fail.
            (vec!["-P".into(), "spool".into()], 1)
        } else {
            (Vec::new(), call.nth)
        };
        let more = if matches!(self, Self::FromNowOn(_)) {
            "+"
        } else {
            ""
        };
        options.extend([
            "-e".into(),
            format!("inject={}:{effect}:when={nth}{more}", call.name),
        ]);
        options
    }
}
