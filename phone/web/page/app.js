// The page: a file is chosen, a question typed, a verdict shown. What is typed goes to the
// module and nowhere else: into no address, storage, log or request.

import { Filter, FilterError } from "./filter.js";
import { bytesOf, digitsOf, grouped } from "./key.js";
import { count, covers, day, hint, languages, say, sayOf, sentences, size, speak, title } from "./sentences.js";
import * as store from "./store.js";

const SECTOR_BYTES = 512;
/** Kinds of which nobody should read over a shoulder. */
const SECRET = ["password", "sha1", "ntlm"];
/** A verdict's sign, so that its colour is not all that tells it. */
const SIGNS = { exposed: "!", not_exposed: "✓", not_covered: "?", expired: "?", error: "×", refused: "×" };

const at = (id) => document.getElementById(id);
const identifier = at("identifier");

/** What is shown. Each `show…` function writes its part of the page from it. */
const state = {
  /** The file that was chosen, as the browser has it. */
  file: null,
  /** The same, opened. */
  filter: null,
  /** Why it was not opened. */
  refusal: null,
  isOpening: false,
  /** Grows with each file, so that an opening which was overtaken changes nothing. */
  opening: 0,
  /** Index in the file's kinds. */
  kind: 0,
  isRevealed: false,
  /** What came of the last question: a verdict, a FilterError, "asking", or null. */
  answer: null,
  /** Grows with each change of the question, so that no verdict stands beside another question. */
  question: 0,
  canKeep: false,
  stored: [],
  /** Key and values of a text about files, or null. */
  notice: null,
  isOffline: false,
};

/** An element. Texts are set as text, never read as HTML. */
function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function showTexts() {
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = say(element.dataset.text);
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", say(element.dataset.label));
  }
}

function showFile() {
  const { file, filter, refusal } = state;
  const lines = [];
  if (state.isOpening) {
    lines.push(make("p", { className: "hint" }, say("opening", { name: file.name })));
  } else if (filter) {
    for (const dataset of filter.about.datasets) {
      const about = make("span", { className: "hint" }, covers(dataset));
      lines.push(make("p", {}, make("strong", {}, title(dataset)), " ", about));
    }
    lines.push(make("p", { className: "hint" }, `${file.name} · ${trust(filter.about)}`));
    lines.push(...warnings(filter.about));
  } else if (refusal) {
    lines.push(answer("refused", [{ text: sayOf("error", refusal.code), outcome: "error" }], refusal.detail));
  } else {
    lines.push(make("p", { className: "hint" }, say("no_file")));
  }
  at("file-status").replaceChildren(...lines);
  const shown = state.isOpening ? "opening" : filter ? "open" : refusal ? "refused" : "none";
  document.body.dataset.state = shown;
  document.body.dataset.error = refusal?.code ?? "";
  at("file-label").textContent = say(filter ? "choose_other" : "choose_file");
  at("file-label").classList.toggle("main", !filter);
  at("file-label").classList.toggle("quiet", Boolean(filter));
  at("keep").hidden = !(filter && state.canKeep && !state.stored.includes(file));
  at("notice").textContent = state.notice ? say(...state.notice) : "";
  showStored();
  showAbout();
}

/** Who signed it, in short. */
function trust({ signer }) {
  if (signer === null) {
    return say("unsigned");
  }
  return store.setting("key") === null ? say("signed", { key: grouped(signer).slice(0, 17) }) : say("signed_trusted");
}

function warnings({ has_expired, expires_unix_s, num_trailing_bytes }) {
  const lines = [];
  if (has_expired) {
    lines.push(make("p", { className: "warning" }, say("expired_on", { day: day(expires_unix_s) })));
  }
  if (num_trailing_bytes > 0) {
    lines.push(make("p", { className: "warning" }, say("trailing", { count: count(num_trailing_bytes) })));
  }
  return lines;
}

