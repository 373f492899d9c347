import { defineConfig } from "tsup";

export default defineConfig({
  target: "node20",
  platform: "node",
  sourcemap: true,
  silent: true,
  format: "esm",
  tsconfig: "tsconfig.build.json",
  entry: { index: "lib/index.ts" },
  // tsup hands the compiler an option (baseUrl) that TypeScript 6 deprecates.
  dts: { compilerOptions: { ignoreDeprecations: "6.0" } },
});
