/**
 * Writes the tables of options in docs/ from their declarations in lib/, whose comments are the descriptions.
 *
 *   node --import tsx scripts/option-tables.ts [--check]
 *
 * `--check` changes nothing and fails if a page is not what would be written. A comment whose `@defaultValue` is not the
 * declared default fails either way.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { format, resolveConfig } from "prettier";
import { documentedOptions, type DocumentedOption } from "./documented-options.js";
import { markdownTable } from "./markdown-table.js";
import { withMarkedSection } from "./marked-section.js";
import { reportFailure } from "./setup.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Where the table of each declaration goes. */
const tables = [
  { name: "train", page: "docs/training.md" },
  { name: "checkpointing", page: "docs/training.md" },
  { name: "load", page: "docs/scoring.md" },
  { name: "batching", page: "docs/scoring.md" },
  { name: "score", page: "docs/scoring.md" },
  { name: "heatmap", page: "docs/scoring.md" },
  { name: "regions", page: "docs/regions.md" },
  { name: "evaluate", page: "docs/evaluating.md" },
  { name: "save", page: "docs/checkpoints-and-weights.md" },
  { name: "checkpoint", page: "docs/checkpoints-and-weights.md" },
  { name: "export", page: "docs/onnx.md" },
] as const;

function optionTable(options: readonly DocumentedOption[]): string {
  const rows = options.map(({ name, defaultText, description }) => [
    `\`${name}\``,
    defaultText,
    description.replaceAll("|", "\\|"),
  ]);
  return markdownTable(["option", "default", "meaning"], rows);
}

async function writePages(check: boolean): Promise<void> {
  for (const page of new Set(tables.map((table) => table.page))) {
    const path = join(root, page);
    const text = readFileSync(path, "utf8");
    const written = tables
      .filter((table) => table.page === page)
      .reduce(
        (all, { name }) =>
          withMarkedSection(page, all, `options: ${name}`, optionTable(documentedOptions(name))),
        text,
      );
    const formatted = await format(written, { ...(await resolveConfig(path)), parser: "markdown" });
    if (!check) writeFileSync(path, formatted);
    else if (formatted !== text) throw new Error(`${page} is out of date: \`npm run docs\` updates it.`);
  }
}

try {
  await writePages(process.argv.includes("--check"));
} catch (error) {
  reportFailure(error);
}
