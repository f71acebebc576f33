//! The web page: made in `target/web`, and served to this machine.
//!
//! # Invariant
//! The service worker's list of files and its version are made of the files themselves, so
//! that neither can be forgotten when one of them changes.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};

use crate::cross::{Cross, WASM};
use crate::run::{run, say};
use crate::{setup, workspace};

/// The environment variable that says that the page in `target/web` was made just now.
pub const MADE: &str = "LEAKSIEVE_WEB";
/// Most bytes of module and scripts together, as they are: 150 KiB.
const MAX_CODE_BYTES: usize = 150 << 10;
/// The module's name there.
const MODULE: &str = "leaksieve.wasm";
/// The service worker's source, in which two constants are filled in.
const WORKER: &str = "sw.js";
const VERSION_PLACE: &str = "\"VERSION\"";
const FILES_PLACE: &str = "[\"FILES\"]";
/// How long a connection may say nothing: browsers open some ahead of need.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longest request, without which it is none of a browser's.
const MAX_REQUEST_BYTES: usize = 64 << 10;
/// What a type of file is called.
const TYPES: [(&str, &str); 7] = [
    ("css", "text/css; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("wasm", "application/wasm"),
    ("webmanifest", "application/manifest+json"),
];

/// What `cargo xtask web` takes.
#[derive(clap::Args, Debug)]
pub struct Options {
    /// The port to serve on
    #[arg(long, default_value_t = 8000)]
    port: u16,
    /// Make target/web, and serve nothing
    #[arg(long)]
    build_only: bool,
}

/// Make the page and serve it, until it is interrupted.
///
/// # Errors
/// When it cannot be built, or the port is taken.
pub fn web(options: &Options) -> Result<()> {
    let site = build(&setup::cross(&[WASM])?)?;
    say(format!(
        "the page is in target/web, {}: any static host can serve it (https, or http on localhost)",
        site.size()
    ));
    if options.build_only {
        return Ok(());
    }
    let server = Server::start(site, options.port)?;
    println!("{}", server.address());
    say("Ctrl-C ends");
    server.wait();
    Ok(())
}

/// The page's files, in memory: what is not one of them is not served.
#[derive(Clone, Debug)]
pub struct Site {
    files: BTreeMap<String, Vec<u8>>,
    /// What the page may load and send.
    policy: String,
}

impl Site {
    /// The names of all files.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Bytes of the module and of the scripts.
    pub fn code_bytes(&self) -> (usize, usize) {
        let of = |extension: &str| {
            let files = self.files.iter();
            let files = files.filter(|(name, _)| name.ends_with(extension));
            files.map(|(_, bytes)| bytes.len()).sum()
        };
        (of(".wasm"), of(".js"))
    }

    /// How large these are, in words.
    pub fn size(&self) -> String {
        let (module, scripts) = self.code_bytes();
        format!(
            "{:.1} KiB of module and {:.1} KiB of scripts",
            module as f64 / 1024.0,
            scripts as f64 / 1024.0
        )
    }
}

/// The page, made under `cargo xtask test` before, else now.
///
/// # Errors
/// When it cannot be built.
pub fn site() -> Result<Site> {
    if std::env::var_os(MADE).is_some() {
        read(&folder())
    } else {
        build(&setup::cross(&[WASM])?)
    }
}

/// Build the module and put `target/web` together.
///
/// # Errors
/// When it does not compile, or is larger than it may be.
pub fn build(cross: &Cross) -> Result<Site> {
    let mut command = cross.cargo("build", WASM);
    command
        .args(["--quiet", "--package", "leaksieve-web", "--profile", "web"])
        .arg("--target-dir")
        .arg(built())
        .current_dir(workspace::root());
    run(&mut command)?;

    let mut files = read_folder(&workspace::root().join("phone/web/page"))?;
    let module = built().join(WASM).join("web/leaksieve_web.wasm");
    let module = fs::read(&module).with_context(|| format!("no {}", module.display()))?;
    files.insert(MODULE.into(), module);
    let worker = files.remove(WORKER).context("there is no service worker")?;
    let worker = complete(&String::from_utf8(worker)?, &files)?;
    files.insert(WORKER.into(), worker.into_bytes());

    let folder = folder();
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::create_dir_all(&folder)?;
    for (name, bytes) in &files {
        fs::write(folder.join(name), bytes)?;
    }
    let site = read(&folder)?;
    let (module, scripts) = site.code_bytes();
    ensure!(
        module + scripts <= MAX_CODE_BYTES,
        "module and scripts have {} bytes, and may have {MAX_CODE_BYTES}",
        module + scripts
    );
    Ok(site)
}

/// The service worker, with the other files' names and, as its version, their hash.
fn complete(worker: &str, files: &BTreeMap<String, Vec<u8>>) -> Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(worker.as_bytes());
    for (name, bytes) in files {
        hasher.update(name.as_bytes());
        hasher.update(blake3::hash(bytes).as_bytes());
    }
    let hash = hasher.finalize().to_hex();
    let names: Vec<&String> = files.keys().collect();
    let mut worker = worker.to_owned();
    for (place, value) in [
        (VERSION_PLACE, serde_json::to_string(&hash[..16])?),
        (FILES_PLACE, serde_json::to_string(&names)?),
    ] {
        ensure!(
            worker.matches(place).count() == 1,
            "{WORKER} does not have {place} once"
        );
        worker = worker.replace(place, &value);
    }
    Ok(worker)
}

