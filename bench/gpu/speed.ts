/**
 * Measures training and scoring with a backbone, here and in the Python reference on the same device, and prints a
 * `Speed` as a line of JSON as soon as it is known. The scores must agree first.
 *
 *   node --import tsx bench/gpu/speed.ts <backbone> [--device cuda:N] [--quick]
 */
import { messageOf } from "../../lib/errors/message-of.js";
import type { Backbone } from "../../lib/options/model.js";
import { print, readArguments } from "./arguments.js";
import { measureEndToEnd } from "./end-to-end.js";

const { device, quick, rest } = readArguments(process.argv.slice(2));
await measureEndToEnd(rest[0] as Backbone, {
  ...{ device, quick },
  onSpeed: print,
  onFailure(what, error) {
    console.error(`${what}: ${messageOf(error)}`);
    process.exitCode = 1;
  },
});
