import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test, { type ExecutionContext } from "ava";
import { buildable, findLibTorch } from "../../../lib/native/libtorch/search.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));

const sources = [
  "CMakeLists.txt",
  "lib",
  "native",
  "package-lock.json",
  "package.json",
  "scripts",
  "tsconfig.json",
  "tsup.config.ts",
];

/** A checkout and a PATH with nothing but some tools. */
interface Scene {
  folder: string;
  /** Puts a shell script on the PATH. */
  tool: (name: string, script: string) => void;
  /** Runs a program of this checkout in it. */
  run: (args: string[], more?: NodeJS.ProcessEnv) => { code: number | null; output: string };
  /** The names of what is in it and was not there before. */
  made: () => string[];
}

/** Runs the program of the same name that is on the PATH now. */
function passOn(name: string): string {
  const { stdout } = spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" });
  return `exec "${stdout.trim()}" "$@"`;
}

/** @param packages Whether the npm packages are installed. */
async function scene(t: ExecutionContext, tools: string[], packages = true): Promise<Scene> {
  const outside = await temporaryFolder(t);
  const folder = join(outside, "checkout");
  for (const name of sources) cpSync(join(root, name), join(folder, name), { recursive: true });
  if (packages) symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const before = readdirSync(folder);
  const bin = join(outside, "bin");
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, "node"));
  symlinkSync("/bin/sh", join(bin, "sh"));
  const tool = (name: string, script: string) =>
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  for (const name of tools) tool(name, passOn(name));
  const env = {
    PATH: bin,
    HOME: outside,
    TMPDIR: outside,
    REVERSE_DISTILLATION_CACHE: join(outside, "cache"),
  };
  return {
    folder,
    tool,
    run(args, more) {
      const { status, stdout, stderr } = spawnSync(process.execPath, args, {
        cwd: folder,
        env: { ...env, ...more },
        encoding: "utf8",
      });
      return { code: status, output: stdout + stderr };
    },
    made: () => readdirSync(folder).filter((name) => !before.includes(name)),
  };
}

const setUp = ["scripts/setup.mjs"];

for (const [lacking, tools, message] of [
  ["CMake", [], /CMake is not on the PATH\. Install CMake 3\.18/],
  ["Ninja and make", ["cmake"], /Neither ninja nor make is on the PATH\. Install one/],
  ["a compiler", ["cmake", "ninja"], /Found no C\+\+ compiler on the PATH .*\. Install g\+\+ 11/],
  ["npm", ["cmake", "ninja", "c++"], /npm is not on the PATH\. It comes with Node\.js/],
] as const)
  test(`the set-up without ${lacking} says what to install, and writes nothing`, async (t) => {
    const { run, made } = await scene(t, [...tools], false);
    const { code, output } = run(setUp);
    t.is(code, 1);
    t.regex(output, message);
    t.notRegex(output, /^\s+at /m, "no stack");
    t.deepEqual(made(), []);
  });

test("the set-up with a compiler that does not know C++20 says which is needed, and writes nothing", async (t) => {
  const { run, made, tool } = await scene(t, ["cmake", "ninja"], false);
  tool("c++", '[ "$1" = --version ]');
  const { code, output } = run(setUp);
  t.is(code, 1);
  t.regex(output, /c\+\+ does not compile C\+\+20\. Install g\+\+ 11/);
  t.deepEqual(made(), []);
});

test("a set-up whose packages were half installed says so, and installs them again", async (t) => {
  const { run, tool, folder, made } = await scene(t, ["cmake", "ninja", "c++"], false);
  tool("npm", '[ "$1" = --version ] || { /bin/mkdir -p node_modules/half; echo run >> asked; exit 1; }');
  for (let times = 1; times <= 2; times++) {
    const { code, output } = run(setUp);
    t.is(code, 1);
    t.regex(output, /npm could not install the packages; see its messages above/);
    t.is(readFileSync(join(folder, "asked"), "utf8"), "run\n".repeat(times));
  }
  t.deepEqual(made(), ["asked", "node_modules"]);
});

test("a set-up whose download of LibTorch is interrupted says so, and leaves no LibTorch", async (t) => {
  const { run, tool, made, folder } = await scene(t, ["cmake", "ninja", "c++"]);
  tool(
    "python3",
    `case "$*" in *find_spec*pip*) exit 0 ;; "-m pip download"*) ;; *) exit 1 ;; esac
     while [ "$1" != --dest ]; do shift; done
     /bin/mkdir -p "$2"
     echo half > "$2/torch.whl.part"
     echo "OSError: [Errno 28] No space left on device" >&2
     exit 1`,
  );
  const { code, output } = run(setUp);
  t.is(code, 1);
  t.regex(output, /pip download torch\S+ failed/);
  t.regex(output, /No space left on device/);
  t.deepEqual(made(), []);
  const cache = join(folder, "..", "cache", "libtorch");
  t.deepEqual(
    readdirSync(cache).filter((name) => !name.startsWith(".")),
    [],
  );
});

test("a set-up whose compiler is interrupted says so, leaves no addon, and begins again", async (t) => {
  const { run, tool, folder, made } = await scene(t, ["cmake", "ninja", "as", "ld", "ar", "cc"]);
  const compiler = (name: string) =>
    `case "$*" in *native/*|*cmake_pch*) echo run >> ${join(folder, "asked")}; echo "No space left on device" >&2; exit 1 ;; esac
     ${passOn(name)}`;
  for (const name of ["c++", "g++"]) tool(name, compiler(name));
  const { found } = await findLibTorch({ builds: buildable("cpu"), headers: true });
  for (let times = 1; times <= 2; times++) {
    const { code, output } = run([...setUp, "--build"], { LIBTORCH: found!.directory });
    t.is(code, 1);
    t.regex(output, /No space left on device/);
    t.true(readFileSync(join(folder, "asked"), "utf8").split("\n").length > times);
  }
  t.false(made().includes("dist"));
  const product = join(folder, "build", "Release");
  t.deepEqual(existsSync(product) ? readdirSync(product) : [], []);
});

test("a disk that fills up while the JavaScript is bundled leaves the old files, and is not taken for done", async (t) => {
  const { run, folder, made } = await scene(t, ["prlimit"]);
  mkdirSync(join(folder, "dist"));
  writeFileSync(join(folder, "dist", "index.js"), "old");
  const source = `
    const { execFileSync } = await import("node:child_process");
    execFileSync("prlimit", ["--pid", process.pid, "--fsize=100000"]);
    const { buildTypeScript } = await import("./scripts/typescript-build.ts");
    await buildTypeScript(process.cwd()).catch((error) => {
      console.error(error.message);
      process.exitCode = 1;
    });`;
  const build = ["--import", "tsx", "--input-type=module", "--eval", source];
  // No file may become larger, as on a disk that is full.
  const limited = run(build);
  t.is(limited.code, 1, limited.output);
  t.regex(limited.output, /tsup.*exit code|file too large/is);
  t.is(readFileSync(join(folder, "dist", "index.js"), "utf8"), "old");
  t.false(made().includes("dist.unfinished"));
  t.false(existsSync(join(folder, ".build", "typescript.stamp")), "the next build begins again");
});
