import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

export default defineConfig(
  globalIgnores(["**/dist", "**/dist.unfinished", "build", ".build", "out", "prebuilds"]),
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ["*.config.js"] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      "no-console": "off",
      eqeqeq: "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // Callers in JavaScript pass what the types forbid, and are told so.
      "@typescript-eslint/no-unnecessary-condition": "off",
      // noUncheckedIndexedAccess asks for them wherever an array is indexed in a loop.
      "@typescript-eslint/no-non-null-assertion": "off",
      // An interface that extends the type of declared options gives it a name, in errors and in the API reference.
      "@typescript-eslint/no-empty-object-type": ["error", { allowInterfaces: "with-single-extends" }],
      // Numbers read well in messages.
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
    },
  },
  {
    // Types here are JSDoc's, and are checked by the compiler.
    files: ["**/*.mjs", "**/*.js"],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { globals: { console: "readonly", process: "readonly", URL: "readonly" } },
    rules: { "@typescript-eslint/explicit-module-boundary-types": "off" },
  },
  {
    // fastify takes what an asynchronous handler returns as the answer.
    files: ["service/lib/http/**/*.ts"],
    rules: { "@typescript-eslint/require-await": "off" },
  },
  {
    // What a component returns is always a tree of elements.
    files: ["service/page/**/*.tsx"],
    rules: { "@typescript-eslint/explicit-module-boundary-types": "off" },
  },
  {
    // ava's test() returns a promise that ava itself awaits.
    files: ["test/**/*.ts", "service/test/**/*.ts", "fleet/test/**/*.ts"],
    rules: { "@typescript-eslint/no-floating-promises": "off" },
  },
);
