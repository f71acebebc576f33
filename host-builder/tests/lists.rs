//! Lists as people have them, and what their owners would ask: a list is understood, or it
//! is refused with a way out, and then that way is gone.
//!
//! The cases stand in `data/lists/*.toml`; their fields are those of [`Case`]. All failures
//! are printed at the end. `LISTS=name,name` runs only the cases with such names.

mod common;

use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Bench, gzip};
use md4::Md4;
use md5::{Digest, Md5};
use serde::Deserialize;
use sha1::Sha1;
use sha2::Sha256;

/// What may be waited for in all, with every case in a build that is not optimised.
const NUM_THREADS: usize = 8;

#[derive(Deserialize)]
struct Cases {
    case: Vec<Case>,
}

/// A list, what is asked of its filter, and what has to come out.
///
/// Templates (`row`, `ask`, `remedy_args` and so on are none): `{i}` is the line's number,
/// `{w}` a word, `{p}` a Chinese mobile number, `{sha1}`, `{md5}`, `{ntlm}` and `{sha256}` the hashes of
/// the word, `{salt}` a salt and `{salted}` the SHA-1 of it and the word; `{i:08d}` and `{w:.1}` as in Python, `{{` is a brace.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// For `build`.
    args: Vec<String>,
    /// The first lines.
    #[serde(default)]
    head: Vec<String>,
    /// The template of the others, and how many there are.
    #[serde(default)]
    row: String,
    #[serde(default)]
    rows: u64,
    #[serde(default = "line_feed")]
    eol: String,
    /// A name of the Encoding Standard, or `utf-16-le`, `utf-16-be` and so on.
    encoding: Option<String>,
    /// The file's name.
    #[serde(default = "list_txt")]
    file: String,
    /// The file's bytes in hexadecimal, in place of lines.
    hex: Option<String>,
    /// A shell command that makes the file of `list.txt`.
    make: Option<String>,
    /// The lines come through gzip.
    #[serde(default)]
    is_gzip: bool,
    /// The list is one of the repository, in place of lines.
    sample: Option<String>,
    /// What people ask.
    #[serde(default)]
    ask: Vec<String>,
    /// The questions whose answer is "exposed", if not all: of the others, "not exposed" would
    /// be a lie, but the file need not be able to say.
    members: Option<Vec<String>>,
    /// What is asked and is not in the list: "not exposed".
    #[serde(default)]
    strangers: Vec<String>,
    /// For `check`.
    #[serde(default)]
    check_args: Vec<String>,
    expect: Expect,
    /// A part of the message.
    #[serde(default)]
    says: String,
    /// Arguments of `build` that the message names: they stand in place of those of the same
    /// names, or besides.
    #[serde(default)]
    remedy_args: Vec<String>,
    /// A shell command that the message names, or the start of it: the list goes through it.
    remedy_pipe: Option<String>,
    /// What stands for the word NAME or NUMBER in that.
    #[serde(default)]
    remedy_name: String,
    /// Why the message can name none.
    no_remedy: Option<String>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Expect {
    /// The list is taken, and the members are "exposed".
    Found,
    /// The list is refused, and the remedy leads there.
    Refused,
    /// One or the other.
    NoLie,
    /// The list is taken, and all questions are strangers'.
    Absent,
    /// As `Found`, and nothing was taken off, left out or remarked.
    Good,
}

fn line_feed() -> String {
    "\n".to_owned()
}

fn list_txt() -> String {
    "list.txt".to_owned()
}

