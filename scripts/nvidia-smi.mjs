/** Asks the driver about the GPUs of this machine. Uses built-ins only. */
import { spawnSync } from "node:child_process";

/**
 * A GPU.
 *
 * @typedef {{ name: string, computeCapability: string, driver: string, memoryMiB: number }} Gpu
 */

/**
 * Reads nvidia-smi's answer to {@link gpus}: one line per GPU, values separated by commas.
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
 * The GPUs of this machine, in the driver's order; empty without a driver.
 *
 * @param {string} [program] the driver's tool.
 * @returns {Gpu[]}
 */
export function gpus(program = "nvidia-smi") {
  const query = ["--query-gpu=name,compute_cap,driver_version,memory.total", "--format=csv,noheader,nounits"];
  const { status, stdout } = spawnSync(program, query, { encoding: "utf8", timeout: 60_000 });
  return status === 0 ? readGpus(stdout) : [];
}