fn folder() -> PathBuf {
    workspace::target().join("web")
}

/// Where the module is compiled, by another rustc than the host's.
fn built() -> PathBuf {
    workspace::target().join("wasm")
}

fn read(folder: &std::path::Path) -> Result<Site> {
    let files = read_folder(folder)?;
    let page = files.get("index.html").context("there is no index.html")?;
    let policy = policy(std::str::from_utf8(page)?)?;
    Ok(Site { files, policy })
}

fn read_folder(folder: &std::path::Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).with_context(|| format!("no {}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name().into_string();
        let name = name.map_err(|name| anyhow!("{} is no name", name.display()))?;
        type_of(&name).with_context(|| format!("{name} is of no type that is served"))?;
        files.insert(name, fs::read(entry.path())?);
    }
    Ok(files)
}

/// The page's own policy, for the header of the same name. A header can say one thing
/// more: that no other page shows this one in a frame.
fn policy(page: &str) -> Result<String> {
    let (_, tag) = page
        .split_once("http-equiv=\"Content-Security-Policy\"")
        .context("index.html has no Content-Security-Policy")?;
    let (_, content) = tag.split_once("content=\"").context("without content")?;
    let (policy, _) = content.split_once('"').context("that does not end")?;
    let words: Vec<&str> = policy.split_whitespace().collect();
    Ok(format!("{}; frame-ancestors 'none'", words.join(" ")))
}

fn type_of(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    let (_, text) = TYPES.iter().find(|(known, _)| *known == extension)?;
    Some(text)
}

