/**
 * The install script of the published package. A normal install does not need it, since the shipped binaries run as
 * they are; npm may skip it. Called by
 *
 *   npm rebuild reverse-distillation
 *   npm install --build-from-source
 *
 * it builds the native addon for the LibTorch on this machine, unless a shipped binary fits. Uses built-ins only; the
 * rest is loaded when needed.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const { npm_command: command, npm_config_build_from_source: fromSource } = process.env;
const asked = command === "rebuild" || fromSource === "true" || fromSource === "reverse-distillation";
const builder = fileURLToPath(new URL("../dist/rebuild.js", import.meta.url));
// A checkout has lib/ and is built by `npm run setup`.
if (asked && existsSync(builder) && !existsSync(new URL("../lib", import.meta.url))) await import(builder);
