/**
 * Scores once from a packed package, which needs what a user's project has.
 *
 *   node --import tsx bench/gpu/package.ts [--device cuda:N] [tarball]
 */
import { print, readArguments } from "./arguments.js";
import { scoreFromPackage } from "./packed.js";

const { device, rest } = readArguments(process.argv.slice(2));
print({ package: await scoreFromPackage(device, rest[0], 5 * 60_000) });
