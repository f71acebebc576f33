// The texts of the page: one language at a time, each in a file of its own.

/** By code: what a language calls itself, what browsers call it, and its file's hash, which
 * `cargo xtask web` fills in: the file of another version is refused. */
export const languages = {
  en: { name: "English", tag: "en", integrity: "INTEGRITY en.json" },
  es: { name: "Español", tag: "es", integrity: "INTEGRITY es.json" },
  ru: { name: "Русский", tag: "ru", integrity: "INTEGRITY ru.json" },
  ar: { name: "العربية", tag: "ar", isRightToLeft: true, integrity: "INTEGRITY ar.json" },
  zh: { name: "中文", tag: "zh-Hans", integrity: "INTEGRITY zh.json" },
};

/** Load a language's texts. */
export async function load(code) {
  const { integrity } = languages[code];
  const response = await fetch(new URL(`${code}.json`, import.meta.url), { integrity });
  if (!response.ok) {
    throw new Error(`no ${code}.json`);
  }
  return response.json();
}
