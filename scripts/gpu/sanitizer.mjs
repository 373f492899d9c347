/** NVIDIA's compute-sanitizer: its tools, and how to read what they print. */

export const sanitizerTools = /** @type {const} */ (["memcheck", "racecheck", "initcheck", "synccheck"]);

/** The exit code that the tool is asked for if it finds errors. */
export const errorExitCode = 9;

/** What the tool prints if it does not support the GPU or the driver. */
const refusals =
  /Device not supported|Target application terminated before first instrumented|not supported on this/i;

/**
 * @param {string} output of the tool and of the program under it.
 * @returns {string | undefined} why the tool cannot work on this machine; undefined if it can.
 */
export function sanitizerRefusal(output) {
  const refusal = refusals.exec(output)?.[0];
  return refusal === undefined ? undefined : `compute-sanitizer does not support this machine: ${refusal}`;
}

/**
 * @param {string} output of the tool and of the program under it.
 * @returns {string | undefined} the tool's last line, such as "ERROR SUMMARY: 0 errors"; undefined if it is missing.
 */
export function sanitizerSummary(output) {
  return /(ERROR SUMMARY: \d+ errors?|RACECHECK SUMMARY: .*)/.exec(output)?.[1];
}
