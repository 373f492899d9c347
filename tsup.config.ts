import { defineConfig } from "tsup";

const shared = { target: "node20", platform: "node", sourcemap: true, silent: true } as const;

export default defineConfig([
  {
    ...shared,
    format: "esm",
    entry: { index: "lib/index.ts", cli: "lib/cli/main.ts" },
    dts: { entry: { index: "lib/index.ts" } },
    // The command line is the library's first user, not a second copy of it.
    splitting: true,
  },
  {
    ...shared,
    format: "cjs",
    entry: { index: "lib/index.ts" },
    dts: true,
    // import.meta.url is what the addon is found by, and CommonJS has none of its own.
    shims: true,
  },
]);
