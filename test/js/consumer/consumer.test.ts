import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import anyTest from "ava";
import { pinnedLibTorch } from "../../../lib/native/libtorch/pins.js";
import { fakeLibTorch } from "../support/fake-libtorch.js";
import {
  firstUse,
  linkedLibTorch,
  Machine,
  pack,
  pinnedCudaHere,
  pinnedHere,
  succeeds,
  tool,
  versionHere,
  type Ended,
} from "./project.js";

/**
 * Tests the package as users get it: packed, and installed by npm into an empty project, on a machine that has only
 * Node.js and npm. LibTorch is the one that the other tests use.
 */

const libtorch = await pinnedHere();
const test = libtorch === undefined ? anyTest.skip : anyTest.serial;
const libtorchForCuda = libtorch && (await pinnedCudaHere());
const testWithCuda = libtorchForCuda === undefined ? anyTest.skip : anyTest.serial;
const machine = new Machine();
const LIBTORCH = libtorch?.directory ?? "";
/** The LibTorch that the package needs, as its errors describe it. */
const needed =
  libtorchForCuda === undefined
    ? "the CPU build of LibTorch 2.13"
    : "the CPU build of LibTorch 2.13 or the CUDA build of LibTorch 2.14";
let tarball = "";
/** A project with the package installed by npm. */
let project = "";
let installed: Ended;

const development = ["typescript", "@types/node"].map((name) => `${name}@${versionHere(name)}`);

if (libtorch !== undefined)
  anyTest.serial.before(async (t) => {
    t.timeout(600_000);
    tarball = pack(machine.folder, { cuda: libtorchForCuda !== undefined });
    project = machine.project("my project");
    installed = await machine.npm(["install", tarball, ...development, "--foreground-scripts"], {
      cwd: project,
    });
  });
anyTest.after.always(() => machine.remove());

const packageFolder = (): string => join(project, "node_modules", "reverse-distillation");

/** ESM that trains on four images, saves, loads, scores, and prints a number. */
const useIt = `
const images = [0, 1, 2, 3].map((seed) => ({
  data: Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * (7 + seed)) % 251),
  width: 64, height: 64, channels: 3 as const,
}));
const options = { imageSize: 64, epochs: 1, batchSize: 2, threads: 1 };
const detector = await train(images, options);
const first = await detector.score(images[0]!);
await detector.save("model.safetensors");
await detector.dispose();
const loaded = await Detector.load("model.safetensors");
const second = await loaded.score(images[0]!);
await loaded.dispose();
if (second.score !== first.score || !Number.isFinite(first.score)) throw new Error("the loaded detector gives a different score");
console.log("scored", first.map.width, first.map.height);
`;

/** Typed code that uses the subpath that needs no LibTorch. */
const prepareIt = `
const raw = { data: new Uint8Array(40 * 30 * 3).fill(255), width: 40, height: 30, channels: 3 as const };
const pixels: Pixels = await preprocess(raw, 64);
console.log(pixels.dims.join(), normalise(pixels, "none").data.every((value) => value === 1));
`;

/** Hides the machine's GPUs. */
const withoutGpu = { CUDA_VISIBLE_DEVICES: "" };

function use(name: string, source: string, variables: NodeJS.ProcessEnv = { LIBTORCH }): Promise<Ended> {
  writeFileSync(join(project, name), source);
  return machine.node([name], { cwd: project, env: variables });
}

test("npm installs the package and runs its script, and nothing is compiled", (t) => {
  t.is(installed.code, 0, installed.stderr);
  t.is(machine.compiled, "");
  t.false(existsSync(join(packageFolder(), "build")));
  // npm ran only the package's own script, and no build of its own accord.
  const own = [...installed.stdout.matchAll(/^> reverse-distillation@.*\n> (.*)$/gm)].map(
    ([, command]) => command,
  );
  t.deepEqual(own, ["node scripts/install.mjs"]);
  machine.removeCompilers();
});

test("the tarball is under 3 MB and contains only what is needed to run and to rebuild", (t) => {
  t.true(statSync(tarball).size < 3e6);
  t.deepEqual(
    readdirSync(packageFolder())
      .filter((name) => !name.startsWith("."))
      .sort(),
    [
      "CHANGELOG.md",
      "CMakeLists.txt",
      "LICENSE",
      "README.md",
      "THIRD_PARTY_LICENSES",
      "dist",
      "native",
      "package.json",
      "prebuilds",
      "scripts",
    ],
  );
  const binaries = readdirSync(join(packageFolder(), "prebuilds", "linux-x64"));
  t.deepEqual(binaries.sort(), [
    `reverse_distillation-cpu-torch${pinnedLibTorch.cpu.minor}.so`,
    ...(libtorchForCuda ? [`reverse_distillation-cuda-torch${pinnedLibTorch.cuda.minor}.so`] : []),
    "reverse_distillation.glibc.node",
  ]);
});

