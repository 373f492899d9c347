import { invalid } from "../errors/validate.js";
import { abortOptions } from "./computing.js";
import { boolean, choice, kind, parseNumber, wholeNumber, type Kind } from "./kind.js";
import { option, required, resolveOptions, type GivenOptions, type ResolvedOptions } from "./option.js";
import { storagePrecisions } from "./save.js";

/** The input of the exported graph. */
export type ExportInput = "uint8" | "normalized";
const exportInputs = ["uint8", "normalized"] as const satisfies readonly ExportInput[];

/** The largest protobuf message that can be read, in bytes. */
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

/** As metadata, an export of an older version lacks it. */
const withVerdict: Kind<boolean> = { ...boolean, fromEntries: (name, text) => text(name) === "true" };

/** The options that change the exported graph. Its metadata record them. */
export const graphOptions = {
  /**
   * The type of the input `images`. "uint8" is RGB pixels [N, height, width, 3], which `preprocess` of
   * `reverse-distillation/preprocess` returns; the graph normalises them. "normalized" is float32 [N, 3, height,
   * width], which `normalise` of the same module returns.
   * @defaultValue "uint8"
   */
  input: option(choice(exportInputs), {
    default: "uint8",
    help: "ONNX: whether the input is pixels or normalised planes",
  }),
  /**
   * Images per run: a number, or "dynamic" for any number.
   * @defaultValue "dynamic"
   */
  batch: option(batch, { default: "dynamic", help: 'ONNX: images per run, or "dynamic" for any number' }),
  /**
   * Precision of weights and features. "float16" halves the file. Everything after the features (cosine distances,
   * up-sampling, smoothing) and all inputs and outputs keep their type.
   * @defaultValue "float32"
   */
  precision: option(choice(storagePrecisions), {
    default: "float32",
    help: "ONNX: precision of weights and features",
  }),
  /**
   * Whether the graph has a third output, `verdict`: int64 [N], 0 to accept, 1 to review, 2 to reject. It needs
   * thresholds.
   * @defaultValue false
   */
  verdict: option(withVerdict, { default: false, help: "ONNX: add the verdict as an output" }),
};

const fileOptions = {
  /** The format. Only "onnx" is supported. */
  format: required(choice(["onnx"])),
  /**
   * If the model would have more bytes than this, its weights go to a separate file next to it. The default is the
   * largest size that the format allows.
   * @defaultValue 2147483647
   */
  externalDataThreshold: option(wholeNumber(0, maxMessageBytes), {
    default: maxMessageBytes,
    help: "ONNX: size above which the weights go to a separate file",
    placeholder: "<bytes>",
  }),
};

/** The options of `Detector.export`. */
export const exportOptions = { ...graphOptions, ...fileOptions, ...abortOptions };

/** How a detector is exported for other runtimes. */
export interface ExportOptions
  extends
    GivenOptions<typeof graphOptions>,
    GivenOptions<typeof fileOptions>,
    GivenOptions<typeof abortOptions> {}

/** The options after checking, with the defaults filled in. */
export type ResolvedExportOptions = ResolvedOptions<typeof exportOptions>;

/** @throws ReverseDistillationError `INVALID_ARGUMENT` naming the option, what is allowed and what was given. */
export function resolveExportOptions(options: ExportOptions): ResolvedExportOptions {
  return resolveOptions(exportOptions, options);
}
