import { fileURLToPath } from "node:url";
import { markdownTable } from "../../scripts/markdown-table.js";
import { writeMarkedSection } from "../../scripts/marked-section.js";
import { describeMachines } from "../environment.js";
import type { TilesResult } from "./results.js";

const path = fileURLToPath(new URL("../../docs/tiles.md", import.meta.url));

/** Writes the table to docs/tiles.md. @throws Error as `writeMarkedSection` */
export async function writeTable(results: readonly TilesResult[]): Promise<void> {
  await writeMarkedSection(path, "tiles", formatTable(results));
}

/** Formats the results. */
export function formatTable(results: readonly TilesResult[]): string {
  const header = [
    "Data set",
    "Tiles, px",
    "Steps at borders",
    "Defect at a corner",
    "Worst of all",
    "Speed beside single tiles",
  ];
  const rows = results.map(({ subject, size, overlap, steps, cut, speed }) => {
    const worst = Math.abs(cut.least - 1) > Math.abs(cut.largest - 1) ? cut.least : cut.largest;
    return [
      subject,
      `${size}, overlap ${overlap}`,
      steps.toFixed(3),
      cut.median.toFixed(3),
      worst.toFixed(3),
      speed.ratio.toFixed(2),
    ];
  });
  return `${describeMachines(results)}\n${markdownTable(header, rows, (column) => (column === 0 ? "---" : "---:"))}`;
}