/// Serves a page on 127.0.0.1, and remembers what was asked for. A thread and a connection
/// for each request: a browser that opens several at once, as it does, waits for none.
pub struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    has_ended: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Server {
    /// Begin to serve; port 0 is any that is free.
    ///
    /// # Errors
    /// When the port is taken.
    pub fn start(site: Site, port: u16) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port))
            .with_context(|| format!("cannot serve on port {port}; give another --port"))?;
        let address = listener.local_addr()?;
        let requests = Arc::new(Mutex::new(Vec::new()));
        let has_ended = Arc::new(AtomicBool::new(false));
        let (site, seen, ended) = (Arc::new(site), requests.clone(), has_ended.clone());
        let thread = std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                let (site, seen) = (site.clone(), seen.clone());
                // Whoever goes away does not want the answer.
                std::thread::spawn(move || answer(&site, &seen, connection));
            }
        });
        Ok(Self {
            address,
            requests,
            has_ended,
            thread,
        })
    }

    /// The page's address.
    pub fn address(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Method and path of each request, in order.
    pub fn requests(&self) -> Vec<String> {
        let requests = self.requests.lock();
        requests.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Serve until the process ends.
    pub fn wait(self) {
        let _ = self.thread.join();
    }

    /// Serve no more: from then on nobody can connect.
    pub fn stop(self) {
        self.has_ended.store(true, Ordering::Relaxed);
        // Wakes it.
        let _ = TcpStream::connect(self.address);
        let _ = self.thread.join();
    }
}

/// Read one request and answer it. `None`: it was none, or its sender went away.
fn answer(site: &Site, seen: &Mutex<Vec<String>>, mut connection: TcpStream) -> Option<()> {
    connection.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut bytes = Vec::new();
    let (method, path) = loop {
        let mut chunk = [0; 4096];
        let count = connection.read(&mut chunk).ok()?;
        bytes.extend_from_slice(chunk.get(..count)?);
        if count == 0 || bytes.len() > MAX_REQUEST_BYTES {
            return None;
        }
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut fields);
        if request.parse(&bytes).ok()?.is_complete() {
            break (request.method?.to_owned(), request.path?.to_owned());
        }
    };
    let mut requests = seen.lock().unwrap_or_else(PoisonError::into_inner);
    requests.push(format!("{method} {path}"));
    drop(requests);
    let name = match path.strip_prefix('/')? {
        "" => "index.html",
        name => name,
    };
    let (status, kind, body) = match site.files.get(name) {
        Some(file) if method == "GET" => ("200 OK", type_of(name)?, file.as_slice()),
        _ => ("404 Not Found", "text/plain", &b""[..]),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
         Content-Security-Policy: {}\r\nX-Content-Type-Options: nosniff\r\n\
         Cache-Control: no-cache\r\nConnection: close\r\n\r\n",
        body.len(),
        site.policy
    );
    connection.write_all(head.as_bytes()).ok()?;
    connection.write_all(body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_of_other_files_has_another_version() -> Result<()> {
        let worker = "const VERSION = \"VERSION\"; const FILES = [\"FILES\"];";
        let files = |bytes: &[u8]| BTreeMap::from([("a.js".to_owned(), bytes.to_vec())]);
        let first = complete(worker, &files(b"1"))?;
        assert!(first.ends_with("const FILES = [\"a.js\"];"), "{first}");
        assert_eq!(first, complete(worker, &files(b"1"))?);
        assert_ne!(first, complete(worker, &files(b"2"))?);
        assert_ne!(first, complete(&format!("{worker} "), &files(b"1"))?);
        assert!(complete("no place", &files(b"1")).is_err());
        Ok(())
    }

    #[test]
    fn what_is_no_file_of_the_page_is_not_served() -> Result<()> {
        let site = Site {
            files: BTreeMap::from([("index.html".to_owned(), b"page".to_vec())]),
            policy: "p".to_owned(),
        };
        let server = Server::start(site, 0)?;
        let ask = |request: &str| -> Result<String> {
            let mut connection = TcpStream::connect(server.address)?;
            connection.write_all(request.as_bytes())?;
            let mut answer = String::new();
            connection.read_to_string(&mut answer)?;
            Ok(answer)
        };
        for path in ["/", "/index.html"] {
            let answer = ask(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"))?;
            assert!(
                answer.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/html"),
                "{answer}"
            );
            assert!(
                answer.contains("\r\nContent-Security-Policy: p\r\n"),
                "{answer}"
            );
            assert!(answer.ends_with("\r\n\r\npage"), "{answer}");
        }
        for path in [
            "/../Cargo.toml",
            "/%2e%2e/Cargo.toml",
            "/index.html?x",
            "//index.html",
        ] {
            let answer = ask(&format!("GET {path} HTTP/1.1\r\n\r\n"))?;
            assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
        }
        assert!(ask("POST / HTTP/1.1\r\n\r\n")?.starts_with("HTTP/1.1 404"));
        assert_eq!(ask("nonsense\r\n\r\n")?, "");
        assert_eq!(server.requests().len(), 7);
        let address = server.address;
        server.stop();
        assert!(TcpStream::connect(address).is_err());
        Ok(())
    }

    #[test]
    fn the_page_says_its_policy() -> Result<()> {
        let page = "<meta http-equiv=\"Content-Security-Policy\" content=\"a 'b';\n  c\">";
        assert_eq!(policy(page)?, "a 'b'; c; frame-ancestors 'none'");
        assert!(policy("<meta>").is_err());
        Ok(())
    }
}