test("the package's types compile with TypeScript's strictest settings, as ESM and as CommonJS", async (t) => {
  writeFileSync(
    join(project, "esm.mts"),
    `import { Detector, train } from "reverse-distillation";\n${useIt}`,
  );
  const commonjs = `import api = require("reverse-distillation");\nconst { Detector, train } = api;\nvoid (async () => {${useIt}})();`;
  writeFileSync(join(project, "cjs.cts"), commonjs);
  const imported = `import { normalise, preprocess, type Pixels } from "reverse-distillation/preprocess";\n`;
  writeFileSync(join(project, "prepare.mts"), imported + prepareIt);
  const required = `import api = require("reverse-distillation/preprocess");\nconst { normalise, preprocess } = api;\ntype Pixels = api.Pixels;\n`;
  writeFileSync(join(project, "prepare-cjs.cts"), `${required}void (async () => {${prepareIt}})();`);
  const compilerOptions = {
    ...{
      target: "ES2022",
      lib: ["ES2022"],
      module: "NodeNext",
      types: ["node"],
      strict: true,
      skipLibCheck: false,
    },
    ...{
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      noPropertyAccessFromIndexSignature: true,
    },
  };
  writeFileSync(
    join(project, "tsconfig.json"),
    JSON.stringify({ compilerOptions, files: ["esm.mts", "cjs.cts", "prepare.mts", "prepare-cjs.cts"] }),
  );
  await succeeds(t, machine.node([join("node_modules", "typescript", "bin", "tsc")], { cwd: project }));
});

test("an ESM program can import the package, train, save, load and score", async (t) => {
  t.is(await succeeds(t, machine.node(["esm.mjs"], { cwd: project, env: { LIBTORCH } })), "scored 64 64\n");
});

test("a CommonJS program can do the same", async (t) => {
  t.is(await succeeds(t, machine.node(["cjs.cjs"], { cwd: project, env: { LIBTORCH } })), "scored 64 64\n");
});

test("the subpath preprocess works without LibTorch, imported and required", async (t) => {
  for (const name of ["prepare.mjs", "prepare-cjs.cjs"])
    t.is(await succeeds(t, machine.node([name], { cwd: project })), "1,64,64,3 true\n");
});

test("the package works if npm ignores scripts", async (t) => {
  const other = machine.project("without scripts");
  await succeeds(t, machine.npm(["install", tarball, "--ignore-scripts"], { cwd: other }));
  writeFileSync(join(other, "app.js"), firstUse);
  t.is(await succeeds(t, machine.node(["app.js"], { cwd: other, env: { LIBTORCH } })), "trained\n");
  rmSync(other, { recursive: true });
});

test("the package works if pnpm installs it, which runs no scripts of dependencies", async (t) => {
  const other = machine.project("with pnpm");
  const store = join(machine.folder, "pnpm-store");
  const args = [tool("pnpm/bin/pnpm.cjs"), "add", tarball, "--store-dir", store, "--reporter", "append-only"];
  await succeeds(
    t,
    machine.node(args, { cwd: other, env: { npm_config_manage_package_manager_versions: "false" } }),
  );
  writeFileSync(join(other, "app.js"), firstUse);
  t.is(await succeeds(t, machine.node(["app.js"], { cwd: other, env: { LIBTORCH } })), "trained\n");
  rmSync(other, { recursive: true });
});

test("the package works in a read-only node_modules", async (t) => {
  writeFileSync(join(project, "app.js"), firstUse);
  // A read-only mount, since root may write whatever the permissions are.
  const script =
    "mount --bind node_modules node_modules && mount -o remount,ro,bind node_modules || exit 77; ! touch node_modules/x 2>/dev/null || exit 78; exec node app.js";
  const env = { LIBTORCH, PATH: `${machine.env().PATH}:${process.env.PATH}` };
  const { code, stdout, stderr } = await machine
    .run("unshare", ["-rm", "sh", "-c", script], { cwd: project, env })
    .catch((error: unknown) => ({ code: 77, stdout: "", stderr: String(error) }));
  if (code === 77 || /unshare failed/.test(stderr)) {
    console.error(`SKIPPED: test of a read-only node_modules, which needs the right to mount: ${stderr}`);
    t.pass();
    return;
  }
  t.deepEqual([code, stdout], [0, "trained\n"], stderr);
});

