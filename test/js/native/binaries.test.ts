import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import nodeGypBuild from "node-gyp-build";
import { neededLibraries } from "../../../scripts/needed-libraries.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const folder = dirname(nodeGypBuild.path(root));

/** The implementations for a backend that are built here. */
const built = (backend: "cpu" | "cuda"): string[] =>
  readdirSync(folder)
    .filter((name) => name.startsWith(`reverse_distillation-${backend}-`))
    .map((name) => join(folder, name));

const lines = (program: string, ...args: string[]): string[] =>
  execFileSync(program, args, { encoding: "utf8", maxBuffer: 1 << 26 }).split("\n");

/** The dynamic symbols, defined and wanted, as they are mangled. */
const symbols = (path: string): string[] =>
  lines("nm", "--dynamic", path).flatMap((line) => line.trim().split(/\s+/).at(-1) ?? []);

/** CUDA's, but for the switches that every LibTorch has in at::Context. */
const ofCuda = /^(?!_ZNK?2at7Context).*(cuda|cudnn|cublas|libnv)/i;

test("a build for the CPU asks for no CUDA library and holds no symbol of CUDA's", (t) => {
  for (const path of [...built("cpu"), nodeGypBuild.path(root)]) {
    t.true(neededLibraries(path).some((name) => name.startsWith("libc.so")));
    t.deepEqual(
      neededLibraries(path).filter((name) => ofCuda.test(name)),
      [],
      path,
    );
    t.true(symbols(path).length > 10);
    t.deepEqual(
      symbols(path).filter((name) => ofCuda.test(name)),
      [],
      path,
    );
  }
});

test("what is CUDA's is told from what every LibTorch has", (t) => {
  for (const name of [
    "libcudart.so.13",
    "libtorch_cuda.so",
    "cudaLaunchKernel",
    "_ZN3c104cuda14current_deviceEv",
  ])
    t.regex(name, ofCuda);
  for (const name of ["libtorch_cpu.so", "_ZN2at7Context21setDeterministicCuDNNEb"]) t.notRegex(name, ofCuda);
});

const testWithCudaBuild = built("cuda").length > 0 ? test : test.skip;
if (built("cuda").length === 0) console.error("SKIPPED: tests of the build for GPUs: it is not built here");

testWithCudaBuild("a build for GPUs asks for LibTorch's CUDA libraries by name, and for no folder", (t) => {
  for (const path of built("cuda")) {
    const needed = neededLibraries(path);
    t.true(needed.includes("libc10_cuda.so") && needed.includes("libtorch_cuda.so"));
    // The driver's, which a machine without a GPU lacks.
    t.false(needed.some((name) => name.startsWith("libcuda.so")));
    // The test above would see them in a build for the CPU.
    t.true(symbols(path).some((name) => ofCuda.test(name)));
    t.deepEqual(
      lines("readelf", "--dynamic", "--wide", path).filter((line) => /\((RPATH|RUNPATH)\)/.test(line)),
      [],
    );
  }
});
