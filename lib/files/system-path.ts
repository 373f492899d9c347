/**
 * Names on Linux are bytes, and need not be UTF-8. Here each byte that is no part of valid UTF-8 becomes one lone
 * surrogate, U+DC80 to U+DCFF, as in Python (PEP 383): a path stays a string, and nothing is lost.
 */
import { isUtf8 } from "node:buffer";

/** The name that bytes from the file system stand for. */
export function nameOf(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString("utf8");
  let name = "";
  for (let at = 0; at < bytes.length;) {
    const length = [1, 2, 3, 4].find(
      (size) => at + size <= bytes.length && isUtf8(bytes.subarray(at, at + size)),
    );
    name +=
      length === undefined
        ? String.fromCharCode(0xdc00 + bytes[at]!)
        : bytes.toString("utf8", at, at + length);
    at += length ?? 1;
  }
  return name;
}

/** A path as the functions of `node:fs` take it: bytes if {@link nameOf} had to keep bytes that are not UTF-8. */
export function systemPath(path: string): string | Buffer {
  if (!/\p{Surrogate}/u.test(path)) return path;
  const parts = path.split(/([\udc80-\udcff])/u);
  return Buffer.concat(
    parts.map((part, index) =>
      index % 2 === 1 ? Buffer.of(part.charCodeAt(0) - 0xdc00) : Buffer.from(part),
    ),
  );
}

/**
 * A path as one line of plain text: control characters, line breaks and bytes that are not UTF-8 are shown as escapes
 * ("\n", "\t", "\x07", "\xe9"), so that a name can neither break a line nor steer a terminal. So are characters that
 * reorder or hide others. A backslash in the name stays as it is.
 */
export function printable(path: string): string {
  return path.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Surrogate}]/gu, (character) => {
    const short = shortEscapes[character];
    if (short !== undefined) return short;
    const code = character.codePointAt(0)!;
    if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code - 0xdc00).toString(16)}`;
    if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
    return `\\u{${code.toString(16)}}`;
  });
}

const shortEscapes: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