test("without LibTorch, the first use lists what was searched and the command that installs LibTorch", async (t) => {
  t.is(
    await succeeds(t, use("app.js", firstUse, {})),
    "ReverseDistillationError, LIBTORCH_NOT_FOUND: No compatible LibTorch was found. The native addon needs " +
      `${needed}. Searched:\n` +
      "  package: reverse-distillation-libtorch: not installed; npm installs it with this package on Linux x64 with " +
      "glibc, unless optional dependencies are left out\n" +
      `  cache: ${join(machine.folder, "cache", "libtorch")}: empty\n` +
      "  python: python3 on the PATH: not found\n" +
      "  python: python on the PATH: not found\n" +
      `Run \`npx reverse-distillation libtorch install\` to install one, or set LIBTORCH to the folder of ${needed} ` +
      "(such as the Python package torch).\n",
  );
});

test("the error for a LibTorch of another minor version reads as expected", async (t) => {
  const other = fakeLibTorch(join(machine.folder, "LibTorch 2.12"), { version: "2.12.1+cpu" });
  t.is(
    await succeeds(t, use("app.js", firstUse, { LIBTORCH: other })),
    `ReverseDistillationError, LIBTORCH_INCOMPATIBLE: The variable LIBTORCH is ${other}, which cannot be used: ` +
      `LibTorch 2.12.1+cpu: ${needed} is needed. Set it to the folder of ${needed}, or leave it unset.\n`,
  );
});

test("the error for a truncated LibTorch reads as expected", async (t) => {
  const other = linkedLibTorch(join(machine.folder, "LibTorch truncated"), libtorch!);
  const library = join(other, "lib", "libtorch_cpu.so");
  const whole = statSync(library).size;
  copyStart(libtorch!.libraries[1]!, library, 1_000_000);
  const { stdout } = await use("app.js", firstUse, { LIBTORCH: other });
  const [, least = "0"] = /of (\d+) bytes/.exec(stdout) ?? [];
  t.true(Number(least) <= whole && Number(least) > whole / 2);
  t.is(
    stdout,
    `ReverseDistillationError, LIBTORCH_INCOMPATIBLE: The variable LIBTORCH is ${other}, which cannot be used: ` +
      `LibTorch 2.13.0+cpu: ${library} is truncated: it has 1000000 of ${least} bytes. ` +
      `Set it to the folder of ${needed}, or leave it unset.\n`,
  );
});

test("the error for a CUDA build without a matching binary reads as expected", async (t) => {
  const libraries = ["libc10.so", "libtorch_cpu.so", "libc10_cuda.so", "libtorch_cuda.so"];
  const other = fakeLibTorch(join(machine.folder, "LibTorch CUDA"), { version: "2.13.0+cu130", libraries });
  t.is(
    await succeeds(t, use("app.js", firstUse, { LIBTORCH: other })),
    `ReverseDistillationError, LIBTORCH_INCOMPATIBLE: The variable LIBTORCH is ${other}, which cannot be used: ` +
      `LibTorch 2.13.0+cu130: a CUDA build; ${needed} is needed. ` +
      `Set it to the folder of ${needed}, or leave it unset.\n`,
  );
});

test("the error for requesting a GPU from a CPU build of LibTorch reads as expected", async (t) => {
  t.is(
    await succeeds(t, use("app.js", firstUse, { LIBTORCH, DEVICE: "cuda:0" })),
    'ReverseDistillationError, DEVICE_UNAVAILABLE: device "cuda:0" is not available: ' +
      'this build of the addon computes on the CPU only. Use "cpu" or "auto".\n',
  );
});

testWithCuda("with a CUDA build of LibTorch and no driver, everything works on the CPU", async (t) => {
  const env = { LIBTORCH: libtorchForCuda!.directory, ...withoutGpu };
  t.is(await succeeds(t, machine.node(["esm.mjs"], { cwd: project, env })), "scored 64 64\n");
  const [verdict] = readdirSync(join(machine.folder, "cache", "trials"))
    .map((name) => join(machine.folder, "cache", "trials", name))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  t.is(readFileSync(verdict!, "utf8"), "{}");
});

