import { createRequire } from "node:module";
import type SQLite from "better-sqlite3";

/**
 * Loads better-sqlite3, which only a store needs. It is an optional dependency, because npm downloads or compiles its
 * native code: where neither works, the rest of the service still does.
 *
 * @throws Error that says what to do if it is not installed.
 */
export function loadSqlite(): typeof SQLite {
  try {
    return createRequire(import.meta.url)("better-sqlite3") as typeof SQLite;
  } catch (error) {
    throw new Error(
      `A store needs the package better-sqlite3, which could not be loaded: ${(error as Error).message.split("\n")[0]}. ` +
        "Install it with `npm install better-sqlite3`, which downloads or compiles its native code, or serve without --store.",
      { cause: error },
    );
  }
}
