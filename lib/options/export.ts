import { abortSignal, integer, invalid, oneOf, record } from "../errors/validate.js";
import { storagePrecisions, type StoragePrecision } from "./storage.js";

/** What an exported graph takes. */
export type ExportInput = "uint8" | "normalized";

/** How a detector is exported to other runtimes. */
export interface ExportOptions {
  /** The only one there is; to be written out, as there may be more. */
  format: "onnx";
  /**
   * "float16" halves the file: weights and features are of float16; what comes after the features (cosines,
   * up-sampling, smoothing) and all inputs and outputs stay float32. Default "float32".
   */
  precision?: StoragePrecision;
  /**
   * "uint8": pixels [N, height, width, 3], RGB, as `preprocess` of `reverse-distillation/preprocess` gives them;
   * the normalisation is inside of the graph. "normalized": float32 [N, 3, height, width], as its `normalise` gives
   * them. Default "uint8".
   */
  input?: ExportInput;
  /** Images a run: a number from 1, or "dynamic" for any. Default "dynamic". */
  batch?: number | "dynamic";
  /**
   * Bytes of the model from which on its weights go to a file of their own beside it. Default and most:
   * 2147483647, where the format ends.
   */
  externalDataThreshold?: number;
  signal?: AbortSignal;
}

/** Options with the defaults filled in, every one checked. */
export interface ResolvedExportOptions {
  precision: StoragePrecision;
  input: ExportInput;
  batch: number | "dynamic";
  externalDataThreshold: number;
  signal: AbortSignal | undefined;
}

export const exportInputs = ["uint8", "normalized"] as const satisfies readonly ExportInput[];

/** Protobuf messages of more bytes cannot be read. */
const maxMessageBytes = 2 ** 31 - 1;

/** The values of the options that are left out. */
export const exportDefaults = {
  precision: "float32",
  input: "uint8",
  batch: "dynamic",
  externalDataThreshold: maxMessageBytes,
} as const satisfies Partial<ExportOptions>;

const names = ["format", "precision", "input", "batch", "externalDataThreshold", "signal"];

/**
 * Checks every option and fills in the defaults.
 *
 * @throws ReverseDistillationError `INVALID_ARGUMENT` naming the option, what is allowed and what was given.
 */
export function resolveExportOptions(options: ExportOptions): ResolvedExportOptions {
  const given = record("options", options, names);
  if (given.format !== "onnx") throw invalid("format", '"onnx"', given.format);
  const { precision, input, batch, externalDataThreshold } = {
    ...exportDefaults,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  };
  return {
    precision: oneOf("precision", precision, storagePrecisions),
    input: oneOf("input", input, exportInputs),
    batch: batchSize(batch),
    externalDataThreshold: integer("externalDataThreshold", externalDataThreshold, 0, maxMessageBytes),
    signal: given.signal === undefined ? undefined : abortSignal("signal", given.signal),
  };
}

function batchSize(value: unknown): number | "dynamic" {
  if (value === "dynamic") return value;
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65_536)
    return value as number;
  throw invalid("batch", 'a whole number from 1 to 65536, or "dynamic"', value);
}
