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
import type { ExecutionContext } from "ava";
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

/** A first program, which prints an error as users see it. */
export const firstUse = `
import { train } from "reverse-distillation";
const image = { data: new Uint8Array(64 * 64 * 3), width: 64, height: 64, channels: 3 };
try {
  await train([image, image], { imageSize: 64, epochs: 1, batchSize: 2, threads: 1, device: process.env.DEVICE });
  console.log("trained");
} catch (error) {
  console.log(error.constructor.name + ", " + error.code + ": " + error.message);
}
`;

/** Compilers and build tools. Calling one means that something is compiled. */
const compilers = ["cc", "c++", "gcc", "g++", "clang", "cmake", "make", "ninja", "node-gyp"];

/** The pinned CPU build of LibTorch, if it is on this machine with its headers. If not, prints that tests are skipped. */
export async function pinnedHere(): Promise<FoundLibTorch | undefined> {
  try {
    const { found } = await findLibTorch({ builds: [pinnedLibTorch.cpu], headers: true });
    if (found !== undefined) return found;
  } catch {
    // LIBTORCH is set to a different one.
  }
  console.error(
    `SKIPPED: tests of the packed package, which need LibTorch ${pinnedLibTorch.cpu.version} with its headers`,
  );
  return undefined;
}

/**
 * The pinned CUDA build of LibTorch, if the CUDA implementation was built in this checkout (`npm run build:cuda`). The
 * tests do not build it themselves, since that takes minutes and a download of gigabytes.
 */
export async function pinnedCudaHere(): Promise<FoundLibTorch | undefined> {
  const reason = await withoutCuda();
  if (typeof reason !== "string") return reason;
  console.error(`SKIPPED: tests of the CUDA implementation in the packed package: ${reason}`);
  return undefined;
}

async function withoutCuda(): Promise<FoundLibTorch | string> {
  const pinned = pinnedLibTorch.cuda;
  const built = join(root, "build", "Release", implementationName(pinned));
  if (!existsSync(built)) return `${built} is missing, which \`npm run build:cuda\` makes`;
  const { found } = await findLibTorch({ builds: [pinned], headers: true });
  if (found?.version !== pinned.version) return `LibTorch ${pinned.version} is not found here`;
  try {
    requireNvcc();
    return found;
  } catch (error) {
    return String(error);
  }
}

/** A user's machine: an empty folder outside the checkout, and a PATH with Node.js and npm but no working compiler. */
export class Machine {
  /** Its name contains spaces and non-ASCII letters, as users' folders do. */
  readonly folder = mkdtempSync(join(tmpdir(), "Zoë’s naïve café "));
  readonly #bin = join(this.folder, "bin");
  readonly #compilerCalls = join(this.folder, "compiled");

  constructor() {
    mkdirSync(this.#bin);
    for (const [name, path] of [
      ["node", process.execPath],
      ["sh", "/bin/sh"],
    ] as const)
      symlinkSync(path, join(this.#bin, name));
    for (const name of ["npm", "npx"])
      this.#script(name, `exec "${process.execPath}" "${realpathSync(which(name))}" "$@"`);
    for (const name of compilers) this.#script(name, `echo "${name} $*" >> "${this.#compilerCalls}"; exit 1`);
  }

  /** The calls of compilers so far. */
  get compiled(): string {
    return existsSync(this.#compilerCalls) ? readFileSync(this.#compilerCalls, "utf8") : "";
  }

  /** Removes the compilers from the PATH. Before that they exist, and fail when called. */
  removeCompilers(): void {
    for (const name of compilers) rmSync(join(this.#bin, name));
  }

  /** The environment of a user who has set these variables. The cache is empty at first. */
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

  /** Creates an empty project in a folder of this name. */
  project(name: string): string {
    const folder = join(this.folder, name);
    mkdirSync(folder);
    writeFileSync(
      join(folder, "package.json"),
      JSON.stringify({ name: "consumer", private: true, type: "module" }),
    );
    return folder;
  }

  /** Runs a program and waits for it to end. */
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

  npx(args: string[], options: { cwd: string; env?: NodeJS.ProcessEnv }): Promise<Ended> {
    return this.run(join(this.#bin, "npx"), args, options);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #script(name: string, body: string): void {
    writeFileSync(join(this.#bin, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  }
}

/**
 * Builds the binaries as for publishing, and packs the package.
 *
 * @param cuda Whether to include the CUDA implementation.
 * @param libtorch Whether the package names the one with LibTorch, as the published one does.
 * @returns the path of the tarball.
 */
export function pack(
  folder: string,
  { cuda, libtorch = false }: { cuda: boolean; libtorch?: boolean },
): string {
  const options: ExecFileSyncOptions = {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, CPU_ONLY: cuda ? "0" : "1", WITHOUT_LIBTORCH: libtorch ? "0" : "1" },
  };
  // Files of tests run at the same time, and there is one folder of binaries to pack.
  mkdirSync(join(root, ".build"), { recursive: true });
  const commands = `"$0" --import tsx scripts/prebuild.ts && npm pack --pack-destination "$1" --loglevel error`;
  const lock = join(root, ".build", "pack.lock");
  execFileSync("flock", [lock, "sh", "-c", commands, process.execPath, folder], options);
  return join(
    folder,
    readdirSync(folder).find((name) => name.endsWith(".tgz"))!,
  );
}

/** The path of a program on this process's PATH. */
export function which(program: string): string {
  const found = (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${program} is not on the PATH`);
  return found;
}

/** The path of a file in the checkout's node_modules. */
export function tool(path: string): string {
  return join(root, "node_modules", ...path.split("/"));
}

/** The version of a package in the checkout's node_modules. */
export function versionHere(name: string): string {
  return (JSON.parse(readFileSync(tool(`${name}/package.json`), "utf8")) as { version: string }).version;
}

/** Waits for a process, asserts that it succeeded, and returns what it printed. */
export async function succeeds(t: ExecutionContext, running: Promise<Ended>): Promise<string> {
  const { code, stdout, stderr } = await running;
  t.is(code, 0, `${stdout}${stderr}`);
  return stdout;
}

/** Creates a LibTorch folder with links to the files of another LibTorch. */
export function linkedLibTorch(folder: string, libtorch: FoundLibTorch): string {
  mkdirSync(join(folder, "lib"), { recursive: true });
  const libraries = dirname(libtorch.libraries[0]!);
  for (const name of readdirSync(libraries)) symlinkSync(join(libraries, name), join(folder, "lib", name));
  writeFileSync(join(folder, "version.py"), `__version__ = '${libtorch.version}'\n`);
  return folder;
}
