//! What was measured of programs, as a table and as a picture.

use anyhow::Result;

use super::{Leak, Lists, Row};
use crate::Options;
use crate::picture::{self, Bar, Scale};
use crate::report::{self, Table, figure, mebibytes, thousands, times};

/// The section of the page.
pub(crate) fn section(rows: &[Row], lists: &Lists, options: &Options) -> String {
    let mut table = Table::new(&[
        "program",
        "build CPU s",
        "ns an item",
        "to ours",
        "wall s",
        "peak MiB",
        "file MiB",
        "bits an item",
        "false alarms, 1 in",
        "1 M questions: user CPU s",
        "with system",
        "half members: with system",
        "lost",
    ]);
    let items = lists.num_items as f64;
    let ours = rows.first().map_or(1.0, |row| row.build.cpu_s);
    for row in rows {
        let mut cells = vec![
            row.name.clone(),
            figure(row.build.cpu_s),
            figure(row.build.cpu_s / items * 1e9),
            times(row.build.cpu_s / ours),
            figure(row.build.wall_s),
            mebibytes(row.build.peak_bytes),
        ];
        match &row.filter {
            Some(filter) => cells.extend([
                mebibytes(filter.num_bytes),
                format!("{:.2}", filter.num_bytes as f64 * 8.0 / items),
                match filter.num_false_positives {
                    0 => format!("> {}", thousands(options.probes)),
                    found => figure(options.probes as f64 / found as f64),
                },
                figure(filter.check.user_s * 1e6 / options.probes as f64),
                figure(filter.check.cpu_s * 1e6 / options.probes as f64),
                figure(filter.half_check.cpu_s * 1e6 / lists.num_half(options.probes) as f64),
                thousands(filter.num_lost),
            ]),
            None => cells.extend(std::iter::repeat_n(String::new(), 7)),
        }
        table.row(cells);
    }
    let (title, what, note, picture) = match lists.leak {
        Leak::Phones => (
            "Phone numbers",
            "Chinese mobile numbers of eleven digits, one a line",
            "leaksieve normalises each line by the region's rules, finds duplicates, seals every sector, and asks the finished \
             file for every item; the others take a line as it is",
            "![Build time and size beside other programs](benchmarks.svg)\n\n",
        ),
        Leak::Hashes => (
            "Hashes of passwords",
            "SHA-1 in hexadecimal, `HASH:COUNT` lines for leaksieve and bare hashes for the others",
            "leaksieve drops the count and reads the digits; the others take a line as it is",
            "",
        ),
    };
    format!(
        "## {title}\n\n{}\n\n{picture}{} {what}; median of {} runs; asked for {} strangers, for {} of whom half are members, and for {} members. \
         The aim is 1 false alarm in 1,000 questions; pwqfilter's rate cannot be chosen. {note}. \
         A peak near that of `wc` is that of starting a program. To be asked, leaksieve reads the sectors of the file that \
         questions want, many questions at a time, and the others hold all of it in memory.\n\n{table}\n\
         ```sh\ncargo benchmark --only {} --items {} --runs {}\n{}```\n",
        report::circumstances(),
        thousands(lists.num_items),
        options.runs,
        thousands(options.probes),
        thousands(lists.num_half(options.probes)),
        thousands(lists.num_members),
        match lists.leak {
            Leak::Phones => "phones",
            Leak::Hashes => "hashes",
        },
        lists.num_items,
        options.runs,
        commands(lists.leak),
    )
}

/// What was run, as one would type it.
const fn commands(leak: Leak) -> &'static str {
    match leak {
        Leak::Phones => {
            "\
leaksieve build LIST -o FILTER --kind phone --region CN --fpr 0.001;  leaksieve check FILTER < QUESTIONS
poppy -j 1 create -p 0.001 FILTER LIST;                               poppy -j 1 check FILTER < QUESTIONS
bloom create -p 0.001 -n N FILTER && bloom insert FILTER < LIST;      bloom check FILTER < QUESTIONS
pwqfilter --create=N+N/32 -o FILTER < LIST;                           pwqfilter -f FILTER < QUESTIONS
"
        }
        Leak::Hashes => {
            "\
leaksieve build LIST -o FILTER --kind sha1 --fpr 0.001;  leaksieve check FILTER --kind sha1 < QUESTIONS
"
        }
    }
}

/// The picture.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn draw(rows: &[Row], lists: &Lists, options: &Options) -> Result<()> {
    let items = lists.num_items as f64;
    let bar = |row: &Row, value: f64, text: String| Bar {
        label: row.name.replace('`', ""),
        value,
        text,
        is_ours: row.name.starts_with("leaksieve"),
    };
    let time: Vec<Bar> = rows
        .iter()
        .map(|row| {
            let nanoseconds = row.build.cpu_s / items * 1e9;
            bar(row, nanoseconds, format!("{} ns", figure(nanoseconds)))
        })
        .collect();
    let size: Vec<Bar> = rows
        .iter()
        .filter_map(|row| {
            let filter = row.filter.as_ref()?;
            let bits = filter.num_bytes as f64 * 8.0 / items;
            let rate = match filter.num_false_positives {
                0 => "none found".into(),
                found => format!("1 in {}", figure(options.probes as f64 / found as f64)),
            };
            Some(bar(row, bits, format!("{bits:.2} bits, {rate}")))
        })
        .collect();
    picture::bars(
        &report::docs("benchmarks.svg"),
        &format!("A filter of {} phone numbers", thousands(lists.num_items)),
        Scale::Group,
        &[
            ("Build: CPU time an item", &time),
            ("File: bits an item, and false alarms found", &size),
        ],
    )
}
