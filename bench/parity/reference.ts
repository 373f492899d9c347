import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Loss } from "../../lib/native/addon.js";

/** What a request to `bench/python/trace.py` says; see there. */
export interface TraceRequest {
  model: string;
  images: string;
  loss: Loss;
  epochs: number;
  batchSize: number;
  learningRate: number;
  seed: number;
  samples: number;
  out: string;
}

const folder = fileURLToPath(new URL("../python/", import.meta.url));
const modules = ["torch", "scipy", "numpy", "safetensors", "PIL"];

/** The path of a script of the reference. */
export const referenceScript = (name: "trace" | "train" | "score"): string => `${folder}${name}.py`;

/**
 * A Python that has all that the reference needs: `REVERSE_DISTILLATION_PYTHON`, or else `python3` or
 * `python` of the PATH; undefined where neither does.
 *
 * @throws Error if the variable names one that does not.
 */
export function findPython(): string | undefined {
  const named = process.env.REVERSE_DISTILLATION_PYTHON;
  const found = (named ? [named] : ["python3", "python"]).find(hasModules);
  if (named && found === undefined) {
    throw new Error(
      `REVERSE_DISTILLATION_PYTHON is ${named}, which cannot import all of ${modules.join(", ")}: ` +
        `install bench/python/requirements.txt there, or unset the variable.`,
    );
  }
  return found;
}

function hasModules(python: string): boolean {
  const probe = `from importlib.util import find_spec as f; raise SystemExit(not all(map(f, ${JSON.stringify(modules)})))`;
  return spawnSync(python, ["-c", probe], { stdio: "ignore" }).status === 0;
}

/** A running `trace.py`: importing PyTorch once serves all requests. */
export class ReferenceTracer {
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #exit: Promise<string>;

  constructor(python: string) {
    // Threads that wait by spinning take the cores from whatever else runs, this process first of all.
    const env = { OMP_WAIT_POLICY: "PASSIVE", ...process.env };
    const child = spawn(python, [referenceScript("trace")], { stdio: ["pipe", "pipe", "inherit"], env });
    this.#process = child;
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    this.#exit = new Promise((resolve) => {
      child.on("error", (error) => resolve(error.message));
      child.on("exit", (code, signal) => resolve(`ended with ${signal ?? `exit code ${code}`}`));
    });
  }

  /** Resolves once the file is written. @throws Error if the process ends before; its own message is on stderr. */
  async trace(request: TraceRequest): Promise<void> {
    this.#process.stdin!.write(`${JSON.stringify(request)}\n`);
    const { done } = await this.#answers.next();
    if (done) throw new Error(`${referenceScript("trace")} ${await this.#exit}`);
  }

  close(): void {
    this.#process.stdin!.end();
  }
}
