import { chmodSync, chownSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { ReverseDistillationError } from "../../../lib/errors/error.js";
import { cacheDirectory } from "../../../lib/files/cache.js";
import { elfDefect } from "../../../lib/native/elf.js";
import { inspectLibTorch } from "../../../lib/native/libtorch/inspect.js";
import {
  buildable,
  describePassedOver,
  findLibTorch,
  lookForLibTorch,
  type PassedOver,
} from "../../../lib/native/libtorch/search.js";
import { fakeLibTorch, sharedLibraryBytes, temporaryFolder } from "../support/fake-libtorch.js";

const wants213 = { builds: [{ backend: "cpu", minor: "2.13" }] } as const;

/** A folder with a `python3` that always prints the given path. */
function fakePython(folder: string, torch: string): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "python3"), `#!/bin/sh\necho "${torch}"\n`, { mode: 0o755 });
  symlinkSync("/bin/sh", join(folder, "sh"));
  return folder;
}

/** The npm package with LibTorch is not installed in a checkout. */
const notInstalled: PassedOver = {
  origin: "package",
  place: "reverse-distillation-libtorch",
  reason:
    "not installed; npm installs it with this package on Linux x64 with glibc, unless optional dependencies are left out",
  exists: false,
};

test("a CPU build of the required version is accepted, and its full version is read", (t) => {
  const directory = fakeLibTorch(temporaryFolder(t));
  t.deepEqual(inspectLibTorch(directory, { ...wants213, headers: true }), {
    directory,
    version: "2.13.0+cpu",
    minor: "2.13",
    backend: "cpu",
    libraries: [join(directory, "lib", "libc10.so"), join(directory, "lib", "libtorch_cpu.so")],
  });
});

test("the version of a LibTorch archive is read from build-version, or else from the headers", (t) => {
  const archive = fakeLibTorch(temporaryFolder(t), { version: "9.9.9" });
  writeFileSync(join(archive, "version.py"), "");
  const version = join(archive, "include", "torch", "headeronly", "version.h");
  mkdirSync(join(version, ".."), { recursive: true });
  writeFileSync(
    version,
    "#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR 13\n#define TORCH_VERSION_PATCH 1\n",
  );
  t.like(inspectLibTorch(archive, wants213), { version: "2.13.1", minor: "2.13" });
  writeFileSync(join(archive, "build-version"), "2.13.2+cpu\n");
  t.like(inspectLibTorch(archive, wants213), { version: "2.13.2+cpu", minor: "2.13" });
});

test("another minor version, a CUDA build and a ROCm build are rejected with the reason", (t) => {
  const folder = temporaryFolder(t);
  const reason = (name: string, version: string, libraries?: string[]): unknown =>
    inspectLibTorch(fakeLibTorch(join(folder, name), { version, libraries }), wants213);
  t.deepEqual(reason("old", "2.12.1+cpu"), {
    reason: "LibTorch 2.12.1+cpu: the CPU build of LibTorch 2.13 is needed",
    exists: true,
    version: "2.12.1+cpu",
  });
  t.deepEqual(reason("cuda", "2.13.0+cu130"), {
    reason: "LibTorch 2.13.0+cu130: a CUDA build; the CPU build of LibTorch 2.13 is needed",
    exists: true,
    version: "2.13.0+cu130",
  });
  t.deepEqual(reason("plain", "2.13.0", ["libc10.so", "libtorch_cpu.so", "libtorch_cuda.so"]), {
    reason: "LibTorch 2.13.0: a CUDA build; the CPU build of LibTorch 2.13 is needed",
    exists: true,
    version: "2.13.0",
  });
  t.deepEqual(reason("rocm", "2.13.0+rocm7.0"), {
    reason: "LibTorch 2.13.0+rocm7.0: a ROCm build; the CPU build of LibTorch 2.13 is needed",
    exists: true,
    version: "2.13.0+rocm7.0",
  });
});

test("only versions from 2.11 to 2.14 can be built against", (t) => {
  const folder = temporaryFolder(t);
  const fits = ["2.1", "2.10", "2.11", "2.12", "2.13", "2.14", "2.15"].filter((minor) => {
    const directory = fakeLibTorch(join(folder, minor), { version: `${minor}.0+cpu` });
    return !("reason" in inspectLibTorch(directory, { builds: buildable("cpu"), headers: true }));
  });
  t.deepEqual(fits, ["2.11", "2.12", "2.13", "2.14"]);
});