/// Seven letters, other ones for every number.
fn word(i: u64) -> String {
    let mut x = i * 2_654_435_761 % (1 << 32);
    let mut word = String::new();
    for _ in 0..7 {
        word.push(char::from(b'a' + (x % 26) as u8));
        x /= 26;
    }
    word
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Eight letters and digits, other ones for every number.
fn salt(i: u64) -> String {
    hexadecimal(&Sha1::digest(format!("salt{i}")))[..8].to_owned()
}

fn ntlm(password: &str) -> String {
    let units: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
    hexadecimal(&Md4::digest(units))
}

fn value(name: &str, i: u64) -> String {
    match name {
        "i" => i.to_string(),
        "w" => word(i),
        "p" => {
            let operator = ["38", "39", "50", "86", "59"][(i % 5) as usize];
            format!("1{operator}{:08}", (i * 7919 + 13) % 100_000_000)
        }
        "sha1" => hexadecimal(&Sha1::digest(word(i))).to_ascii_uppercase(),
        "md5" => hexadecimal(&Md5::digest(word(i))),
        "sha256" => hexadecimal(&Sha256::digest(word(i))),
        // The salt stands before the word.
        "salted" => hexadecimal(&Sha1::digest(format!("{}{}", salt(i), word(i)))),
        "salt" => salt(i),
        "ntlm" => ntlm(&word(i)),
        "ntlm_i" => ntlm(&format!("{i:06}")),
        _ => panic!("no value is named {name}"),
    }
}

fn fill(template: &str, i: u64) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        text += &rest[..at];
        let brace = &rest[at..at + 1];
        rest = &rest[at + 1..];
        if let Some(behind) = rest.strip_prefix(brace) {
            text += brace;
            rest = behind;
            continue;
        }
        let (place, behind) = rest.split_once('}').unwrap();
        rest = behind;
        let (name, form) = place.split_once(':').unwrap_or((place, ""));
        let value = value(name, i);
        if let Some(length) = form.strip_prefix('.') {
            text.extend(value.chars().take(length.parse().unwrap()));
        } else if let Some(width) = form.strip_suffix('d') {
            let padding = if width.starts_with('0') { '0' } else { ' ' };
            let width: usize = width.parse().unwrap();
            text.extend(std::iter::repeat_n(
                padding,
                width.saturating_sub(value.len()),
            ));
            text += &value;
        } else {
            text += &value;
        }
    }
    text + rest
}

