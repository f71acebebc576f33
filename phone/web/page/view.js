// What is known -> what is shown. Each `show…` function writes its part of the page from the state.
// Texts are set as text, never read as HTML.

import { FilterError } from "./filter.js";
import { grouped } from "./key.js";
import { covers, day, hint, keyOf, parts, say, sentences, size, title } from "./sentences.js";
import { at, identifier, isOpen, state } from "./state.js";
import * as store from "./store.js";

const SECTOR_BYTES = 512;
/** The program's, and a hash of the page's sources, which `cargo xtask web` fills in. */
const VERSION = "VERSION OF THE PAGE";
/** Kinds of which nobody should read over a shoulder. */
const SECRET = ["password", "sha1", "ntlm"];
/** A verdict's sign, so that its colour is not all that tells it. */
const SIGNS = { exposed: "!", not_exposed: "✓", not_covered: "?", expired: "?", error: "×", refused: "×" };

/** An element. */
function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Names, numbers and dates keep their direction within a sentence of another. */
const nodes = (said) => said.map((part) => (typeof part === "string" ? part : make("bdi", {}, part.value)));

/** A text, with its places filled in. */
const shown = (key, values) => nodes(parts(key, values));

/** A value that stands alone. */
const alone = (value) => make("bdi", {}, value);

function showTexts() {
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = say(element.dataset.text);
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", say(element.dataset.label));
  }
}

export function showFile() {
  const { file, filter, refusal } = state;
  const lines = [];
  if (state.isOpening) {
    lines.push(make("p", { className: "hint" }, ...shown("opening", { name: file.name })));
  } else if (filter) {
    for (const dataset of filter.about.datasets) {
      const about = make("span", { className: "hint" }, ...nodes(covers(dataset)));
      lines.push(make("p", {}, make("strong", {}, ...nodes(title(dataset))), " ", about));
    }
    lines.push(make("p", { className: "hint" }, alone(file.name), " · ", ...trust(filter)));
    lines.push(...warnings(filter.about));
  } else if (refusal) {
    lines.push(answer("refused", [{ parts: parts(keyOf("error", refusal.code)), outcome: "error" }], refusal.detail));
  } else {
    lines.push(make("p", { className: "hint" }, say("no_file")));
  }
  at("file-status").replaceChildren(...lines);
  document.body.dataset.state = state.isOpening ? "opening" : filter ? "open" : refusal ? "refused" : "none";
  document.body.dataset.error = refusal?.code ?? "";
  at("file-label").textContent = say(filter ? "choose_other" : "choose_file");
  at("file-label").classList.toggle("main", !filter);
  at("file-label").classList.toggle("quiet", Boolean(filter));
  at("keep").hidden = !(filter && state.canKeep && !state.stored.some(isOpen));
  at("keep").textContent = say(state.isReplacing ? "replace" : "keep");
  at("notice").replaceChildren(...(state.notice ? shown(...state.notice) : []));
  showShared();
  showStored();
  showAbout();
}

/** Who signed it, in short. */
function trust({ about: { signer }, isPinned }) {
  if (signer === null) {
    return shown("unsigned");
  }
  return isPinned ? shown("signed_trusted") : shown("signed", { key: grouped(signer).slice(0, 17) });
}

function warnings({ has_expired, expires_unix_s, num_trailing_bytes }) {
  const lines = [];
  if (has_expired) {
    lines.push(make("p", { className: "warning" }, ...shown("expired_on", { day: day(expires_unix_s) })));
  }
  if (num_trailing_bytes > 0) {
    lines.push(make("p", { className: "warning" }, ...shown("trailing", { count: num_trailing_bytes })));
  }
  return lines;
}

/** A file that another program sent. Any page can, so a person is asked. */
function showShared() {
  at("shared").hidden = state.shared === null;
  at("shared-text").replaceChildren(...(state.shared ? shown("shared_ask", { name: state.shared.name }) : []));
}

