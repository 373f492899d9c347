/** What a pass over a JSON text finds without building its values. */
export interface Outline {
  /** Number of objects, arrays and keys, which determines how long `JSON.parse` takes. */
  parts: number;
  /** The first key that occurs twice in an object. `JSON.parse` does not report duplicate keys. */
  duplicate: string | undefined;
}

/**
 * Surveys a JSON text in one pass, and stops when it exceeds a number of parts. The result means nothing if the text
 * is not valid JSON.
 */
export function outlineOf(text: string, maxParts: number): Outline {
  const open: Set<string>[] = [];
  const mark = /["{}[]/g;
  let parts = 0;
  let duplicate: string | undefined;
  for (let found = mark.exec(text); found !== null && parts <= maxParts; found = mark.exec(text)) {
    if (found[0] === "}") open.pop();
    else if (found[0] === "[") parts++;
    else if (found[0] === "{") {
      parts++;
      open.push(new Set());
    } else {
      const end = endOfString(text, mark.lastIndex);
      const string = text.slice(found.index, end);
      mark.lastIndex = end;
      // In valid JSON, a string is a key if and only if a colon follows it.
      if (!isBeforeColon(text, end)) continue;
      parts++;
      const keys = open.at(-1);
      const key = string.includes("\\") ? decoded(string) : string.slice(1, -1);
      if (keys?.has(key)) duplicate ??= key;
      keys?.add(key);
    }
  }
  return { parts, duplicate };
}

/** The position after the closing quote of the string whose content starts at `from`. */
function endOfString(text: string, from: number): number {
  for (let quote = text.indexOf('"', from); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (quote - backslashes > from && text[quote - backslashes - 1] === "\\") backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
  }
  return text.length;
}

function isBeforeColon(text: string, from: number): boolean {
  const next = /[^ \t\r\n]/g;
  next.lastIndex = from;
  return next.exec(text)?.[0] === ":";
}

function decoded(string: string): string {
  try {
    return JSON.parse(string) as string;
  } catch {
    return string;
  }
}
