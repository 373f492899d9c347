/**
 * Writes docs/api.md, the reference of what the package exports, from the docstrings.
 *
 *   node scripts/api-reference.mjs [--check]
 *
 * `--check` changes nothing and fails where the file is not as it would be written. An export without a
 * docstring, or a type that is used by an export and not exported itself, fails either way.
 */
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import { Application } from "typedoc";
import { reportFailure, root } from "./setup.mjs";

const target = join(root, "docs", "api.md");

/** @type {Partial<import("typedoc").TypeDocOptions> & Record<string, unknown>} */
const options = {
  entryPoints: [join(root, "lib", "index.ts")],
  tsconfig: join(root, "tsconfig.json"),
  plugin: ["typedoc-plugin-markdown"],
  readme: "none",
  disableSources: true,
  excludeInternal: true,
  treatWarningsAsErrors: true,
  logLevel: "Warn",
  // typedoc-plugin-markdown's: one file, tables for what has few words.
  outputFileStrategy: "modules",
  hidePageHeader: true,
  hideBreadcrumbs: true,
  parametersFormat: "table",
  interfacePropertiesFormat: "table",
  typeAliasPropertiesFormat: "table",
};

async function generate() {
  const folder = mkdtempSync(join(tmpdir(), "reverse-distillation-api-"));
  const application = await Application.bootstrapWithPlugins({ ...options, out: folder });
  const project = await application.convert();
  if (project === undefined) throw new Error("typedoc could not read the sources; its messages are above.");
  application.validate(project);
  try {
    await application.generateOutputs(project);
    if (application.logger.hasErrors() || application.logger.hasWarnings())
      throw new Error("The API reference has gaps; typedoc's messages are above.");
    const files = readdirSync(folder).filter((name) => name.endsWith(".md"));
    if (files.length !== 1) throw new Error(`typedoc wrote not one file but ${files.join(", ")}`);
    const text = readFileSync(join(folder, files[0] ?? ""), "utf8");
    return await format(text, { ...(await resolveConfig(target)), parser: "markdown" });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

try {
  const text = await generate();
  if (!process.argv.includes("--check")) writeFileSync(target, text);
  else if (!existsSync(target) || readFileSync(target, "utf8") !== text)
    throw new Error("docs/api.md is out of date: `npm run docs` writes it.");
} catch (error) {
  reportFailure(error);
}
