/** What the driver says of the GPUs of this machine. Built-ins only. */
import { spawnSync } from "node:child_process";

/**
 * A GPU.
 *
 * @typedef {{ name: string, computeCapability: string, driver: string, memoryMiB: number }} Gpu
 */

/**
 * Reads the answer of nvidia-smi to {@link gpus}'s question: a line a GPU, values parted by commas.
 *
 * @param {string} answer
 * @returns {Gpu[]}
 */
export function readGpus(answer) {
  return answer.split("\n").flatMap((line) => {
    const [name, computeCapability, driver, memory] = line.split(",").map((value) => value.trim());
    if (!name || !computeCapability || !/^\d+\.\d+$/.test(computeCapability)) return [];
    return [{ name, computeCapability, driver: driver ?? "", memoryMiB: Number(memory) }];
  });
}

/**
 * The GPUs of this machine, in the driver's order; none where there is no driver.
 *
 * @param {string} [program] of NVIDIA's driver.
 * @returns {Gpu[]}
 */
export function gpus(program = "nvidia-smi") {
  const query = ["--query-gpu=name,compute_cap,driver_version,memory.total", "--format=csv,noheader,nounits"];
  const { status, stdout } = spawnSync(program, query, { encoding: "utf8", timeout: 60_000 });
  return status === 0 ? readGpus(stdout) : [];
}
