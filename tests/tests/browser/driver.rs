//! A headless Chromium, driven by WebDriver (<https://www.w3.org/TR/webdriver2/>) and, for
//! what that has no command for, by the DevTools protocol through `chromedriver`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::setup;

/// How long anything may take. A machine that is busy is slow.
pub(crate) const LIMIT: Duration = Duration::from_secs(120);
/// How long the browser may take to end.
const PATIENCE: Duration = Duration::from_secs(10);
/// What WebDriver calls an element's id.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// The driver, and the port that it listens at. It chooses one that is free, and ends if another
/// program has taken it meanwhile.
fn start_driver(program: &Path) -> Result<(Child, String)> {
    const MOST_TRIES: u32 = 5;
    for _ in 0..MOST_TRIES {
        let mut driver = Command::new(program)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let stdout = driver.stdout.take().context("no stdout")?;
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            if let Some((_, port)) = line.split_once("successfully on port ") {
                return Ok((driver, port.trim_end_matches('.').to_owned()));
            }
        }
        driver.wait()?;
    }
    bail!("chromedriver does not say its port")
}

/// A browser of its own, with an empty profile.
pub(crate) struct Browser {
    driver: Child,
    agent: ureq::Agent,
    session: String,
    _profile: TempDir,
}

impl Browser {
    /// With these arguments beside its own.
    pub(crate) fn start(arguments: &[&str]) -> Result<Self> {
        let (browser, driver) = setup::browser()?;
        let profile = tempfile::tempdir()?;
        let (driver, port) = start_driver(&driver)?;
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(LIMIT))
            .http_status_as_error(false)
            .build();
        let mut browser_arguments = vec![
            "--headless=new".to_owned(),
            "--disable-background-networking".into(),
            "--disable-component-update".into(),
            "--disable-dev-shm-usage".into(),
            "--no-first-run".into(),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        browser_arguments.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        if is_root() {
            // Chromium's sandbox does not run as root.
            browser_arguments.push("--no-sandbox".into());
        }
        let mut started = Self {
            driver,
            agent: config.into(),
            session: format!("http://127.0.0.1:{port}/session"),
            _profile: profile,
        };
        let session = started.post(
            "",
            &json!({"capabilities": {"alwaysMatch": {
                "goog:chromeOptions": {"binary": browser, "args": browser_arguments},
                "goog:loggingPrefs": {"performance": "ALL", "browser": "ALL"},
                "timeouts": {"script": LIMIT.as_millis() as u64},
            }}}),
        )?;
        let id = session["sessionId"].as_str().context("no session")?;
        started.session = format!("{}/{id}", started.session);
        started.devtools("Network.enable", json!({}))?;
        Ok(started)
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let url = format!("{}{path}", self.session);
        let mut response = self.agent.post(&url).send_json(body)?;
        let mut answer: Value = response.body_mut().read_json()?;
        let value = answer["value"].take();
        if !response.status().is_success() {
            bail!("{path}: {}: {}", value["error"], value["message"]);
        }
        Ok(value)
    }

    /// A command of the DevTools protocol.
    pub(crate) fn devtools(&self, command: &str, parameters: Value) -> Result<Value> {
        self.post(
            "/goog/cdp/execute",
            &json!({"cmd": command, "params": parameters}),
        )
    }

    pub(crate) fn goto(&self, address: &str) -> Result<()> {
        self.post("/url", &json!({"url": address})).map(drop)
    }

