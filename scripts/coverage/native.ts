import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import type { CoveredFile } from "./covered-file.js";

/** What gcov writes about an object file, as far as it is read. */
interface GcovReport {
  files: { file: string; lines: { line_number: number; count: number }[] }[];
}

/** The C++ lines that ran, by gcov: a line counts as covered if it ran in any of the programs. */
export async function nativeCoverage(root: string, tree: string): Promise<CoveredFile[]> {
  const ran = new Map<string, Map<number, boolean>>();
  const notes = readdirSync(tree, { recursive: true, encoding: "utf8" }).filter((path) =>
    path.endsWith(".gcno"),
  );
  const folder = mkdtempSync(join(tmpdir(), "coverage-"));
  try {
    for (const note of notes) {
      const options = ["--json-format", "--source-prefix", root, "--relative-only", join(tree, note)];
      await promisify(execFile)("gcov", options, { cwd: folder, maxBuffer: 2 ** 28 });
      for (const name of readdirSync(folder)) {
        const path = join(folder, name);
        addReport(JSON.parse(gunzipSync(readFileSync(path)).toString()) as GcovReport, root, ran);
        rmSync(path);
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return [...ran].map(([path, lines]) => ({
    path,
    lines: lines.size,
    covered: [...lines.values()].filter(Boolean).length,
  }));
}

function addReport({ files }: GcovReport, root: string, ran: Map<string, Map<number, boolean>>): void {
  for (const { file, lines } of files) {
    // Paths are absolute, whatever the option is called.
    const path = relative(root, file);
    if (!path.startsWith("native/")) continue;
    const known = ran.get(path) ?? new Map<number, boolean>();
    ran.set(path, known);
    for (const { line_number: line, count } of lines) known.set(line, known.get(line) === true || count > 0);
  }
}
