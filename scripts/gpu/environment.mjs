/** Prints what a run on a GPU depends on, as a line of JSON each. Uses built-ins only. */
import { spawnSync } from "node:child_process";
import { availableParallelism, cpus, totalmem } from "node:os";
import { gpus } from "../nvidia-smi.mjs";

/** @type {(what: string, command: string, ...args: string[]) => void} */
function report(what, command, ...args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8", timeout: 30_000 });
  const answer = status === 0 ? stdout.trim().split("\n") : [error?.message ?? stderr.trim()];
  console.log(
    JSON.stringify({
      [what]: answer.length === 1 ? answer[0] : answer,
      ...(status === 0 ? {} : { missing: true }),
    }),
  );
}

console.log(
  JSON.stringify({
    ...{ node: process.versions.node, cpu: cpus()[0]?.model, cores: availableParallelism() },
    ...{ memoryGiB: Math.round(totalmem() / 2 ** 30), gpus: gpus() },
  }),
);
report("nvcc", "nvcc", "--version");
report("compiler", "g++", "--version");
report("cmake", "cmake", "--version");
report("ninja", "ninja", "--version");
report("ncu", "ncu", "--version");
report("sanitizer", "compute-sanitizer", "--version");
const torch =
  "import torch; print(torch.__version__, torch.version.cuda, torch.backends.cudnn.version(), torch.__file__)";
report("pytorch", "python3", "-c", torch);
