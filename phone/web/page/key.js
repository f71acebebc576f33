// A publisher's public key, as a person pastes it -> its 64 digits and 32 bytes.

/** What stands before an Ed25519 key in SubjectPublicKeyInfo (RFC 8410 section 4). */
const PREFIX = "302a300506032b6570032100";
const PEM = /-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----/;

/** The digits of a key, given as digits or as the text of a .pub file; null if it is none. */
export function digitsOf(text) {
  const digits = text.replace(/\s/g, "").toLowerCase();
  if (/^[0-9a-f]{64}$/.test(digits)) {
    return digits;
  }
  const pem = PEM.exec(text);
  if (pem === null) {
    return null;
  }
  try {
    const bytes = Array.from(atob(pem[1].replace(/\s/g, "")), (char) => char.charCodeAt(0));
    const info = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return info.length === PREFIX.length + 64 && info.startsWith(PREFIX) ? info.slice(PREFIX.length) : null;
  } catch {
    return null;
  }
}

/** The bytes of a key's digits. */
export function bytesOf(digits) {
  return Uint8Array.from(digits.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

/** Digits in groups of eight, to be compared by eye. */
export function grouped(digits) {
  return (digits.match(/.{1,8}/g) ?? []).join(" ");
}
