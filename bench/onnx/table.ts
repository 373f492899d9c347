import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { writeAtomically } from "../../lib/atomic-file.js";
import type { OnnxResult, Spread } from "./results.js";

const path = fileURLToPath(new URL("../README.md", import.meta.url));
const [begin, end] = ["<!-- onnx: begin -->", "<!-- onnx: end -->"];

/** Puts the table between the marks of bench/README.md. @throws Error if it has no such marks. */
export async function writeTable(results: readonly OnnxResult[]): Promise<void> {
  const text = await readFile(path, "utf8");
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) {
    throw new Error(`${path} has no place for the table: put the lines ${begin} and ${end} there.`);
  }
  const whole = `${text.slice(0, from + begin.length)}\n\n${formatTable(results)}\n${text.slice(to)}`;
  await writeAtomically(path, (file) => writeFile(file, whole));
}

/** Sizes, and times where all results have some. */
export function formatTable(results: readonly OnnxResult[]): string {
  const timed = results.length > 0 && results.every(({ milliseconds }) => milliseconds !== null);
  const header = [
    ...["Backbone", "Model file, MB", "float16", "without teacher", "ONNX, MB", "float16"],
    ...(timed ? ["Detector, ms", "ONNX Runtime, ms", "float16"] : []),
  ];
  const rows = results.map(({ backbone, bytes, milliseconds }) => [
    backbone,
    ...[bytes.bundle, bytes.bundleFloat16, bytes.bundleWithoutTeacher, bytes.onnx, bytes.onnxFloat16].map(
      (size) => (size / 1e6).toFixed(1),
    ),
    ...(timed && milliseconds !== null
      ? [milliseconds.detector, milliseconds.onnx, milliseconds.onnxFloat16].map(cell)
      : []),
  ]);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  const table = line(header) + line(header.map(() => "---")) + rows.map(line).join("");
  const times = timed
    ? "The time is that of one image of the network's size: the median and, in brackets, the tenth and the ninetieth percentile."
    : "Times were not taken: the machine did other work.";
  return `${table}\nLayout paper, 256 x 256, 1 MB is 1000000 bytes. ${times}\n`;
}

function cell({ median, low, high }: Spread): string {
  return `${median.toFixed(1)} (${low.toFixed(1)} to ${high.toFixed(1)})`;
}
