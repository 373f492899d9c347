import { invalid } from "../errors/validate.js";
import { abortOptions } from "./computing.js";
import { choice, kind, parseNumber, wholeNumber, type Kind } from "./kind.js";
import { option, required, resolveOptions, type GivenOptions, type ResolvedOptions } from "./option.js";
import { storagePrecisions } from "./save.js";

/** What the exported graph takes as its input. */
export type ExportInput = "uint8" | "normalized";
const exportInputs = ["uint8", "normalized"] as const satisfies readonly ExportInput[];

/** Protobuf messages of more bytes cannot be read. */
const maxMessageBytes = 2 ** 31 - 1;

const batch: Kind<number | "dynamic"> = kind({
  check(name, value) {
    const fits = Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65_536;
    if (fits || value === "dynamic") return value as number | "dynamic";
    throw invalid(name, 'a whole number from 1 to 65536, or "dynamic"', value);
  },
  parse: (text) => (text === "dynamic" ? text : parseNumber(text)),
  placeholder: "<n>",
});

/** The options that decide on an exported graph, which its metadata name. */
export const graphOptions = {
  /**
   * "uint8": pixels [N, height, width, 3], RGB, as `preprocess` of `reverse-distillation/preprocess` returns them; the
   * graph normalises them. "normalized": float32 [N, 3, height, width], as its `normalise` returns them.
   * @defaultValue "uint8"
   */
  input: option(choice(exportInputs), { default: "uint8", help: "ONNX: pixels, or normalised planes" }),
  /**
   * Images per run: a number from 1, or "dynamic" for any.
   * @defaultValue "dynamic"
   */
  batch: option(batch, { default: "dynamic", help: 'ONNX: images per run, or "dynamic"' }),
  /**
   * "float16" halves the file: weights and features are float16. What comes after the features (cosines, up-sampling,
   * smoothing) and all inputs and outputs stay float32.
   * @defaultValue "float32"
   */
  precision: option(choice(storagePrecisions), {
    default: "float32",
    help: "ONNX: precision of the weights",
  }),
};

const fileOptions = {
  /** The format; "onnx" is the only one so far. */
  format: required(choice(["onnx"])),
  /**
   * Size of the model, in bytes, from which its weights go to a separate file beside it. The default is also the largest:
   * the format cannot hold more.
   * @defaultValue 2147483647
   */
  externalDataThreshold: option(wholeNumber(0, maxMessageBytes), {
    default: maxMessageBytes,
    help: "ONNX: size of the model from which its weights go to a separate file",
    placeholder: "<bytes>",
  }),
};

/** The options of `Detector.export`. */
export const exportOptions = { ...graphOptions, ...fileOptions, ...abortOptions };

/** How a detector is exported to other runtimes. */
export interface ExportOptions
  extends
    GivenOptions<typeof graphOptions>,
    GivenOptions<typeof fileOptions>,
    GivenOptions<typeof abortOptions> {}

/** The options with the defaults filled in, every one checked. */
export type ResolvedExportOptions = ResolvedOptions<typeof exportOptions>;

/** @throws ReverseDistillationError `INVALID_ARGUMENT` naming the option, what is allowed and what was given. */
export function resolveExportOptions(options: ExportOptions): ResolvedExportOptions {
  return resolveOptions(exportOptions, options);
}
