import type { Database } from "better-sqlite3";

/** A file of a watched folder that needs no further look. */
export interface JudgedFile {
  /** The folder, as an absolute path. */
  folder: string;
  /** The name of the file in it. It can be any string. */
  path: string;
  /** SHA-256 of the content, in hexadecimal. */
  digest: string;
  /** What tells one content from another without reading it. */
  stamp: string;
}

/** The table of files that were judged. Its methods run at once; who calls them opens transactions. */
export class JudgedFiles {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The latest stamps of files in a folder, by path. */
  stamps(folder: string): Map<string, string> {
    const rows = this.#database
      .prepare<[string], [string, string]>(
        "SELECT path, stamp FROM files WHERE folder = ? ORDER BY time, rowid",
      )
      .raw()
      .all(folder);
    return new Map(rows);
  }

  has({ folder, path, digest }: JudgedFile): boolean {
    return (
      this.#database
        .prepare("SELECT 1 FROM files WHERE folder = ? AND path = ? AND digest = ?")
        .get(folder, path, digest) !== undefined
    );
  }

  /** @param outcome The id of the file's part, or why it was refused. */
  add(file: JudgedFile, outcome: { part: string } | { reason: string }): void {
    this.#database
      .prepare(
        `INSERT INTO files (folder, path, digest, stamp, part, reason, time)
         VALUES (@folder, @path, @digest, @stamp, @part, @reason, @time)
         ON CONFLICT DO UPDATE SET stamp = excluded.stamp, time = excluded.time`,
      )
      .run({ part: null, reason: null, ...file, ...outcome, time: Date.now() });
  }

  /** Notes that a file of the same content was written again. */
  restamp({ folder, path, digest, stamp }: JudgedFile): void {
    this.#database
      .prepare("UPDATE files SET stamp = ?, time = ? WHERE folder = ? AND path = ? AND digest = ?")
      .run(stamp, Date.now(), folder, path, digest);
  }
}
