import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { writeAtomically } from "../lib/files/atomic-file.js";

/**
 * The results of a benchmark in a JSON file in bench/results. Every call reads the file again, because other processes
 * may have added to it.
 */
export class ResultsFile<T> {
  readonly #path: string;
  readonly #keyOf: (result: T) => string;

  /** @param keyOf Identifies a result: a new result replaces an old one with the same key. */
  constructor(name: string, keyOf: (result: T) => string) {
    this.#path = fileURLToPath(new URL(`./results/${name}`, import.meta.url));
    this.#keyOf = keyOf;
  }

  /** All results, sorted by key. */
  async read(): Promise<T[]> {
    try {
      return (JSON.parse(await readFile(this.#path, "utf8")) as { results: T[] }).results;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  }

  async has(key: string): Promise<boolean> {
    return (await this.read()).some((result) => this.#keyOf(result) === key);
  }

  async add(result: T): Promise<void> {
    const others = (await this.read()).filter((other) => this.#keyOf(other) !== this.#keyOf(result));
    const results = [...others, result].sort((a, b) => (this.#keyOf(a) < this.#keyOf(b) ? -1 : 1));
    await mkdir(dirname(this.#path), { recursive: true });
    await writeAtomically(this.#path, (file) => writeFile(file, `${JSON.stringify({ results }, null, 2)}\n`));
  }
}
