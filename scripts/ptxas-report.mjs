/**
 * What a kernel uses of a multiprocessor.
 *
 * @typedef {object} KernelUsage
 * @property {string} name mangled by the compiler.
 * @property {string} architecture such as "sm_90".
 * @property {number} registers per thread.
 * @property {number} sharedBytes per block, without what the launch requests.
 * @property {number} spilledBytes per thread, written to and read from memory for lack of registers.
 */

/**
 * Reads the output of `ptxas -v`.
 *
 * @param {string} text
 * @returns {KernelUsage[]} in the order of the report.
 * @throws {Error} if a kernel's part of the report has an unknown form.
 */
export function readPtxasReport(text) {
  const parts = text.split(/^(?=ptxas info\s*: Compiling entry function)/m).slice(1);
  return parts.map((part) => {
    const entry = /Compiling entry function '([^']+)' for '([^']+)'/.exec(part);
    const spills = /(\d+) bytes spill stores, (\d+) bytes spill loads/.exec(part);
    const registers = /Used (\d+) registers/.exec(part);
    if (entry === null || spills === null || registers === null)
      throw new Error(`A report of ptxas has an unknown form:\n${part}`);
    return {
      name: entry[1] ?? "",
      architecture: entry[2] ?? "",
      registers: Number(registers[1]),
      sharedBytes: Number(/(\d+) bytes smem/.exec(part)?.[1] ?? 0),
      spilledBytes: Number(spills[1]) + Number(spills[2]),
    };
  });
}
