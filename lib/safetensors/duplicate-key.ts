/**
 * The first key that occurs twice in an object of a JSON text. `JSON.parse` does not report duplicate keys.
 *
 * @param text Valid JSON.
 */
export function findDuplicateKey(text: string): string | undefined {
  // In valid JSON, a string is a key if and only if a colon follows it.
  const token = /[{}]|("(?:[^"\\]+|\\.)*")(\s*:)?/g;
  const open: Set<string>[] = [];
  for (const [mark, string, colon] of text.matchAll(token)) {
    if (mark === "{") open.push(new Set());
    else if (mark === "}") open.pop();
    else if (colon !== undefined) {
      const key = JSON.parse(string!) as string;
      const keys = open.at(-1)!;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}
