import { defineConfig } from "tsup";

// tsup hands the compiler an option (baseUrl) that TypeScript 6 deprecates.
const compilerOptions = { ignoreDeprecations: "6.0" };

const shared = { target: "node20", platform: "node", sourcemap: true, silent: true } as const;

const entry = { index: "lib/index.ts", preprocess: "lib/preprocess.ts" };

export default defineConfig([
  {
    ...shared,
    format: "esm",
    entry: {
      index: "lib/index.ts",
      preprocess: "lib/preprocess.ts",
      cli: "lib/cli.ts",
      rebuild: "scripts/rebuild.ts",
    },
    // The command line is the library's first user, not a second copy of it.
    splitting: true,
  },
  {
    ...shared,
    format: "cjs",
    entry,
    // The addon is found by import.meta.url, which CommonJS lacks. tsup's own stand-in breaks on paths
    // with a "#" or "%" in them, and where a test environment defines `document`.
    define: { "import.meta.url": "moduleUrl" },
    banner: { js: 'const moduleUrl = require("node:url").pathToFileURL(__filename).href;' },
  },
  // The types of both: the compiler reads the sources once.
  { ...shared, format: ["esm", "cjs"], entry, dts: { only: true, compilerOptions } },
]);