test("a library that is missing, truncated or for another processor is named", (t) => {
  const directory = fakeLibTorch(temporaryFolder(t), { libraries: ["libc10.so"] });
  const library = join(directory, "lib", "libtorch_cpu.so");
  const reason = (): unknown => inspectLibTorch(directory, wants213);
  t.like(reason(), { reason: `LibTorch 2.13.0+cpu: ${library} is missing` });
  writeFileSync(library, sharedLibraryBytes());
  truncateSync(library, 150);
  t.like(reason(), { reason: `LibTorch 2.13.0+cpu: ${library} is truncated: it has 150 of 192 bytes` });
  truncateSync(library, 20);
  t.like(reason(), { reason: `LibTorch 2.13.0+cpu: ${library} is truncated: it has 20 bytes` });
  writeFileSync(library, sharedLibraryBytes(8));
  t.like(reason(), {
    reason: `LibTorch 2.13.0+cpu: ${library} is not built for this processor (${process.arch})`,
  });
  writeFileSync(library, Buffer.alloc(100, "x"));
  t.like(reason(), {
    reason: `LibTorch 2.13.0+cpu: ${library} is not a shared library (64-bit little-endian ELF)`,
  });
});

test("a file that ends before one of its segments counts as truncated", (t) => {
  const path = join(temporaryFolder(t), "library.so");
  const bytes = sharedLibraryBytes();
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(1, 56);
  bytes.writeBigUInt64LE(100n, 64 + 8);
  bytes.writeBigUInt64LE(5000n, 64 + 32);
  writeFileSync(path, bytes);
  t.is(elfDefect(path), `${path} is truncated: it has 192 of 5100 bytes`);
});

test("no defect is found in the program that runs this test", (t) => {
  t.is(elfDefect(process.execPath), undefined);
});

test("headers are required only for building", (t) => {
  const directory = fakeLibTorch(temporaryFolder(t), { headers: false });
  t.false("reason" in inspectLibTorch(directory, wants213));
  t.like(inspectLibTorch(directory, { ...wants213, headers: true }), { exists: true });
});

test("an unusable LIBTORCH is an error that says what is needed", async (t) => {
  const folder = temporaryFolder(t);
  const old = fakeLibTorch(join(folder, "old"), { version: "2.12.0+cpu" });
  await t.throwsAsync(findLibTorch(wants213, { env: { LIBTORCH: old } }), {
    instanceOf: ReverseDistillationError,
    code: "LIBTORCH_INCOMPATIBLE",
    message:
      `The variable LIBTORCH is ${old}, which cannot be used: LibTorch 2.12.0+cpu: the CPU build of LibTorch 2.13 is needed. ` +
      "Set it to the folder of the CPU build of LibTorch 2.13, or leave it unset.",
  });
  await t.throwsAsync(findLibTorch(wants213, { env: { LIBTORCH: join(folder, "none") } }), {
    code: "LIBTORCH_NOT_FOUND",
  });
  await t.throwsAsync(findLibTorch(wants213, { env: { LIBTORCH: folder } }), { code: "LIBTORCH_NOT_FOUND" });
});

test("LIBTORCH comes before the cache, and the cache before Python", async (t) => {
  const folder = temporaryFolder(t);
  const chosen = fakeLibTorch(join(folder, "chosen"));
  const cached = fakeLibTorch(join(folder, "cache", "libtorch", "2.13.0+cpu"));
  const pythons = fakeLibTorch(join(folder, "site-packages", "torch"));
  const PATH = fakePython(join(folder, "bin"), pythons);
  const cache = { REVERSE_DISTILLATION_CACHE: join(folder, "cache") };
  t.like((await findLibTorch(wants213, { env: { LIBTORCH: chosen, ...cache, PATH } })).found, {
    origin: "chosen",
    directory: chosen,
  });
  t.like((await findLibTorch(wants213, { env: { ...cache, PATH } })).found, {
    origin: "cache",
    directory: cached,
  });
  const { found, passedOver } = await findLibTorch(wants213, {
    env: { REVERSE_DISTILLATION_CACHE: folder, PATH },
  });
  t.like(found, { origin: "python", directory: pythons });
  t.deepEqual(passedOver, [
    notInstalled,
    { origin: "cache", place: join(folder, "libtorch"), reason: "empty", exists: false },
  ]);
});

test("unsuitable ones are listed with the reason, in the order of the search", async (t) => {
  const folder = temporaryFolder(t);
  const cache = join(folder, "libtorch");
  const newer = fakeLibTorch(join(cache, "2.14.0+cpu"), { version: "2.14.0+cpu" });
  fakeLibTorch(join(cache, ".unfinished-1"));
  const older = fakeLibTorch(join(cache, "2.9.0+cpu"), { version: "2.9.0+cpu" });
  const pythons = fakeLibTorch(join(folder, "torch"), { version: "2.13.0+cu130" });
  const PATH = fakePython(join(folder, "bin"), pythons);
  const { found, passedOver } = await findLibTorch(wants213, {
    env: { REVERSE_DISTILLATION_CACHE: folder, PATH },
  });
  t.is(found, undefined);
  t.is(
    describePassedOver(passedOver),
    [
      describePassedOver([notInstalled]),
      `  cache: ${newer}: LibTorch 2.14.0+cpu: the CPU build of LibTorch 2.13 is needed`,
      `  cache: ${older}: LibTorch 2.9.0+cpu: the CPU build of LibTorch 2.13 is needed`,
      `  python: ${pythons}: LibTorch 2.13.0+cu130: a CUDA build; the CPU build of LibTorch 2.13 is needed`,
      "  python: python on the PATH: not found",
    ].join("\n"),
  );
});

