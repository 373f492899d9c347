import { fileURLToPath } from "node:url";
import { markdownTable } from "../../scripts/markdown-table.js";
import { writeMarkedSection } from "../../scripts/marked-section.js";
import { shown } from "../cpu/compare.js";
import type { MapCase } from "./maps.js";
import type { RegionsResult } from "./results.js";

const path = fileURLToPath(new URL("../../docs/performance.md", import.meta.url));

/** Writes the table to docs/performance.md. @throws Error as `writeMarkedSection` */
export async function writeTable(results: readonly RegionsResult[]): Promise<void> {
  await writeMarkedSection(path, "regions", formatTable(results));
}

const names: Record<MapCase["kind"], string> = {
  smooth: "smooth, with three spots",
  noise: "noise, half above",
};

/** Formats the results, largest maps last. */
export function formatTable(results: readonly RegionsResult[]): string {
  const header = ["Map", "Side, px", "Regions", "Corners", "Native call", "findRegions"];
  const rows = results.map(({ kind, side, regions, corners, native, facade }) => [
    names[kind],
    String(side),
    String(regions),
    String(corners),
    shown(native, "seconds"),
    shown(facade, "seconds"),
  ]);
  const machines = new Set(
    results.map(
      ({ environment: { cpu, cpuCapability, cores, node, date } }) =>
        `${cpu} (${cpuCapability}), ${cores} cores; Node.js ${node}, ${date}.`,
    ),
  );
  const load = Math.max(...results.map((result) => result.load));
  if (load > 1) machines.add(`The machine did other work (load average up to ${load.toFixed(1)}).`);
  return `${[...machines].join("\n")}\n\n${markdownTable(header, rows, (column) => (column === 0 ? "---" : "---:"))}`;
}
