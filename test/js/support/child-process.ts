import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { packageIsFresh } from "../../../scripts/typescript-build.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** How a process ended. */
export interface Ended {
  /** Its exit code; null if a signal ended it, as a crash does. */
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** What can be done to a process while it runs. */
export interface RunOptions {
  /** More arguments of Node's. */
  node?: string[];
  /** Called with each piece of output, of either stream, as it comes. */
  onOutput?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
  /** Its standard input. Default: one that never ends. */
  input?: Uint8Array;
  /** A program and its arguments that run Node. */
  prefix?: string[];
  /** More environment variables. */
  env?: NodeJS.ProcessEnv;
}

/** Runs Node with tsx in a process of its own. Its output is no terminal's. */
export function runNode(args: string[], { node = [], ...options }: RunOptions = {}): Promise<Ended> {
  return runPlainNode(args, { ...options, node: ["--import", "tsx", ...node] });
}

/** Runs Node in a process of its own. Its output is no terminal's. */
function runPlainNode(
  args: string[],
  { node = [], onOutput, input, prefix = [], env }: RunOptions,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const [program, ...rest] = [...prefix, process.execPath, ...node, ...args];
    const child = spawn(program!, rest, { cwd: root, env: { ...process.env, ...env } });
    if (input !== undefined) child.stdin.end(input);
    const output = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].setEncoding("utf8").on("data", (text: string) => {
        output[stream] += text;
        onOutput?.(text, (signal) => child.kill(signal));
      });
    }
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, ...output }));
  });
}

/** Runs ESM source that finds `api`, the package, and `scene`, of which {@link sceneSource} tells. */
export function runSource(source: string, options?: RunOptions): Promise<Ended> {
  return runNode(["--input-type=module", "--eval", `${sceneSource}\n${source}`], options);
}

/**
 * Runs the command line: the one in dist/, which starts in a third of the time, if it is of the sources as they are. While
 * lines are counted, the sources themselves run.
 */
export function runCli(args: string[], options: RunOptions = {}): Promise<Ended> {
  bundled ??= process.env.NODE_V8_COVERAGE === undefined && packageIsFresh(root);
  return bundled
    ? runPlainNode([join(root, "dist", "cli.js"), ...args], options)
    : runNode([join(root, "lib", "cli", "main.ts"), ...args], options);
}

let bundled: boolean | undefined;

/**
 * What the sources of child processes share: `train`, `Detector`, `loadAddon`; images of noise;
 * `long`, options of a training that does not end by itself; `small`, of one that does.
 */
export const sceneSource = `
  const root = ${JSON.stringify(root)};
  const { train, Detector } = await import(root + "lib/index.ts");
  const { loadAddon } = await import(root + "lib/native/loader.ts");
  process.removeAllListeners("warning");
  const image = (seed) => ({
    data: Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (Math.imul(i + seed, 2654435761) >>> 24)),
    width: 64, height: 64, channels: 3,
  });
  const images = [1, 2, 3, 4].map(image);
  const small = { imageSize: 64, epochs: 1, batchSize: 2 };
  const long = { ...small, epochs: 1_000_000 };
`;
