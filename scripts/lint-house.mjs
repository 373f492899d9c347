/**
 * Checks the rules of the house (CONTRIBUTING.md): prints every violation and exits with 1 if there is one.
 *
 *   node scripts/lint-house.mjs [folder of a checkout]
 */
import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { checkNames } from "./house/names.mjs";
import { checkNative } from "./house/native.mjs";
import { checkTypeScript } from "./house/typescript.mjs";

/**
 * @param {string} root of the checkout.
 * @returns {import("./house/files.mjs").Violation[]} sorted by file and line.
 */
export function checkHouse(root) {
  const violations = [...checkNames(root), ...checkNative(root), ...checkTypeScript(root)];
  return violations.sort((a, b) => a.path.localeCompare(b.path, "en") || a.line - b.line);
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const violations = checkHouse(process.argv[2] ?? fileURLToPath(new URL("..", import.meta.url)));
  for (const { path, line, message } of violations) console.error(`${path}:${line}: ${message}`);
  if (violations.length === 0) console.log("No rule of the house is broken");
  if (violations.length > 0) process.exitCode = 1;
}
