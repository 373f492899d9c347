import { defineConfig } from "tsup";

export default defineConfig({
  target: "node20",
  platform: "node",
  sourcemap: true,
  silent: true,
  format: "esm",
  tsconfig: "tsconfig.build.json",
  // A training runs in a process of its own.
  entry: { index: "lib/index.ts", trainer: "lib/training/trainer.ts" },
  // tsup hands the compiler an option (baseUrl) that TypeScript 6 deprecates.
  dts: { compilerOptions: { ignoreDeprecations: "6.0" } },
});