test("a cached LibTorch that other users could have put there is not used, and the reason says what to do", async (t) => {
  const folder = temporaryFolder(t);
  const cached = fakeLibTorch(join(folder, "libtorch", "2.13.0+cpu"));
  const env = { REVERSE_DISTILLATION_CACHE: folder, PATH: join(folder, "none") };
  for (const open of [folder, join(folder, "libtorch"), cached, join(cached, "lib")]) {
    chmodSync(open, 0o777);
    const { found, passedOver } = await findLibTorch(wants213, { env });
    t.is(found, undefined);
    t.true(passedOver[1]!.reason.startsWith(`every user may write to ${open}, `));
    t.true(passedOver[1]!.reason.endsWith(`run chmod o-w ${open}`));
    chmodSync(open, 0o755);
  }
  t.like((await findLibTorch(wants213, { env })).found, { origin: "cache" });
  // Only root can give a folder away.
  if (process.geteuid?.() !== 0) return;
  chownSync(cached, 54321, 54321);
  t.regex(
    (await findLibTorch(wants213, { env })).passedOver[1]!.reason,
    /belongs to user 54321, .*; if you trust it, set LIBTORCH/,
  );
});

test("environment variables set the cache's folder", (t) => {
  t.is(cacheDirectory({ REVERSE_DISTILLATION_CACHE: "/a", XDG_CACHE_HOME: "/b" }), "/a");
  t.is(cacheDirectory({ XDG_CACHE_HOME: "/b" }), "/b/reverse-distillation");
  t.regex(cacheDirectory({}), /\/\.cache\/reverse-distillation$/);
});

test("the folder that a wheel or an archive was unpacked into is accepted", (t) => {
  for (const name of ["torch", "libtorch"]) {
    const folder = temporaryFolder(t);
    const directory = fakeLibTorch(join(folder, name));
    t.like(inspectLibTorch(folder, wants213), { directory, version: "2.13.0+cpu" });
  }
});

test("a build must match a requirement in both backend and version", (t) => {
  const folder = temporaryFolder(t);
  const builds = [
    { backend: "cpu", minor: "2.13" },
    { backend: "cuda", minor: "2.14" },
  ] as const;
  const libraries = ["libc10.so", "libtorch_cpu.so", "libc10_cuda.so", "libtorch_cuda.so"];
  const inspect = (version: string, names?: string[]): unknown =>
    inspectLibTorch(fakeLibTorch(join(folder, version), { version, libraries: names }), { builds });
  t.like(inspect("2.13.0+cpu"), { backend: "cpu", minor: "2.13" });
  const cuda = inspect("2.14.1+cu130", libraries);
  t.like(cuda, { backend: "cuda", minor: "2.14" });
  t.deepEqual(
    (cuda as { libraries: string[] }).libraries,
    libraries.map((name) => join(folder, "2.14.1+cu130", "lib", name)),
  );
  t.like(inspect("2.13.1+cu130", libraries), {
    reason:
      "LibTorch 2.13.1+cu130: a CUDA build; " +
      "the CPU build of LibTorch 2.13 or the CUDA build of LibTorch 2.14 is needed",
  });
  t.like(inspect("2.14.0+cpu"), { exists: true });
});

test("a refused LibTorch is listed with the reason, and the next one is used", async (t) => {
  const folder = temporaryFolder(t);
  const newer = fakeLibTorch(join(folder, "libtorch", "2.13.1+cpu"), { version: "2.13.1+cpu" });
  const older = fakeLibTorch(join(folder, "libtorch", "2.13.0+cpu"));
  const { found, passedOver } = await findLibTorch(wants213, {
    env: { REVERSE_DISTILLATION_CACHE: folder, PATH: "" },
    refuse: ({ directory }) => (directory === newer ? "it crashes" : undefined),
  });
  t.is(found?.directory, older);
  t.is(describePassedOver(passedOver.slice(1)), `  cache: ${newer}: LibTorch 2.13.1+cpu: it crashes`);
});

async function listed<T>(places: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const place of places) all.push(place);
  return all;
}

test("lookForLibTorch goes on after the first suitable LibTorch", async (t) => {
  const folder = temporaryFolder(t);
  const older = fakeLibTorch(join(folder, "libtorch", "2.13.0+cpu"));
  const env = { REVERSE_DISTILLATION_CACHE: folder, PATH: "", LIBTORCH: join(folder, "none") };
  t.deepEqual(
    (await listed(lookForLibTorch(wants213, { env }))).map((looked) =>
      "libraries" in looked ? [looked.origin, looked.directory] : [looked.origin, looked.reason],
    ),
    [
      ["chosen", "the folder does not exist"],
      ["package", notInstalled.reason],
      ["cache", older],
      ["python", "not found"],
      ["python", "not found"],
    ],
  );
});
