import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("python/", import.meta.url));
const allModules = ["torch", "scipy", "numpy", "safetensors", "PIL"];

/** The path of a script in bench/python. */
export const referenceScript = (
  name: "trace" | "train" | "score" | "measure" | "run_onnx" | "speed",
): string => `${folder}${name}.py`;

/**
 * Finds a Python with the packages of the reference, or with some of them: `REVERSE_DISTILLATION_PYTHON`, or else
 * `python3` or `python` on the PATH. Returns undefined if there is none.
 *
 * @throws Error if the variable is set and its Python lacks a package.
 */
export function findPython(modules: readonly string[] = allModules): string | undefined {
  const named = process.env.REVERSE_DISTILLATION_PYTHON;
  const found = (named ? [named] : ["python3", "python"]).find((python) => hasModules(python, modules));
  if (named && found === undefined) {
    throw new Error(
      `REVERSE_DISTILLATION_PYTHON is ${named}, which cannot import all of ${modules.join(", ")}: ` +
        "install bench/python/requirements.txt in it, or unset the variable.",
    );
  }
  return found;
}

/** Like {@link findPython}. @throws Error also if there is none. */
export function requirePython(): string {
  const python = findPython();
  if (python !== undefined) return python;
  throw new Error(
    "No python3 or python on the PATH has the packages in bench/python/requirements.txt: install them, or set " +
      "REVERSE_DISTILLATION_PYTHON to a Python that has them.",
  );
}

function hasModules(python: string, modules: readonly string[]): boolean {
  const probe = `from importlib.util import find_spec as f; raise SystemExit(not all(map(f, ${JSON.stringify(modules)})))`;
  return spawnSync(python, ["-c", probe], { stdio: "ignore" }).status === 0;
}

/** A running script of the reference. It imports PyTorch once, and answers requests of one line of JSON each. */
export class ReferenceProcess {
  readonly #script: string;
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #exit: Promise<string>;

  constructor(python: string, script: "trace" | "measure" | "run_onnx") {
    this.#script = referenceScript(script);
    // Threads that spin while they wait take the cores from other processes, this one included. Measurements keep
    // OpenMP's default, as users have it.
    const env = script === "measure" ? process.env : { OMP_WAIT_POLICY: "PASSIVE", ...process.env };
    const child = spawn(python, [this.#script], { stdio: ["pipe", "pipe", "inherit"], env });
    this.#process = child;
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    this.#exit = new Promise((resolve) => {
      child.on("error", (error) => resolve(error.message));
      child.on("exit", (code, signal) => resolve(`exited with ${signal ?? `code ${code}`}`));
    });
  }

  /** Resolves with the answer. @throws Error if the process exits first; its own message is on stderr. */
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
