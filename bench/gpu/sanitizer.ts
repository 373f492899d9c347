import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { Skipped } from "./stages.js";

/** A tool of NVIDIA's compute-sanitizer. */
export type SanitizerTool = "memcheck" | "racecheck";

/** What the tool prints if it does not support the GPU or the driver. */
const refusals =
  /Device not supported|Target application terminated before first instrumented|not supported on this/i;

/**
 * Judges a run of compute-sanitizer.
 *
 * @param output The output of the tool and the program.
 * @param code The exit code: 9 if the tool found errors, otherwise the program's.
 * @throws Skipped if the tool does not support the machine; Error if it found errors or the program failed.
 */
export function judgeSanitizer(tool: SanitizerTool, output: string, code: number | null): string {
  if (refusals.test(output))
    throw new Skipped(`compute-sanitizer does not support this machine: ${refusals.exec(output)![0]}`);
  const summary = /(ERROR SUMMARY: \d+ errors?|RACECHECK SUMMARY: .*)/.exec(output)?.[1];
  const tests = output.split("\n").filter((line) => /^ok \d/.test(line) && !/ # SKIP/.test(line)).length;
  if (code !== 0) throw new Error(`${tool} failed with exit code ${code}: ${summary ?? "no summary"}`);
  if (summary === undefined) throw new Error(`${tool} printed no summary`);
  if (tests === 0) throw new Error(`${tool} ran no tests`);
  return `${summary}, over ${tests} tests`;
}

/**
 * Runs a test program under compute-sanitizer.
 *
 * @throws as {@link judgeSanitizer}; Skipped also if it is not installed.
 */
export async function runSanitizer(
  tool: SanitizerTool,
  program: string,
  args: readonly string[],
  timeout: number,
): Promise<string> {
  if (spawnSync("compute-sanitizer", ["--version"]).status !== 0)
    throw new Skipped("compute-sanitizer is not on the PATH");
  const options = ["--tool", tool, "--error-exitcode", "9", program, ...args];
  const child = spawn("compute-sanitizer", options, { timeout, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<number | null>((resolve) => child.on("close", (code) => resolve(code)));
  let output = "";
  for await (const line of createInterface({ input: child.stdout })) {
    console.log(`    ${line}`);
    output += `${line}\n`;
  }
  return judgeSanitizer(tool, output, await ended);
}
