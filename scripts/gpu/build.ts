/**
 * Builds one target for a run on a GPU, and prints the LibTorch that it was built against as a line of JSON.
 *
 *   node --import tsx scripts/gpu/build.ts <cuda|cpu> <target>
 *
 * Other compilers have other warnings, so they are printed and do not end the build.
 */
import { buildable } from "../../lib/native/libtorch/search.js";
import { buildNative, type NativeTarget } from "../native-build.js";
import { reportFailure, root } from "../setup.mjs";

const [backend, target] = process.argv.slice(2);
try {
  const { libtorch } = await buildNative(root, {
    targets: [target as NativeTarget],
    builds: buildable(backend as "cuda" | "cpu"),
    fetch: false,
    warningsAreErrors: false,
  });
  console.log(JSON.stringify({ built: target, libtorch: libtorch.directory, version: libtorch.version }));
} catch (error) {
  reportFailure(error);
}
