import { abortSignal, callback, integer, invalid, oneOf, record } from "../errors/validate.js";
import { defectNames, type DefectName } from "./defects.js";
import { textureNames, type TextureName } from "./textures.js";

/** Options of `generateSample`. */
export interface SampleOptions {
  /** Decides everything that varies; an integer from 0 to 2^32 - 1. Default 0. */
  seed?: number;
  /** Height and width of the images in pixels, 32 to 4096. Default 256. */
  size?: number;
  /** Number of good parts to train on, at least 1. Default 80. */
  train?: number;
  /** Number of good parts to test on. Default 24. */
  testGood?: number;
  /** Number of parts to test on with each kind of defect. Default 8. */
  testPerDefect?: number;
  /** The textures, which take turns. Default: all of them. */
  textures?: readonly TextureName[];
  /** The kinds of defect. Default: all of them. */
  defects?: readonly DefectName[];
  /** Whether a sample that lies in the folder and was drawn with other options may be replaced. Default false. */
  overwrite?: boolean;
  /** Called after each part with the number that is drawn. */
  onProgress?: (progress: { done: number; total: number }) => void;
  /** Stops the drawing between two parts; nothing is left behind. */
  signal?: AbortSignal;
}

export type CheckedSampleOptions = Required<Omit<SampleOptions, "onProgress" | "signal">> &
  Pick<SampleOptions, "onProgress" | "signal">;

const names = [
  "seed",
  "size",
  "train",
  "testGood",
  "testPerDefect",
  "textures",
  "defects",
  "overwrite",
  "onProgress",
  "signal",
] as const satisfies (keyof SampleOptions)[];

/** The options with their defaults. @throws ReverseDistillationError `INVALID_ARGUMENT`. */
export function checkedOptions(options: SampleOptions): CheckedSampleOptions {
  record("options", options, names);
  const { overwrite = false, onProgress, signal } = options;
  if (typeof overwrite !== "boolean") throw invalid("overwrite", "true or false", overwrite);
  if (onProgress !== undefined) callback("onProgress", onProgress);
  if (signal !== undefined) abortSignal("signal", signal);
  return {
    seed: integer("seed", options.seed ?? 0, 0, 2 ** 32 - 1),
    size: integer("size", options.size ?? 256, 32, 4096),
    train: integer("train", options.train ?? 80, 1, 100_000),
    testGood: integer("testGood", options.testGood ?? 24, 0, 100_000),
    testPerDefect: integer("testPerDefect", options.testPerDefect ?? 8, 0, 100_000),
    textures: chosen("textures", options.textures ?? textureNames, textureNames),
    defects: chosen("defects", options.defects ?? defectNames, defectNames),
    overwrite,
    onProgress,
    signal,
  };
}

function chosen<T extends string>(name: string, given: unknown, allowed: readonly T[]): T[] {
  if (!Array.isArray(given) || given.length === 0)
    throw invalid(name, `a list of ${allowed.join(", ")}`, given);
  return [...new Set(given.map((item: unknown, index) => oneOf(`${name}[${index}]`, item, allowed)))];
}
