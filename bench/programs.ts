import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

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
