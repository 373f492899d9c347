import { abortSignal, callback, integer, invalid, oneOf, record } from "../errors/validate.js";
import { defectNames, type DefectName } from "./defects.js";
import { textureNames, type TextureName } from "./textures.js";

/** Options of `generateSample`. */
export interface SampleOptions {
  /** Seed of everything random: a whole number from 0 to 2^32 - 1. Default 0. */
  seed?: number;
  /** Height and width of the images in pixels, from 32 to 4096. Default 256. */
  size?: number;
  /** Number of good training images, at least 1. Default 80. */
  train?: number;
  /** Number of good test images. Default 24. */
  testGood?: number;
  /** Number of test images per kind of defect. Default 8. */
  testPerDefect?: number;
  /** The textures to alternate between. Default: all. */
  textures?: readonly TextureName[];
  /** The kinds of defects. Default: all. */
  defects?: readonly DefectName[];
  /** Whether to replace a sample that was drawn with other options. Default false. */
  overwrite?: boolean;
  /** Called after each image with the number drawn so far. */
  onProgress?: (progress: { done: number; total: number }) => void;
  /** Stops drawing between two images. Nothing is left behind. */
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

/** Validates the options and fills in the defaults. @throws ReverseDistillationError `INVALID_ARGUMENT` */
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
