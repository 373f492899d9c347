import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import nodeGypBuild from "node-gyp-build";
import { neededLibraries } from "../../../scripts/needed-libraries.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const folder = dirname(nodeGypBuild.path(root));

/** The implementations for a backend that were built in this checkout. */
const built = (backend: "cpu" | "cuda"): string[] =>
  readdirSync(folder)
    .filter((name) => name.startsWith(`reverse_distillation-${backend}-`))
    .map((name) => join(folder, name));

const lines = (program: string, ...args: string[]): string[] =>
  execFileSync(program, args, { encoding: "utf8", maxBuffer: 1 << 26 }).split("\n");

/** The mangled names of the dynamic symbols, defined and undefined. */
const symbols = (path: string): string[] =>
  lines("nm", "--dynamic", path).flatMap((line) => line.trim().split(/\s+/).at(-1) ?? []);

/** Matches CUDA's names, except for the settings in at::Context and the operators that every LibTorch has. */
const ofCuda = /^(?!_ZNK?2at(?:7Context|4_ops)).*(cuda|cudnn|cublas|libnv)/i;

test("a CPU build needs no CUDA library and contains no CUDA symbol", (t) => {
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

test("CUDA's names are distinguished from those that every LibTorch has", (t) => {
  for (const name of [
    "libcudart.so.13",
    "libtorch_cuda.so",
    "cudaLaunchKernel",
    "_ZN3c104cuda14current_deviceEv",
  ])
    t.regex(name, ofCuda);
  for (const name of [
    "libtorch_cpu.so",
    "_ZN2at7Context21setDeterministicCuDNNEb",
    "_ZN2at4_ops22cudnn_convolution_relu4callE",
  ])
    t.notRegex(name, ofCuda);
});

const testWithCudaBuild = built("cuda").length > 0 ? test : test.skip;
if (built("cuda").length === 0)
  console.error("SKIPPED: tests of the CUDA build, which was not built in this checkout");

testWithCudaBuild("a CUDA build needs LibTorch's CUDA libraries by name, and names no folder", (t) => {
  for (const path of built("cuda")) {
    const needed = neededLibraries(path);
    t.true(needed.includes("libc10_cuda.so") && needed.includes("libtorch_cuda.so"));
    // The driver's library, which is missing on a machine without a GPU.
    t.false(needed.some((name) => name.startsWith("libcuda.so")));
    // Proves that the test above would find CUDA symbols in a CPU build.
    t.true(symbols(path).some((name) => ofCuda.test(name)));
    t.deepEqual(
      lines("readelf", "--dynamic", "--wide", path).filter((line) => /\((RPATH|RUNPATH)\)/.test(line)),
      [],
    );
  }
});
