/**
 * What a kernel takes of a multiprocessor.
 *
 * @typedef {object} KernelUsage
 * @property {string} name as the compiler mangles it.
 * @property {string} architecture such as "sm_90".
 * @property {number} registers a thread.
 * @property {number} sharedBytes a block, what is asked for at launch not counted.
 * @property {number} spilledBytes that registers are written to and read from memory, a thread.
 */

/**
 * Reads what `ptxas -v` says.
 *
 * @param {string} text
 * @returns {KernelUsage[]} in the order of the report.
 * @throws {Error} where a kernel's part of the report is not understood.
 */
export function readPtxasReport(text) {
  const parts = text.split(/^(?=ptxas info\s*: Compiling entry function)/m).slice(1);
  return parts.map((part) => {
    const entry = /Compiling entry function '([^']+)' for '([^']+)'/.exec(part);
    const spills = /(\d+) bytes spill stores, (\d+) bytes spill loads/.exec(part);
    const registers = /Used (\d+) registers/.exec(part);
    if (entry === null || spills === null || registers === null)
      throw new Error(`ptxas reported what is not understood:\n${part}`);
    return {
      name: entry[1] ?? "",
      architecture: entry[2] ?? "",
      registers: Number(registers[1]),
      sharedBytes: Number(/(\d+) bytes smem/.exec(part)?.[1] ?? 0),
      spilledBytes: Number(spills[1]) + Number(spills[2]),
    };
  });
}