function showStored() {
  const rows = state.stored.map((file) => {
    const { name } = file;
    const open = make("button", { type: "button", className: "quiet" }, say("open"));
    open.setAttribute("aria-label", say("open_label", { name }));
    open.addEventListener("click", () => openFile(file));
    const remove = make("button", { type: "button", className: "quiet" }, say("delete"));
    remove.setAttribute("aria-label", say("delete_label", { name }));
    remove.addEventListener("click", () => deleteFile(file));
    const about = make("span", { className: "hint" }, size(file.size));
    return make("li", {}, make("span", { className: "file-name" }, name, " ", about), open, remove);
  });
  at("stored").hidden = rows.length === 0;
  at("stored-list").replaceChildren(...rows);
}

function showAbout() {
  const { filter } = state;
  at("about").hidden = !filter;
  if (!filter) {
    return;
  }
  const { about } = filter;
  const rows = [];
  const row = (term, ...values) => rows.push(make("dt", {}, term), ...values.map((value) => make("dd", {}, value)));
  for (const dataset of about.datasets) {
    const numbers = { count: count(dataset.num_items), one_in: count(dataset.false_alarm_one_in) };
    const notes = dataset.source_note ? [`${say("about_source")}: ${dataset.source_note}`] : [];
    row(title(dataset), say("about_dataset", { covers: covers(dataset), ...numbers }), ...notes);
  }
  row(say("about_size"), size(about.num_sectors * SECTOR_BYTES));
  row(say("about_created"), day(about.created_unix_s));
  row(say("about_expires"), about.expires_unix_s === 0 ? say("never") : day(about.expires_unix_s));
  row(say("about_epoch"), count(about.epoch));
  row(say("about_signer"), ...signerDetails(about.signer));
  row(say("about_id"), about.file_id);
  at("about-list").replaceChildren(...rows);
}

/** All digits of the signer's key, and the way to choose it. */
function signerDetails(signer) {
  if (signer === null) {
    return [say("nobody")];
  }
  const digits = make("span", { className: "digits" }, grouped(signer));
  if (store.setting("key") !== null) {
    return [digits];
  }
  const pin = make("button", { type: "button", id: "pin", className: "quiet" }, say("pin"));
  pin.addEventListener("click", () => setKey(signer));
  return [digits, say("compare"), pin];
}

function showQuestion() {
  const { filter } = state;
  at("question").hidden = !filter;
  if (!filter) {
    return;
  }
  const { kinds } = filter.about;
  const legend = at("kinds").firstElementChild;
  const choices = kinds.map((kind, index) => {
    const radio = make("input", { type: "radio", name: "kind", value: kind, checked: index === state.kind });
    radio.addEventListener("change", () => chooseKind(index));
    return make("label", {}, radio, make("span", {}, say(`kind_${kind}`)));
  });
  at("kinds").replaceChildren(legend, ...choices);
  at("kinds").hidden = kinds.length === 1;
  showIdentifier();
}

function showIdentifier() {
  const kind = state.filter.about.kinds[state.kind];
  const isSecret = SECRET.includes(kind);
  at("identifier-label").textContent = say(`kind_${kind}`);
  at("identifier-hint").textContent = hint(state.filter.about, kind);
  identifier.type = isSecret && !state.isRevealed ? "password" : "text";
  identifier.inputMode = { phone: "tel", email: "email" }[kind] ?? "text";
  const reveal = at("reveal");
  reveal.hidden = !isSecret;
  reveal.textContent = say(state.isRevealed ? "hide" : "show");
  reveal.setAttribute("aria-pressed", String(state.isRevealed));
  reveal.setAttribute("aria-label", say("reveal_label"));
}

