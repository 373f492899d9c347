import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Tells whether a build step is up to date: its inputs have the same names and contents as last time, and its outputs
 * exist. Kept as one hash in a file.
 */
export class Stamp {
  readonly #file: string;
  readonly #hash: string;
  readonly #outputs: readonly string[];

  /**
   * @param file where the hash is kept.
   * @param inputs files and folders with everything in them; they need not exist.
   * @param settings whatever else the result depends on.
   * @param outputs files that the step writes.
   */
  constructor(file: string, inputs: readonly string[], settings: unknown, outputs: readonly string[]) {
    this.#file = file;
    this.#outputs = outputs;
    const hash = createHash("sha256").update(JSON.stringify(settings));
    for (const path of inputs.flatMap(filesIn)) hash.update(`\0${path}\0`).update(readFileSync(path));
    this.#hash = hash.digest("hex");
  }

  get isFresh(): boolean {
    if (!this.#outputs.every((output) => existsSync(output))) return false;
    return existsSync(this.#file) && readFileSync(this.#file, "utf8") === this.#hash;
  }

  /** Call this after the step has succeeded. */
  write(): void {
    mkdirSync(dirname(this.#file), { recursive: true });
    writeFileSync(this.#file, this.#hash);
  }
}

function filesIn(path: string): string[] {
  if (!existsSync(path)) return [];
  try {
    const names = readdirSync(path).sort();
    return names.flatMap((name) => filesIn(join(path, name)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOTDIR") return [path];
    throw error;
  }
}
