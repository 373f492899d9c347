import { throwIfAborted } from "../errors/abort.js";
import { ReverseDistillationError } from "../errors/error.js";
import { integer, invalid, path as checkPath } from "../errors/validate.js";
import type { Dataset } from "../evaluation/dataset.js";
import { evaluate, type EvaluateOptions, type Report } from "../evaluation/evaluate.js";
import { requireSeparate, type NamedFile } from "../files/outputs.js";
import type { ImageInput } from "../image/decode.js";
import type { RawImage } from "../image/raw-image.js";
import { saveCheckpoint } from "../model-file/checkpoint.js";
import type { TrainingDescription } from "../model-file/description.js";
import { tensorsOf } from "../model-file/detector-tensors.js";
import { writeModelFile } from "../model-file/file.js";
import { fromNative } from "../native/native-error.js";
import { writeOnnx } from "../onnx/export.js";
import type { CheckpointOptions } from "../options/checkpoint.js";
import { abortOptions } from "../options/computing.js";
import { resolveExportOptions, type ExportOptions } from "../options/export.js";
import type { LoadOptions } from "../options/load.js";
import type { ModelDescription } from "../options/model.js";
import { resolveOptions } from "../options/option.js";
import { resolveSaveOptions, type SaveCheckpointOptions, type SaveOptions } from "../options/save.js";
import { scoreBatchOptions, type ScoreBatchOptions, type ScoreOptions } from "../options/score.js";
import { loadCheckpointFile, loadModelFile } from "./load.js";
import type { DetectorParts } from "./parts.js";
import type { Place } from "./place.js";
import { Scorer, type Score } from "./scorer.js";

/** Node has had the symbol since 20.5; before, what compiles `await using` for it falls back on this one. */
const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose");

const constructorKey = Symbol("Detector");

/** Makes a detector, which then owns the native model. */
export let createDetector: (parts: DetectorParts) => Detector;

/**
 * A trained model: it scores images and localises what is anomalous in them. It comes from `train` or
 * from {@link Detector.load}. Work runs off the event loop; calls may overlap.
 *
 * It holds memory outside of JavaScript's heap: `dispose` it, or declare it with `await using`.
 */
export class Detector {
  /** What it computes. */
  readonly config: Readonly<ModelDescription & Place>;
  /** How it was trained; null if it came from a checkpoint, which does not record it. */
  readonly training: Readonly<TrainingDescription> | null;
  readonly #parts: DetectorParts;
  readonly #scorer: Scorer;
  readonly #running = new Set<Promise<unknown>>();
  #disposal: Promise<void> | undefined;

  static {
    createDetector = (parts) => new Detector(constructorKey, parts);
  }

  /** The types keep TypeScript from calling it, the key JavaScript. */
  private constructor(key: symbol, parts: DetectorParts) {
    if (key !== constructorKey) {
      throw new ReverseDistillationError(
        "INVALID_ARGUMENT",
        "A Detector is not made with new: use train(), or Detector.load() for a saved one.",
      );
    }
    this.#parts = parts;
    this.#scorer = new Scorer(parts);
    const { native, model, training } = parts;
    const { device, precision } = native.config;
    this.config = frozen({ ...model, device, precision });
    this.training = training && frozen(training);
  }

  /**
   * Opens a detector that was saved, by this version of the package or an older one. What is read is compared with
   * the hashes that the file states.
   *
   * @throws ReverseDistillationError `NOT_FOUND`, `IO`, `INVALID_FILE`, `INVALID_ARGUMENT`, `DOWNLOAD_FAILED`,
   * `DEVICE_UNAVAILABLE`, `OUT_OF_MEMORY`, `ABORTED`, or one about the addon.
   */
  static async load(path: string | URL, options: LoadOptions = {}): Promise<Detector> {
    return createDetector(await loadModelFile(path, options));
  }

  /**
   * Makes a detector from a checkpoint of the authors' published code: the file of PyTorch's `torch.save`
   * that holds {"bn", "decoder"}, of which tensors alone are read and nothing is run. It has the layout
   * `official`; what else made it part of a detector is for the options to say. Keys that contain "memory"
   * are passed over.
   *
   * @throws ReverseDistillationError `NOT_FOUND`, `IO`, `INVALID_FILE` naming the tensors that do not fit and
   * the backbone that the checkpoint looks to be of, `INVALID_ARGUMENT`, `DOWNLOAD_FAILED`,
   * `DEVICE_UNAVAILABLE`, `OUT_OF_MEMORY`, `ABORTED`, or one about the addon.
   */
  static async fromCheckpoint(path: string | URL, options: CheckpointOptions): Promise<Detector> {
    return createDetector(await loadCheckpointFile(path, options));
  }

  /**
   * Scores one image. Calls that arrive while others are computed on are computed together: see the option
   * `batching`.
   *
   * @throws ReverseDistillationError as `decodeImage` does for the image; `DISPOSED`, `ABORTED`,
   * `QUEUE_FULL`, `OUT_OF_MEMORY`.
   */
  async score(image: ImageInput, options: ScoreOptions = {}): Promise<Score> {
    const { signal } = resolveOptions(abortOptions, options);
    return this.#work(signal, () => this.#scorer.score(image, signal));
  }

