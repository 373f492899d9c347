/**
 * Writes the API reference from the docstrings: docs/api.md for the package, docs/api-preprocess.md for its subpath
 * `preprocess`.
 *
 *   node scripts/api-reference.mjs [--check]
 *
 * `--check` changes nothing and fails if a file is out of date. An export without a docstring, or one that uses a
 * type that is not exported, fails either way.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import { Application } from "typedoc";
import { reportFailure, root } from "./setup.mjs";

/** What can be imported: its source, the file that typedoc writes for it, and the file in docs/. */
const modules = [
  { name: "reverse-distillation", source: "lib/index.ts", written: "index.md", target: "api.md" },
  {
    name: "reverse-distillation/preprocess",
    source: "lib/preprocess.ts",
    written: "preprocess.md",
    target: "api-preprocess.md",
  },
];

/** @type {Partial<import("typedoc").TypeDocOptions> & Record<string, unknown>} */
const options = {
  entryPoints: modules.map(({ source }) => join(root, source)),
  tsconfig: join(root, "tsconfig.json"),
  plugin: ["typedoc-plugin-markdown"],
  readme: "none",
  disableSources: true,
  excludeInternal: true,
  treatWarningsAsErrors: true,
  logLevel: "Warn",
  // Options of typedoc-plugin-markdown: one file per module, and tables for short descriptions.
  outputFileStrategy: "modules",
  hidePageHeader: true,
  hideBreadcrumbs: true,
  parametersFormat: "table",
  interfacePropertiesFormat: "table",
  typeAliasPropertiesFormat: "table",
  tableColumnSettings: { hideInherited: true },
};

/**
 * Leaves out what typedoc says of the declarations that options and metrics come from: which types they extend, and an
 * ellipsis for a default.
 *
 * @param {string} text
 */
function withoutDeclarations(text) {
  return text
    .replaceAll(/#{4} Extends\n\n(- `(GivenOptions|DefaultOptions|StoredOptions|Values)`.*\n)+\n/g, "")
    .replaceAll("| `...` ", "| ");
}

/** @returns {Promise<Map<string, string>>} the text of each file in docs/, by name. */
async function generate() {
  const folder = mkdtempSync(join(tmpdir(), "reverse-distillation-api-"));
  const application = await Application.bootstrapWithPlugins({ ...options, out: folder });
  const project = await application.convert();
  if (project === undefined) throw new Error("typedoc could not read the sources; see its messages above.");
  application.validate(project);
  try {
    await application.generateOutputs(project);
    if (application.logger.hasErrors() || application.logger.hasWarnings())
      throw new Error("The API reference has gaps; see typedoc's messages above.");
    /** @type {Map<string, string>} */
    const files = new Map();
    for (const { name, written, target } of modules) {
      const [, ...body] = readFileSync(join(folder, written), "utf8").split("\n");
      const text = modules.reduce(
        (all, other) => all.replaceAll(`](${other.written}`, `](${other.target}`),
        withoutDeclarations(`# ${name}\n${body.join("\n")}`),
      );
      const filepath = join(root, "docs", target);
      files.set(target, await format(text, { ...(await resolveConfig(filepath)), parser: "markdown" }));
    }
    return files;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

try {
  for (const [name, text] of await generate()) {
    const path = join(root, "docs", name);
    if (!process.argv.includes("--check")) writeFileSync(path, text);
    else if (!existsSync(path) || readFileSync(path, "utf8") !== text)
      throw new Error(`docs/${name} is out of date: run \`npm run docs\`.`);
  }
} catch (error) {
  reportFailure(error);
}