    /// Do something in another tab, and come back.
    pub(crate) fn in_another_tab<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let mut this: Value = self
            .agent
            .get(format!("{}/window", self.session))
            .call()?
            .body_mut()
            .read_json()?;
        let other = self.post("/window/new", &json!({"type": "tab"}))?;
        self.post("/window", &json!({"handle": other["handle"]}))?;
        let done = work()?;
        self.post("/window", &json!({"handle": this["value"].take()}))?;
        Ok(done)
    }

    pub(crate) fn reload(&self) -> Result<()> {
        self.post("/refresh", &json!({})).map(drop)
    }

    /// The value of a script's `return`.
    pub(crate) fn run(&self, script: &str) -> Result<Value> {
        self.post("/execute/sync", &json!({"script": script, "args": []}))
    }

    /// The value of an asynchronous function's body, whose argument is `given`.
    pub(crate) fn run_async(&self, body: &str, given: &Value) -> Result<Value> {
        let script = format!(
            "const [given, done] = arguments;
             (async () => {{ {body} }})().then(done, (error) => done({{ thrown: String(error) }}));"
        );
        let value = self.post(
            "/execute/async",
            &json!({"script": script, "args": [given]}),
        )?;
        ensure!(value["thrown"].is_null(), "the script threw {value}");
        Ok(value)
    }

    /// Wait until an expression is true.
    pub(crate) fn wait(&self, expression: &str) -> Result<()> {
        let start = Instant::now();
        while self.run(&format!("return Boolean({expression});"))? != json!(true) {
            if start.elapsed() > LIMIT {
                let page = self.run("return document.body.innerText;")?;
                bail!("in vain: {expression}; the page says: {page}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    fn element(&self, selector: &str) -> Result<String> {
        let query = json!({"using": "css selector", "value": selector});
        let element = self.post("/element", &query)?;
        let id = element[ELEMENT].as_str().context("no element")?;
        Ok(id.to_owned())
    }

    /// Type into an element; of a file input, choose the file of that path.
    pub(crate) fn type_into(&self, selector: &str, text: &str) -> Result<()> {
        let element = self.element(selector)?;
        self.post(&format!("/element/{element}/value"), &json!({"text": text}))
            .map(drop)
    }

    pub(crate) fn click(&self, selector: &str) -> Result<()> {
        let element = self.element(selector)?;
        self.post(&format!("/element/{element}/click"), &json!({}))
            .map(drop)
    }

    /// Press a key wherever the focus is.
    pub(crate) fn press(&self, key: char) -> Result<()> {
        let actions = json!([{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]);
        self.post(
            "/actions",
            &json!({"actions": [{"type": "key", "id": "keys", "actions": actions}]}),
        )
        .map(drop)
    }

    /// What is seen, as PNG.
    pub(crate) fn picture(&self) -> Result<Vec<u8>> {
        let url = format!("{}/screenshot", self.session);
        let mut answer: Value = self.agent.get(&url).call()?.body_mut().read_json()?;
        let encoded: String = serde_json::from_value(answer["value"].take())?;
        Ok(BASE64.decode(encoded)?)
    }

    /// The addresses of all requests of the page since this was asked last.
    pub(crate) fn requested(&self) -> Result<Vec<String>> {
        let log = self.post("/se/log", &json!({"type": "performance"}))?;
        let mut addresses = Vec::new();
        for entry in log.as_array().context("no log")? {
            let message: Value = serde_json::from_str(entry["message"].as_str().unwrap_or("{}"))?;
            let message = &message["message"];
            if message["method"] == "Network.requestWillBeSent" {
                let url = message["params"]["request"]["url"].as_str();
                let page = message["params"]["documentURL"].as_str();
                // The first page of a browser is its own, and so are the frames in it.
                let page = page.context("no page")?;
                let is_own = |scheme| page.starts_with(scheme);
                if !["chrome://", "chrome-untrusted://"].into_iter().any(is_own) {
                    addresses.push(url.context("no address")?.to_owned());
                }
            }
        }
        Ok(addresses)
    }

    /// What was written to the console since this was asked last.
    pub(crate) fn console(&self) -> Result<Vec<String>> {
        let log = self.post("/se/log", &json!({"type": "browser"}))?;
        let entries = log.as_array().context("no log")?;
        Ok(entries
            .iter()
            .map(|entry| entry["message"].to_string())
            .collect())
    }

    /// Have what the page and its workers do not hold any more collected.
    pub(crate) fn collect_garbage(&self) -> Result<()> {
        self.devtools(
            "Memory.simulatePressureNotification",
            json!({"level": "critical"}),
        )?;
        self.devtools("HeapProfiler.collectGarbage", json!({}))
            .map(drop)
    }

    /// The most memory that a process which shows pages has had, KiB.
    pub(crate) fn peak_renderer_kib(&self) -> Result<u64> {
        let mut peak = 0;
        for pid in self.processes() {
            let folder = Path::new("/proc").join(pid.to_string());
            let command = fs::read(folder.join("cmdline")).unwrap_or_default();
            if String::from_utf8_lossy(&command).contains("--type=renderer") {
                peak = peak.max(field(&folder, "VmHWM:").unwrap_or(0));
            }
        }
        ensure!(peak > 0, "there is no renderer");
        Ok(peak)
    }

    /// The driver, and all that it started.
    fn processes(&self) -> Vec<u32> {
        let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let name = entry.file_name();
            let pid = name.to_str().and_then(|name| name.parse().ok());
            if let (Some(pid), Some(parent)) = (pid, field(&entry.path(), "PPid:")) {
                children.entry(parent as u32).or_default().push(pid);
            }
        }
        let mut processes = vec![self.driver.id()];
        let mut next = 0;
        while let Some(pid) = processes.get(next) {
            let mut more = children.remove(pid).unwrap_or_default();
            processes.append(&mut more);
            next += 1;
        }
        processes
    }
}

/// A number of `/proc/PID/status`.
fn field(process: &Path, name: &str) -> Option<u64> {
    let status = fs::read_to_string(process.join("status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Is this the user with the id 0?
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// Whom Chromium asks by itself: its makers, and the search engine of Debian's.
const BROWSERS_OWN: [&str; 6] = [
    "duckduckgo.com",
    "google.com",
    "googleapis.com",
    "googleusercontent.com",
    "gstatic.com",
    "gvt1.com",
];

/// Is that request to a proxy, `GET http://host/path` or `CONNECT host:443`, to one of them?
fn is_browsers_own(line: &str) -> bool {
    let target = line.split(' ').nth(1).unwrap_or_default();
    let target = target.strip_prefix("http://").unwrap_or(target);
    let host = target.split(['/', ':']).next().unwrap_or_default();
    BROWSERS_OWN.iter().any(|own| {
        let before = host.strip_suffix(own);
        before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
    })
}

/// Takes whatever a browser would send to another host: as the proxy of its pages, workers
/// and of all else, but not of this machine.
pub(crate) struct Trap {
    address: SocketAddr,
    caught: Arc<Mutex<Vec<String>>>,
}

impl Trap {
    /// It works until the process ends.
    pub(crate) fn set() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let caught = Arc::new(Mutex::new(Vec::new()));
        let all = caught.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let mut line = String::new();
                let _ = BufReader::new(connection).read_line(&mut line);
                all.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(line);
            }
        });
        Ok(Self { address, caught })
    }

    /// The browser's argument.
    pub(crate) fn argument(&self) -> String {
        format!("--proxy-server={}", self.address)
    }

    /// The first line of each request that is not the browser's own.
    pub(crate) fn caught(&self) -> Vec<String> {
        let caught = self.caught.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = caught.iter();
        lines
            .filter(|line| !is_browsers_own(line))
            .cloned()
            .collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let processes = self.processes();
        let request = self.agent.delete(&self.session).config();
        let _ = request.timeout_global(Some(PATIENCE)).build().call();
        // Without an answer to that the browser would be left behind.
        let _ = Command::new("kill")
            .args(processes.iter().map(u32::to_string))
            .stderr(Stdio::null())
            .status();
        let _ = self.driver.wait();
    }
}
