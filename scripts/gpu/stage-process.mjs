/** Runs one program with a time limit that nothing it starts can outlive. Uses built-ins only. */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { clearTimeout, setTimeout } from "node:timers";
import { setTimeout as sleep } from "node:timers/promises";

/** Everything that a stage starts inherits this variable, also what leaves its process group. */
const markName = "REVERSE_DISTILLATION_STAGE";

/** How long the output may stay open after the program has ended, and how long a killed program may take to end. */
const grace = 2_000;

/** The longest line that is passed on whole, in characters. */
const longestLine = 65_536;

/**
 * How a program ended.
 *
 * @typedef {{ failure: string | undefined }} Ending `failure` is undefined if it exited with 0 in time.
 */

/**
 * Runs a program in a process group of its own, and kills whatever is left of it at its end or at the limit. Never
 * rejects.
 *
 * @param {readonly string[]} command the program and its arguments.
 * @param {object} options
 * @param {string} options.cwd
 * @param {NodeJS.ProcessEnv} options.env
 * @param {number} options.limit in milliseconds.
 * @param {(line: string, stream: "stdout" | "stderr") => void} options.onLine
 * @param {AbortSignal} [options.signal] kills the program when it is aborted.
 * @returns {Promise<Ending>}
 */
export async function runStageProcess([program = "", ...args], { cwd, env, limit, onLine, signal }) {
  const mark = randomUUID();
  /** @type {import("node:child_process").ChildProcessByStdio<null, import("node:stream").Readable, import("node:stream").Readable>} */
  let child;
  try {
    child = spawn(program, args, {
      cwd,
      env: { ...env, [markName]: mark },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
  } catch (error) {
    return { failure: String(error) };
  }
  const streams = /** @type {const} */ (["stdout", "stderr"]);
  for (const name of streams) splitLines(child[name], (line) => onLine(line, name));
  /** @type {Promise<Ending>} */
  const ended = new Promise((resolve) => {
    child.on("error", (error) => resolve({ failure: error.message }));
    child.on("exit", (code, killer) =>
      resolve({ failure: code === 0 ? undefined : killer ? `killed by ${killer}` : `exit code ${code}` }),
    );
  });
  const closed = new Promise((resolve) => child.on("close", resolve));
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(
      () => resolve(`took longer than ${Math.round(limit / 1000)} s and was stopped`),
      limit,
    );
  });
  const aborted = new Promise((resolve) => {
    if (signal?.aborted) resolve("was interrupted");
    else signal?.addEventListener("abort", () => resolve("was interrupted"), { once: true });
  });

  const first = await Promise.race([ended, late, aborted]);
  /** @type {Ending} */
  let ending;
  if (typeof first === "object" && first !== null) {
    ending = /** @type {Ending} */ (first);
    await Promise.race([closed, sleep(grace / 4)]);
    await killAll(child.pid, mark);
  } else {
    await killAll(child.pid, mark);
    const gone = await Promise.race([ended, sleep(grace, undefined)]);
    ending = { failure: gone ? String(first) : `${String(first)}, but is still there` };
  }
  clearTimeout(timer);
  await Promise.race([closed, sleep(grace / 4)]);
  // A pipe that something still holds open must not keep this process waiting.
  for (const name of streams) child[name].destroy();
  child.unref();
  return ending;
}

/**
 * @param {import("node:stream").Readable} stream
 * @param {(line: string) => void} onLine
 */
function splitLines(stream, onLine) {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (/** @type {string} */ text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line.slice(0, longestLine));
    if (rest.length > longestLine) {
      onLine(rest.slice(0, longestLine));
      rest = "";
    }
  });
  const last = () => {
    if (rest !== "") onLine(rest);
    rest = "";
  };
  stream.on("end", last);
  stream.on("close", last);
  stream.on("error", () => undefined);
}

/**
 * Kills a process group and everything that carries the mark, until nothing of it is left.
 *
 * @param {number | undefined} group
 * @param {string} mark
 */
async function killAll(group, mark) {
  if (group !== undefined) kill(-group);
  for (let attempt = 0; attempt < 20; attempt++) {
    const left = marked(mark);
    if (left.length === 0) return;
    for (const pid of left) kill(pid);
    await sleep(grace / 100);
  }
}

/** @param {number} pid */
function kill(pid) {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended, or belongs to somebody else.
  }
}

/**
 * @param {string} mark
 * @returns {number[]} the running processes whose environment has the mark.
 */
function marked(mark) {
  /** @type {string[]} */
  let names = [];
  try {
    names = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    // Without /proc, killing the group has to do.
  }
  return names.filter((name) => environmentOf(name).includes(`${markName}=${mark}`)).map(Number);
}

/** @param {string} pid */
function environmentOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1");
  } catch {
    return "";
  }
}
