import { throwIfAborted, untilAborted } from "../errors/abort.js";
import { ReverseDistillationError } from "../errors/error.js";
import { path as checkPath } from "../errors/validate.js";
import { invalidFile } from "../files/invalid-file.js";
import { printable } from "../files/system-path.js";
import { loadCheckpoint } from "../model-file/checkpoint.js";
import { ModelFile } from "../model-file/file.js";
import type { ModelMetadata } from "../model-file/metadata.js";
import { findReferredTeacher } from "../model-file/referred-teacher.js";
import type { NativeModel } from "../native/addon.js";
import { loadAddon } from "../native/loader.js";
import { fromNative } from "../native/native-error.js";
import { resolveCheckpointOptions, type CheckpointOptions } from "../options/checkpoint.js";
import { resolveLoadOptions, type LoadOptions, type modelLimitOptions } from "../options/load.js";
import { modelOptions } from "../options/model.js";
import { pickOptions, type ResolvedOptions } from "../options/option.js";
import { scoringPrecisions, unquantisedPrecisions } from "../options/precision.js";
import type { Precision } from "../options/precision.js";
import { readInterest } from "../regions/read-interest.js";
import { findTeacherWeights, loadTeacherWeights } from "../teacher/weights.js";
import { createModel, type DetectorParts } from "./parts.js";
import { resolvePlace } from "./place.js";

/** Loads the parts of a saved detector; see `Detector.load`. */
export async function loadModelFile(path: string | URL, options: LoadOptions): Promise<DetectorParts> {
  const name = checkPath("path", path);
  const resolved = resolveLoadOptions(options);
  const { device, precision, threads, batching, weights, signal, onProgress } = resolved;
  throwIfAborted(signal);
  const addon = await untilAborted(signal, loadAddon());
  const file = await ModelFile.open(name, signal);
  try {
    requireWithinLimits(file, resolved);
    const teacher = await findReferredTeacher(file, { weights, signal, onProgress });
    if (teacher !== undefined) await file.takeTeacherFrom(teacher, signal);
    const { model, training, calibration, thresholds, quantisation, trained } = file.metadata;
    const offered = quantisation || precision === "int8" ? scoringPrecisions : unquantisedPrecisions;
    const place = resolvePlace(addon, device, precision, offered);
    if (place.precision === "int8" && quantisation === undefined) throw notQuantised(name);
    const native = await createModel(addon, model, place, 0, quantisation);
    await fill(native, signal, () => file.readInto(native));
    warnOfOtherScores(name, file.metadata, place.precision);
    const inputs = teacher === undefined ? [] : [{ name: "the weights", path: teacher }];
    const modelFile = { name: "the model", path: name };
    const described = { model, training, calibration, thresholds, quantisation, trained };
    return { addon, native, ...described, threads, batching, inputs, modelFile };
  } finally {
    await file.close();
  }
}

/** Loads the parts of a detector from a checkpoint of the authors' code; see `Detector.fromCheckpoint`. */
export async function loadCheckpointFile(
  path: string | URL,
  options: CheckpointOptions,
): Promise<DetectorParts> {
  const name = checkPath("path", path);
  const resolved = resolveCheckpointOptions(options);
  const { backbone, weights, device, precision, threads, batching, signal, onProgress } = resolved;
  throwIfAborted(signal);
  const {
    levels,
    roi: given,
    tiles,
    ...others
  } = pickOptions(modelOptions, {
    ...resolved,
    layout: "official" as const,
  });
  const roi = await readInterest(given, { signal });
  const model = { ...others, ...(levels && { levels }), ...(roi && { roi }), ...(tiles && { tiles }) };
  const addon = await untilAborted(signal, loadAddon());
  const place = resolvePlace(addon, device, precision, unquantisedPrecisions);
  const teacher = await findTeacherWeights({ weights, backbone, signal, onProgress });
  const native = await createModel(addon, model, place, 0);
  await fill(native, signal, async () => {
    await loadCheckpoint(native, name, signal);
    await loadTeacherWeights(native, teacher, signal);
  });
  const inputs = [
    { name: "the checkpoint", path: name },
    { name: "the weights", path: teacher },
    ...(typeof given === "string" ? [{ name: "the region of interest", path: given }] : []),
  ];
  return { addon, native, model, training: null, threads, batching, inputs };
}

/** The error for scoring a model in 8 bits that was not quantised. */
function notQuantised(path: string): ReverseDistillationError {
  return new ReverseDistillationError(
    "INVALID_ARGUMENT",
    `precision "int8" needs a model that was quantised, and ${printable(path)} was not. Quantise it on good parts: load it ` +
      "in float32 and call detector.quantise(images), then save it; or run reverse-distillation quantise <model> <folder>.",
  );
}

/** Warns of thresholds that were calibrated on the scores of the other arithmetic. */
function warnOfOtherScores(
  path: string,
  { calibration, thresholds }: ModelMetadata,
  precision: Precision,
): void {
  if (calibration === undefined && thresholds === undefined) return;
  if ((calibration?.precision === "int8") === (precision === "int8")) return;
  const [then, now] = precision === "int8" ? ["float32", "8 bits"] : ["8 bits", precision];
  process.emitWarning(
    `The thresholds of ${printable(path)} belong to scores in ${then}, and those in ${now} are slightly different. Calibrate ` +
      "it again in the precision that it will score in: detector.calibrate(images), or reverse-distillation calibrate " +
      `<model> <folder> --precision ${precision}.`,
    { type: "ReverseDistillationWarning", code: "CALIBRATION_PRECISION" },
  );
}

/** @throws ReverseDistillationError `INVALID_FILE` if the model asks for more than the options allow. */
function requireWithinLimits(
  { path, metadata }: ModelFile,
  { maxImageSize, maxSigma }: ResolvedOptions<typeof modelLimitOptions>,
): void {
  const { imageSize, sigma } = metadata.model;
  const side = Math.max(...imageSize);
  const excess =
    side > maxImageSize
      ? `images of ${imageSize.join(" x ")} pixels, and the largest side allowed is ${maxImageSize} (option maxImageSize)`
      : sigma > maxSigma
        ? `a sigma of ${sigma} pixels, and the largest allowed is ${maxSigma} (option maxSigma)`
        : undefined;
  if (excess === undefined) return;
  throw invalidFile(path, `asks for ${excess}. If you trust the file, raise the limit.`);
}

/** Loads weights into a new model, and frees the model if that fails. */
async function fill(
  native: NativeModel,
  signal: AbortSignal | undefined,
  load: () => Promise<void>,
): Promise<void> {
  try {
    await load();
    throwIfAborted(signal);
  } catch (error) {
    await native.dispose();
    throw fromNative(error);
  }
}