/** A block with a verdict's sign and word, and its sentences. */
function answer(word, lines, detail = "") {
  const sign = make("span", { className: "sign", ariaHidden: "true" }, SIGNS[word]);
  const text = say(word === "expired" ? "not_covered" : word);
  const block = make("div", { className: `answer ${word}` }, make("p", { className: "word" }, sign, text));
  for (const line of lines) {
    const paragraph = make("p", {}, line.text);
    paragraph.dataset.outcome = line.outcome ?? "";
    block.append(paragraph);
  }
  if (detail) {
    block.append(make("p", { className: "detail", lang: "en" }, detail));
  }
  return block;
}

function showVerdict() {
  const { answer: found, filter } = state;
  const verdict = at("verdict");
  if (found === null) {
    verdict.replaceChildren();
    verdict.dataset.verdict = "";
  } else if (found === "asking") {
    verdict.replaceChildren(make("p", { className: "hint" }, say("asking")));
    verdict.dataset.verdict = "asking";
  } else if (found instanceof FilterError) {
    const lines = [{ text: sayOf("error", found.code), outcome: "error" }];
    verdict.replaceChildren(answer("error", lines, found.detail));
    verdict.dataset.verdict = "error";
  } else {
    verdict.replaceChildren(answer(found.verdict, sentences(filter.about, found)));
    verdict.dataset.verdict = found.verdict;
  }
  verdict.dataset.error = found?.code ?? "";
}

function showKey() {
  const key = store.setting("key");
  at("key-status").textContent = key === null ? say("key_none") : say("key_set", { key: grouped(key) });
  at("key-remove").hidden = key === null;
}

function showFooter() {
  const numRead = state.filter?.numSectorsRead ?? 0;
  const values = { count: count(numRead), size: size(numRead * SECTOR_BYTES) };
  at("reads").textContent = state.filter ? say("reads", values) : "";
  at("reads").dataset.sectors = String(numRead);
  at("offline").textContent = state.isOffline ? say("offline_ready") : "";
}

function showAll() {
  showTexts();
  showFile();
  showQuestion();
  showVerdict();
  showKey();
  showFooter();
}

/** Whatever went wrong, as an error that has a sentence. */
function failure(error) {
  return error instanceof FilterError ? error : new FilterError("other");
}

/** No verdict stands beside another question than its own. */
function forgetAnswer() {
  state.question += 1;
  state.answer = null;
  showVerdict();
}

async function openFile(file) {
  const opening = (state.opening += 1);
  Object.assign(state, { file, filter: null, refusal: null, isOpening: true, kind: 0, isRevealed: false, notice: null });
  identifier.value = "";
  forgetAnswer();
  showAll();
  let outcome;
  try {
    const key = store.setting("key");
    outcome = { filter: await Filter.open(file, key === null ? null : bytesOf(key)) };
  } catch (error) {
    outcome = { refusal: failure(error) };
  }
  if (opening !== state.opening) {
    return;
  }
  Object.assign(state, outcome, { isOpening: false });
  showAll();
}

async function chooseFile(file) {
  await openFile(file);
  if (state.filter && state.file === file) {
    identifier.focus();
  }
}

function chooseKind(index) {
  state.kind = index;
  state.isRevealed = false;
  identifier.value = "";
  forgetAnswer();
  showIdentifier();
}

async function ask() {
  const { filter, kind } = state;
  if (!filter) {
    return;
  }
  forgetAnswer();
  const { question } = state;
  state.answer = "asking";
  showVerdict();
  let found;
  try {
    found = await filter.ask(identifier.value, kind);
  } catch (error) {
    found = failure(error);
  }
  if (question === state.question) {
    state.answer = found;
    showVerdict();
    at("verdict").scrollIntoView({ block: "nearest" });
  }
  showFooter();
}

let copying = null;

async function keepFile() {
  const { file } = state;
  const { name } = file;
  copying = new AbortController();
  at("keeping").hidden = false;
  at("keep").disabled = true;
  state.notice = ["keeping", { name }];
  showFile();
  try {
    await store.keep(file, (share) => (at("progress").value = share), copying.signal);
    state.notice = ["kept", { name }];
  } catch (error) {
    state.notice = [error.name === "AbortError" ? "keep_cancelled" : "keep_failed"];
  }
  at("keeping").hidden = true;
  at("keep").disabled = false;
  await listStored();
  showFile();
}

