//! A file of a later format on a card: no other program makes one, so it is forged here. What else
//! `install` says is in `cmd/install.trycmd`.

mod common;

use std::fs;

use common::{Bench, emails, forge, read};
use leaksieve_core::sector::FileId;

#[test]
fn a_later_format_is_not_written_over() {
    let bench = Bench::new();
    fs::create_dir(bench.path("card")).unwrap();
    for epoch in [1, 2] {
        bench.write("list.txt", emails(0..100 * epoch));
        bench
            .run(&format!(
                "build list.txt --kind email -q --epoch {epoch} -o {epoch}.lsv"
            ))
            .succeeds();
    }
    let mut newer = read(&bench, "1.lsv");
    let id = FileId(newer[16..32].try_into().unwrap());
    forge(&mut newer, id, 0, |payload| payload[8] += 1);
    bench.write("card/LEAKS2.LSV", &newer);
    bench
        .run("install card 2.lsv card")
        .fails(&["LEAKS2.LSV on the card", "a newer leaksieve"]);
    assert_eq!(read(&bench, "card/LEAKS2.LSV"), newer);
}