  /**
   * Scores many images, a batch at a time, in their order. No images give no scores.
   *
   * All maps are held until the last image is done; to go through many images, call `score` for each.
   *
   * @throws ReverseDistillationError as {@link Detector.score}; the first image that fails fails the call.
   */
  async scoreBatch(images: readonly ImageInput[], options: ScoreBatchOptions = {}): Promise<Score[]> {
    if (!Array.isArray(images)) throw invalid("images", "an array of images", images);
    const { batchSize, signal } = resolveOptions(scoreBatchOptions, options);
    return this.#work(signal, () =>
      this.#scorer.scoreAll(images as readonly ImageInput[], batchSize, signal),
    );
  }

  /**
   * Memory for the pixels of an image, to be filled in and given to {@link Detector.score}, as often as wanted: on a
   * GPU, images that lie in it get there with one copy less (it is pinned). The pixels are whatever was there before.
   *
   * @throws ReverseDistillationError `INVALID_ARGUMENT`, `DISPOSED`, `OUT_OF_MEMORY`.
   */
  allocateImage(width: number, height: number, channels: 1 | 3 | 4 = 3): RawImage {
    integer("width", width, 1, 65_536);
    integer("height", height, 1, 65_536);
    if (![1, 3, 4].includes(channels)) throw invalid("channels", "1, 3 or 4", channels);
    if (this.#disposal !== undefined) throw disposed();
    try {
      return { data: this.#parts.native.allocatePixels(width * height * channels), width, height, channels };
    } catch (error) {
      throw fromNative(error);
    }
  }

  /**
   * Scores the test images of a data set and compares with their labels and masks; `openDataset` opens one.
   *
   * @throws ReverseDistillationError `NO_IMAGES` if there are no test images, and as {@link Detector.score}.
   */
  evaluate(dataset: Dataset, options: EvaluateOptions = {}): Promise<Report> {
    return evaluate(this, dataset, options);
  }

  /**
   * Writes the detector to one self-describing safetensors file (docs/model-format.md), atomically: an interrupted call
   * leaves what was there.
   *
   * @throws ReverseDistillationError `INVALID_ARGUMENT`, also if the path is a file that the detector was made from
   * (apart from the model file that it was loaded from, which may be replaced), if float16 cannot hold the weights, or if
   * a random teacher should only be referred to; `NOT_FOUND` if the folder does not exist, `IO`, `DISPOSED`, `ABORTED`.
   */
  async save(path: string | URL, options: SaveOptions = {}): Promise<void> {
    const name = checkPath("path", path);
    const { signal, ...storage } = resolveSaveOptions(options);
    const { native, model, training, inputs } = this.#parts;
    await this.#work(signal, async () => {
      await requireSeparate([{ name: "the model", path: name }], inputs);
      await writeModelFile(name, native, { model, training }, { ...storage, signal });
    });
  }

  /**
   * Writes the detector for other runtimes, atomically: as an ONNX model of standard operators (opset 18), from
   * `images` to `map` [N, 1, height, width] and `score` [N], both float32. docs/onnx.md describes it.
   *
   * @returns the paths of the files written: the model, and the weights if they exceed `externalDataThreshold`.
   * @throws ReverseDistillationError `INVALID_ARGUMENT`, also if the path is a file that the detector was made from, or
   * if float16 cannot hold the weights; `NOT_FOUND` if the folder does not exist, `IO`, `DISPOSED`, `ABORTED`.
   */
  async export(path: string | URL, options: ExportOptions): Promise<string[]> {
    const name = checkPath("path", path);
    const resolved = resolveExportOptions(options);
    const { native, model } = this.#parts;
    return this.#work(resolved.signal, () =>
      writeOnnx(name, model, tensorsOf(native), resolved, this.#inputs()),
    );
  }

  /**
   * Writes the bottleneck and the decoder as a checkpoint of the authors' published code, atomically: the reverse of
   * {@link Detector.fromCheckpoint}. In Python, `torch.load(path, weights_only=True)` returns {"bn", "decoder"}, which
   * their modules load with `load_state_dict`. It does not include the teacher.
   *
   * @throws ReverseDistillationError `INVALID_ARGUMENT` if the layout is not `official` or the path is a file that the
   * detector was made from, `NOT_FOUND` if the folder does not exist, `IO`, `DISPOSED`, `ABORTED`.
   */
  async saveCheckpoint(path: string | URL, options: SaveCheckpointOptions = {}): Promise<void> {
    const name = checkPath("path", path);
    const { signal } = resolveOptions(abortOptions, options);
    await this.#work(signal, async () => {
      await requireSeparate([{ name: "the checkpoint", path: name }], this.#inputs());
      await saveCheckpoint(this.#parts.native, name, signal);
    });
  }

  /** Waits for the calls that are running, then frees the memory. Later calls fail with `DISPOSED`. */
  dispose(): Promise<void> {
    this.#disposal ??= this.#end();
    return this.#disposal;
  }

  [asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** The files that only `save` may replace, if any may. */
  #inputs(): NamedFile[] {
    const { inputs, modelFile } = this.#parts;
    return modelFile === undefined ? [...inputs] : [...inputs, modelFile];
  }

  async #end(): Promise<void> {
    await Promise.allSettled(this.#running);
    try {
      await this.#parts.native.dispose();
    } catch (error) {
      throw fromNative(error);
    }
  }

  /** Runs work that `dispose` waits for. */
  async #work<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    if (this.#disposal !== undefined) {
      throw disposed();
    }
    throwIfAborted(signal);
    const running = work();
    this.#running.add(running);
    try {
      return await running;
    } catch (error) {
      throw fromNative(error);
    } finally {
      this.#running.delete(running);
    }
  }
}

function disposed(): ReverseDistillationError {
  return new ReverseDistillationError("DISPOSED", "The detector was disposed of: load it again to go on.");
}

function frozen<T extends object>(value: T): Readonly<T> {
  const copy = structuredClone(value);
  for (const item of Object.values(copy)) if (Array.isArray(item)) Object.freeze(item);
  return Object.freeze(copy);
}
