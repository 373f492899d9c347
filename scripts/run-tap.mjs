import { spawn } from "node:child_process";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { root } from "./setup.mjs";
import { TapReader } from "./tap.mjs";
import { TestTimes } from "./test-times.mjs";

/**
 * Runs a program that prints TAP. A crash counts as a failed test, and so does a run without tests.
 *
 * @param {string} name
 * @param {string} program
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env] more environment variables.
 * @returns {Promise<TapReader>}
 */
export async function runTap(name, program, args, env = {}) {
  console.log(`\n${name}`);
  const begun = performance.now();
  const times = new TestTimes();
  const tap = new TapReader((line) => console.log(line));
  const child = spawn(program, args, {
    cwd: root,
    env: { ...process.env, ...times.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  /** @type {Promise<string | undefined>} */
  const ended = new Promise((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => resolve(code === 0 ? undefined : (signal ?? `exit code ${code}`)));
  });
  for await (const line of createInterface({ input: child.stdout })) tap.read(line);
  const failure = await ended;
  if (failure !== undefined && tap.failed === 0) tap.fail(`${name} ended with ${failure}`);
  else if (tap.planned === undefined) tap.fail(`${name} ended before its plan`);
  else if (tap.planned !== tap.reported) tap.fail(`${name} ran ${tap.reported} of its ${tap.planned} tests`);
  else if (tap.reported === 0) tap.fail(`${name} contained no test`);
  const parts = [
    `${name} took ${Math.round((performance.now() - begun) / 1000)} s`,
    times.summary(slowestFiles),
  ];
  console.log(parts.filter((part) => part !== "").join(", "));
  return tap;
}

/** As many as are worth a look. */
const slowestFiles = 12;
