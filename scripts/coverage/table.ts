import { markdownTable } from "../markdown-table.js";
import type { CoveredFile } from "./covered-file.js";
import { needsReason, reasonFor } from "./reasons.js";

/** The tables of docs/coverage.md. */
export function formatCoverage(files: readonly CoveredFile[]): string {
  return [
    formatRooms(files),
    formatGaps(files),
    `Measured on ${new Date().toISOString().slice(0, 10)} on a machine without a GPU.\n`,
  ].join("\n");
}

/** Lines by room, and their sum for each language. */
function formatRooms(files: readonly CoveredFile[]): string {
  const rooms = new Map<string, CoveredFile>();
  for (const { path, lines, covered } of files) {
    const [side, ...rest] = path.split("/");
    const room = rest.length > 1 ? `${side}/${rest[0]}` : `${side}, outside of its rooms`;
    for (const name of [room, side!]) {
      const known = rooms.get(name) ?? { path: name, lines: 0, covered: 0 };
      rooms.set(name, { path: name, lines: known.lines + lines, covered: known.covered + covered });
    }
  }
  const rows = [...rooms.values()]
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, lines, covered }) => {
      const name = path === "lib" || path === "native" ? `**${path}**` : path;
      return [name, String(lines), String(covered), percent(covered / lines)];
    });
  return markdownTable(["Room", "Lines", "Covered", ""], rows, (column) => (column === 0 ? "---" : "---:"));
}

/** Files of which much is not covered, with the reason. */
function formatGaps(files: readonly CoveredFile[]): string {
  const rows = files
    .filter(needsReason)
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, lines, covered }) => [
      `\`${path}\``,
      percent(covered / lines),
      reasonFor(path) ?? "not explained",
    ]);
  return markdownTable(["File", "Covered", "Reason"], rows, (column) => (column === 1 ? "---:" : "---"));
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
