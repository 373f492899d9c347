import { execFileSync, spawn, type ExecFileSyncOptions } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { pinnedLibTorch } from "../../../lib/native/libtorch/pins.js";
import type { FoundLibTorch } from "../../../lib/native/libtorch/search.js";
import { findLibTorch } from "../../../lib/native/libtorch/search.js";
import { implementationName } from "../../../scripts/published.js";
import { requireNvcc } from "../../../scripts/tools.mjs";

export const root = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");

/** How a process ended. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** What would betray that something is compiled. Python is one of them, and absent from the PATH otherwise too. */
const compilers = ["cc", "c++", "gcc", "g++", "clang", "cmake", "make", "ninja", "node-gyp"];

/** The pinned LibTorch for the CPU, where there is one to build against; undefined, after saying so, where not. */
export function pinnedHere(): FoundLibTorch | undefined {
  try {
    const { found } = findLibTorch({ builds: [pinnedLibTorch.cpu], headers: true });
    if (found !== undefined) return found;
  } catch {
    // Another one is named.
  }
  console.error(
    `SKIPPED: tests of the packed package, which need LibTorch ${pinnedLibTorch.cpu.version} with its headers`,
  );
  return undefined;
}

/**
 * The pinned LibTorch for CUDA, where the package that is tested holds what is built for it: where that was
 * built here (`npm run build:cuda`), since building it takes minutes, and fetching LibTorch gigabytes.
 */
export function pinnedCudaHere(): FoundLibTorch | undefined {
  const reason = withoutCuda();
  if (typeof reason !== "string") return reason;
  console.error(`SKIPPED: the packed package is tested without its implementation for CUDA: ${reason}`);
  return undefined;
}

function withoutCuda(): FoundLibTorch | string {
  const pinned = pinnedLibTorch.cuda;
  const built = join(root, "build", "Release", implementationName(pinned));
  if (!existsSync(built)) return `${built} is missing, which \`npm run build:cuda\` makes`;
  const { found } = findLibTorch({ builds: [pinned], headers: true });
  if (found?.version !== pinned.version) return `LibTorch ${pinned.version} is not found here`;
  try {
    requireNvcc();
    return found;
  } catch (error) {
    return String(error);
  }
}

/** A user's machine: an empty folder outside of the checkout, a PATH with Node and npm and no compiler. */
export class Machine {
  /** With a space and letters that are not ASCII in it, as folders of users have. */
  readonly folder = mkdtempSync(join(tmpdir(), "Prüfstand für rückwärts "));
  readonly #bin = join(this.folder, "bin");
  readonly #betrayed = join(this.folder, "compiled");

  constructor() {
    mkdirSync(this.#bin);
    const npm = realpathSync(which("npm"));
    for (const [name, path] of [
      ["node", process.execPath],
      ["sh", "/bin/sh"],
    ] as const)
      symlinkSync(path, join(this.#bin, name));
    this.#script("npm", `exec "${process.execPath}" "${npm}" "$@"`);
    for (const name of compilers) this.#script(name, `echo "${name} $*" >> "${this.#betrayed}"; exit 1`);
  }

  /** What was called of what compiles. */
  get compiled(): string {
    return existsSync(this.#betrayed) ? readFileSync(this.#betrayed, "utf8") : "";
  }

  /** Removes what compiles from the PATH for good: until now it is there and fails. */
  removeCompilers(): void {
    for (const name of compilers) rmSync(join(this.#bin, name));
  }

  /** The environment of a user who has set these variables. The cache for LibTorch is empty. */
  env(variables: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    const inherited = Object.entries(process.env).filter(
      ([name]) =>
        !/^(npm_|NODE_OPTIONS|NODE_ENV|LIBTORCH|REVERSE_DISTILLATION_|AVA|FORCE_COLOR|INIT_CWD)/i.test(name),
    );
    return {
      ...Object.fromEntries(inherited),
      PATH: this.#bin,
      REVERSE_DISTILLATION_CACHE: join(this.folder, "cache"),
      ...variables,
    };
  }

  /** An empty project in a folder of this name. */
  project(name: string): string {
    const folder = join(this.folder, name);
    mkdirSync(folder);
    writeFileSync(
      join(folder, "package.json"),
      JSON.stringify({ name: "consumer", private: true, type: "module" }),
    );
    return folder;
  }

  /** Runs a program to its end. */
  run(program: string, args: string[], options: { cwd: string; env?: NodeJS.ProcessEnv }): Promise<Ended> {
    const { cwd, env = {} } = options;
    return new Promise((resolve, reject) => {
      const child = spawn(program, args, { cwd, env: this.env(env), stdio: ["ignore", "pipe", "pipe"] });
      const output = { stdout: "", stderr: "" };
      for (const stream of ["stdout", "stderr"] as const)
        child[stream].setEncoding("utf8").on("data", (text: string) => (output[stream] += text));
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, ...output }));
    });
  }

  node(args: string[], options: { cwd: string; env?: NodeJS.ProcessEnv }): Promise<Ended> {
    return this.run(join(this.#bin, "node"), args, options);
  }

  npm(args: string[], options: { cwd: string; env?: NodeJS.ProcessEnv }): Promise<Ended> {
    const quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--prefer-offline"];
    return this.run(join(this.#bin, "npm"), [...args, ...quiet], options);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #script(name: string, body: string): void {
    writeFileSync(join(this.#bin, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  }
}

/**
 * Makes the binaries, as they are published, and packs them.
 *
 * @param cuda whether with the implementation for CUDA.
 * @returns the tarball.
 */
export function pack(folder: string, { cuda }: { cuda: boolean }): string {
  const options: ExecFileSyncOptions = {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, CPU_ONLY: cuda ? "0" : "1" },
  };
  execFileSync(process.execPath, ["--import", "tsx", join(root, "scripts", "prebuild.ts")], options);
  execFileSync("npm", ["pack", "--pack-destination", folder, "--loglevel", "error"], options);
  return join(
    folder,
    readdirSync(folder).find((name) => name.endsWith(".tgz"))!,
  );
}

function which(program: string): string {
  const found = (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${program} is not on the PATH`);
  return found;
}

/** The program of a package that the checkout has for development. */
export function tool(path: string): string {
  return join(root, "node_modules", ...path.split("/"));
}

/** A folder like a LibTorch's, whose files are links to another's. */
export function linkedLibTorch(folder: string, libtorch: FoundLibTorch): string {
  mkdirSync(join(folder, "lib"), { recursive: true });
  const libraries = dirname(libtorch.libraries[0]!);
  for (const name of readdirSync(libraries)) symlinkSync(join(libraries, name), join(folder, "lib", name));
  writeFileSync(join(folder, "version.py"), `__version__ = '${libtorch.version}'\n`);
  return folder;
}
