import { spawn } from "node:child_process";
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
 * process change; a refusal only for a day, and only if it is about the files.
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

/** How a process that lacks memory, threads or files says so. It proves nothing about what it opened. */
export const shortage =
  /out of memory|bad_alloc|cannot allocate|failed to map segment|thread creation failed|temporarily unavailable|too many open files|no space left/i;

/** In milliseconds: a trial that takes longer is inconclusive. */
const timeout = 15_000;

/** How long a refusal counts, in milliseconds. What made a process crash may be mended without a change of the files. */
const refusalCounts = 24 * 60 * 60 * 1000;

/** How a trial is made. */
export interface TrialOptions {
  /** Environment variables. Default: the process's. */
  env?: NodeJS.ProcessEnv;
  /** Make a trial even if there is a verdict, and replace it. */
  again?: boolean;
}

/**
 * Opens the subject in a child process, unless a verdict is cached.
 *
 * @returns why it cannot be used; undefined if it can, or if the trial was inconclusive.
 */
export async function tryOut(
  subject: TrialSubject,
  { env = process.env, again = false }: TrialOptions = {},
): Promise<string | undefined> {
  if (env[variable] === "0") return undefined;
  const cache = cacheDirectoryIfAny(env);
  const file = cache === undefined ? undefined : join(cache, "trials", `${identity(subject)}.json`);
  const kept = file === undefined || again ? undefined : readVerdict(file);
  if (kept !== undefined)
    return kept.reason && `${kept.reason} (remembered in ${file}; delete it to try again)`;
  const { verdict, lasting } = await run(subject, env);
  if (file !== undefined && lasting) keep(file, verdict);
  return verdict.reason;
}

/** `lasting` says whether the verdict is about the files, and not about the moment. */
async function run(
  { loader, implementation, libtorch }: TrialSubject,
  env: NodeJS.ProcessEnv,
): Promise<{ verdict: Verdict; lasting: boolean }> {
  const subject = JSON.stringify([loader, libtorch.libraries, implementation.path, implementation.minor]);
  const { signal, code, stdout, stderr } = await runNode(["--eval", source, subject], env);
  const inconclusive = { verdict: {}, lasting: false };
  if (!stdout.startsWith(started)) return inconclusive;
  if (stdout.includes(passed)) return { verdict: {}, lasting: true };
  const crashed = signal !== null && crashes.includes(signal);
  if (shortage.test(stdout + stderr)) {
    // It would end this process in the same way.
    const reason = `a trial process that opened it ran out of memory or threads (${signal}); raise the limits (ulimit -v, ulimit -u)`;
    return crashed ? { verdict: { reason }, lasting: false } : inconclusive;
  }
  const ended = (how: string): Verdict => ({
    reason: `a trial process that opened it ended with ${how}; run \`npx reverse-distillation doctor\` for details`,
  });
  if (signal !== null) return crashed ? { verdict: ended(signal), lasting: true } : inconclusive;
  const thrown = /^\{.*\}$/m.exec(stdout)?.[0];
  if (thrown === undefined) return { verdict: ended(`exit code ${code}`), lasting: false };
  const error = JSON.parse(thrown) as { code?: string; message: string };
  // Opening it in this process will report any other error.
  if (error.code !== "LIBTORCH_INCOMPATIBLE") return inconclusive;
  // A library that is missing may be found tomorrow; a version does not change.
  return { verdict: { reason: error.message }, lasting: error.message.includes("does not run on LibTorch") };
}

interface Ended {
  signal: NodeJS.Signals | null;
  code: number | null;
  stdout: string;
  stderr: string;
}

function runNode(args: string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  return new Promise((resolve) => {
    const output = { stdout: "", stderr: "" };
    const end = (code: number | null, signal: NodeJS.Signals | null): void =>
      resolve({ code, signal, ...output });
    try {
      const child = spawn(process.execPath, args, {
        // Options of this process, such as a debugger's port, must not reach the child.
        env: { ...env, NODE_OPTIONS: "", ELECTRON_RUN_AS_NODE: "1", [variable]: "0" },
        stdio: ["ignore", "pipe", "pipe"],
        timeout,
        killSignal: "SIGKILL",
      });
      for (const name of ["stdout", "stderr"] as const)
        child[name].setEncoding("utf8").on("data", (text: string) => (output[name] += text));
      // One that hangs must not outlive this process.
      const kill = (): void => void child.kill("SIGKILL");
      process.once("exit", kill);
      child.on("error", () => end(null, null));
      child.on("close", (code, signal) => {
        process.off("exit", kill);
        end(code, signal);
      });
    } catch {
      // The system refuses another process.
      end(null, null);
    }
  });
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
    const verdict = JSON.parse(readFileSync(file, "utf8")) as Verdict;
    const outdated = verdict.reason !== undefined && Date.now() - statSync(file).mtimeMs > refusalCounts;
    return outdated ? undefined : verdict;
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