fn encode(text: &str, encoding: &str) -> Vec<u8> {
    match encoding {
        "utf-16-le" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "utf-16-be" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        "utf-32-le" => text
            .chars()
            .flat_map(|c| u32::from(c).to_le_bytes())
            .collect(),
        "utf-32-be" => text
            .chars()
            .flat_map(|c| u32::from(c).to_be_bytes())
            .collect(),
        _ => {
            let encoding = encoding_rs::Encoding::for_label(encoding.as_bytes()).unwrap();
            let (bytes, _, has_other) = encoding.encode(text);
            assert!(!has_other, "a character that is not in {}", encoding.name());
            bytes.into_owned()
        }
    }
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

impl Case {
    fn bytes(&self) -> Vec<u8> {
        if let Some(sample) = &self.sample {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../samples/");
            return std::fs::read(format!("{folder}{sample}")).unwrap();
        }
        if let Some(hex) = &self.hex {
            let mut bytes = unhex(hex);
            // Signatures are looked for in files that could hold the rest.
            bytes.resize(bytes.len().max(4096), 0);
            return bytes;
        }
        let rows = (1..=self.rows).map(|i| fill(&self.row, i));
        let text: String = self
            .head
            .iter()
            .cloned()
            .chain(rows)
            .flat_map(|line| [line, self.eol.clone()])
            .collect();
        let bytes = match &self.encoding {
            Some(encoding) => encode(&text, encoding),
            None => text.into_bytes(),
        };
        if self.is_gzip { gzip(&bytes) } else { bytes }
    }

    fn is_member(&self, question: &String) -> bool {
        match &self.members {
            Some(members) => members.contains(question),
            None => self.expect != Expect::Absent,
        }
    }

    /// The arguments, and the remedy's in place of those of the same names.
    fn remedied_args(&self) -> Vec<String> {
        let kept = options(&self.args).filter(|option| !self.remedy_args.contains(&option[0]));
        let options = kept.chain(options(&self.remedy_args));
        options.flatten().cloned().collect()
    }
}

/// Each option with its value, if it has one.
fn options(args: &[String]) -> impl Iterator<Item = &[String]> {
    let is_name = |arg: &str| {
        let name = arg.strip_prefix("--");
        name.is_some_and(|name| name.starts_with(|c: char| c.is_ascii_lowercase()))
    };
    args.chunk_by(move |_, next| !is_name(next))
}

/// Does a message name an option with this value, or with any (`--column NAME`)?
fn names(message: &str, option: &[String]) -> bool {
    let is_any = |(at, name): (usize, &str)| {
        let rest = message[at + name.len()..].strip_prefix(' ');
        let word = rest.and_then(|rest| rest.split(|c: char| !c.is_ascii_alphabetic()).next());
        word.is_some_and(|word| word.len() > 2 && word == word.to_uppercase())
    };
    let quoted = format!("{} '{}'", option[0], option[1..].concat());
    // Which charset it is, only people can tell.
    let is_any_charset = option[0] == "--charset" && message.contains("--charset");
    message.contains(&option.join(" "))
        || message.contains(&quoted)
        || is_any_charset
        || message.match_indices(&option[0]).any(is_any)
}

/// A filter that was built, or why not.
struct Built {
    is_built: bool,
    message: String,
}

fn build(bench: &Bench, file: &str, args: &[String], format: &str) -> Built {
    build_of(bench, file, args, format, b"")
}

/// The same of what comes through a pipe, if the file is `-`. The file names the breach.
fn build_of(bench: &Bench, file: &str, args: &[String], format: &str, stdin: &[u8]) -> Built {
    let mut all: Vec<&str> = vec!["build", file, "-o", "list.lsv", "--force"];
    all.extend(["--fpr", "1e-6", "--threads", "1", "--format", format]);
    all.extend(args.iter().map(String::as_str));
    let ran = bench.run_args(&all, stdin);
    Built {
        is_built: ran.code() == 0,
        message: ran.err() + &ran.out(),
    }
}

/// One line a question: [`Case::ask`], then [`Case::strangers`].
fn ask(bench: &Bench, case: &Case) -> Result<Vec<String>, String> {
    let questions: Vec<&String> = case.ask.iter().chain(&case.strangers).collect();
    let mut all = vec!["check", "list.lsv", "--format", "json"];
    all.extend(case.check_args.iter().map(String::as_str));
    let stdin: String = questions.iter().flat_map(|text| [text, "\n"]).collect();
    let ran = bench.run_args(&all, stdin.as_bytes());
    if questions.is_empty() {
        return Ok(Vec::new());
    }
    let verdicts = ran.verdicts();
    if verdicts.len() == questions.len() {
        Ok(verdicts)
    } else {
        Err(format!(
            "{} questions, {} answers: {}",
            questions.len(),
            verdicts.len(),
            ran.err()
        ))
    }
}

/// What of the answers is wrong, and are the members "exposed"?
fn judge(case: &Case, verdicts: &[String]) -> (Vec<String>, Vec<String>) {
    let mut lies = Vec::new();
    let mut unsaid = Vec::new();
    for (i, (text, verdict)) in case
        .ask
        .iter()
        .chain(&case.strangers)
        .zip(verdicts)
        .enumerate()
    {
        let is_stranger = i >= case.ask.len() || case.expect == Expect::Absent;
        match (verdict.as_str(), is_stranger, case.is_member(text)) {
            ("not_exposed", true, _) | ("exposed", false, true) => {}
            ("not_exposed", false, _) => lies.push(format!("{text:?}: not exposed")),
            (verdict, true, _) => lies.push(format!("a stranger, {text:?}: {verdict}")),
            (verdict, false, true) => unsaid.push(format!("{text:?}: {verdict}")),
            (_, false, false) => {}
        }
    }
    (lies, unsaid)
}

fn run(case: &Case) -> Result<(), String> {
    let bench = Bench::new();
    bench.write(&case.file, case.bytes());
    if let Some(command) = &case.make {
        bench.write("list.txt", case.bytes());
        shell(&bench, command)?;
    }
    // People read the one, and of the other each field is sure.
    let format = if case.expect == Expect::Good {
        "json"
    } else {
        "text"
    };
    let built = build(&bench, &case.file, &case.args, format);
    let first_line = |text: &str| text.chars().take(400).collect::<String>();
    if built.is_built {
        let verdicts = ask(&bench, case)?;
        let (mut wrong, unsaid) = judge(case, &verdicts);
        match case.expect {
            Expect::Refused => return Err("the list was not refused".to_owned()),
            Expect::Good => {
                let fields = ["\"num_rejected\":0", "\"taken_off\":[]"];
                let is_in = |field: &&str| built.message.contains(*field);
                if !fields.iter().all(is_in) {
                    wrong.push(format!("rejected or taken off: {}", built.message));
                }
            }
            _ => {}
        }
        let has_remedy = !case.remedy_args.is_empty() || case.remedy_pipe.is_some();
        if wrong.is_empty() && !unsaid.is_empty() && case.expect == Expect::NoLie && has_remedy {
            return remedy(case, &bench, &built.message);
        }
        wrong.extend(unsaid);
        return if wrong.is_empty() {
            Ok(())
        } else {
            Err(wrong.join("; "))
        };
    }
    if !matches!(case.expect, Expect::Refused | Expect::NoLie) {
        return Err(format!(
            "the list was refused: {}",
            first_line(&built.message)
        ));
    }
    if !built.message.contains(&case.says) {
        return Err(format!(
            "refused without {:?}: {}",
            case.says,
            first_line(&built.message)
        ));
    }
    for text in case.ask.iter().chain(&case.head) {
        // Short ones are words of the message.
        if text.len() > 6 && !text.starts_with('<') && built.message.contains(text) {
            return Err(format!("the message repeats {text:?}"));
        }
    }
    remedy(case, &bench, &built.message)
}

/// Do as the message says.
fn remedy(case: &Case, bench: &Bench, message: &str) -> Result<(), String> {
    let has_args = !case.remedy_args.is_empty();
    if case.no_remedy.is_some() {
        return Ok(());
    }
    if !has_args && case.remedy_pipe.is_none() {
        return Err(format!("refused, and the case has no remedy: {message}"));
    }
    let missing: Vec<String> = options(&case.remedy_args)
        .filter(|option| !names(message, option))
        .map(|option| option.join(" "))
        .chain(
            case.remedy_pipe
                .clone()
                .filter(|pipe| !message.contains(pipe.trim_end())),
        )
        .collect();
    if !missing.is_empty() {
        return Err(format!("{missing:?} is not in the message: {message}"));
    }
    let mut args = case.remedied_args();
    let mut piped = None;
    if let Some(pipe) = &case.remedy_pipe {
        let program = pipe.split(' ').next().unwrap_or_default();
        if which(program).is_none() {
            eprintln!(
                "{}: {program} is not here, and its remedy is not tried",
                case.name
            );
            return Ok(());
        }
        // All of the command, as it is printed.
        let at = message.find(pipe.trim_end()).unwrap_or_default();
        let printed = &message[at..];
        let end = printed.find(" | leaksieve build -");
        let pipe = end.map_or(pipe.trim_end(), |end| &printed[..end]);
        if !pipe.contains("FILE") {
            return Err(format!("{pipe:?} reads no file"));
        }
        let mut pipe = pipe.replace("FILE", &case.file);
        for name in ["NAME", "NUMBER"] {
            pipe = pipe.replace(name, &case.remedy_name);
        }
        // As a person types it; only that nobody would type more.
        shell(bench, &format!("({pipe}) < /dev/null > piped.txt"))?;
        piped = Some(std::fs::read(bench.folder.path().join("piped.txt")).unwrap());
        // The names that the message tells.
        if let Some((_, rest)) = message.split_once("| leaksieve build - --name ") {
            let name = rest.split([' ', ';', '\n']).next().unwrap_or_default();
            args.extend(["--name".to_owned(), name.to_owned()]);
        } else if message.contains("| leaksieve build -") {
            return Err(format!("the pipe has no name: {message}"));
        }
    }
    let built = match piped {
        Some(_) if !message.contains("| leaksieve build -") => {
            build(bench, "piped.txt", &args, "text")
        }
        Some(list) => build_of(bench, "-", &args, "text", &list),
        None => build(bench, &case.file, &args, "text"),
    };
    if !built.is_built {
        return Err(format!("the remedy is refused: {}", built.message));
    }
    let (mut wrong, unsaid) = judge(case, &ask(bench, case)?);
    wrong.extend(unsaid);
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(format!("after the remedy: {}", wrong.join("; ")))
    }
}

