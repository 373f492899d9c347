import { execFile, execFileSync, spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import test, { type ExecutionContext } from "ava";
import { inspectLibTorch } from "../../../lib/native/libtorch/inspect.js";
import { installLibTorch, type InstallOptions } from "../../../lib/native/libtorch/install.js";
import { pinnedLibTorch, type PinnedLibTorch } from "../../../lib/native/libtorch/pins.js";
import { fakeLibTorch, temporaryFolder } from "../support/fake-libtorch.js";

const python = execFileSync("python3", ["-c", "import sys; print(sys.executable)"], {
  encoding: "utf8",
}).trim();

const installModule = new URL("../../../lib/native/libtorch/install.ts", import.meta.url).href;

const zipFolder = `
import os, sys, zipfile
with zipfile.ZipFile(sys.argv[2], "w", zipfile.ZIP_DEFLATED) as archive:
    for folder, _, names in os.walk(sys.argv[1]):
        archive.write(folder, os.path.relpath(folder, sys.argv[1]) + "/")
        for name in names:
            path = os.path.join(folder, name)
            archive.write(path, os.path.relpath(path, sys.argv[1]))
`;

const cudaLibraries = ["libc10.so", "libtorch_cpu.so", "libc10_cuda.so", "libtorch_cuda.so"];

/** Zips a folder into a wheel or an archive. @returns its path. */
function archive(content: string, path: string): string {
  execFileSync(python, ["-c", zipFolder, content, path]);
  return path;
}

/** A wheel of a LibTorch that has only the files that are inspected. */
function torchWheel(folder: string, version: string, named = version): string {
  const content = join(folder, `content-${version}`);
  fakeLibTorch(join(content, "torch"), {
    version,
    libraries: [
      ...(version.includes("+cu") ? cudaLibraries : cudaLibraries.slice(0, 2)),
      "libgomp.so.1",
      "libtorch_python.so",
    ],
  });
  writeFileSync(join(content, "torch", "nn.py"), "");
  return archive(content, join(folder, `torch-${named}-cp311-cp311-manylinux_2_28_x86_64.whl`));
}

/** A wheel with one of NVIDIA's libraries. */
function nvidiaWheel(folder: string): string {
  const content = join(folder, "content-nvidia");
  for (const part of ["lib", "include"])
    mkdirSync(join(content, "nvidia", "cu13", part), { recursive: true });
  writeFileSync(join(content, "nvidia", "cu13", "lib", "libcudart.so.13"), "library");
  writeFileSync(join(content, "nvidia", "cu13", "include", "cuda.h"), "");
  return archive(content, join(folder, "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.whl"));
}

function pin(path: string): { requirement: string; file: string; sha256: string } {
  const sha256 = createHash("sha256").update(readFileSync(path)).digest("hex");
  return { requirement: basename(path).split("-").slice(0, 2).join("=="), file: basename(path), sha256 };
}

interface Scene extends InstallOptions {
  env: NodeJS.ProcessEnv;
  folder: string;
  /** The folder that is searched. */
  cache: string;
  pinned: Record<"cpu" | "cuda", PinnedLibTorch>;
  /** The requirements that pip was called with. */
  asked: () => string[];
}

/**
 * Pinned builds whose wheels are made here, and an environment in which pip "downloads" them. Everything else is done
 * by the real Python.
 *
 * @param before Shell commands that pip runs first.
 */
function scene(t: ExecutionContext, before = ""): Scene {
  const folder = temporaryFolder(t);
  const served = join(folder, "served");
  mkdirSync(served);
  const cpu = torchWheel(served, "2.13.0+cpu");
  const cuda = [torchWheel(served, "2.14.1+cu130", "2.14.1"), nvidiaWheel(served)];
  const megabytes = { download: 1, kept: 1 };

  const bin = join(folder, "bin");
  mkdirSync(bin);
  for (const tool of ["sh", "cp", "mkdir", "sleep", "touch"]) symlinkSync(`/bin/${tool}`, join(bin, tool));
  const log = join(folder, "asked");
  writeFileSync(log, "");
  const script = `#!/bin/sh
if [ "$1" != -m ]; then exec "${python}" "$@"; fi
while [ "$1" != --dest ]; do shift; done
folder="$2"
for requirement; do :; done
echo "$requirement" >> "${log}"
${before}
mkdir -p "$folder"
case "$requirement" in
  torch==2.13*) cp "${cpu}" "$folder" ;;
  torch*) cp "${cuda[0]}" "$folder" ;;
  *) cp "${cuda[1]}" "$folder" ;;
esac
`;
  writeFileSync(join(bin, "python3"), script, { mode: 0o755 });
  const root = join(folder, "cache");
  return {
    folder,
    env: { PATH: bin, REVERSE_DISTILLATION_CACHE: root },
    cache: join(root, "libtorch"),
    pinned: {
      cpu: { ...pinnedLibTorch.cpu, megabytes, wheels: [pin(cpu)] },
      cuda: { ...pinnedLibTorch.cuda, megabytes, wheels: cuda.map(pin) },
    },
    asked: () => readFileSync(log, "utf8").split("\n").filter(Boolean),
  };
}

/** Names in the cache that are not installed builds. */
function leftovers({ cache }: Scene): string[] {
  return readdirSync(cache).filter((name) => name.startsWith("."));
}

test("the headers, the version and the run-time libraries of the pinned CPU wheel are kept", async (t) => {
  const given = scene(t);
  const told: string[] = [];
  const { directory, version, reused } = await installLibTorch({
    ...given,
    report: (line) => told.push(line),
  });
  t.is(directory, join(given.cache, "2.13.0+cpu", "torch"));
  t.deepEqual([version, reused], ["2.13.0+cpu", false]);
  t.false("reason" in inspectLibTorch(directory, { builds: [given.pinned.cpu], headers: true }));
  t.deepEqual(readdirSync(directory).sort(), ["include", "lib", "version.py"]);
  t.deepEqual(readdirSync(join(directory, "lib")).sort(), ["libc10.so", "libgomp.so.1", "libtorch_cpu.so"]);
  t.deepEqual(readdirSync(given.cache), ["2.13.0+cpu"]);
  t.deepEqual(told, [
    "Downloading torch==2.13.0+cpu with pip",
    "Unpacking torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl",
  ]);
  t.like(await installLibTorch(given), { directory, reused: true });
  t.deepEqual(given.asked(), ["torch==2.13.0+cpu"]);
});

test("NVIDIA's libraries of a CUDA build are installed where LibTorch's libraries look for them", async (t) => {
  const given = scene(t);
  const { directory, backend } = await installLibTorch({ ...given, backend: "cuda" });
  t.is(backend, "cuda");
  t.is(directory, join(given.cache, "2.14.1+cu130", "torch"));
  t.true(existsSync(join(directory, "lib", "../../nvidia/cu13/lib/libcudart.so.13")));
  t.false(existsSync(join(directory, "..", "nvidia/cu13/include")));
  t.deepEqual(given.asked(), ["torch==2.14.1", "nvidia_cuda_runtime==13.0.96"]);
});

test("another folder can be chosen, and must be empty", async (t) => {
  const given = scene(t);
  const directory = join(given.folder, "somewhere else");
  t.like(await installLibTorch({ ...given, directory }), {
    directory: join(directory, "torch"),
    reused: false,
  });
  t.like(await installLibTorch({ ...given, directory }), {
    directory: join(directory, "torch"),
    reused: true,
  });
  t.false(existsSync(given.cache));
  const taken = join(given.folder, "taken");
  mkdirSync(taken);
  writeFileSync(join(taken, "file"), "");
  await t.throwsAsync(installLibTorch({ ...given, directory: taken }), {
    code: "INVALID_ARGUMENT",
    message: `${taken} is not empty and contains no compatible LibTorch. Choose a folder that is empty or does not exist.`,
  });
  t.deepEqual(readdirSync(taken), ["file"]);
});

test("a file other than the pinned one is refused by its hash, and nothing is installed", async (t) => {
  const given = scene(t);
  const other = { ...given.pinned.cpu.wheels[0]!, sha256: "0".repeat(64) };
  const pinned = { ...given.pinned, cpu: { ...given.pinned.cpu, wheels: [other] } };
  const error = await t.throwsAsync(installLibTorch({ ...given, pinned }), { code: "LIBTORCH_INCOMPATIBLE" });
  t.regex(
    error.message,
    /^pip downloaded a different torch-2\.13\.0.*: its SHA-256 is [0-9a-f]{64}, but should be 0{64} /,
  );
  const absent = { ...other, file: "torch-2.13.0+cpu-cp312.whl" };
  await t.throwsAsync(
    installLibTorch({ ...given, pinned: { ...pinned, cpu: { ...pinned.cpu, wheels: [absent] } } }),
    {
      code: "LIBTORCH_INCOMPATIBLE",
      message: /^pip did not download torch-2\.13\.0\+cpu-cp312\.whl .*: python3 -m pip config list\.$/,
    },
  );
  t.deepEqual(
    readdirSync(given.cache).filter((name) => !name.startsWith(".")),
    [],
  );
});

test("of several concurrent calls, one downloads and the others wait for it", async (t) => {
  const given = scene(t, "sleep 1");
  const told: string[] = [];
  const report = (line: string): void => void told.push(line);
  const installed = await Promise.all([1, 2, 3].map(() => installLibTorch({ ...given, report })));
  t.is(new Set(installed.map(({ directory }) => directory)).size, 1);
  t.deepEqual(installed.map(({ reused }) => reused).sort(), [false, true, true]);
  t.deepEqual(given.asked(), ["torch==2.13.0+cpu"]);
  t.is(told.filter((line) => line === "Waiting for another process that is installing LibTorch").length, 2);
  t.deepEqual(leftovers(given), []);
});

test("of several concurrent processes, one downloads and the others wait for it", async (t) => {
  const given = scene(t, "sleep 3");
  const { env, pinned } = given;
  const source = `
    import { installLibTorch } from ${JSON.stringify(installModule)};
    const { directory, reused } = await installLibTorch(${JSON.stringify({ env, pinned })});
    console.log(JSON.stringify([directory, reused]));`;
  const ended = await Promise.all(
    [1, 2, 3].map(() =>
      promisify(execFile)(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", source]),
    ),
  );
  const directory = join(given.cache, "2.13.0+cpu", "torch");
  t.deepEqual(ended.map(({ stdout }) => JSON.parse(stdout) as unknown).sort(), [
    [directory, false],
    [directory, true],
    [directory, true],
  ]);
  t.deepEqual(given.asked(), ["torch==2.13.0+cpu"]);
  t.deepEqual(leftovers(given), []);
});

test("after an interruption, complete wheels are not downloaded again", async (t) => {
  const given = scene(
    t,
    'if [ ! -e "$folder/../slept" ]; then case "$requirement" in nvidia*) touch "$folder/../slept"; sleep 60;; esac; fi',
  );
  const { env, pinned } = given;
  const source = `
    import { installLibTorch } from ${JSON.stringify(installModule)};
    await installLibTorch(${JSON.stringify({ env, pinned, backend: "cuda" })});`;
  const child: ChildProcess = spawn(
    process.execPath,
    ["--import", "tsx", "--input-type=module", "--eval", source],
    {
      detached: true,
    },
  );
  const ended = new Promise((resolve) => child.on("close", resolve));
  while (given.asked().length < 2) await delay(20);
  process.kill(-child.pid!, "SIGKILL");
  await ended;
  t.deepEqual(readdirSync(given.cache).sort(), [".libtorch-install.lock", ".unfinished-2.14.1+cu130"]);

  // Make the lock look abandoned for longer than a minute.
  const past = Date.now() / 1000 - 120;
  utimesSync(join(given.cache, ".libtorch-install.lock"), past, past);
  await installLibTorch({ ...given, backend: "cuda" });
  t.deepEqual(given.asked(), [
    "torch==2.14.1",
    "nvidia_cuda_runtime==13.0.96",
    "nvidia_cuda_runtime==13.0.96",
  ]);
  t.deepEqual(readdirSync(given.cache), ["2.14.1+cu130"]);
});

test("a wheel that an interruption left incomplete is downloaded again", async (t) => {
  const given = scene(t);
  const wheels = join(given.cache, ".unfinished-2.13.0+cpu", "wheels");
  mkdirSync(wheels, { recursive: true });
  writeFileSync(join(wheels, given.pinned.cpu.wheels[0]!.file), "half of it");
  t.like(await installLibTorch(given), { reused: false });
  t.deepEqual(given.asked(), ["torch==2.13.0+cpu"]);
});

test("an abort ends pip and rejects with ABORTED", async (t) => {
  const given = scene(t, "sleep 60");
  const abort = new AbortController();
  const installing = installLibTorch({ ...given, signal: abort.signal });
  while (given.asked().length === 0) await delay(20);
  abort.abort();
  await t.throwsAsync(installing, { code: "ABORTED" });
  t.deepEqual(leftovers(given), [".unfinished-2.13.0+cpu"]);
});

test("a damaged LibTorch in the cache is replaced", async (t) => {
  const given = scene(t);
  const there = fakeLibTorch(join(given.cache, "2.13.0+cpu"));
  truncateSync(join(there, "lib", "libtorch_cpu.so"), 100);
  const { directory } = await installLibTorch(given);
  t.false("reason" in inspectLibTorch(directory, { builds: [given.pinned.cpu] }));
  t.deepEqual(readdirSync(given.cache), ["2.13.0+cpu"]);
});

test("the leftovers of a killed installation are removed after a day, and not before", async (t) => {
  const given = scene(t);
  const [old, recent] = [join(given.cache, ".unfinished-old"), join(given.cache, ".unfinished-recent")];
  mkdirSync(old, { recursive: true });
  mkdirSync(recent);
  const twoDaysAgo = Date.now() / 1000 - 2 * 24 * 3600;
  utimesSync(old, twoDaysAgo, twoDaysAgo);
  await installLibTorch(given);
  t.deepEqual(readdirSync(given.cache).sort(), [".unfinished-recent", "2.13.0+cpu"]);
});

test("if pip is missing or fails, the error says what to do instead", async (t) => {
  const given = scene(t);
  await t.throwsAsync(installLibTorch({ ...given, env: { ...given.env, PATH: "/nonexistent" } }), {
    code: "LIBTORCH_NOT_FOUND",
    message:
      "LibTorch could not be downloaded: Python 3 with pip is needed and is not on the PATH (Debian, Ubuntu: apt " +
      "install python3-pip). Alternatively, download the wheels on another machine and install them from their files: " +
      "`npx reverse-distillation libtorch install --from <files>`.",
  });
  writeFileSync(join(given.env.PATH!, "python3"), '#!/bin/sh\n[ "$1" != -m ] || exit 7\n', { mode: 0o755 });
  await t.throwsAsync(installLibTorch(given), {
    code: "LIBTORCH_NOT_FOUND",
    message: /pip download torch==2\.13\.0\+cpu failed \(exit code 7\)/,
  });
});

test("if the disk has too little space, nothing is downloaded", async (t) => {
  const given = scene(t);
  const megabytes = { download: 1e9, kept: 1e9 };
  await t.throwsAsync(
    installLibTorch({ ...given, pinned: { ...given.pinned, cpu: { ...given.pinned.cpu, megabytes } } }),
    {
      code: "IO",
      message:
        /^Installing LibTorch needs 2000000000 MB of disk space \(1000000000 MB once installed\), but .* has only \d+ MB left/,
    },
  );
  t.deepEqual(given.asked(), []);
});

test("given wheels are unpacked without pip, and those in a folder together", async (t) => {
  const given = scene(t);
  const folder = join(given.folder, "wheels");
  mkdirSync(folder);
  for (const wheel of [torchWheel(folder, "2.14.0+cu130", "2.14.0"), nvidiaWheel(folder)])
    t.true(existsSync(wheel));
  const { directory, version } = await installLibTorch({ ...given, pinned: pinnedLibTorch, from: [folder] });
  t.is(version, "2.14.0+cu130");
  t.true(existsSync(join(directory, "../nvidia/cu13/lib/libcudart.so.13")));
  t.deepEqual(given.asked(), []);
  t.deepEqual(leftovers(given), []);
});

test("all libraries of a given LibTorch archive are kept", async (t) => {
  const given = scene(t);
  const content = join(given.folder, "archive");
  const libtorch = fakeLibTorch(join(content, "libtorch"), {
    libraries: ["libc10.so", "libtorch_cpu.so", "libgomp-98b21ff3.so.1"],
  });
  writeFileSync(join(libtorch, "build-version"), "2.13.0+cpu\n");
  const path = archive(content, join(given.folder, "libtorch-shared-with-deps-2.13.0+cpu.zip"));
  const { directory } = await installLibTorch({
    ...given,
    from: [path],
    sha256: pin(path).sha256.toUpperCase(),
  });
  t.is(directory, join(given.cache, "2.13.0+cpu", "libtorch"));
  t.deepEqual(readdirSync(join(directory, "lib")).length, 3);
});

test("given files are checked against the given hash, or the one pinned for their name", async (t) => {
  const given = scene(t);
  const wheel = torchWheel(given.folder, "2.13.0+cpu");
  const sha256 = "ab".repeat(32);
  await t.throwsAsync(installLibTorch({ ...given, from: [wheel], sha256 }), {
    code: "INVALID_FILE",
    message: `${wheel} is damaged or the wrong file: its SHA-256 is ${pin(wheel).sha256}, but should be ${sha256}. Download it again.`,
  });
  await t.throwsAsync(installLibTorch({ ...given, pinned: pinnedLibTorch, from: [wheel] }), {
    code: "INVALID_FILE",
    message: new RegExp(`should be ${pinnedLibTorch.cpu.wheels[0]!.sha256}`),
  });
  await t.throwsAsync(installLibTorch({ ...given, from: [wheel], sha256: "12" }), {
    code: "INVALID_ARGUMENT",
  });
});

test("files that are damaged, missing or of another kind are refused", async (t) => {
  const given = scene(t);
  const from = (path: string): InstallOptions => ({ ...given, from: [path] });
  const wheel = torchWheel(given.folder, "2.13.1+cpu");
  const bytes = readFileSync(wheel);
  // A bit in the content of an entry that is kept; the content follows the name in the entry's header.
  bytes[bytes.indexOf("torch/version.py") + "torch/version.py".length + 20]! ^= 1;
  const flipped = join(given.folder, "flipped.whl");
  writeFileSync(flipped, bytes);
  const cut = join(given.folder, "cut.whl");
  writeFileSync(cut, bytes.subarray(0, bytes.length - 100));
  for (const path of [flipped, cut])
    await t.throwsAsync(installLibTorch(from(path)), {
      code: "INVALID_FILE",
      message: /is damaged or not a zip archive: /,
    });
  await t.throwsAsync(
    installLibTorch(from(join(given.folder, "served", given.pinned.cuda.wheels[1]!.file))),
    {
      code: "LIBTORCH_INCOMPATIBLE",
      message: /^nvidia_.*: not a LibTorch/,
    },
  );
  const empty = join(given.folder, "empty");
  mkdirSync(empty);
  await t.throwsAsync(installLibTorch(from(empty)), { code: "NOT_FOUND" });
  await t.throwsAsync(installLibTorch(from(join(empty, "none.whl"))), { code: "NOT_FOUND" });
  const other = archive(join(given.folder, "bin"), join(given.folder, "other.zip"));
  await t.throwsAsync(installLibTorch(from(other)), {
    code: "INVALID_FILE",
    message: /contains no LibTorch/,
  });
  const old = torchWheel(given.folder, "2.9.0+cpu");
  await t.throwsAsync(installLibTorch(from(old)), {
    code: "LIBTORCH_INCOMPATIBLE",
    message: /LibTorch 2\.9\.0\+cpu/,
  });
  t.deepEqual(
    readdirSync(given.cache).filter((name) => !name.startsWith(".")),
    [],
  );
});
