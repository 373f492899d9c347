import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("python/", import.meta.url));
const modules = ["torch", "scipy", "numpy", "safetensors", "PIL"];

/** The path of a script of the reference. */
export const referenceScript = (
  name: "trace" | "train" | "score" | "measure" | "run_onnx" | "speed",
): string => `${folder}${name}.py`;

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

/** As {@link findPython}. @throws Error that says what to do where there is none. */
export function requirePython(): string {
  const python = findPython();
  if (python !== undefined) return python;
  throw new Error(
    "No python3 or python on the PATH has what bench/python/requirements.txt asks for; install it, or name a " +
      "Python that has it in REVERSE_DISTILLATION_PYTHON.",
  );
}

function hasModules(python: string): boolean {
  const probe = `from importlib.util import find_spec as f; raise SystemExit(not all(map(f, ${JSON.stringify(modules)})))`;
  return spawnSync(python, ["-c", probe], { stdio: "ignore" }).status === 0;
}

/** A script of the reference that answers requests, a line of JSON each: importing PyTorch once serves all. */
export class ReferenceProcess {
  readonly #script: string;
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #exit: Promise<string>;

  constructor(python: string, script: "trace" | "measure" | "run_onnx") {
    this.#script = referenceScript(script);
    // Threads that wait by spinning take the cores from whatever else runs, this process first of all. What is
    // measured runs as a user's would: alone, and with the threads as OpenMP has them.
    const env = script === "measure" ? process.env : { OMP_WAIT_POLICY: "PASSIVE", ...process.env };
    const child = spawn(python, [this.#script], { stdio: ["pipe", "pipe", "inherit"], env });
    this.#process = child;
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    this.#exit = new Promise((resolve) => {
      child.on("error", (error) => resolve(error.message));
      child.on("exit", (code, signal) => resolve(`ended with ${signal ?? `exit code ${code}`}`));
    });
  }

  /** Resolves with the answer. @throws Error if the process ends before; its own message is on stderr. */
  async request<Answer>(request: object): Promise<Answer> {
    this.#process.stdin!.write(`${JSON.stringify(request)}\n`);
    const answer = await this.#answers.next();
    if (answer.done === true) throw new Error(`${this.#script} ${await this.#exit}`);
    return JSON.parse(answer.value) as Answer;
  }

  close(): void {
    this.#process.stdin!.end();
  }
}
