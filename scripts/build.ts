/**
 * Builds what is out of date: the native addon and the package's JavaScript.
 *
 *   node --import tsx scripts/build.ts [--tests] [--bench] [--cuda] [--no-bundle]
 *
 * `--tests` and `--bench` also build the native tests and the native benchmark. `--cuda` builds the addon for GPUs,
 * next to the one for the CPU. `--no-bundle` leaves dist/ as it is.
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildable } from "../lib/native/libtorch/search.js";
import { buildNative } from "./native-build.js";
import { buildTypeScript } from "./typescript-build.js";

const { values } = parseArgs({
  options: {
    tests: { type: "boolean", default: false },
    bench: { type: "boolean", default: false },
    cuda: { type: "boolean", default: false },
    "no-bundle": { type: "boolean", default: false },
  },
});
const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
try {
  await buildNative(root, {
    targets: [
      "addon",
      ...(values.tests ? (["tests", "kernel-tests"] as const) : []),
      ...(values.bench ? (["benchmark"] as const) : []),
    ],
    builds: buildable(values.cuda ? "cuda" : "cpu"),
    // A CUDA build takes gigabytes, and the right one for the driver may already be installed with PyTorch.
    fetch: !values.cuda,
  });
  if (!values["no-bundle"]) await buildTypeScript(root);
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
