// What the module says -> sentences in the person's language.

import { texts } from "./texts.js";

let language = "en";

/** The languages, by their codes. */
export const languages = Object.keys(texts);

/** Speak this language from now on. */
export function speak(code) {
  language = code;
}

/** A text in parts: strings, and `{ value }` where a place was filled in. */
function parts(key, values = {}) {
  const text = texts[language][key] ?? key;
  return text.split(/\{(\w+)\}/).map((part, i) => (i % 2 === 0 ? part : { value: String(values[part]) }));
}

/** A text, with its places filled in. */
export function say(key, values = {}) {
  return parts(key, values).map((part) => part.value ?? part).join("");
}

/** A code's text, or the one of its group for codes that this table does not have. */
export function sayOf(group, code, values) {
  return say(`${group}_${code}` in texts[language] ? `${group}_${code}` : `${group}_other`, values);
}

export function count(number) {
  return new Intl.NumberFormat(language).format(number);
}

export function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  for (; bytes >= 1024 && unit < units.length - 1; unit += 1) {
    bytes /= 1024;
  }
  const digits = unit === 0 || bytes >= 100 ? 0 : 1;
  return `${new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(bytes)} ${units[unit]}`;
}

/** The day of a time in seconds since 1970, in UTC. */
export function day(unixSeconds) {
  const date = new Date(unixSeconds * 1000);
  return Number.isNaN(date.valueOf()) ? "?" : date.toISOString().replace(/T.*/, "");
}

/** `Taobao 2021 (2021-06)`. */
export function title(dataset) {
  return dataset.date === null ? dataset.name : `${dataset.name} (${dataset.date})`;
}

/** What a dataset can be asked about. */
export function covers(dataset) {
  if (dataset.kind === "phone") {
    const { region, calling_code: code } = dataset;
    return code === 0 ? say("covers_world") : say("covers_phone", { region, code });
  }
  return say(dataset.rule === "chinese_resident" ? "covers_chinese_resident" : `covers_${dataset.kind}`);
}

/** How to write an identifier of a kind. */
export function hint(about, kind) {
  if (kind !== "phone") {
    return say(`hint_${kind}`);
  }
  const codes = about.datasets.filter((dataset) => dataset.kind === kind).map((dataset) => dataset.calling_code);
  // A list of all countries takes no number without its code.
  if (codes.includes(0)) {
    return say("hint_world");
  }
  const shown = Array.from(new Set(codes), (code) => `+${code}`);
  return say("hint_phone", { codes: shown.join(" / ") });
}

/** The sentences of a verdict: `{ parts, outcome }` for each dataset that has a say, then what it means. */
export function sentences(about, result) {
  const lines = [];
  const expiry = { day: day(about.expires_unix_s) };
  if (result.verdict === "expired") {
    lines.push({ parts: parts("expired", expiry) });
  }
  for (const { dataset: index, outcome, reason, found, false_alarm_one_in: oneIn } of result.answers) {
    const dataset = about.datasets[index];
    if (outcome === "exposed") {
      const how = found === null ? null : sayOf("found", found);
      const values = { title: title(dataset), count: count(oneIn), found: how };
      lines.push({ parts: parts(how === null ? "in_dataset" : "in_dataset_found", values), outcome });
    } else if (outcome === "not_covered") {
      if (result.verdict === "not_covered") {
        const why = sayOf("reason", reason, expiry);
        const values = { title: title(dataset), covers: covers(dataset), reason: why };
        lines.push({ parts: parts("cannot_say", values), outcome });
      }
    } else if (result.verdict === "not_exposed" || result.verdict === "not_covered") {
      lines.push({ parts: absence(dataset), outcome });
    }
  }
  const meaning = { exposed: "exposed_meaning", not_exposed: "not_exposed_meaning" };
  lines.push({ parts: parts(meaning[result.verdict] ?? "cannot_say_meaning"), outcome: "meaning" });
  return lines;
}

/** That a dataset lacks it, and what of its list it does not know. */
function absence(dataset) {
  const values = { title: title(dataset), times: count(dataset.min_count) };
  const said = parts(dataset.min_count === 0 ? "absent" : "absent_counted", values);
  if (dataset.num_rejected === 1) {
    said.push(" ", ...parts("rejected_one"));
  } else if (dataset.num_rejected > 1) {
    said.push(" ", ...parts("rejected", { count: count(dataset.num_rejected) }));
  }
  return said;
}
