import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ExecutionContext } from "ava";
import { findBinaries } from "../../../lib/native/binaries.js";
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
 * Functions of the addon that are LibTorch's and allocate where nothing may fail: while autograd destroys its graph. Each
 * as [offset, size] in the binary.
 */
function exemptFunctions(): [number, number][] {
  return findBinaries().implementations.flatMap(({ path }) =>
    execFileSync("nm", ["--demangle", "--print-size", path], { encoding: "utf8", maxBuffer: 2 ** 26 })
      .split("\n")
      .filter((line) => / torch::autograd::CppNode<.*>::release_resources\(\)/.test(line))
      .map((line) =>
        line
          .split(" ")
          .slice(0, 2)
          .map((number) => Number.parseInt(number, 16)),
      )
      .map(([offset, size]): [number, number] => [offset!, size!]),
  );
}

/**
 * Runs an operation in a process of its own again and again; each time, another of its calls fails: the first from each
 * place in the code, and some that are spread evenly over all.
 *
 * @param setUp Source that runs once. It may use `api`, the package, and `folder`, an empty one.
 * @param operation Source of the operation.
 * @param check Source that runs after each, with no call failing; it throws if something is wrong.
 * @param spread How many calls are spread evenly.
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
    spread = 10,
  }: {
    kind: Kind;
    errno?: number;
    setUp: string;
    operation: string;
    check: string;
    spread?: number;
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
    const { arm, disarm, exempt, places } = faults.exports;
    exempt(${JSON.stringify(kind === "memory" ? exemptFunctions() : [])});
    ${setUp}
    const operate = async () => { ${operation} };
    const check = async () => { ${check} };
    // What is made once, such as caches, is no concern of later calls.
    for (let i = 0; i < 2; i++) await operate();
    arm(${JSON.stringify(kind)}, 0, 0);
    await operate();
    const calls = disarm();
    const outcomes = [];
    const evenly = Array.from({ length: ${spread} }, (_, i) => 1 + Math.floor((i * calls) / ${spread}));
    for (const call of new Set(calls === 0 ? [] : [...places(), ...evenly])) {
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