testWithCuda("the error for requesting a GPU without a driver reads as expected", async (t) => {
  const env = { LIBTORCH: libtorchForCuda!.directory, ...withoutGpu };
  t.is(
    await succeeds(t, use("app.js", firstUse, { ...env, DEVICE: "cuda:0" })),
    'ReverseDistillationError, DEVICE_UNAVAILABLE: device "cuda:0" is not available: ' +
      'CUDA finds no GPU on this machine. Use "cpu" or "auto".\n',
  );
});

testWithCuda("the backend can be chosen by an option or a variable", async (t) => {
  const { directory, version } = libtorchForCuda!;
  const refused = (source: string): string =>
    `ReverseDistillationError, LIBTORCH_INCOMPATIBLE: ${source} is ${directory}, which cannot be used: ` +
    `LibTorch ${version}: a CUDA build; the CPU build of LibTorch 2.13 is needed. ` +
    "Set it to the folder of the CPU build of LibTorch 2.13, or leave it unset.\n";
  const byVariable = { LIBTORCH: directory, REVERSE_DISTILLATION_BACKEND: "cpu" };
  t.is(await succeeds(t, use("app.js", firstUse, byVariable)), refused("The variable LIBTORCH"));
  const configured = (options: object): string =>
    `import { configureNative } from "reverse-distillation";\nconfigureNative(${JSON.stringify(options)});\n${firstUse}`;
  t.is(
    await succeeds(t, use("app.js", configured({ backend: "cpu", libtorch: directory }), {})),
    refused("The option libtorch of configureNative()"),
  );
  t.is(
    await succeeds(t, use("app.js", configured({ backend: "cuda", libtorch: directory }), byVariable)),
    "trained\n",
  );
});

test("the command line runs without Python, and says what it needs to install LibTorch", async (t) => {
  const cli = (...args: string[]): Promise<Ended> =>
    machine.run(join(project, "node_modules", ".bin", "reverse-distillation"), args, { cwd: project });
  t.regex(await succeeds(t, cli("--version")), /^\d+\.\d+\.\d+\n$/);
  const { code, stdout, stderr } = await cli("libtorch", "install", "--cpu");
  t.deepEqual([code, stdout], [1, ""]);
  t.is(
    stderr,
    "error: LibTorch could not be downloaded: Python 3 with pip is needed and is not on the PATH (Debian, Ubuntu: apt " +
      "install python3-pip). Alternatively, download the wheels on another machine and install them from their files: " +
      "`npx reverse-distillation libtorch install --from <files>`. (LIBTORCH_NOT_FOUND)\n",
  );
});

test("doctor scores an image if LibTorch is found, and fails with the reason if it is not", async (t) => {
  interface Output {
    healthy: boolean;
    selfTest: { ok: boolean; message?: string };
    chosen: { backend: string; implementation: string; libtorch: string } | null;
    implementations: { backend: string; minor: string }[];
    advice: string[];
    machine: { platform: string; nvidia: object | null };
  }
  const doctor = async (variables: NodeJS.ProcessEnv): Promise<[number | null, Output]> => {
    const program = join(project, "node_modules", ".bin", "reverse-distillation");
    const { code, stdout } = await machine.run(program, ["doctor", "--json"], {
      cwd: project,
      env: variables,
    });
    return [code, JSON.parse(stdout) as Output];
  };
  const [code, well] = await doctor({ LIBTORCH });
  t.deepEqual([code, well.healthy, well.selfTest.ok, well.machine.platform], [0, true, true, "linux-x64"]);
  t.deepEqual(well.chosen, {
    backend: "cpu",
    implementation: join(packageFolder(), "prebuilds/linux-x64/reverse_distillation-cpu-torch2.13.so"),
    libtorch: LIBTORCH,
  });
  if (libtorchForCuda !== undefined) {
    const { directory } = libtorchForCuda;
    const [status, cuda] = await doctor({ LIBTORCH: directory, ...withoutGpu });
    t.deepEqual([status, cuda.selfTest.ok], [0, true], cuda.selfTest.message);
    t.deepEqual(cuda.chosen, {
      backend: "cuda",
      implementation: join(packageFolder(), "prebuilds/linux-x64/reverse_distillation-cuda-torch2.14.so"),
      libtorch: directory,
    });
    t.deepEqual(cuda.implementations.map(({ backend, minor }) => `${backend} ${minor}`).sort(), [
      "cpu 2.13",
      "cuda 2.14",
    ]);
    if (cuda.machine.nvidia === null)
      t.regex(cuda.advice.join(), /^No NVIDIA driver was found, so the CUDA build of LibTorch/);
  }
  const [failure, ill] = await doctor({});
  t.deepEqual([failure, ill.healthy, ill.chosen], [1, false, null]);
  t.regex(ill.selfTest.message ?? "", /^No compatible LibTorch was found\. The native addon needs/);
  t.regex(ill.advice[0] ?? "", /`npx reverse-distillation libtorch install`/);
});

