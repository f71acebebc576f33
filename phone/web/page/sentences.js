// What the module says -> sentences in the person's language. In English a verdict's are those of
// consoles and command lines, word by word (`core/src/sentence.rs`).

import { languages, load } from "./texts.js";

let texts = {};
let numbers;
let plurals;
/** Grows with each choice, so that a language which comes late is not spoken. */
let choice = 0;

/** Speak a language once its texts are there. Is it still wanted? */
export async function speak(code) {
  const mine = (choice += 1);
  const loaded = await load(code);
  if (mine !== choice) {
    return false;
  }
  texts = loaded;
  const { tag } = languages[code];
  // A file's dates, codes and hashes have these digits, and a page has digits of one script.
  numbers = new Intl.NumberFormat(tag, { numberingSystem: "latn", maximumFractionDigits: 1 });
  plurals = new Intl.PluralRules(tag);
  return true;
}

/** A text in parts: strings, and `{ value }` where a place was filled in. A number in the place
 * `count` chooses the plural. */
export function parts(key, values = {}) {
  let text = texts[key] ?? key;
  if (typeof text !== "string") {
    text = text[plurals.select(values.count)] ?? text.other;
  }
  return text.split(/\{(\w+)\}/).flatMap((part, i) => {
    const value = values[part];
    if (i % 2 === 0 || Array.isArray(value)) {
      return i % 2 === 0 ? part : value;
    }
    return { value: typeof value === "number" ? numbers.format(value) : String(value) };
  });
}

/** A text, with its places filled in. */
export function say(key, values) {
  const said = parts(key, values).map((part) => part.value ?? part);
  return said.join("");
}

/** The key of a code's text, or of its group's for codes that have none. */
export function keyOf(group, code) {
  return `${group}_${code}` in texts ? `${group}_${code}` : `${group}_other`;
}

export function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  for (; bytes >= 1024 && unit < units.length - 1; unit += 1) {
    bytes /= 1024;
  }
  const shown = unit === 0 || bytes >= 100 ? Math.round(bytes) : bytes;
  return `${numbers.format(shown)} ${units[unit]}`;
}

/** The day of a time in seconds since 1970, in UTC. */
export function day(unixSeconds) {
  const date = new Date(unixSeconds * 1000);
  return Number.isNaN(date.valueOf()) ? "?" : date.toISOString().replace(/T.*/, "");
}

/** `Taobao 2021 (2021-06)`, in parts. */
export function title({ name, date }) {
  return date === null ? [{ value: name }] : [{ value: name }, " (", { value: date }, ")"];
}

/** What a dataset can be asked about, in parts. */
export function covers({ kind, region, calling_code: code, rule }) {
  if (kind === "phone") {
    return code === 0 ? parts("covers_world") : parts("covers_phone", { region, code: `+${code}` });
  }
  return parts(rule === "chinese_resident" ? "covers_chinese_resident" : `covers_${kind}`);
}

/** How to write an identifier of a kind, in parts. */
export function hint(about, kind) {
  if (kind !== "phone") {
    return parts(`hint_${kind}`);
  }
  const codes = about.datasets.filter((dataset) => dataset.kind === kind).map((dataset) => dataset.calling_code);
  // A list of all countries takes no number without its code.
  if (codes.includes(0)) {
    return parts("hint_world");
  }
  const shown = Array.from(new Set(codes), (code) => `+${code}`);
  return parts("hint_phone", { codes: shown.join(" / ") });
}

/** The sentences of a verdict: `{ parts, outcome }` for each dataset that has a say, the one that
 * decides first, then what to do and what it means. */
export function sentences({ datasets, expires_unix_s: expires }, { verdict, answers }) {
  const lines = [];
  const add = (outcome, ...said) => lines.push({ parts: said.flat(), outcome });
  const of = (wanted) => answers.filter(({ outcome }) => outcome === wanted);
  if (verdict === "exposed") {
    const hasSeveralKinds = datasets.some(({ kind }) => kind !== datasets[0].kind);
    of("exposed").forEach((answer) => add("exposed", presence(datasets[answer.dataset], answer, hasSeveralKinds)));
    const count = of("exposed").map((answer) => answer.false_alarm_one_in).find(Boolean);
    if (count) {
      add("meaning", parts("odds_meaning", { count }));
    }
    add("meaning", parts("exposed_meaning"));
    return lines;
  }
  const gaps = of("not_covered").filter(({ reason }) => reason !== "expired");
  gaps.forEach((answer) => add("not_covered", gap(datasets[answer.dataset], answer)));
  // What a file that expired lacks, it cannot say.
  if (of("not_covered").length > gaps.length) {
    add("not_covered", parts("expired", { day: day(expires) }));
  }
  of("absent").forEach(({ dataset }) => add("absent", absence(datasets[dataset])));
  const advice = new Set(gaps.map(({ reason }) => `advice_${reason}`).filter((key) => key in texts));
  advice.forEach((key) => add("advice", parts(key)));
  add("meaning", parts(verdict === "not_exposed" ? "not_exposed_meaning" : "cannot_say_meaning"));
  return lines;
}

/** That a dataset has it, how it was found, and the odds that it does not; 0: there are none. */
function presence(dataset, { found, false_alarm_one_in: count }, hasSeveralKinds) {
  const said = parts("in_dataset", { title: title(dataset) });
  if (hasSeveralKinds) {
    said.push(...parts("as_kind", { noun: parts(`noun_${dataset.kind}`) }));
  }
  if (found !== null) {
    said.push(...parts("found_how", { how: parts(keyOf("found", found)) }));
  }
  if (count > 0) {
    return said.concat(parts("odds", { count }));
  }
  // What was found says that there are two.
  return found === "written_alike" ? said : said.concat(parts("certain"));
}

/** That a dataset lacks it, and what of its list it does not know. */
function absence(dataset) {
  const { min_count: count, num_rejected: numRejected } = dataset;
  const said = parts(count === 0 ? "absent" : "absent_counted", { title: title(dataset), count });
  return numRejected === 0 ? said : said.concat(parts("rejected", { count: numRejected }));
}

/** Why a dataset cannot say. */
function gap({ name, date, ...dataset }, { reason, limit_bytes: limit }) {
  // Which ids it has is said of the file.
  const kinds = covers({ ...dataset, rule: null });
  const about = date === null ? kinds : parts("about_dated", { date, covers: kinds });
  return parts("cannot_say", { name, about, reason: parts(keyOf("reason", reason), { limit }) });
}
