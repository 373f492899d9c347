import { fileURLToPath } from "node:url";
import { markdownTable } from "../../scripts/markdown-table.js";
import { writeMarkedSection } from "../../scripts/marked-section.js";
import type { OnnxResult, Spread } from "./results.js";

const path = fileURLToPath(new URL("../README.md", import.meta.url));

/** Writes the table to bench/README.md. @throws Error as `writeMarkedSection` */
export async function writeTable(results: readonly OnnxResult[]): Promise<void> {
  await writeMarkedSection(path, "onnx", formatTable(results));
}

/** Formats the sizes, and the times if all results have them. */
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
  const table = markdownTable(header, rows);
  const times = timed
    ? "Times are for one image of the network's size: the median, with the 10th and 90th percentiles in brackets."
    : "Times were not measured, because the machine did other work.";
  return `${table}\nLayout \`paper\`, 256 x 256; 1 MB is 1000000 bytes. ${times}\n`;
}

function cell({ median, low, high }: Spread): string {
  return `${median.toFixed(1)} (${low.toFixed(1)} to ${high.toFixed(1)})`;
}
