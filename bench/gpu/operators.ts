/**
 * Measures the operators on a device, and prints a `KernelTime` as a line of JSON as soon as it is known.
 *
 *   node --import tsx bench/gpu/operators.ts [--device cuda:N] [--quick]
 */
import { readNodeCounts, readOperatorTimes, timeOperators } from "../operator-times.js";
import { print, readArguments } from "./arguments.js";
import { KernelTimes } from "./kernels.js";

const { device, quick } = readArguments(process.argv.slice(2));
const times = new KernelTimes();
await timeOperators(device, quick ? ["--quick"] : [], 10 * 60_000, (line) => {
  for (const time of readOperatorTimes([line])) print(times.read(time));
  for (const count of readNodeCounts([line])) print(count);
});
