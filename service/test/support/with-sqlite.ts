import anyTest, { type TestFn } from "ava";
import { loadSqlite } from "../../lib/store/sqlite.js";

/** ava's `test.serial` where better-sqlite3 is installed; otherwise its `skip`, after saying so. */
export function testWithSqlite(): TestFn["skip"] | TestFn["serial"] {
  try {
    loadSqlite();
    return anyTest.serial;
  } catch (error) {
    console.error(`SKIPPED: tests of the store: ${(error as Error).message}`);
    return anyTest.skip;
  }
}
