import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { TapReader } from "../scripts/tap.mjs";

/** The root folder of the checkout. */
export const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");

/** How to run a program. */
export interface ProgramOptions {
  /** Time after which the program is killed, in milliseconds. */
  timeout: number;
  cwd?: string;
  env?: NodeJS.ProcessEnv;
}

/**
 * Runs a program and passes each line of its standard output to `onLine`. Its standard error goes to this process's.
 *
 * @throws Error if it cannot be started, fails, or takes too long.
 */
export async function runLines(
  program: string,
  args: readonly string[],
  onLine: (line: string) => void,
  { timeout, cwd = root, env = process.env }: ProgramOptions,
): Promise<void> {
  const child = spawn(program, args, { cwd, env, timeout, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<string | undefined>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => resolve(code === 0 ? undefined : (signal ?? `exit code ${code}`)));
  });
  for await (const line of createInterface({ input: child.stdout })) onLine(line);
  const failure = await ended;
  if (failure !== undefined) throw new Error(`${program} failed: ${failure}`);
}

/**
 * Runs a program that prints TAP.
 *
 * @returns the counts as text. @throws Error with the counts if a test failed or none ran.
 */
export async function runTests(
  program: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<string> {
  const tap = new TapReader((line) => console.log(line));
  let failure: unknown;
  try {
    await runLines(program, args, (line) => tap.read(line), options);
  } catch (error) {
    failure = error;
  }
  const counts = `${tap.passed} passed, ${tap.failed} failed, ${tap.skipped} skipped`;
  if (failure !== undefined && tap.failed === 0) throw new Error(`${counts}; ${(failure as Error).message}`);
  if (tap.failed > 0) throw new Error(counts);
  if (tap.planned !== tap.reported)
    throw new Error(`${counts}, out of ${tap.planned ?? "an unknown number"}`);
  if (tap.passed === 0) throw new Error(`${counts}: no test ran on this device`);
  return counts;
}
