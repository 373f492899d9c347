import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import nodeGypBuild from "node-gyp-build";
import { nvidiaDriver } from "../../../lib/native/nvidia.js";
import {
  fakeImplementation,
  fakeLibTorch,
  openableLibTorch,
  temporaryFolder,
} from "../support/fake-libtorch.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const loaderFile = nodeGypBuild.path(root);

/** Runs ESM in a child process, because whatever the loader opens stays open. */
function runNode(source: string, env: NodeJS.ProcessEnv = {}): { status: number | null; stdout: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", "tsx", "--input-type=module", "--eval", source],
    { cwd: root, encoding: "utf8", env: { ...process.env, LIBTORCH: "", ...env } },
  );
  return { status, stdout: stdout + (status === 0 ? "" : stderr) };
}

/** Source code that calls the loader itself and prints the error that it throws. */
function openDirectly(libtorch: string, implementation: string, minor: string): string {
  const libraries = ["libc10.so", "libtorch_cpu.so"].map((name) => join(libtorch, "lib", name));
  return `
    import { createRequire } from "node:module";
    const { open } = createRequire("/")(${JSON.stringify(loaderFile)});
    try {
      open(${JSON.stringify(libraries)}, ${JSON.stringify(implementation)}, ${JSON.stringify(minor)});
      console.log("opened without an error");
    } catch (error) {
      console.log(error.code + ": " + error.message);
    }`;
}

/** Source code that loads the addon as the package does and prints the error that it throws. */
const loadAddon = `
  import { loadAddon } from ${JSON.stringify(join(root, "lib/native/loader.ts"))};
  const before = process.listenerCount("exit");
  try {
    const addon = await loadAddon();
    const same = addon === await loadAddon();
    console.log(same ? "the same addon" : "a different addon", process.listenerCount("exit") - before);
  } catch (error) {
    console.log(error.code + ": " + error.message);
  }`;

/** A folder of binaries like build/Release, with a fake implementation. */
function fakeBinaries(folder: string, minor: string): string {
  mkdirSync(folder, { recursive: true });
  copyFileSync(loaderFile, join(folder, "reverse_distillation.node"));
  fakeImplementation(join(folder, `reverse_distillation-cpu-torch${minor}.so`));
  return folder;
}

test("the loader is a few kilobytes and needs no glibc later than 2.34", (t) => {
  const bytes = readFileSync(loaderFile);
  t.true(bytes.length < 32_768);
  const minors = [...bytes.toString("latin1").matchAll(/GLIBC_2\.(\d+)/g)].map((match) => Number(match[1]));
  t.true(minors.length > 0 && Math.max(...minors) <= 34);
});

test("a LibTorch of another minor version is refused before the implementation is opened", (t) => {
  const folder = temporaryFolder(t);
  const libtorch = openableLibTorch(join(folder, "torch"), "2.14");
  const implementation = fakeImplementation(join(folder, "reverse_distillation-cpu-torch2.13.so"));
  t.is(
    runNode(openDirectly(libtorch, implementation, "2.13")).stdout,
    "LIBTORCH_INCOMPATIBLE: the native addon was built against LibTorch 2.13 and does not run on LibTorch 2.14 " +
      `(${libtorch}/lib/libtorch_cpu.so)\n`,
  );
});

test("a LibTorch that lies about its version is refused, with advice on what to do", (t) => {
  const folder = temporaryFolder(t);
  const REVERSE_DISTILLATION_ADDON = fakeBinaries(join(folder, "binaries"), "2.13");
  const LIBTORCH = fakeLibTorch(openableLibTorch(join(folder, "torch"), "2.12"), { libraries: [] });
  t.is(
    runNode(loadAddon, { LIBTORCH, REVERSE_DISTILLATION_ADDON }).stdout,
    `LIBTORCH_INCOMPATIBLE: The variable LIBTORCH is ${LIBTORCH}, which cannot be used: LibTorch 2.13.0+cpu: ` +
      `the native addon was built against LibTorch 2.13 and does not run on LibTorch 2.12 (${LIBTORCH}/lib/libtorch_cpu.so). ` +
      "Set it to the folder of the CPU build of LibTorch 2.13, or leave it unset.\n",
  );
});

test("if the system cannot open a library, the error quotes the system's reason", (t) => {
  const folder = temporaryFolder(t);
  const { stdout } = runNode(openDirectly(fakeLibTorch(join(folder, "torch")), "/none", "2.13"));
  t.regex(stdout, /^LIBTORCH_INCOMPATIBLE: cannot open a shared library: .*libc10\.so/);
});