test("npm rebuild builds nothing if a binary fits, and otherwise says what is missing", async (t) => {
  const rebuild = (variables: NodeJS.ProcessEnv): Promise<Ended> =>
    machine.npm(["rebuild", "reverse-distillation", "--foreground-scripts"], {
      cwd: project,
      env: variables,
    });
  t.regex(
    await succeeds(t, rebuild({ LIBTORCH })),
    new RegExp(
      `^Nothing to build: a binary of this package fits LibTorch ${escaped(libtorch!.version)}`,
      "m",
    ),
  );
  t.regex(
    await succeeds(t, rebuild({})),
    /^Nothing to build: there is no LibTorch yet\. `npx reverse-distillation libtorch install`/m,
  );

  const other = fakeLibTorch(join(machine.folder, "LibTorch to build against"), { version: "2.12.1+cpu" });
  const without = await rebuild({ LIBTORCH: other });
  t.not(without.code, 0);
  t.regex(
    without.stdout + without.stderr,
    /^reverse-distillation: CMake is not on the PATH\. Install CMake 3\.18 or later/m,
  );

  const headerless = fakeLibTorch(join(machine.folder, "LibTorch without headers"), {
    version: "2.12.1+cpu",
    headers: false,
  });
  const lacking = await rebuild({ LIBTORCH: headerless });
  t.not(lacking.code, 0);
  t.regex(lacking.stdout + lacking.stderr, /its headers are missing: /);
  t.false(existsSync(join(packageFolder(), "build")));
});

test("npm rebuild for a CUDA build of LibTorch says that CUDA's compiler is missing", async (t) => {
  const libraries = ["libc10.so", "libtorch_cpu.so", "libc10_cuda.so", "libtorch_cuda.so"];
  const folder = join(machine.folder, "LibTorch 2.12 for CUDA");
  const other = fakeLibTorch(folder, { version: "2.12.1+cu130", libraries });
  const rebuilt = await machine.npm(["rebuild", "reverse-distillation", "--foreground-scripts"], {
    cwd: project,
    env: {
      LIBTORCH: other,
      CUDACXX: "/nonexistent/nvcc",
      PATH: `${machine.env().PATH}:${process.env.PATH}`,
    },
  });
  t.not(rebuilt.code, 0);
  const [told] = /^reverse-distillation: .*$/m.exec(rebuilt.stdout + rebuilt.stderr) ?? [];
  t.is(
    told,
    `reverse-distillation: LibTorch 2.12.1+cu130 (${other}) is a build for CUDA, and CUDA's compiler is missing (tried ` +
      "/nonexistent/nvcc). Install the CUDA toolkit of the version that PyTorch was built for, then put nvcc on the " +
      "PATH or name it in CUDACXX.",
  );
  t.false(existsSync(join(packageFolder(), "build")));
});

test("on a system without a published binary, the error says how to build one", async (t) => {
  const folder = join(packageFolder(), "prebuilds", "linux-x64");
  const loader = readdirSync(folder).find((name) => name.endsWith(".node"))!;
  // As node-gyp-build sees it on Alpine.
  t.is(
    await succeeds(t, use("app.js", firstUse, { LIBTORCH, LIBC: "musl" })),
    `ReverseDistillationError, ADDON_NOT_FOUND: ${packageFolder()} contains no native addon for this platform (linux-x64). ` +
      "Run `npm rebuild reverse-distillation` to build the native addon (in a checkout of the repository: " +
      "`npm run setup`), or set REVERSE_DISTILLATION_ADDON to the folder of one that is already built.\n",
  );
  t.true(loader.includes(".glibc."));
});

function copyStart(from: string, to: string, length: number): void {
  const bytes = Buffer.alloc(length);
  const file = openSync(from, "r");
  readSync(file, bytes, 0, length, 0);
  closeSync(file);
  rmSync(to);
  writeFileSync(to, bytes);
}

function escaped(text: string): string {
  return text.replaceAll(/[.+]/g, (mark) => `\\${mark}`);
}
