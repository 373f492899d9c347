import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { cacheDirectory } from "../files/cache.js";
import type { LibTorch } from "./libtorch/inspect.js";
import { nvidiaDriver } from "./nvidia.js";

/**
 * Opening foreign native code can end the process: a LibTorch of someone else's making, or a damaged
 * one, a processor that lacks an instruction, a driver that does not fit. So each pair of LibTorch and
 * implementation is opened in a process of its own first, once: the verdict is kept in this package's
 * cache until one of the files, or what runs them, is another.
 */

/** What is opened together. */
export interface TrialSubject {
  loader: string;
  implementation: { path: string; minor: string };
  libtorch: LibTorch;
}

/** `reason` is why it does not work; absent where it does, or where that could not be found out. */
interface Verdict {
  reason?: string;
}

/** Set to 0, it turns trials off. So it is in a trial's own process, which may be more than Node. */
const variable = "REVERSE_DISTILLATION_TRIAL";

const started = "trial: started";
const passed = "trial: passed";

/** CommonJS, for `node --eval`. */
const source = `
const [loader, libraries, implementation, minor] = JSON.parse(process.argv[1]);
process.stdout.write(${JSON.stringify(`${started}\n`)});
try {
  require(loader).open(libraries, implementation, minor).info();
  process.stdout.write(${JSON.stringify(`${passed}\n`)});
} catch (error) {
  process.stdout.write(JSON.stringify({ code: error.code, message: error.message }) + "\\n");
}
process.exit(0);
`;

/** Signals that a process gets for what it did itself; others come from outside and say nothing. */
const crashes: readonly string[] = ["SIGSEGV", "SIGILL", "SIGBUS", "SIGFPE", "SIGABRT", "SIGTRAP", "SIGSYS"];

/** Long: a cold 500 MB from a network file system. */
const timeout = 120_000;

/**
 * Opens the subject in a child process, unless a verdict is kept.
 *
 * @returns why it cannot be used; undefined where it can, or where a trial is not possible.
 */
export function tryOut(subject: TrialSubject, env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env[variable] === "0") return undefined;
  const file = join(cacheDirectory(env), "trials", `${identity(subject)}.json`);
  const kept = readVerdict(file);
  if (kept !== undefined) return kept.reason;
  const verdict = run(subject, env);
  if (verdict !== undefined) keep(file, verdict);
  return verdict?.reason;
}

/** @returns undefined where the outcome says nothing about the subject. */
function run({ loader, implementation, libtorch }: TrialSubject, env: NodeJS.ProcessEnv): Verdict | undefined {
  const subject = JSON.stringify([loader, libtorch.libraries, implementation.path, implementation.minor]);
  const { signal, status, stdout, error } = spawnSync(process.execPath, ["--eval", source, subject], {
    encoding: "utf8",
    // Options for this process, such as a debugger's port, are not meant for that one.
    env: { ...env, NODE_OPTIONS: "", ELECTRON_RUN_AS_NODE: "1", [variable]: "0" },
    stdio: ["ignore", "pipe", "ignore"],
    timeout,
    killSignal: "SIGKILL",
  });
  if (error !== undefined || !stdout.startsWith(started)) return undefined;
  if (stdout.includes(passed)) return {};
  const consequence = "; `npx reverse-distillation doctor` tells more";
  if (signal !== null)
    return crashes.includes(signal)
      ? { reason: `opening it ended a trial process with ${signal}${consequence}` }
      : undefined;
  const thrown = /^\{.*\}$/m.exec(stdout)?.[0];
  if (thrown === undefined) return { reason: `opening it ended a trial process with exit code ${status}${consequence}` };
  const { code, message } = JSON.parse(thrown) as { code?: string; message: string };
  // Whatever else is wrong is told by opening it here.
  return code === "LIBTORCH_INCOMPATIBLE" ? { reason: message } : undefined;
}

/** Stands for the files as they are, and for what runs them. */
function identity({ loader, implementation, libtorch }: TrialSubject): string {
  const files = [loader, implementation.path, ...libtorch.libraries].map((path) => {
    const { dev, ino, size, mtimeMs } = statSync(path);
    return [path, dev, ino, size, mtimeMs];
  });
  const machine = [process.arch, process.version, cpus()[0]?.model, nvidiaDriver()?.version];
  return createHash("sha256").update(JSON.stringify([files, machine])).digest("hex").slice(0, 32);
}

function readVerdict(file: string): Verdict | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Verdict;
  } catch {
    return undefined;
  }
}

/** Best effort: without a cache that can be written to, each process tries anew. */
function keep(file: string, verdict: Verdict): void {
  const temporary = `${file}.${randomBytes(6).toString("hex")}`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(temporary, JSON.stringify(verdict));
    renameSync(temporary, file);
  } catch {
    // The verdict holds all the same.
  }
}
