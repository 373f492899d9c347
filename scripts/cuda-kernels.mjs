/**
 * Compiles the CUDA kernels alone, without LibTorch, for all architectures that are built for, and prints what
 * each kernel takes of a multiprocessor. Fails where one does not compile, warns, or spills registers to memory.
 *
 *   node scripts/cuda-kernels.mjs
 *
 * Where there is no nvcc, says so and does nothing else.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { sourcesIn } from "./house/files.mjs";
import { readPtxasReport } from "./ptxas-report.mjs";
import { root } from "./setup.mjs";

/** sm_80, sm_90, and PTX for what comes after them. */
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
 * @returns {import("./ptxas-report.mjs").KernelUsage[] | undefined} undefined where it does not compile.
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
 * @param {string[]} names as the compiler mangles them.
 * @returns {string[]} readable, where the tool for that is there.
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
  console.log("SKIPPED: there is no nvcc on the PATH, so no CUDA kernel was compiled for a GPU");
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
    if (unread) console.error("nvcc reported no kernel of a source: its report is not understood");
    if (compiled.includes(undefined) || spilling.length > 0 || unread || sources.length === 0)
      process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
