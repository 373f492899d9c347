import { fileURLToPath } from "node:url";
import { markdownTable } from "../../scripts/markdown-table.js";
import { writeMarkedSection } from "../../scripts/marked-section.js";
import { describeMachines } from "../environment.js";
import { sides, type OnnxResult, type Spread } from "./results.js";

const path = fileURLToPath(new URL("../README.md", import.meta.url));

/** Writes the tables to bench/README.md. @throws Error as `writeMarkedSection` */
export async function writeTable(results: readonly OnnxResult[]): Promise<void> {
  await writeMarkedSection(path, "onnx", formatTable(results));
}

/** Formats the sizes, and the times that were measured. */
export function formatTable(results: readonly OnnxResult[]): string {
  return `${sizes(results)}\nLayout \`paper\`, 256 x 256; 1 MB is 1000000 bytes.\n\n${times(results)}\n`;
}

function sizes(results: readonly OnnxResult[]): string {
  const header = ["Backbone", "Model file, MB", "float16", "without teacher", "ONNX, MB", "float16"];
  const rows = results.map(({ backbone, bytes }) => [
    backbone,
    ...[bytes.bundle, bytes.bundleFloat16, bytes.bundleWithoutTeacher, bytes.onnx, bytes.onnxFloat16].map(
      (size) => (size / 1e6).toFixed(1),
    ),
  ]);
  return markdownTable(header, rows);
}

function times(results: readonly OnnxResult[]): string {
  const timed = results.filter((result) => result.times !== null);
  if (timed.length === 0) return "Times were not measured, because the machine did other work.";
  const header = ["Backbone", "Batch", "Threads", "float32, ms", "bfloat16", "int8", "ONNX Runtime, ms"];
  const rows = timed.flatMap(({ backbone, times }) =>
    times!.map(({ batch, threads, milliseconds }) => {
      const runtime = milliseconds.onnxruntime!.median;
      const cells = sides.map((side) =>
        cell(milliseconds[side], side === "onnxruntime" ? undefined : runtime),
      );
      return [backbone, String(batch), String(threads), ...cells];
    }),
  );
  return (
    `${describeMachines(timed)}\n${markdownTable(header, rows, (column) => (column === 0 ? "---" : "---:"))}\n` +
    "Milliseconds for one image, from pixels to the map and the score, in alternation: the median, with the 10th and 90th " +
    "percentiles in brackets, and how many times as fast as ONNX Runtime in float32."
  );
}

function cell(spread: Spread | undefined, runtime: number | undefined): string {
  if (spread === undefined) return "";
  const { median, low, high } = spread;
  const ratio = runtime === undefined ? "" : `, ${(runtime / median).toFixed(2)} x`;
  return `${median.toFixed(1)} (${low.toFixed(1)} to ${high.toFixed(1)})${ratio}`;
}
