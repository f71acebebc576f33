// Every text of the page: a file a language.

import en from "./en.js";
import zh from "./zh.js";

export const texts = { en, zh };
