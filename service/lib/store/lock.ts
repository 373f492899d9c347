import { join } from "node:path";
import { loadSqlite } from "./sqlite.js";

/**
 * Makes sure that one process alone uses a folder. The operating system ends the lock with the process, however that
 * ends.
 *
 * @returns what ends the lock.
 * @throws Error if another process has it.
 */
export function lockFolder(folder: string): () => void {
  const SQLite = loadSqlite();
  const lock = new SQLite(join(folder, "lock"), { timeout: 0 });
  try {
    lock.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    if (!(error instanceof SQLite.SqliteError) || error.code !== "SQLITE_BUSY") throw error;
    throw new Error(`${folder} is used by another process. Give each service a folder of its own.`, {
      cause: error,
    });
  }
  return () => lock.close();
}
