import { fork } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { targets } from "../../test/fuzz/readers/targets.js";
import type { FuzzOptions } from "./options.js";

/** A reader that needs as long for a hundred small files hangs. */
const patience = 60_000;

const loop = fileURLToPath(new URL("../../test/fuzz/readers/loop.ts", import.meta.url));

/**
 * Fuzzes the readers of files in TypeScript. A reader may accept a file or refuse it with one of the package's errors; an
 * error of another class, a hang, a crash and gigabytes of memory are defects.
 *
 * @returns what is wrong, and the input that shows it.
 */
export async function fuzzReaders({ names, ...options }: FuzzOptions): Promise<string[]> {
  const failures: string[] = [];
  for (const name of names.length > 0 ? names : Object.keys(targets)) {
    const folder = mkdtempSync(join(tmpdir(), "fuzz-"));
    try {
      const failure = await fuzz(name, folder, options);
      if (failure === undefined) continue;
      const input = readdirSync(folder).find((file) => file.startsWith("input"));
      const shown = input === undefined ? "" : readFileSync(join(folder, input)).toString("base64");
      failures.push(
        `The reader ${name} ${failure}. A line for test/fuzz/readers/corpus.txt:\n${name} ${shown}`,
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return failures;
}

/** Fuzzes one reader. @returns what is wrong, if anything. */
async function fuzz(
  name: string,
  folder: string,
  { seconds, seed }: Omit<FuzzOptions, "names">,
): Promise<string | undefined> {
  const child = fork(loop, [name, folder, String(seconds), String(seed)], {
    execArgv: ["--import", "tsx", "--max-old-space-size=1024"],
  });
  let hangs = false;
  const watch = (): NodeJS.Timeout =>
    setTimeout(() => {
      hangs = true;
      child.kill("SIGKILL");
    }, patience);
  let timer = watch();
  child.on("message", () => {
    clearTimeout(timer);
    timer = watch();
  });
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
    child.on("close", (...ended) => resolve(ended)),
  );
  clearTimeout(timer);
  if (code === 0) return undefined;
  return hangs ? "hangs" : `ended with ${signal ?? `exit code ${code}`}`;
}
