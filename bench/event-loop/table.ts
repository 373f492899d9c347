import { fileURLToPath } from "node:url";
import { markdownTable } from "../../scripts/markdown-table.js";
import { writeMarkedSection } from "../../scripts/marked-section.js";
import { describeMachines } from "../environment.js";
import type { EventLoopResult } from "./results.js";

const path = fileURLToPath(new URL("../../docs/performance.md", import.meta.url));

/** Writes the table to docs/performance.md. @throws Error as `writeMarkedSection` */
export async function writeTable(results: readonly EventLoopResult[]): Promise<void> {
  await writeMarkedSection(path, "event-loop", formatTable(results));
}

/** The results as Markdown, with the machine. */
export function formatTable(results: readonly EventLoopResult[]): string {
  const rows = results.map(({ work, seconds, late, longestTurn }) => [
    work,
    seconds.toFixed(2),
    late.p99.toFixed(1),
    late.most.toFixed(1),
    longestTurn.toFixed(1),
  ]);
  const header = ["Work", "Seconds", "Timer late, p99 (ms)", "at most (ms)", "Longest turn (ms)"];
  const table = markdownTable(header, rows, (column) => (column === 0 ? "---" : "---:"));
  return `${table}\n${describeMachines(results)}`;
}
