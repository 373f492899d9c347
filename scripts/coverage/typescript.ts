import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";
import { run } from "../run.mjs";
import type { CoveredFile } from "./covered-file.js";

/** What c8 writes about a file, as far as it is read. */
type Summary = Record<string, { lines: { total: number; covered: number } }>;

/** The TypeScript lines that ran, by V8's counts. Files that no test loads count as not covered. */
export async function typescriptCoverage(root: string, counts: string): Promise<CoveredFile[]> {
  const output = join(counts, "..", "typescript");
  const c8 = join(root, "node_modules", "c8", "bin", "c8.js");
  const options = [
    ...["report", "--temp-directory", counts, "--reports-dir", output],
    ...["--reporter", "json-summary", "--all", "--src", "lib", "--include", "lib/**"],
  ];
  await run(process.execPath, ["--max-old-space-size=8192", c8, ...options], { cwd: root });
  const summary = JSON.parse(readFileSync(join(output, "coverage-summary.json"), "utf8")) as Summary;
  return Object.entries(summary)
    .filter(([path]) => path !== "total" && hasCode(path))
    .map(([path, { lines }]) => ({
      path: relative(root, path),
      lines: lines.total,
      covered: lines.covered,
    }));
}

/** Whether anything is left of a file without its types. */
function hasCode(path: string): boolean {
  const { outputText } = ts.transpileModule(readFileSync(path, "utf8"), {
    compilerOptions: { module: ts.ModuleKind.ESNext, removeComments: true },
  });
  return outputText.trim() !== "export {};";
}
