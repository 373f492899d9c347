/**
 * The install script of the published package. Installing takes nothing of it: what is shipped runs as
 * it is, so npm may as well leave this script out. Asked to by
 *
 *   npm rebuild reverse-distillation
 *   npm install --build-from-source
 *
 * it builds the native addon for the LibTorch of this machine, where none fits that is shipped.
 * Built-ins only; the rest is loaded when it is needed.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const { npm_command: command, npm_config_build_from_source: fromSource } = process.env;
const asked = command === "rebuild" || fromSource === "true" || fromSource === "reverse-distillation";
const builder = fileURLToPath(new URL("../dist/rebuild.js", import.meta.url));
// A checkout is built by `npm run setup`, and has no dist/ before.
if (asked && existsSync(builder) && !existsSync(new URL("../lib", import.meta.url))) await import(builder);
