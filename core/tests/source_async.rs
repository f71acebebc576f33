//! What is awaited says what is not awaited says.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use leaksieve_core::source_async::{self, AsyncSectorSource};
use leaksieve_core::{
    Identifier, Opening, ReadError, Sector, SectorIndex, SectorSource, Trust, Verdict, check, open,
};

const FILE: &[u8] = include_bytes!("golden/phone.lsv");
const LIST: &str = include_str!("golden/phone.txt");
const RIBBON: &[u8] = include_bytes!("golden/ribbon.lsv");
const RIBBON_LIST: &str = include_str!("golden/ribbon.txt");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Failed(SectorIndex);

/// Every sector is late, and one cannot be read.
struct Late<'a> {
    file: &'a [u8],
    broken: Option<u32>,
    num_late: u32,
}

impl AsyncSectorSource for Late<'_> {
    type Error = Failed;

    async fn num_sectors(&mut self) -> Result<u32, Failed> {
        self.file.num_sectors().map_err(|error| Failed(error.0))
    }

    async fn read_sector(&mut self, index: SectorIndex, buffer: &mut Sector) -> Result<(), Failed> {
        let mut is_late = true;
        poll_fn(|_| match std::mem::take(&mut is_late) {
            true => Poll::Pending,
            false => Poll::Ready(()),
        })
        .await;
        self.num_late += 1;
        if self.broken == Some(index.0) {
            return Err(Failed(index));
        }
        self.file
            .read_sector(index, buffer)
            .map_err(|error| Failed(error.0))
    }
}

/// Polls until it is ready; gives how often it was not.
fn run<F: Future>(future: F) -> (F::Output, u32) {
    let mut future = pin!(future);
    let mut num_pending = 0;
    loop {
        match future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Ready(output) => return (output, num_pending),
            Poll::Pending => num_pending += 1,
        }
    }
}

fn questions(list: &str) -> impl Iterator<Item = String> {
    let strangers = (0..200).map(|number| format!("+86 139 0000 {number:04}"));
    list.lines()
        .map(str::to_owned)
        .chain(strangers)
        .chain(["12".into()])
}

#[test]
fn the_same_verdicts() {
    for (file, list) in [(FILE, LIST), (RIBBON, RIBBON_LIST)] {
        let mut source = Late {
            file,
            broken: None,
            num_late: 0,
        };
        let (mut opening, mut sector) = (Opening::new(), [0; 512]);
        let (opened, num_pending) = run(source_async::open_in(
            &mut opening,
            &mut source,
            &mut sector,
            &Trust::ANY,
        ));
        let catalogue = opened.unwrap().clone();
        assert_eq!(
            open(&mut &*file, &mut sector, &Trust::ANY).unwrap(),
            catalogue
        );
        assert!(num_pending > 0 && num_pending == source.num_late);
        let mut num_exposed = 0;
        for text in questions(list) {
            let identifier = Identifier::new(text.as_bytes());
            let expected = check(&catalogue, identifier, &mut &*file, &mut sector).unwrap();
            let awaited = source_async::check(&catalogue, identifier, &mut source, &mut sector);
            assert_eq!(run(awaited).0.unwrap(), expected, "{text}");
            num_exposed += u32::from(matches!(expected, Verdict::Exposed(_)));
        }
        assert!(num_exposed > 0);
    }
}

#[test]
fn a_read_that_fails_is_no_verdict() {
    let mut sector = [0; 512];
    let catalogue = open(&mut &*FILE, &mut sector, &Trust::ANY).unwrap();
    for broken in 0..FILE.len() as u32 / 512 {
        let mut source = Late {
            file: FILE,
            broken: Some(broken),
            num_late: 0,
        };
        let mut opening = Opening::new();
        let opened = run(source_async::open_in(
            &mut opening,
            &mut source,
            &mut sector,
            &Trust::ANY,
        ));
        assert_eq!(opened.0.is_err(), broken == 0);
        for text in questions(LIST) {
            let identifier = Identifier::new(text.as_bytes());
            let expected = check(&catalogue, identifier, &mut &*FILE, &mut sector).unwrap();
            let awaited = source_async::check(&catalogue, identifier, &mut source, &mut sector);
            match run(awaited).0 {
                Ok(verdict) => assert_eq!(verdict, expected),
                Err(error) => assert_eq!(error, ReadError::Source(Failed(SectorIndex(broken)))),
            }
        }
    }
}
