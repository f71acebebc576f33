// A filter file, read by slices through the module: what is asked of it is the core's.

const SECTOR_BYTES = 512;

/** Why there is no answer: `code` names its sentence, `detail` has the core's words. */
export class FilterError extends Error {
  constructor(code, detail = "") {
    super(detail || code);
    this.code = code;
    this.detail = detail;
  }
}

/** The module's hash, which `cargo xtask web` fills in: another is refused. */
const INTEGRITY = "INTEGRITY leaksieve.wasm";

/** Can the browser run the module? Not in the Lockdown Mode of iPhones. */
export const isSupported = typeof WebAssembly !== "undefined";

async function compile() {
  if (!isSupported) {
    throw new FilterError("no_module");
  }
  const response = await fetch(new URL("leaksieve.wasm", import.meta.url), { integrity: INTEGRITY });
  if (!response.ok) {
    throw new FilterError("cannot_load");
  }
  return WebAssembly.compile(await response.arrayBuffer());
}

/** The module, compiled once, before a next version can be. */
let compiled = compile();
// Whoever opens a file is told, and tries again.
compiled.catch(() => {});

async function instance() {
  try {
    compiled ??= compile();
    const module = await compiled;
    return await WebAssembly.instantiate(module);
  } catch (error) {
    compiled = undefined;
    throw error instanceof FilterError ? error : new FilterError("cannot_load");
  }
}

/** One file. It has an instance of the module for itself, which holds what was verified. */
export class Filter {
  /** What the file holds, as `src/report.rs` writes it. */
  about;
  /** Was it opened as a file of one publisher's? */
  isPinned;
  /** Sectors that were read so far. */
  numSectorsRead = 0;
  #file;
  #module;
  #turn = Promise.resolve();

  /** Open a file. With a key (32 bytes) only if this key signed it. Throws a FilterError. */
  static async open(file, key) {
    const filter = new Filter();
    filter.#file = file;
    filter.isPinned = Boolean(key);
    filter.#module = (await instance()).exports;
    if (key) {
      filter.#memory(filter.#module.key(), key.length).set(key);
    }
    filter.#module.open(BigInt(file.size), key ? 1 : 0);
    filter.about = await filter.#finish();
    return filter;
  }

  /** The verdict on a text, as the kind of that index in `about.kinds`. One question after
   * the other: they share the module's memory. Throws a FilterError. */
  ask(text, kind) {
    const answer = this.#turn.then(() => this.#ask(text, kind));
    this.#turn = answer.catch(() => {});
    return answer;
  }

  async #ask(text, kind) {
    const bytes = new TextEncoder().encode(text);
    if (bytes.length > this.#module.text_bytes()) {
      throw new FilterError("too_long");
    }
    // Half a surrogate pair has no UTF-8: another text would be asked.
    if (new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes) !== text) {
      throw new FilterError("not_text");
    }
    this.#memory(this.#module.text(), bytes.length).set(bytes);
    this.#module.ask(bytes.length, kind);
    return this.#finish();
  }

  /** Read what is wanted, and tell what came of it. */
  async #finish() {
    for (let index; (index = Number(this.#module.wants())) >= 0; ) {
      const sector = await this.#read(index);
      this.#memory(this.#module.sector(), SECTOR_BYTES).set(sector);
      this.#module.supply();
    }
    const now = BigInt(Math.max(0, Math.floor(Date.now() / 1000)));
    const length = this.#module.result(now);
    const json = new TextDecoder().decode(this.#memory(this.#module.json(), length));
    const result = JSON.parse(json);
    if (result.error) {
      throw new FilterError(result.error, result.detail);
    }
    return result;
  }

  async #read(index) {
    const start = index * SECTOR_BYTES;
    let bytes;
    try {
      bytes = await this.#file.slice(start, start + SECTOR_BYTES).arrayBuffer();
    } catch {
      throw new FilterError("cannot_read");
    }
    if (bytes.byteLength !== SECTOR_BYTES) {
      throw new FilterError("cannot_read");
    }
    this.numSectorsRead += 1;
    return new Uint8Array(bytes);
  }

  /** Bytes of the module's memory, anew each time: it grows into another buffer. */
  #memory(address, length) {
    return new Uint8Array(this.#module.memory.buffer, address, length);
  }
}
