// The page: a file is chosen, a question typed, a verdict shown. What is typed goes to the
// module and nowhere else: into no address, storage, log or request.

import { Filter, FilterError, isSupported } from "./filter.js";
import { bytesOf, digitsOf } from "./key.js";
import { loadNext, sharedFile, workOffline } from "./offline.js";
import { speak } from "./sentences.js";
import { at, identifier, isOpen, state } from "./state.js";
import * as store from "./store.js";
import { languages } from "./texts.js";
import { showAll, showFile, showFooter, showIdentifier, showKey, showUpdate, showVerdict } from "./view.js";

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

/** Open a file; `kept` is the same again, if it is one of the browser's own file system. */
async function openFile(file, kept = null) {
  const opening = (state.opening += 1);
  Object.assign(state, { file, kept, filter: null, refusal: null, isOpening: true, kind: 0, isRevealed: false, isReplacing: false, notice: null });
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

/** Open a file for a person, whom it brings to the question. */
async function chooseFile(file, kept = null) {
  await openFile(file, kept);
  if (state.file === file && !state.isOpening) {
    (state.filter ? identifier : at("file")).focus();
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

async function keepFile({ detail }) {
  if (at("keep").ariaBusy === "true") {
    return;
  }
  at("keep").ariaBusy = "true";
  try {
    await keepOrAsk(state.file, detail);
  } finally {
    at("keep").ariaBusy = null;
  }
}

async function keepOrAsk(file, detail) {
  const { name } = file;
  // What is kept under this name would be gone; another tab may have kept it. The second half of a
  // double click is no answer.
  const isKept = state.stored.some((kept) => kept.name === name);
  if ((!state.isReplacing || detail > 1) && (isKept || (await store.has(name)))) {
    state.isReplacing = true;
    state.notice = ["replace_ask", { name }];
    showFile();
    return;
  }
  state.isReplacing = false;
  copying = new AbortController();
  at("keeping").hidden = false;
  at("stop-keeping").focus();
  at("keep").disabled = true;
  state.notice = ["keeping", { name }];
  showFile();
  try {
    const lasting = store.isLasting();
    const kept = await store.keep(file, (share) => (at("progress").value = share), copying.signal);
    // Meanwhile another may have been opened, also the one that this one replaced.
    if (state.file === file) {
      Object.assign(state, { file: kept, kept });
    }
    const notice = (state.notice = ["kept_for_now", { name }]);
    lasting.then((isLasting) => {
      if (isLasting && state.notice === notice) {
        state.notice = ["kept", { name }];
        showFile();
      }
    });
  } catch (error) {
    state.notice = [error.name === "AbortError" ? "keep_cancelled" : "keep_failed"];
  }
  const hadFocus = document.activeElement === at("stop-keeping");
  at("keeping").hidden = true;
  // The next copy begins anew.
  at("progress").removeAttribute("value");
  at("keep").disabled = false;
  await listStored();
  showFile();
  if (hadFocus) {
    const row = at("stored-list").children[state.stored.findIndex(isOpen)];
    (at("keep").hidden ? (row?.querySelector("button") ?? at("file")) : at("keep")).focus();
  }
}

async function deleteFile(file) {
  const { name } = file;
  const place = state.stored.indexOf(file);
  state.isReplacing = false;
  try {
    await store.remove(name);
    state.notice = ["deleted", { name }];
    // What is open and is no more cannot be asked.
    if (isOpen(file)) {
      state.opening += 1;
      Object.assign(state, { file: null, kept: null, filter: null, refusal: null, isOpening: false });
      forgetAnswer();
    }
  } catch {
    state.notice = ["delete_failed", { name }];
  }
  await listStored();
  showAll();
  // To what took its place.
  const buttons = at("stored-list").querySelectorAll(".delete");
  (buttons[Math.min(place, buttons.length - 1)] ?? at("file")).focus();
}

/** The order in which devices take files, too: epoch, then creation time. */
async function byAge(files) {
  const aged = await Promise.all(
    files.map(async (file) => {
      try {
        const { about } = await Filter.open(file, null);
        return { file, age: [about.epoch, about.created_unix_s] };
      } catch {
        return { file, age: [Infinity, Infinity] };
      }
    }),
  );
  aged.sort((a, b) => compare(b.age[0], a.age[0]) || compare(b.age[1], a.age[1]));
  return aged.map(({ file }) => file);
}

function compare(a, b) {
  return a < b ? -1 : Number(a > b);
}

async function listStored() {
  try {
    state.stored = await byAge(await store.list());
  } catch {
    state.stored = [];
  }
}

/** Accept files of one key only, or with null every file; what is open is opened anew. */
async function setKey(digits) {
  store.set("key", digits);
  at("key").value = "";
  await applyKey();
}

/** What is open was opened by another key than the one that is set: open it anew. */
async function applyKey() {
  showKey();
  if (state.file) {
    await openFile(state.file, state.kept);
  }
}

/** Of the open file's signer. The button for it is gone then, the heading stays. */
async function pinSigner() {
  await setKey(state.filter.about.signer);
  at("about").querySelector("summary").focus();
}

/** The button for it is gone then, the field stays. */
function removeKey() {
  at("key").focus();
  setKey(null);
}

async function setLanguage(code) {
  if (!(await speak(code))) {
    return;
  }
  const { tag, isRightToLeft } = languages[code];
  document.documentElement.lang = tag;
  document.documentElement.dir = isRightToLeft ? "rtl" : "ltr";
  at("language").value = code;
  at("language").dataset.spoken = code;
  showAll();
}

/** Speak a chosen language, next time too; if it cannot be loaded, that before. */
async function chooseLanguage() {
  const code = at("language").value;
  try {
    await setLanguage(code);
    store.set("language", code);
  } catch {
    at("language").value = at("language").dataset.spoken;
    state.notice = ["error_cannot_load"];
    showFile();
  }
}

function preferredLanguage() {
  const chosen = store.setting("language");
  const wanted = [chosen ?? "", ...navigator.languages].map((code) => code.split("-")[0]);
  return wanted.find((code) => code in languages) ?? "en";
}

function listen() {
  for (const [code, { name, tag }] of Object.entries(languages)) {
    at("language").append(Object.assign(document.createElement("option"), { value: code, lang: tag, textContent: name }));
  }
  at("language").addEventListener("change", chooseLanguage);
  at("reload").addEventListener("click", loadNext);
  at("shared-open").addEventListener("click", () => {
    const { shared } = state;
    state.shared = null;
    chooseFile(shared);
  });
  at("shared-refuse").addEventListener("click", () => {
    state.shared = null;
    showFile();
    at("file").focus();
  });
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
  at("kinds").addEventListener("change", (event) => chooseKind(state.filter.about.kinds.indexOf(event.target.value)));
  at("reveal").addEventListener("click", () => {
    state.isRevealed = !state.isRevealed;
    showIdentifier();
  });
  at("about-list").addEventListener("click", (event) => {
    if (event.target.id === "pin") {
      pinSigner();
    }
  });
  at("keep").addEventListener("click", keepFile);
  at("stored-list").addEventListener("click", (event) => {
    const row = Array.from(at("stored-list").children).indexOf(event.target.closest("li"));
    const file = state.stored[row];
    if (event.target.matches(".open")) {
      chooseFile(file, file);
    } else if (event.target.matches(".delete")) {
      deleteFile(file);
    }
  });
  at("stop-keeping").addEventListener("click", () => copying?.abort());
  at("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const digits = digitsOf(at("key").value);
    if (digits === null) {
      showKey({ isBad: true });
    } else {
      setKey(digits);
    }
  });
  at("key-remove").addEventListener("click", removeKey);
  // In another tab.
  store.listen("key", applyKey);
  // A file that the system opens with this page, where it is installed.
  window.launchQueue?.setConsumer(async ({ files: [handle] }) => {
    if (handle) {
      chooseFile(await handle.getFile());
    }
  });
  // Who comes back to the page, or takes the device, finds no question on it.
  window.addEventListener("pagehide", () => {
    identifier.value = "";
    forgetAnswer();
  });
}

/** Open the newest kept file that opens, and tell of a newer one that does not. */
async function openNewest() {
  let refused = null;
  for (const kept of state.stored) {
    await openFile(kept, kept);
    // It opened, or a person chose another.
    if (state.file !== kept || !state.refusal) {
      if (refused && state.file === kept) {
        state.notice = ["not_opened", { name: refused.file.name }];
      }
      return;
    }
    refused ??= { file: kept, kept, refusal: state.refusal };
  }
  // None does: the newest tells why.
  Object.assign(state, refused);
}

async function start() {
  // Before anything is said.
  await setLanguage(preferredLanguage());
  listen();
  at("language").value = at("language").dataset.spoken;
  workOffline(
    () => {
      state.isOffline = true;
      showFooter();
    },
    () => {
      state.hasNext = true;
      showUpdate();
    },
  );
  if (!isSupported) {
    state.notice = ["error_no_module"];
  }
  state.shared = await sharedFile();
  state.canKeep = await store.isAvailable();
  if (state.canKeep) {
    // There may be nothing, and what cannot be deleted now is at the next start.
    await store.tidy().catch(() => {});
    await listStored();
    if (!state.file) {
      await openNewest();
    }
  }
  showFile();
  if (state.shared) {
    at("shared-open").focus();
  }
  document.body.dataset.started = "true";
}

start();
