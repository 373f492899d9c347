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
import {
  declarationNames,
  documentedOptions,
  type DeclarationName,
  type DocumentedOption,
} from "./documented-options.js";
import { markdownTable } from "./markdown-table.js";
import { withMarkedSection } from "./marked-section.js";
import { reportFailure } from "./setup.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The page that has the table of each declaration. */
const pages: Readonly<Record<DeclarationName, string>> = {
  train: "docs/training.md",
  checkpointing: "docs/training.md",
  calibrate: "docs/verdicts.md",
  heldOut: "docs/verdicts.md",
  watch: "docs/verdicts.md",
  quantise: "docs/performance.md",
  load: "docs/scoring.md",
  batching: "docs/scoring.md",
  warmUp: "docs/scoring.md",
  score: "docs/scoring.md",
  heatmap: "docs/scoring.md",
  regions: "docs/regions.md",
  evaluate: "docs/evaluating.md",
  save: "docs/checkpoints-and-weights.md",
  checkpoint: "docs/checkpoints-and-weights.md",
  export: "docs/onnx.md",
};

function optionTable(options: readonly DocumentedOption[]): string {
  const rows = options.map(({ name, defaultText, description }) => [
    `\`${name}\``,
    defaultText,
    description.replaceAll("|", "\\|"),
  ]);
  return markdownTable(["option", "default", "meaning"], rows);
}

async function writePages(check: boolean): Promise<void> {
  for (const page of new Set(Object.values(pages))) {
    const path = join(root, page);
    const text = readFileSync(path, "utf8");
    const written = declarationNames
      .filter((name) => pages[name] === page)
      .reduce(
        (all, name) => withMarkedSection(page, all, `options: ${name}`, optionTable(documentedOptions(name))),
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
