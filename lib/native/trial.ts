import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { cacheDirectoryIfAny } from "../files/cache.js";
import type { LibTorch } from "./libtorch/inspect.js";
import { nvidiaDriver } from "./nvidia.js";

/**
 * Opening native code can crash the process: LibTorch may be damaged or a custom build, the processor may lack an
 * instruction, the driver may not match. So each pair of LibTorch and implementation is first opened once in a child
 * process. The verdict is cached until one of the files, the processor, Node.js, the driver or the limits of the
 * process change.
 */

/** The files that are opened together. */
export interface TrialSubject {
  loader: string;
  implementation: { path: string; minor: string };
  libtorch: LibTorch;
}

/** `reason` says why the files do not work together; it is absent if they do. */
interface Verdict {
  reason?: string;
}

/** 0 disables trials. It is set for the trial's own process, which may be an application rather than plain Node.js. */
const variable = "REVERSE_DISTILLATION_TRIAL";

const started = "trial: started";
const passed = "trial: passed";

/** The trial: CommonJS for `node --eval`. */
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

/** Signals caused by the process itself. Other signals come from outside and prove nothing. */
const crashes: readonly string[] = ["SIGSEGV", "SIGILL", "SIGBUS", "SIGFPE", "SIGABRT", "SIGTRAP", "SIGSYS"];

/** In milliseconds: long enough to read 500 MB from a slow network file system. */
const timeout = 120_000;

/**
 * Opens the subject in a child process, unless a verdict is cached.
 *
 * @returns why it cannot be used; undefined if it can, or if the trial was inconclusive.
 */
export function tryOut(subject: TrialSubject, env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env[variable] === "0") return undefined;
  const cache = cacheDirectoryIfAny(env);
  const file = cache === undefined ? undefined : join(cache, "trials", `${identity(subject)}.json`);
  const kept = file === undefined ? undefined : readVerdict(file);
  if (kept !== undefined) return kept.reason;
  const verdict = run(subject, env);
  if (verdict !== undefined && file !== undefined) keep(file, verdict);
  return verdict?.reason;
}

/** @returns undefined if the outcome says nothing about the subject. */
function run(
  { loader, implementation, libtorch }: TrialSubject,
  env: NodeJS.ProcessEnv,
): Verdict | undefined {
  const subject = JSON.stringify([loader, libtorch.libraries, implementation.path, implementation.minor]);
  const { signal, status, stdout, error } = spawnSync(process.execPath, ["--eval", source, subject], {
    encoding: "utf8",
    // Options of this process, such as a debugger's port, must not reach the child.
    env: { ...env, NODE_OPTIONS: "", ELECTRON_RUN_AS_NODE: "1", [variable]: "0" },
    stdio: ["ignore", "pipe", "ignore"],
    timeout,
    killSignal: "SIGKILL",
  });
  if (error !== undefined || !stdout.startsWith(started)) return undefined;
  if (stdout.includes(passed)) return {};
  const ended = (how: string): Verdict => ({
    reason: `a trial process that opened it ended with ${how}; run \`npx reverse-distillation doctor\` for details`,
  });
  if (signal !== null) return crashes.includes(signal) ? ended(signal) : undefined;
  const thrown = /^\{.*\}$/m.exec(stdout)?.[0];
  if (thrown === undefined) return ended(`exit code ${status}`);
  const { code, message } = JSON.parse(thrown) as { code?: string; message: string };
  // Opening it in this process will report any other error.
  return code === "LIBTORCH_INCOMPATIBLE" ? { reason: message } : undefined;
}

/** A hash of the files' state and of what runs them. */
function identity({ loader, implementation, libtorch }: TrialSubject): string {
  const files = [loader, implementation.path, ...libtorch.libraries].map((path) => {
    const { dev, ino, size, mtimeMs } = statSync(path);
    return [path, dev, ino, size, mtimeMs];
  });
  const machine = [process.arch, process.version, cpus()[0]?.model, nvidiaDriver()?.version, limits()];
  return createHash("sha256")
    .update(JSON.stringify([files, machine]))
    .digest("hex")
    .slice(0, 32);
}

/** The limits of this process that can make a trial fail, and must not let it count for processes with other ones. */
function limits(): string[] {
  try {
    return (
      readFileSync("/proc/self/limits", "utf8").match(/^Max (address space|data size|processes).*$/gm) ?? []
    );
  } catch {
    return [];
  }
}

function readVerdict(file: string): Verdict | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Verdict;
  } catch {
    return undefined;
  }
}

/** Best effort: if there is no cache that can be written, every process repeats the trial. */
function keep(file: string, verdict: Verdict): void {
  const temporary = `${file}.${randomBytes(6).toString("hex")}`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(temporary, JSON.stringify(verdict));
    renameSync(temporary, file);
  } catch {
    // The verdict still holds for this process.
  }
}
