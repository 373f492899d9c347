import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ExecutionContext } from "ava";
import { runNode } from "../support/child-process.js";

/** A kind of call of the C library; `failing-calls.cpp` says whose calls count. */
export type Kind = "memory" | "thread" | "open" | "write";

/** What an operation did when one of its calls failed. */
export interface Outcome {
  /** Which call failed, from 1. */
  call: number;
  /** "ok", the code of the package's error, or what else was thrown. */
  outcome: string;
  /** The message of the error. */
  message: string;
  /** What was wrong afterwards; empty if nothing was. */
  after: string;
}

/** What a sweep found. */
export interface Sweep {
  /** How many calls the operation makes when none fails. */
  calls: number;
  outcomes: Outcome[];
}

/** Builds the library that makes calls fail. Removed after the tests. */
export function buildFailingCalls(): { path: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "failing-calls-"));
  const path = join(folder, "failing-calls.node");
  const { include_dir: include } = createRequire(import.meta.url)("node-api-headers") as {
    include_dir: string;
  };
  const source = fileURLToPath(new URL("failing-calls.cpp", import.meta.url));
  execFileSync("c++", ["-std=c++20", "-shared", "-fPIC", "-O1", "-I", include, source, "-o", path, "-ldl"]);
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/**
 * Runs an operation in a process of its own again and again; each time, another of its calls fails.
 *
 * @param setUp Source that runs once. It may use `api`, the package, and `folder`, an empty one.
 * @param operation Source of the operation.
 * @param check Source that runs after each, with no call failing; it throws if something is wrong.
 * @param most The most calls to try; of more, as many are spread evenly.
 */
export async function sweep(
  t: ExecutionContext,
  library: string,
  {
    kind,
    errno = 0,
    setUp,
    operation,
    check,
    most = 20,
  }: {
    kind: Kind;
    errno?: number;
    setUp: string;
    operation: string;
    check: string;
    most?: number;
  },
): Promise<Sweep> {
  const index = new URL("../../../lib/index.ts", import.meta.url).href;
  const folder = mkdtempSync(join(tmpdir(), "fault-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const source = `
    import process from "node:process";
    import fs from "node:fs";
    const api = await import(${JSON.stringify(index)});
    process.removeAllListeners("warning");
    const folder = ${JSON.stringify(folder)};
    const image = (seed) => ({
      data: Uint8Array.from({ length: 40 * 40 * 3 }, (_, i) => (Math.imul(i + seed, 2654435761) >>> 24)),
      width: 40, height: 40, channels: 3,
    });
    const small = { imageSize: 32, epochs: 1, batchSize: 2, device: "cpu", precision: "float32" };
    const faults = { exports: {} };
    process.dlopen(faults, ${JSON.stringify(library)});
    const { arm, disarm } = faults.exports;
    ${setUp}
    const operate = async () => { ${operation} };
    const check = async () => { ${check} };
    // What is made once, such as caches, is no concern of later calls.
    for (let i = 0; i < 2; i++) await operate();
    arm(${JSON.stringify(kind)}, 0, 0);
    await operate();
    const calls = disarm();
    const outcomes = [];
    const step = Math.max(1, calls / ${most});
    for (let place = 1; place <= calls; place += step) {
      const call = Math.floor(place);
      fs.writeSync(2, "call " + call + " fails\\n");
      const result = { call, outcome: "ok", message: "", after: "" };
      arm(${JSON.stringify(kind)}, call, ${errno});
      try {
        await operate();
        disarm();
      } catch (error) {
        disarm();
        result.outcome = error instanceof api.ReverseDistillationError ? error.code : String(error?.stack);
        result.message = error.message;
      }
      try {
        await check();
      } catch (error) {
        result.after = String(error?.stack);
      }
      outcomes.push(result);
    }
    fs.writeSync(1, "RESULT" + JSON.stringify({ calls, outcomes }));
    process.exit(0);
  `;
  const { LD_PRELOAD } = process.env;
  process.env.LD_PRELOAD = library;
  const ended = await runNode(["--input-type=module", "--eval", source]).finally(() => {
    if (LD_PRELOAD === undefined) delete process.env.LD_PRELOAD;
    else process.env.LD_PRELOAD = LD_PRELOAD;
  });
  const result = ended.stdout.split("RESULT")[1];
  if (result === undefined) {
    const how = ended.signal ?? `exit code ${ended.code}`;
    throw new Error(`The process ended with ${how}:\n${ended.stdout}${ended.stderr.slice(-3000)}`);
  }
  return JSON.parse(result) as Sweep;
}
