import { fileURLToPath } from "node:url";
import ts from "typescript";
import { evaluateOptions } from "../lib/evaluation/evaluate.js";
import { batchingOptions } from "../lib/options/batching.js";
import { calibrateOptions } from "../lib/options/calibrate.js";
import { heldOutOptions } from "../lib/options/calibration.js";
import { checkpointOptions } from "../lib/options/checkpoint.js";
import { checkpointingOptions } from "../lib/options/checkpointing.js";
import { exportOptions } from "../lib/options/export.js";
import { heatmapOptions } from "../lib/options/heatmap.js";
import { loadOptions } from "../lib/options/load.js";
import type { Declarations, Option } from "../lib/options/option.js";
import { quantiseOptions } from "../lib/options/quantise.js";
import { findRegionsOptions } from "../lib/options/regions.js";
import { saveOptions } from "../lib/options/save.js";
import { scoreOptions } from "../lib/options/score.js";
import { trainOptions } from "../lib/options/train.js";
import { warmUpOptions } from "../lib/options/warm-up.js";
import { watchOptions } from "../lib/options/watch.js";

/** The declarations, and the file and constant that hold each. */
const declared = {
  train: ["options/train", "trainOptions", trainOptions],
  checkpointing: ["options/checkpointing", "checkpointingOptions", checkpointingOptions],
  calibrate: ["options/calibrate", "calibrateOptions", calibrateOptions],
  quantise: ["options/quantise", "quantiseOptions", quantiseOptions],
  heldOut: ["options/calibration", "heldOutOptions", heldOutOptions],
  watch: ["options/watch", "watchOptions", watchOptions],
  load: ["options/load", "loadOptions", loadOptions],
  batching: ["options/batching", "batchingOptions", batchingOptions],
  warmUp: ["options/warm-up", "warmUpOptions", warmUpOptions],
  score: ["options/score", "scoreOptions", scoreOptions],
  heatmap: ["options/heatmap", "heatmapOptions", heatmapOptions],
  regions: ["options/regions", "findRegionsOptions", findRegionsOptions],
  evaluate: ["evaluation/evaluate", "evaluateOptions", evaluateOptions],
  save: ["options/save", "saveOptions", saveOptions],
  checkpoint: ["options/checkpoint", "checkpointOptions", checkpointOptions],
  export: ["options/export", "exportOptions", exportOptions],
} as const satisfies Record<string, readonly [file: string, constant: string, Declarations]>;

export type DeclarationName = keyof typeof declared;

export const declarationNames = Object.keys(declared) as DeclarationName[];

/** An option as the tables show it. */
export interface DocumentedOption {
  name: string;
  /** The default as Markdown; empty if there is none. */
  defaultText: string;
  /** The comment of the declaration. */
  description: string;
  /** The `@defaultValue` of the comment. */
  documentedDefault: string | undefined;
}

const fileOf = (name: DeclarationName) =>
  fileURLToPath(new URL(`../lib/${declared[name][0]}.ts`, import.meta.url));

let program: ts.Program | undefined;

/**
 * The options of a declaration with their comments, in the order of the declaration.
 *
 * @throws Error naming an option that has no comment, or whose comment states another default than the declared one.
 */
export function documentedOptions(name: DeclarationName): DocumentedOption[] {
  program ??= ts.createProgram(declarationNames.map(fileOf), {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    strict: true,
    noEmit: true,
  });
  const checker = program.getTypeChecker();
  const [, constant, options] = declared[name];
  const module = checker.getSymbolAtLocation(program.getSourceFile(fileOf(name))!)!;
  const symbol = checker.getExportsOfModule(module).find((exported) => exported.name === constant)!;
  const type = checker.getTypeOfSymbol(symbol);
  return Object.entries(options as Declarations).map(([key, option]) => {
    const property = type.getProperty(key)!;
    const description = oneLine(ts.displayPartsToString(property.getDocumentationComment(checker)));
    const tag = property.getJsDocTags(checker).find((each) => each.name === "defaultValue");
    const documentedDefault = tag && ts.displayPartsToString(tag.text).trim();
    return { name: key, description, documentedDefault, defaultText: defaultText(option) };
  });
}

/** The default as a comment states it: code as a caller writes it, or words; undefined if there is none. */
export function statedDefault({ default: constant, defaultText }: Option): string | undefined {
  if (constant === undefined) return defaultText;
  return Array.isArray(constant)
    ? `[${constant.map((value) => JSON.stringify(value)).join(", ")}]`
    : JSON.stringify(constant);
}

function defaultText(option: Option): string {
  if (option.required) return "required";
  const stated = statedDefault(option);
  return option.default === undefined ? (stated ?? "") : `\`${stated}\``;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}

/** Every declaration by name, for tests. */
export function declarationsOf(name: DeclarationName): Declarations {
  return declared[name][2];
}
