/**
 * Builds what the sources have outgrown: the native addon, and the package's JavaScript.
 *
 *   node --import tsx scripts/build.ts [--tests]
 *
 * `--tests` builds the native tests as well.
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildNative } from "./native-build.js";
import { buildTypeScript } from "./typescript-build.js";

const { values } = parseArgs({ options: { tests: { type: "boolean", default: false } } });
const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
try {
  await buildNative(root, { tests: values.tests });
  await buildTypeScript(root);
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
