import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import anyTest, { type TestFn } from "ava";

/**
 * Data and weights that tests may use and the project does not hold: a folder `shared` beside the
 * checkout.
 *
 * @param path within it, such as "data/mvtec_bottle".
 * @returns the absolute path, or undefined where it is absent.
 */
export function sharedPath(path: string): string | undefined {
  const absolute = fileURLToPath(new URL(`../../../../shared/${path}`, import.meta.url));
  return existsSync(absolute) ? absolute : undefined;
}

/**
 * ava's `test` where all these paths are there; otherwise its `skip`, after saying on the standard
 * error what is missing. Tests that it declares may take `sharedPath(path)!`.
 */
export function testWithShared(...paths: string[]): TestFn["skip"] | TestFn {
  const missing = paths.filter((path) => sharedPath(path) === undefined);
  if (missing.length === 0) return anyTest;
  console.error(
    `SKIPPED: tests that need ${missing.map((path) => `../shared/${path}`).join(", ")}, which is absent here`,
  );
  return anyTest.skip;
}
