// What the page knows, in one place.

export const at = (id) => document.getElementById(id);
export const identifier = at("identifier");

/** What is shown. Each `show…` function writes its part of the page from it. */
export const state = {
  /** The file that was chosen, as the browser has it. */
  file: null,
  /** The same, opened. */
  filter: null,
  /** The file in the browser's own file system that it is, if it is one: only what was opened
   * from there, or was copied there to its end, is known to be. */
  kept: null,
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
  /** One of the same name is kept, and a person was asked whether this file should take its place. */
  isReplacing: false,
  /** The files that are kept in the browser: those that do not open, which may be the newest, then the
   * others by epoch and creation time, the newest first. */
  stored: [],
  /** Key and values of a text about files, or null. */
  notice: null,
  /** A file that another program sent, until a person says what to do with it. */
  shared: null,
  isOffline: false,
  /** There is a next version of the page. */
  hasNext: false,
};

/** Is that file of the browser's own file system the one that is open? Not by its name alone, nor
 * by its size: another may have taken its place. */
export function isOpen(stored) {
  const { kept } = state;
  return kept !== null && kept.name === stored.name && kept.lastModified === stored.lastModified;
}
