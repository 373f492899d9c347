/** The stages of `npm run gpu`, in their order: the shorter and the surer a stage, the earlier it comes. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { root } from "../setup.mjs";
import { errorExitCode, sanitizerTools } from "./sanitizer.mjs";

/** @typedef {import("./run-stages.mjs").Stage} Stage */

const node = process.execPath;

/** @param {string[]} args a TypeScript program and its arguments. */
const script = (...args) => [node, "--import", "tsx", ...args];

/** Backbones to measure. */
const backbones = ["resnet18", "wide_resnet50_2"];

/**
 * @param {object} options
 * @param {string} options.device "cpu" or "cuda:N".
 * @param {boolean} options.quick whether to use small sizes and few repetitions.
 * @param {string} options.out the folder of the results, which the goals are judged by.
 * @param {string} [options.tarball] a packed package; by default one is packed.
 * @returns {Stage[]}
 */
export function stagesOf({ device, quick, out, tarball }) {
  const onGpu = device !== "cpu";
  const tree = join(root, ".build", onGpu ? "cuda" : "cpu");
  const kernelTests = join(tree, `reverse_distillation_${onGpu ? "device" : "cuda"}_tests`);
  const tests = join(tree, "reverse_distillation_tests");
  const onDevice = onGpu ? "on a GPU" : "cosine_map";
  const ava = join(root, "node_modules", "ava", "entrypoints", "cli.mjs");
  const measured = [...(quick ? ["--quick"] : []), "--device", device];

  /** @type {(name: string, target: string) => Stage} */
  const build = (name, target) => ({
    name,
    command: script("scripts/gpu/build.ts", onGpu ? "cuda" : "cpu", target),
    seconds: 300,
    expects: "results",
  });
  /** @type {(what: string, program: string, filter: string[], seconds: number) => Stage[]} */
  const sanitizers = (what, program, filter, seconds) =>
    (onGpu ? sanitizerTools : []).map((tool) => ({
      name: `${tool} of ${what}`,
      command: [
        "compute-sanitizer",
        "--tool",
        tool,
        "--error-exitcode",
        String(errorExitCode),
        program,
        ...filter,
      ],
      seconds,
      expects: "tests",
      skip: isInstalled("compute-sanitizer") ? undefined : "compute-sanitizer is not on the PATH",
    }));

  return [
    { name: "environment", command: [node, "scripts/gpu/environment.mjs"], seconds: 60, expects: "results" },
    build("build kernel tests", onGpu ? "device-tests" : "kernel-tests"),
    { name: "kernels", command: [kernelTests], seconds: 120, expects: "tests" },
    ...sanitizers("the kernels", kernelTests, [], 60),
    build("build addon", "addon"),
    build("build tests", "tests"),
    build("build benchmark", "benchmark"),
    { name: "native tests", command: [tests, onDevice], seconds: 120, expects: "tests" },
    {
      name: "JavaScript tests",
      command: [node, ava, "--tap", "test/js/detector/gpu.test.ts", "test/js/native/binaries.test.ts"],
      seconds: 180,
      expects: "tests",
    },
    {
      name: "operators",
      command: script("bench/gpu/operators.ts", ...measured),
      seconds: 120,
      expects: "results",
    },
    ...(quick ? backbones.slice(0, 1) : backbones).map((backbone) => ({
      name: backbone,
      command: script("bench/gpu/speed.ts", backbone, ...measured),
      seconds: 150,
      expects: /** @type {const} */ ("results"),
    })),
    {
      name: "package",
      command: script(
        "bench/gpu/package.ts",
        "--device",
        device,
        ...(tarball === undefined ? [] : [tarball]),
      ),
      seconds: 60,
      expects: "results",
    },
    ...sanitizers("LibTorch", tests, [onDevice], 120).slice(0, 2),
    {
      name: "goals",
      command: script("bench/gpu/judge.ts", out, ...measured),
      seconds: 60,
      expects: "results",
    },
  ];
}

/** @param {string} program */
const isInstalled = (program) => spawnSync(program, ["--version"]).status === 0;