function showStored() {
  const rows = state.stored.map((file) => {
    const { name } = file;
    const about = make("span", { className: "hint" }, alone(size(file.size)));
    const button = (does) => {
      const made = make("button", { type: "button", className: `quiet ${does}` }, say(does));
      made.setAttribute("aria-label", say(`${does}_label`, { name }));
      return made;
    };
    return make("li", {}, make("span", { className: "file-name" }, alone(name), " ", about), button("open"), button("delete"));
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
  const row = (term, ...values) => rows.push(make("dt", {}, ...term), ...values.map((value) => make("dd", {}, ...value)));
  for (const dataset of about.datasets) {
    const { num_items: count, false_alarm_one_in: one_in, source_note: note } = dataset;
    const odds = one_in > 0 ? parts("about_odds", { one_in }) : parts("about_certain");
    const said = shown("about_dataset", { covers: covers(dataset), count, odds });
    row(nodes(title(dataset)), said, ...(note ? [shown("about_source", { note })] : []));
  }
  const fact = (key, value) => row([say(key)], [alone(value)]);
  fact("about_size", size(about.num_sectors * SECTOR_BYTES));
  fact("about_created", day(about.created_unix_s));
  fact("about_expires", about.expires_unix_s === 0 ? say("never") : day(about.expires_unix_s));
  fact("about_epoch", String(about.epoch));
  row([say("about_signer")], ...signerDetails(filter));
  fact("about_id", about.file_id);
  at("about-list").replaceChildren(...rows);
}

/** All digits of the signer's key, and the way to choose it. */
function signerDetails({ about: { signer }, isPinned }) {
  if (signer === null) {
    return [[say("nobody")]];
  }
  const digits = [make("bdi", { className: "digits" }, grouped(signer))];
  if (isPinned) {
    return [digits];
  }
  return [digits, [say("compare")], [make("button", { type: "button", id: "pin", className: "quiet" }, say("pin"))]];
}

export function showQuestion() {
  const { filter } = state;
  at("question").hidden = !filter;
  if (!filter) {
    return;
  }
  const { kinds } = filter.about;
  const legend = at("kinds").firstElementChild;
  const choices = kinds.map((kind, index) => {
    const radio = make("input", { type: "radio", name: "kind", value: kind, checked: index === state.kind });
    return make("label", {}, radio, make("span", {}, say(`kind_${kind}`)));
  });
  at("kinds").replaceChildren(legend, ...choices);
  at("kinds").hidden = kinds.length === 1;
  showIdentifier();
}

export function showIdentifier() {
  const kind = state.filter.about.kinds[state.kind];
  const isSecret = SECRET.includes(kind);
  at("identifier-label").textContent = say(`kind_${kind}`);
  at("identifier-hint").replaceChildren(...nodes(hint(state.filter.about, kind)));
  // Never of type "password": a password manager would keep the question.
  identifier.classList.toggle("masked", isSecret && !state.isRevealed);
  // Names and passwords can be of any script; the others are written from the left.
  identifier.dir = ["username", "password"].includes(kind) ? "auto" : "ltr";
  identifier.inputMode = { phone: "tel", email: "email" }[kind] ?? "text";
  const reveal = at("reveal");
  reveal.hidden = !isSecret;
  reveal.setAttribute("aria-pressed", String(state.isRevealed));
}

/** A block with a verdict's sign and word, and its sentences. */
function answer(word, lines, detail = "") {
  const sign = make("span", { className: "sign", ariaHidden: "true" }, SIGNS[word]);
  const text = say(word === "expired" ? "not_covered" : word);
  const block = make("div", { className: `answer ${word}` }, make("p", { className: "word" }, sign, text));
  for (const line of lines) {
    const paragraph = make("p", {}, ...nodes(line.parts));
    paragraph.dataset.outcome = line.outcome ?? "";
    block.append(paragraph);
  }
  if (detail) {
    block.append(make("p", { className: "detail", lang: "en", dir: "ltr" }, detail));
  }
  return block;
}

export function showVerdict() {
  const { answer: found, filter } = state;
  const verdict = at("verdict");
  if (found === null) {
    verdict.replaceChildren();
    verdict.dataset.verdict = "";
  } else if (found === "asking") {
    verdict.replaceChildren(make("p", { className: "hint" }, say("asking")));
    verdict.dataset.verdict = "asking";
  } else if (found instanceof FilterError) {
    const lines = [{ parts: parts(keyOf("error", found.code)), outcome: "error" }];
    verdict.replaceChildren(answer("error", lines, found.detail));
    verdict.dataset.verdict = "error";
  } else {
    verdict.replaceChildren(answer(found.verdict, sentences(filter.about, found)));
    verdict.dataset.verdict = found.verdict;
  }
  verdict.dataset.error = found?.code ?? "";
}

/** Which files are accepted; also when what was pasted is no key. */
export function showKey({ isBad = false } = {}) {
  const key = store.setting("key");
  const inForce = key === null ? shown("key_none") : shown("key_set", { key: grouped(key) });
  at("key-status").replaceChildren(...(isBad ? [say("key_bad"), " "] : []), ...inForce);
  at("key-remove").hidden = key === null;
}

export function showFooter() {
  const count = state.filter?.numSectorsRead ?? 0;
  at("reads").replaceChildren(...(state.filter ? shown("reads", { count, size: size(count * SECTOR_BYTES) }) : []));
  at("reads").dataset.sectors = String(count);
  at("offline").textContent = state.isOffline ? say("offline_ready") : "";
  at("version").replaceChildren(...shown("version", { version: VERSION }));
}

/** That a next version waits, or has taken over in another tab. */
export function showUpdate() {
  at("update-text").textContent = state.hasNext ? say("update_ready") : "";
  at("reload").hidden = !state.hasNext;
}

export function showAll() {
  showTexts();
  showFile();
  showQuestion();
  showVerdict();
  showKey();
  showFooter();
  showUpdate();
}