fn which(program: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

fn shell(bench: &Bench, command: &str) -> Result<(), String> {
    let output = std::process::Command::new("sh")
        .args(["-c", command])
        .current_dir(&bench.folder)
        .output()
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(())
    } else {
        Err(format!("{command}: {output:?}"))
    }
}

/// Every case in some thread, all failures at the end.
fn run_all(texts: &[&str]) {
    let cases = texts.iter().flat_map(|text| {
        let cases: Cases = toml::from_str(text).unwrap();
        cases.case
    });
    let chosen = std::env::var("LISTS").unwrap_or_default();
    let is_chosen =
        |case: &Case| chosen.is_empty() || chosen.split(',').any(|part| case.name.contains(part));
    let cases: Vec<Case> = cases.filter(is_chosen).collect();
    let mut names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), cases.len(), "a name stands twice");
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..NUM_THREADS {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(problem) = run(case) {
                        let failure = format!("{}: {}", case.name, problem.trim_end());
                        failures.lock().unwrap().push(failure);
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    println!(
        "{} of {} cases hold",
        cases.len() - failures.len(),
        cases.len()
    );
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn lists_are_understood_or_refused() {
    run_all(&[
        include_str!("data/lists/refused_or_found.toml"),
        include_str!("data/lists/remedies.toml"),
    ]);
}

#[test]
fn good_lists_stay_good() {
    run_all(&[include_str!("data/lists/good.toml")]);
}