test("a second LibTorch in one process is refused, naming the first", (t) => {
  const folder = temporaryFolder(t);
  const first = openableLibTorch(join(folder, "first"), "2.13");
  const second = openableLibTorch(join(folder, "second"), "2.13");
  const implementation = fakeImplementation(join(folder, "reverse_distillation-cpu-torch2.13.so"));
  const source = `
    ${openDirectly(first, implementation, "2.13")}
    try {
      open([${JSON.stringify(join(second, "lib/libc10.so"))}], "/none", "2.13");
    } catch (error) {
      console.log(error.code + ": " + error.message);
    }`;
  t.is(
    runNode(source).stdout,
    "opened\nopened without an error\n" +
      `LIBTORCH_INCOMPATIBLE: cannot open ${second}/lib/libc10.so: ${first}/lib/libc10.so is already loaded, ` +
      "and a process can hold only one of them\n",
  );
});

test("arguments of the wrong type are an error", (t) => {
  const source = openDirectly("/none", "/none", "2.13").replace(/open\(\[.*\);/, "open();");
  t.regex(runNode(source).stdout, /^INTERNAL: open\(\) expects/);
});

test("the addon is opened once, and shut down once when the process exits", (t) => {
  const folder = temporaryFolder(t);
  const REVERSE_DISTILLATION_ADDON = fakeBinaries(join(folder, "binaries"), "2.13");
  const LIBTORCH = openableLibTorch(join(folder, "torch"), "2.13");
  const { status, stdout } = runNode(`${loadAddon}; process.exit(0)`, {
    LIBTORCH,
    REVERSE_DISTILLATION_ADDON,
  });
  t.is(status, 0);
  t.is(stdout, "opened\nthe same addon 1\nshutdown\n");
});

test("several worker threads can open the addon, each with its own exit listener", (t) => {
  const folder = temporaryFolder(t);
  const REVERSE_DISTILLATION_ADDON = fakeBinaries(join(folder, "binaries"), "2.13");
  const LIBTORCH = openableLibTorch(join(folder, "torch"), "2.13");
  const worker = `
    import { createRequire } from "node:module";
    const { open } = createRequire("/")(${JSON.stringify(join(REVERSE_DISTILLATION_ADDON, "reverse_distillation.node"))});
    const names = ["libc10.so", "libtorch_cpu.so"].map((name) => process.env.LIBTORCH + "/lib/" + name);
    const implementation = process.env.REVERSE_DISTILLATION_ADDON + "/reverse_distillation-cpu-torch2.13.so";
    open(names, implementation, "2.13").shutdown();`;
  const source = `
    import { Worker } from "node:worker_threads";
    const code = new URL("data:text/javascript," + encodeURIComponent(${JSON.stringify(worker)}));
    const start = () => new Promise((done) => new Worker(code).on("error", console.log).on("exit", done));
    await Promise.all([start(), start(), start()]);
    await start();`;
  const { status, stdout } = runNode(source, { LIBTORCH, REVERSE_DISTILLATION_ADDON });
  t.is(status, 0);
  t.is(stdout, `opened\n${"shutdown\n".repeat(4)}`);
});

test("a missing, incomplete or truncated addon is reported as such", (t) => {
  const folder = temporaryFolder(t);
  const LIBTORCH = openableLibTorch(join(folder, "torch"), "2.13");
  const load = (REVERSE_DISTILLATION_ADDON: string): string =>
    runNode(loadAddon, { LIBTORCH, REVERSE_DISTILLATION_ADDON }).stdout;
  t.regex(load(folder), /^ADDON_NOT_FOUND: The variable REVERSE_DISTILLATION_ADDON is .* `npm run setup`/);

  const incomplete = join(folder, "incomplete");
  mkdirSync(incomplete);
  copyFileSync(loaderFile, join(incomplete, "reverse_distillation.node"));
  t.regex(load(incomplete), /^ADDON_NOT_FOUND: .* contains the loader but no reverse_distillation-<backend>/);

  const short = fakeBinaries(join(folder, "short"), "2.13");
  truncateSync(join(short, "reverse_distillation-cpu-torch2.13.so"), 2000);
  t.regex(
    load(short),
    /^ADDON_NOT_FOUND: .*torch2\.13\.so is truncated: it has 2000 of \d+ bytes\. .*`npm run setup`/,
  );
});

/** What a search says of the package with LibTorch, which no checkout has. */
const notInstalled =
  "  package: reverse-distillation-libtorch: not installed; npm installs it with this package on Linux x64 with glibc, " +
  "unless optional dependencies are left out\n";

test("the implementation that matches the LibTorch found is opened, and a variable can choose the backend", (t) => {
  const folder = temporaryFolder(t);
  const REVERSE_DISTILLATION_ADDON = join(folder, "binaries");
  mkdirSync(REVERSE_DISTILLATION_ADDON);
  copyFileSync(loaderFile, join(REVERSE_DISTILLATION_ADDON, "reverse_distillation.node"));
  for (const [backend, minor] of [
    ["cpu", "2.13"],
    ["cuda", "2.14"],
  ])
    fakeImplementation(
      join(REVERSE_DISTILLATION_ADDON, `reverse_distillation-${backend}-torch${minor}.so`),
      `opened ${backend}`,
    );
  const REVERSE_DISTILLATION_CACHE = join(folder, "cache");
  const cpu = openableLibTorch(join(REVERSE_DISTILLATION_CACHE, "libtorch", "2.13.0+cpu"), "2.13");
  const cuda = openableLibTorch(join(REVERSE_DISTILLATION_CACHE, "libtorch", "2.14.0+cu130"), "2.14", "cuda");
  const load = (variables: NodeJS.ProcessEnv): string =>
    runNode(`${loadAddon}; process.exit(0)`, {
      REVERSE_DISTILLATION_ADDON,
      REVERSE_DISTILLATION_CACHE,
      PATH: "",
      ...variables,
    }).stdout;
  const outcome = (backend: string): string => `opened ${backend}\nthe same addon 1\nshutdown\n`;
  t.is(load({ LIBTORCH: cpu }), outcome("cpu"));
  t.is(load({ LIBTORCH: cuda }), outcome("cuda"));
  t.is(load({ REVERSE_DISTILLATION_BACKEND: "cpu" }), outcome("cpu"));
  t.is(load({ REVERSE_DISTILLATION_BACKEND: "cuda" }), outcome("cuda"));
  t.is(load({}), outcome(nvidiaDriver() === undefined ? "cpu" : "cuda"));

  rmSync(cuda, { recursive: true });
  t.is(
    load({ REVERSE_DISTILLATION_BACKEND: "cuda" }),
    "LIBTORCH_INCOMPATIBLE: No compatible LibTorch was found. The native addon needs the CUDA build of LibTorch 2.14. " +
      "Searched:\n" +
      notInstalled +
      `  cache: ${cpu}: LibTorch 2.13.0+cpu: the CUDA build of LibTorch 2.14 is needed\n` +
      "  python: python3 on the PATH: not found\n" +
      "  python: python on the PATH: not found\n" +
      "Run `npx reverse-distillation libtorch install --cuda` to install one, or set LIBTORCH to the folder of the CUDA " +
      "build of LibTorch 2.14 (such as the Python package torch), or run `npm rebuild reverse-distillation` to build the " +
      "addon for the LibTorch found.\n",
  );
});

test("if no LibTorch is compatible, every place that was searched is listed with its reason", (t) => {
  const folder = temporaryFolder(t);
  const REVERSE_DISTILLATION_ADDON = fakeBinaries(join(folder, "binaries"), "2.13");
  const REVERSE_DISTILLATION_CACHE = join(folder, "cache");
  const PATH = "";
  const load = (): string =>
    runNode(loadAddon, { REVERSE_DISTILLATION_ADDON, REVERSE_DISTILLATION_CACHE, PATH }).stdout;
  t.true(
    load().startsWith(
      "LIBTORCH_NOT_FOUND: No compatible LibTorch was found. The native addon needs the CPU build of LibTorch 2.13. " +
        "Searched:\n" +
        notInstalled +
        `  cache: ${REVERSE_DISTILLATION_CACHE}/libtorch: empty\n` +
        "  python: python3 on the PATH: not found\n" +
        "  python: python on the PATH: not found\n" +
        "Run `npx reverse-distillation libtorch install` to install one, or set LIBTORCH to the folder of the CPU build " +
        "of LibTorch 2.13 (such as the Python package torch).",
    ),
  );
  fakeLibTorch(join(REVERSE_DISTILLATION_CACHE, "libtorch", "2.14.0+cpu"), { version: "2.14.0+cpu" });
  t.regex(
    load(),
    /^LIBTORCH_INCOMPATIBLE: [^]*LibTorch 2\.14\.0\+cpu: the CPU build of LibTorch 2\.13 is needed[^]*, or run `npm rebuild reverse-distillation` to build/,
  );
});
