import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Readable } from "node:stream";
import test, { type ExecutionContext } from "ava";
import { inspectLibTorch } from "../../../lib/native/libtorch/inspect.js";
import { packLibTorch } from "../../../scripts/libtorch-package/pack.js";
import { tar } from "../../../scripts/libtorch-package/tar.js";
import { addDependency, removeDependency } from "../../../scripts/npm-dependency.js";
import { sharedLibraryBytes, temporaryFolder } from "../support/fake-libtorch.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const deep = `third_party/${"a-long-name-of-a-folder/".repeat(6)}LICENSE.txt`;

const zipFolder = `
import os, sys, zipfile
with zipfile.ZipFile(sys.argv[2], "w", zipfile.ZIP_DEFLATED) as archive:
    for folder, _, names in os.walk(sys.argv[1]):
        for name in names:
            path = os.path.join(folder, name)
            archive.write(path, os.path.relpath(path, sys.argv[1]))
`;

/** A wheel like PyTorch's, with small libraries. */
function wheelIn(folder: string, without?: string): string {
  const info = "torch-2.13.0+cpu.dist-info";
  const files = {
    "torch/version.py": "__version__ = '2.13.0+cpu'\n",
    "torch/nn.py": "",
    "torch/lib/libc10.so": sharedLibraryBytes(),
    "torch/lib/libtorch_cpu.so": sharedLibraryBytes(),
    "torch/lib/libtorch_python.so": sharedLibraryBytes(),
    "torch/lib/libgomp.so.1": sharedLibraryBytes(),
    [`${info}/licenses/LICENSE`]: "BSD-3",
    [`${info}/licenses/${deep}`]: "MIT",
  };
  for (const [name, content] of Object.entries(files)) {
    if (name === without) continue;
    mkdirSync(dirname(join(folder, "content", name)), { recursive: true });
    writeFileSync(join(folder, "content", name), content);
  }
  const wheel = join(folder, "torch.whl");
  execFileSync("python3", ["-c", zipFolder, join(folder, "content"), wheel]);
  return wheel;
}

function unpacked(t: ExecutionContext, tarball: string): string {
  const folder = temporaryFolder(t);
  execFileSync("tar", ["xzf", tarball, "-C", folder]);
  return join(folder, "package");
}

test("the package has the three libraries, every licence text, and no scripts", async (t) => {
  const folder = temporaryFolder(t);
  const tarball = await packLibTorch(wheelIn(folder), join(folder, "out"));
  const content = unpacked(t, tarball);
  const read = (name: string): string => readFileSync(join(content, name), "utf8");
  t.deepEqual(readdirSync(join(content, "lib")).sort(), ["libc10.so", "libgomp.so.1", "libtorch_cpu.so"]);
  t.is(read("LICENSE"), "BSD-3");
  t.is(read(`licenses/pytorch/${deep}`), "MIT");
  t.regex(read("licenses/libgomp/GCC-RUNTIME-LIBRARY-EXCEPTION.txt"), /^GCC RUNTIME LIBRARY EXCEPTION\n/);
  t.regex(read("licenses/libgomp/GPL-3.0.txt"), /GNU GENERAL PUBLIC LICENSE\n +Version 3/);
  const manifest = JSON.parse(read("package.json")) as Record<string, unknown>;
  t.like(manifest, { version: "2.13.0", os: ["linux"], cpu: ["x64"], libc: ["glibc"] });
  for (const name of ["scripts", "dependencies", "bin", "main"]) t.false(name in manifest);
  t.like(inspectLibTorch(content, { builds: [{ backend: "cpu", minor: "2.13" }] }), {
    version: "2.13.0+cpu",
  });
});

test("the same wheel gives the same tarball", async (t) => {
  const folder = temporaryFolder(t);
  const wheel = wheelIn(folder);
  const first = readFileSync(await packLibTorch(wheel, join(folder, "first")));
  const copy = join(folder, "copy.whl");
  copyFileSync(wheel, copy);
  utimesSync(copy, 0, 0);
  t.true(first.equals(readFileSync(await packLibTorch(copy, join(folder, "second")))));
});

test("a tarball that is too large, and a wheel that lacks a library, are refused, and leave nothing behind", async (t) => {
  const folder = temporaryFolder(t);
  const out = join(folder, "out");
  await t.throwsAsync(packLibTorch(wheelIn(folder), out, { limit: 1000 }), {
    message:
      /^reverse-distillation-libtorch-2\.13\.0\.tgz has 0\.0 MB, but must not have more than 0\.001 MB$/,
  });
  const lacking = temporaryFolder(t);
  await t.throwsAsync(packLibTorch(wheelIn(lacking, "torch/lib/libgomp.so.1"), out), {
    message: "The wheel contains no torch/lib/libgomp.so.1",
  });
  t.deepEqual(readdirSync(out), []);
});

test("a file that is not as long as stated, or whose path is too long, is an error", async (t) => {
  const pack = async (path: string, size: number): Promise<void> => {
    const open = (): Readable => Readable.from([Buffer.from("abc")]);
    await Readable.from(tar([{ path, size, open }])).toArray();
  };
  await t.notThrowsAsync(pack("a", 3));
  await t.throwsAsync(pack("a", 4), { message: "a has 3 bytes, but should have 4" });
  await t.throwsAsync(pack("a".repeat(101), 3), { message: /is too long for a tar archive$/ });
});

test("package.json names the package with LibTorch only while it is packed", (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "package.json");
  copyFileSync(join(root, "package.json"), path);
  // Another test may be packing at this moment.
  removeDependency(folder);
  const before = readFileSync(path, "utf8");
  t.false("optionalDependencies" in (JSON.parse(before) as object));
  addDependency(folder);
  addDependency(folder);
  t.like(JSON.parse(readFileSync(path, "utf8")), {
    optionalDependencies: { "reverse-distillation-libtorch": "2.13.0" },
  });
  for (let time = 1; time <= 2; time++) {
    removeDependency(folder);
    t.is(readFileSync(path, "utf8"), before);
  }
});

test("npm publish in the checkout is refused, since the registry would not learn of LibTorch", (t) => {
  const script = join(root, "scripts", "prepublish.mjs");
  const error = t.throws(() => execFileSync(process.execPath, [script], { stdio: "pipe" }));
  t.regex(String(error), /Publish the tarballs instead/);
});
