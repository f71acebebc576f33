//! The page, as a person uses it.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::json;
use testkit::web::{self, Server, Site};

use crate::driver::Browser;

/// The page in a browser, and who serves it.
pub(crate) struct Page {
    pub(crate) browser: Browser,
    /// `None` once it was stopped.
    pub(crate) server: Option<Server>,
    pub(crate) address: String,
}

/// What the page says of one question.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) verdict: String,
    /// The word above the sentences.
    pub(crate) word: String,
    /// The error's name, or nothing.
    pub(crate) error: String,
    /// Of an error, the core's words.
    pub(crate) detail: String,
    /// Of each sentence, what it says of a dataset, and its text.
    pub(crate) sentences: Vec<(String, String)>,
}

impl Said {
    /// The texts of the sentences of one outcome.
    pub(crate) fn of<'a>(&'a self, outcome: &'a str) -> impl Iterator<Item = &'a str> {
        let sentences = self.sentences.iter();
        sentences
            .filter(move |(kind, _)| kind == outcome)
            .map(|(_, text)| text.as_str())
    }
}

impl Page {
    pub(crate) fn open() -> Result<Self> {
        Self::of(web::site()?, &[])
    }

    /// A page that is served otherwise, in a browser with more arguments.
    pub(crate) fn of(site: Site, arguments: &[&str]) -> Result<Self> {
        let page = Self::unopened(site, arguments)?;
        page.browser.goto(&page.address)?;
        page.wait_until_started()?;
        Ok(page)
    }

    /// The same, before the browser goes there.
    pub(crate) fn unopened(site: Site, arguments: &[&str]) -> Result<Self> {
        let server = Server::start(site, 0)?;
        Ok(Self {
            browser: Browser::start(arguments)?,
            address: server.address(),
            server: Some(server),
        })
    }

    pub(crate) fn server(&self) -> Result<&Server> {
        self.server.as_ref().context("it was stopped")
    }

    /// Wait until it needs no network.
    pub(crate) fn wait_until_offline(&self) -> Result<()> {
        self.browser
            .wait("document.getElementById('offline').innerText !== '' && navigator.serviceWorker.controller")
    }

    /// Choose a language.
    pub(crate) fn speak(&self, code: &str) -> Result<()> {
        self.browser.run(&format!(
            "const select = document.getElementById('language');
             select.value = '{code}';
             select.dispatchEvent(new Event('change'));"
        ))?;
        self.browser.wait(&format!(
            "document.getElementById('language').dataset.spoken === '{code}'"
        ))
    }

    /// The id of what has the focus, or its label.
    pub(crate) fn focus(&self) -> Result<String> {
        let name = self.browser.run(
            "const { id, ariaLabel, tagName, parentElement } = document.activeElement;
             return id || ariaLabel || `${tagName} of ${parentElement.id}`;",
        )?;
        Ok(name.as_str().context("no name")?.to_owned())
    }

    pub(crate) fn wait_until_started(&self) -> Result<()> {
        self.browser.wait("document.body?.dataset.started")
    }

    pub(crate) fn reload(&self) -> Result<()> {
        self.browser.reload()?;
        self.wait_until_started()
    }

    /// Choose a file. Gives the error's name when it is refused.
    pub(crate) fn choose(&self, file: &Path) -> Result<Option<String>> {
        // What a file before said is not what this one says.
        self.browser.run("document.body.dataset.state = 'asked';")?;
        let path = file.canonicalize()?;
        self.browser
            .type_into("#file", &path.display().to_string())?;
        self.browser
            .wait("['open', 'refused'].includes(document.body.dataset.state)")?;
        let error = self.browser.run("return document.body.dataset.error;")?;
        let error = error.as_str().context("no error's name")?;
        Ok((!error.is_empty()).then(|| error.to_owned()))
    }

    /// Choose a file that is accepted.
    pub(crate) fn choose_good(&self, file: &Path) -> Result<()> {
        let error = self.choose(file)?;
        ensure!(error.is_none(), "{} is refused: {error:?}", file.display());
        Ok(())
    }

    /// Type one identifier, key by key, and Enter.
    pub(crate) fn ask(&self, text: &str) -> Result<Said> {
        self.browser
            .run("document.getElementById('identifier').value = '';")?;
        self.browser
            .type_into("#identifier", &format!("{text}\u{E007}"))?;
        self.browser
            .wait("!['', 'asking', undefined].includes(document.getElementById('verdict').dataset.verdict)")?;
        let said = self.browser.run(&format!("return ({SAID})();"))?;
        Ok(serde_json::from_value(said)?)
    }

    /// Ask many questions: pairs of a kind, which the page must offer, and a text.
    pub(crate) fn ask_all(&self, questions: &[(&str, &str)]) -> Result<Vec<Said>> {
        let said = self.browser.run_async(
            &format!(
                "const said = {SAID};
                 const at = (id) => document.getElementById(id);
                 const turn = () => new Promise((go) => {{
                   const channel = new MessageChannel();
                   channel.port1.onmessage = go;
                   channel.port2.postMessage(0);
                 }});
                 const all = [];
                 for (const [kind, text] of given) {{
                   const radio = document.querySelector(`#kinds input[value=${{kind}}]`);
                   if (!radio.checked) radio.click();
                   at('identifier').value = text;
                   at('identifier').dispatchEvent(new Event('input'));
                   if (at('verdict').dataset.verdict !== '') throw `a verdict beside another question`;
                   at('question').requestSubmit();
                   while (['', 'asking'].includes(at('verdict').dataset.verdict)) await turn();
                   all.push(said());
                 }}
                 return all;"
            ),
            &json!(questions),
        )?;
        Ok(serde_json::from_value(said)?)
    }

    /// The kinds that the page offers.
    pub(crate) fn kinds(&self) -> Result<Vec<String>> {
        let kinds = self.browser.run(
            "return Array.from(document.querySelectorAll('#kinds input'), (radio) => radio.value);",
        )?;
        Ok(serde_json::from_value(kinds)?)
    }

    /// The text of an element.
    pub(crate) fn text(&self, selector: &str) -> Result<String> {
        let script = format!("return document.querySelector('{selector}').innerText;");
        let text = self.browser.run(&script)?;
        Ok(text.as_str().context("no text")?.to_owned())
    }

    /// Sectors that were read of the open file.
    pub(crate) fn sectors_read(&self) -> Result<u64> {
        let script = "return Number(document.getElementById('reads').dataset.sectors);";
        self.browser.run(script)?.as_u64().context("no number")
    }

    /// Press the button that keeps the open file in the browser, and wait until it is kept, or is not.
    pub(crate) fn keep(&self) -> Result<()> {
        self.browser.click("#keep")?;
        self.browser
            .wait("!document.getElementById('keep').ariaBusy")
    }
}

/// What stands in the verdict's place.
const SAID: &str = "() => {
  const verdict = document.getElementById('verdict');
  const sentences = Array.from(verdict.querySelectorAll('[data-outcome]'), (line) => [line.dataset.outcome, line.textContent]);
  const detail = verdict.querySelector('.detail')?.textContent ?? '';
  const word = verdict.querySelector('.word')?.lastChild.textContent ?? '';
  return { verdict: verdict.dataset.verdict, word, error: verdict.dataset.error, detail, sentences };
}";
