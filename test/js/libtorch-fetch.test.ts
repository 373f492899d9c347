import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { fetchLibTorch, pinnedLibTorch } from "../../lib/native/libtorch-fetch.js";
import { inspectLibTorch } from "../../lib/native/libtorch-inspect.js";
import { fakeLibTorch, temporaryFolder } from "./fake-libtorch.js";

const python = execFileSync("python3", ["-c", "import sys; print(sys.executable)"], {
  encoding: "utf8",
}).trim();

const zipFolder = `
import os, sys, zipfile
with zipfile.ZipFile(sys.argv[2], "w") as archive:
    for folder, _, names in os.walk(sys.argv[1]):
        for name in names:
            path = os.path.join(folder, name)
            archive.write(path, os.path.relpath(path, sys.argv[1]))
`;

/**
 * An environment in which pip "downloads" a wheel of this version, made here, under the name of another
 * or the same; everything else is Python's own.
 */
function environment(
  t: ExecutionContext,
  version: string,
  named = version,
): NodeJS.ProcessEnv & { CACHE: string } {
  const folder = temporaryFolder(t);
  const content = join(folder, "content");
  fakeLibTorch(join(content, "torch"), {
    version,
    libraries: ["libc10.so", "libtorch_cpu.so", "libgomp.so.1", "libtorch_python.so"],
  });
  writeFileSync(join(content, "torch", "nn.py"), "");
  const wheel = join(folder, `torch-${named}-cp311-cp311-manylinux_2_28_x86_64.whl`);
  execFileSync(python, ["-c", zipFolder, content, wheel]);

  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const tool of ["sh", "cp", "mkdir"]) symlinkSync(`/bin/${tool}`, join(bin, tool));
  const script = `#!/bin/sh
if [ "$1" != -m ]; then exec "${python}" "$@"; fi
while [ "$1" != --dest ]; do shift; done
mkdir -p "$2" && cp "${wheel}" "$2"
`;
  writeFileSync(join(bin, "python3"), script, { mode: 0o755 });
  const cache = join(folder, "cache");
  return { PATH: bin, REVERSE_DISTILLATION_CACHE: cache, CACHE: join(cache, "libtorch") };
}

test("of the pinned wheel, the headers, the version and the run-time libraries are kept", async (t) => {
  const env = environment(t, pinnedLibTorch.version);
  const told: string[] = [];
  const directory = await fetchLibTorch({ env, report: (line) => told.push(line) });
  t.is(directory, join(env.CACHE, pinnedLibTorch.version));
  t.false("reason" in inspectLibTorch(directory, { minors: [pinnedLibTorch.minor], headers: true }));
  t.deepEqual(readdirSync(directory).sort(), ["include", "lib", "version.py"]);
  t.deepEqual(readdirSync(join(directory, "lib")).sort(), ["libc10.so", "libgomp.so.1", "libtorch_cpu.so"]);
  t.deepEqual(readdirSync(env.CACHE), [pinnedLibTorch.version]);
  t.is(told.length, 2);
});

test("another build is refused, by its name or by what it says of itself, and leaves nothing", async (t) => {
  for (const [version, named] of [
    ["2.13.0+cu130", "2.13.0+cu130"],
    ["2.14.1", "2.14.1"],
    ["2.13.0", pinnedLibTorch.version],
    ["2.12.0+cpu", pinnedLibTorch.version],
  ] as const) {
    const env = environment(t, version, named);
    const error = await t.throwsAsync(fetchLibTorch({ env }), { code: "LIBTORCH_INCOMPATIBLE" });
    t.true(error.message.includes(version));
    t.deepEqual(readdirSync(env.CACHE), []);
  }
});

test("several at once end with one whole folder", async (t) => {
  const env = environment(t, pinnedLibTorch.version);
  const folders = await Promise.all([1, 2, 3].map(() => fetchLibTorch({ env })));
  t.is(new Set(folders).size, 1);
  t.deepEqual(readdirSync(env.CACHE), [pinnedLibTorch.version]);
});

test("a damaged folder in its place is replaced", async (t) => {
  const env = environment(t, pinnedLibTorch.version);
  const there = fakeLibTorch(join(env.CACHE, pinnedLibTorch.version));
  truncateSync(join(there, "lib", "libtorch_cpu.so"), 100);
  const directory = await fetchLibTorch({ env });
  t.false("reason" in inspectLibTorch(directory, { minors: [pinnedLibTorch.minor] }));
  t.deepEqual(readdirSync(env.CACHE), [pinnedLibTorch.version]);
});

test("what a killed fetch left behind is removed after a day, and not before", async (t) => {
  const env = environment(t, pinnedLibTorch.version);
  const [old, recent] = [join(env.CACHE, ".unfinished-old"), join(env.CACHE, ".unfinished-recent")];
  mkdirSync(old, { recursive: true });
  mkdirSync(recent);
  const twoDaysAgo = Date.now() / 1000 - 2 * 24 * 3600;
  utimesSync(old, twoDaysAgo, twoDaysAgo);
  await fetchLibTorch({ env });
  t.deepEqual(readdirSync(env.CACHE).sort(), [".unfinished-recent", pinnedLibTorch.version]);
});

test("where pip is missing or fails, the error says what to do instead", async (t) => {
  const env = environment(t, pinnedLibTorch.version);
  await t.throwsAsync(fetchLibTorch({ env: { ...env, PATH: "/nonexistent" } }), {
    code: "LIBTORCH_NOT_FOUND",
    message: /it takes Python 3 with pip .* Or set LIBTORCH to the folder of a CPU build of LibTorch 2\.13/,
  });
  writeFileSync(join(env.PATH ?? "", "python3"), '#!/bin/sh\n[ "$1" != -m ] || exit 7\n', { mode: 0o755 });
  await t.throwsAsync(fetchLibTorch({ env }), {
    code: "LIBTORCH_NOT_FOUND",
    message: /pip download of torch==2\.13\.0\+cpu failed with 7/,
  });
  t.false(existsSync(join(env.CACHE, pinnedLibTorch.version)));
});
