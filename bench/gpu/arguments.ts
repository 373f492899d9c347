import { parseArgs } from "node:util";

/** The arguments of the programs in this folder, which scripts/gpu/stages.mjs starts. */
export interface Arguments {
  /** "cpu" runs everything without a GPU, to try it out. */
  device: "cpu" | `cuda:${number}`;
  /** Whether to use small sizes and few repetitions. The numbers then mean nothing. */
  quick: boolean;
  /** What is not an option. */
  rest: readonly string[];
}

export function readArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { device: { type: "string", default: "cuda:0" }, quick: { type: "boolean", default: false } },
  });
  return { device: values.device as Arguments["device"], quick: values.quick, rest: positionals };
}

/** Prints a result as scripts/gpu/stage-reader.mjs reads it. */
export function print(result: object): void {
  console.log(JSON.stringify(result));
}