async function deleteFile(file) {
  const { name } = file;
  try {
    await store.remove(name);
    state.notice = ["deleted", { name }];
  } catch {
    state.notice = ["delete_failed", { name }];
  }
  await listStored();
  // What is open and is no more cannot be asked.
  if (file === state.file && state.notice[0] === "deleted") {
    state.opening += 1;
    Object.assign(state, { file: null, filter: null, refusal: null, isOpening: false });
    forgetAnswer();
  }
  showAll();
}

async function listStored() {
  try {
    const files = await store.list();
    // The file that is open stays the one that it is, so that it is known to be kept.
    const open = files.findIndex((file) => state.file && isSame(file, state.file));
    if (open >= 0) {
      files[open] = state.file;
    }
    state.stored = files;
  } catch {
    state.stored = [];
  }
}

function isSame(kept, file) {
  return kept.name === file.name && kept.size === file.size;
}

/** Accept files of one key only, or with null every file; what is open is opened anew. */
function setKey(digits) {
  store.set("key", digits);
  at("key").value = "";
  showKey();
  if (state.file) {
    openFile(state.file);
  }
}

function setLanguage(code) {
  speak(code);
  document.documentElement.lang = code === "zh" ? "zh-Hans" : code;
  const other = languages.find((known) => known !== code);
  speak(other);
  at("language").textContent = say("language_name");
  at("language").lang = other;
  speak(code);
  at("language").onclick = () => {
    store.set("language", other);
    setLanguage(other);
  };
  showAll();
}

function preferredLanguage() {
  const chosen = store.setting("language");
  const wanted = [chosen ?? "", ...navigator.languages].map((code) => code.split("-")[0]);
  return wanted.find((code) => languages.includes(code)) ?? languages[0];
}

function listen() {
  at("file").addEventListener("change", (event) => {
    const [file] = event.target.files;
    // So that the same file can be chosen again after it was mended.
    event.target.value = "";
    if (file) {
      chooseFile(file);
    }
  });
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dragging");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) {
      document.body.classList.remove("dragging");
    }
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dragging");
    const [file] = event.dataTransfer.files;
    if (file) {
      chooseFile(file);
    }
  });
  at("question").addEventListener("submit", (event) => {
    event.preventDefault();
    ask();
  });
  identifier.addEventListener("input", forgetAnswer);
  at("reveal").addEventListener("click", () => {
    state.isRevealed = !state.isRevealed;
    showIdentifier();
  });
  at("keep").addEventListener("click", keepFile);
  at("stop-keeping").addEventListener("click", () => copying?.abort());
  at("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const digits = digitsOf(at("key").value);
    if (digits === null) {
      at("key-status").textContent = say("key_bad");
    } else {
      setKey(digits);
    }
  });
  at("key-remove").addEventListener("click", () => setKey(null));
  // Who comes back to the page, or takes the device, finds no question on it.
  window.addEventListener("pagehide", () => {
    identifier.value = "";
    forgetAnswer();
  });
}

async function workOffline() {
  if (!("serviceWorker" in navigator)) {
    return;
  }
  try {
    await navigator.serviceWorker.register("sw.js", { updateViaCache: "none" });
    await navigator.serviceWorker.ready;
    state.isOffline = true;
    showFooter();
  } catch {
    // It works all the same, with a network.
  }
}

async function start() {
  listen();
  setLanguage(preferredLanguage());
  workOffline();
  state.canKeep = await store.isAvailable();
  if (state.canKeep) {
    await listStored();
    const [newest] = state.stored;
    if (newest && !state.file) {
      await openFile(newest);
    }
    showFile();
  }
  document.body.dataset.started = "true";
}

start();
