/**
 * Compiles the CUDA kernels alone, without LibTorch, for every architecture of the published build, and prints what
 * each kernel uses of a multiprocessor. Fails if one does not compile, warns, or spills registers to memory.
 *
 *   node scripts/cuda-kernels.mjs
 *
 * Without nvcc it says so and does nothing else.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { sourcesIn } from "./house/files.mjs";
import { readPtxasReport } from "./ptxas-report.mjs";
import { root } from "./setup.mjs";

/** sm_80, sm_90, and PTX for later ones. */
const architectures = [
  "-gencode=arch=compute_80,code=sm_80",
  "-gencode=arch=compute_90,code=[sm_90,compute_90]",
];
const warnings = ["-Werror=all-warnings", "-Xcompiler=-Wall,-Wextra,-Werror"];

/**
 * Compiles one source.
 *
 * @param {string} path relative to the checkout.
 * @param {string} folder for the object file.
 * @returns {import("./ptxas-report.mjs").KernelUsage[] | undefined} undefined if it does not compile.
 */
function compile(path, folder) {
  const object = join(folder, `${basename(path)}.o`);
  const options = ["-std=c++20", "-O3", "-Inative", "-Xptxas=-v", ...architectures, ...warnings];
  const { status, stdout, stderr } = spawnSync("nvcc", [...options, "-c", path, "-o", object], {
    cwd: root,
    encoding: "utf8",
  });
  if (status === 0) return readPtxasReport(stdout + stderr);
  console.error(`${path} does not compile:\n${stdout}${stderr}`);
  return undefined;
}

/**
 * @param {string[]} names mangled by the compiler.
 * @returns {string[]} readable names, or the same ones if c++filt is not installed.
 */
function demangle(names) {
  const { status, stdout } = spawnSync("c++filt", ["--no-params"], {
    encoding: "utf8",
    input: names.join("\n"),
  });
  if (status !== 0) return names;
  return stdout
    .trimEnd()
    .split("\n")
    .map((name) =>
      name.replace(/^void /, "").replace(/reverse_distillation::cuda::|\(anonymous namespace\)::/g, ""),
    );
}

if (spawnSync("nvcc", ["--version"]).status !== 0) {
  console.log("SKIPPED: nvcc is not on the PATH, so no CUDA kernel was compiled for a GPU");
} else {
  const folder = mkdtempSync(join(tmpdir(), "cuda-kernels-"));
  try {
    const sources = sourcesIn(root, "native/ops/cuda", /\.cu$/).map(({ path }) => path);
    const compiled = sources.map((path) => compile(path, folder));
    const kernels = compiled.flatMap((usages) => usages ?? []);
    const names = demangle(kernels.map(({ name }) => name));
    const rows = kernels.map((usage, i) => ({ ...usage, name: names[i] ?? usage.name }));
    console.table(
      rows.map(({ name, architecture, registers, sharedBytes, spilledBytes }) => ({
        kernel: name,
        for: architecture,
        registers,
        "shared bytes": sharedBytes,
        "spilled bytes": spilledBytes,
      })),
    );
    const spilling = rows.filter(({ spilledBytes }) => spilledBytes > 0);
    for (const { name, architecture, spilledBytes } of spilling)
      console.error(`${name} spills ${spilledBytes} bytes of registers to memory on ${architecture}`);
    const unread = compiled.some((usages) => usages?.length === 0);
    if (unread)
      console.error("nvcc reported no kernel for one of the sources: its report has an unknown form");
    if (compiled.includes(undefined) || spilling.length > 0 || unread || sources.length === 0)
      process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
