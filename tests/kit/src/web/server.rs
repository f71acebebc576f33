//! Serves the page's files, and nothing else, to this machine.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};

use super::{PAGE, Site, type_of};

/// How long a connection may say nothing: browsers open some ahead of need.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longest request, without which it is none of a browser's.
const MAX_REQUEST_BYTES: usize = 64 << 10;

/// Serves a page on 127.0.0.1, and remembers what was asked for. A thread and a connection
/// for each request: a browser that opens several at once, as it does, waits for none.
pub struct Server {
    address: SocketAddr,
    site: Arc<Mutex<Site>>,
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
        let site = Arc::new(Mutex::new(site));
        let (served, seen, ended) = (site.clone(), requests.clone(), has_ended.clone());
        let thread = std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                let (site, seen) = (served.clone(), seen.clone());
                // Whoever goes away does not want the answer.
                std::thread::spawn(move || answer(&site, &seen, connection));
            }
        });
        Ok(Self {
            address,
            site,
            requests,
            has_ended,
            thread,
        })
    }

    /// The page's address.
    pub fn address(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Serve another page from now on.
    pub fn serve(&self, site: Site) {
        *self.site.lock().unwrap_or_else(PoisonError::into_inner) = site;
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
fn answer(site: &Mutex<Site>, seen: &Mutex<Vec<String>>, mut connection: TcpStream) -> Option<()> {
    connection.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut bytes = Vec::new();
    let (method, path) = loop {
        let mut chunk = [0; 4096];
        let count = connection.read(&mut chunk).ok()?;
        bytes.extend_from_slice(chunk.get(..count)?);
        if count == 0 || bytes.len() > MAX_REQUEST_BYTES {
            return None;
        }
        // A browser of this machine sends nothing behind it.
        if let Some(head) = bytes.strip_suffix(b"\r\n\r\n") {
            let line = std::str::from_utf8(head).ok()?.lines().next()?;
            let (method, rest) = line.split_once(' ')?;
            let (path, _) = rest.split_once(" HTTP/1.")?;
            break (method.to_owned(), path.to_owned());
        }
    };
    let mut requests = seen.lock().unwrap_or_else(PoisonError::into_inner);
    requests.push(format!("{method} {path}"));
    drop(requests);
    let (path, _) = path.split_once('?').unwrap_or((&path, ""));
    let name = match path.strip_prefix('/')? {
        "" => PAGE,
        name => name,
    };
    let site = site.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let (status, kind, body) = match site.files.get(name) {
        Some(file) if method == "GET" => ("200 OK", type_of(name)?, file.as_slice()),
        _ => ("404 Not Found", "text/plain", &b""[..]),
    };
    let policy = site.policy.iter();
    let policy = policy.map(|policy| format!("Content-Security-Policy: {policy}\r\n"));
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
         {}X-Content-Type-Options: nosniff\r\n\
         Cache-Control: no-cache\r\nConnection: close\r\n\r\n",
        body.len(),
        policy.collect::<String>()
    );
    connection.write_all(head.as_bytes()).ok()?;
    connection.write_all(body).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn what_is_no_file_of_the_page_is_not_served() -> Result<()> {
        let site = Site {
            files: BTreeMap::from([("index.html".to_owned(), b"page".to_vec())]),
            policy: Some("p".to_owned()),
        };
        let server = Server::start(site, 0)?;
        let ask = |request: &str| -> Result<String> {
            let mut connection = TcpStream::connect(server.address)?;
            connection.write_all(request.as_bytes())?;
            let mut answer = String::new();
            connection.read_to_string(&mut answer)?;
            Ok(answer)
        };
        for path in ["/", "/index.html", "/?x", "/index.html?x"] {
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
        for path in ["/../Cargo.toml", "/%2e%2e/Cargo.toml", "//index.html"] {
            let answer = ask(&format!("GET {path} HTTP/1.1\r\n\r\n"))?;
            assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
        }
        assert!(ask("POST / HTTP/1.1\r\n\r\n")?.starts_with("HTTP/1.1 404"));
        assert_eq!(ask("nonsense\r\n\r\n")?, "");
        assert_eq!(server.requests().len(), 8);
        let bare = Site {
            files: BTreeMap::from([("index.html".to_owned(), b"bare".to_vec())]),
            policy: Some("p".to_owned()),
        };
        server.serve(bare.without_header());
        let answer = ask("GET / HTTP/1.1\r\n\r\n")?;
        assert!(
            answer.ends_with("\r\n\r\nbare") && !answer.contains("Policy"),
            "{answer}"
        );
        let address = server.address;
        server.stop();
        assert!(TcpStream::connect(address).is_err());
        Ok(())
    }
}
