import { rateAt, type CalibratedThreshold, type Calibration } from "../calibration/calibration.js";
import { DecisionRule } from "../calibration/decision-rule.js";
import { notCalibrated } from "../calibration/not-calibrated.js";
import type { Outlier } from "../calibration/outliers.js";
import type { GivenThresholds, Thresholds } from "../calibration/thresholds.js";
import { Watch } from "../calibration/watch.js";
import { throwIfAborted } from "../errors/abort.js";
import { ReverseDistillationError } from "../errors/error.js";
import { reading } from "../errors/reading.js";
import { finite, integer, invalid, path as checkPath } from "../errors/validate.js";
import type { Dataset } from "../evaluation/dataset.js";
import { evaluate, type EvaluateOptions, type Report } from "../evaluation/evaluate.js";
import { requireSeparate, type NamedFile } from "../files/outputs.js";
import type { ImageInput } from "../image/decode.js";
import { mostBytes } from "../image/decoded-size.js";
import { longestSide, type RawImage } from "../image/raw-image.js";
import type { ImageSource } from "../image/source.js";
import { saveCheckpoint } from "../model-file/checkpoint.js";
import type { TrainingDescription } from "../model-file/description.js";
import { tensorsOf } from "../model-file/detector-tensors.js";
import { writeModelFile } from "../model-file/file.js";
import { fromNative } from "../native/native-error.js";
import { writeOnnx } from "../onnx/export.js";
import { resolveCalibrateOptions, type CalibrateOptions } from "../options/calibrate.js";
import type { CheckpointOptions } from "../options/checkpoint.js";
import { abortOptions } from "../options/computing.js";
import { resolveExportOptions, type ExportOptions } from "../options/export.js";
import type { LoadOptions } from "../options/load.js";
import type { ModelDescription } from "../options/model.js";
import { resolveOptions } from "../options/option.js";
import type { Quantisation } from "../model-file/quantisation.js";
import { resolveSaveOptions, type SaveCheckpointOptions, type SaveOptions } from "../options/save.js";
import {
  scoreBatchOptions,
  scoreOptions,
  type RegionsAsked,
  type ScoreBatchOptions,
  type ScoreOptions,
} from "../options/score.js";
import { resolveQuantiseOptions, type QuantiseOptions } from "../options/quantise.js";
import { warmUpOptions, type WarmUpOptions } from "../options/warm-up.js";
import type { WatchOptions } from "../options/watch.js";
import { calibrate } from "./calibrate.js";
import { loadCheckpointFile, loadModelFile } from "./load.js";
import type { DetectorParts } from "./parts.js";
import type { Place } from "./place.js";
import { quantise } from "./quantise.js";
import { Scorer, type RegionsFound, type Score } from "./scorer.js";
import { warmUp } from "./warm-up.js";

/** Node.js before 20.5 lacks the symbol; compilers of `await using` then fall back to this one. */
const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose");

const constructorKey = Symbol("Detector");

/** Makes a detector, which owns the native model from then on. */
export let createDetector: (parts: DetectorParts) => Detector;

/**
 * A trained model: it scores images and shows where they are anomalous. `train` and {@link Detector.load} return one.
 * Work runs off the event loop, and calls may overlap.
 *
 * A detector holds memory outside JavaScript's heap: call `dispose`, or declare it with `await using`.
 */
export class Detector {
  /** What it computes. */
  readonly config: Readonly<ModelDescription & Place>;
  /** How it was trained; null if it came from a checkpoint, which does not record its training. */
  readonly training: Readonly<TrainingDescription> | null;
  readonly #parts: DetectorParts;
  readonly #rule: DecisionRule;
  readonly #scorer: Scorer;
  #quantisation: Quantisation | undefined;
  #quantising: Promise<unknown> = Promise.resolve();
  readonly #running = new Set<Promise<unknown>>();
  #disposal: Promise<void> | undefined;

  static {
    createDetector = (parts) => new Detector(constructorKey, parts);
  }

  /** Not for callers: `private` stops TypeScript code, and the key stops JavaScript code. */
  private constructor(key: symbol, parts: DetectorParts) {
    if (key !== constructorKey) {
      throw new ReverseDistillationError(
        "INVALID_ARGUMENT",
        "A Detector cannot be made with new: use train(), or Detector.load() for a saved one.",
      );
    }
    this.#parts = parts;
    this.#quantisation = parts.quantisation;
    this.#rule = new DecisionRule(parts.calibration, parts.thresholds);
    this.#scorer = new Scorer(parts, this.#rule);
    const { native, model, training } = parts;
    const { device, precision } = native.config;
    this.config = frozen({ ...model, device, precision });
    this.training = training && frozen(training);
  }

  /**
   * Loads a detector that was saved by this version of the package or an older one, and checks it against the hashes in
   * the file.
   *
   * @throws ReverseDistillationError `NOT_FOUND`, `IO`, `INVALID_FILE`, `INVALID_ARGUMENT`, `DOWNLOAD_FAILED`,
   * `DEVICE_UNAVAILABLE`, `OUT_OF_MEMORY`, `ABORTED`, or a code about the addon.
   */
  static async load(path: string | URL, options: LoadOptions = {}): Promise<Detector> {
    return createDetector(await loadModelFile(path, options));
  }

  /**
   * Makes a detector from a checkpoint of the authors' published code: a file that PyTorch's `torch.save` wrote and
   * that contains {"bn", "decoder"}. Only tensors are read; nothing in the file is run. The layout is `official`; the
   * options supply the rest of the detector. Keys that contain "memory" are ignored.
   *
   * @throws ReverseDistillationError `NOT_FOUND`, `IO`, `INVALID_FILE` naming the tensors that do not fit and the
   * backbone that the checkpoint seems to belong to, `INVALID_ARGUMENT`, `DOWNLOAD_FAILED`, `DEVICE_UNAVAILABLE`,
   * `OUT_OF_MEMORY`, `ABORTED`, or a code about the addon.
   */
  static async fromCheckpoint(path: string | URL, options: CheckpointOptions): Promise<Detector> {
    return createDetector(await loadCheckpointFile(path, options));
  }

  /** What the scores of good images say, from `calibrate` or a training that held images out; null if there is none. */
  get calibration(): Readonly<Calibration> | null {
    return this.#rule.calibration;
  }

  /** The thresholds in force: those set by hand, or else those of the calibration; null if there are none. */
  get thresholds(): Readonly<Thresholds> | null {
    return this.#rule.thresholds;
  }

  /**
   * Calibrates thresholds on good images that the detector was not trained on, and puts them in force. They hold for
   * images that are taken in the same way. `save` keeps them.
   *
   * A threshold for the rate `a` is the k-th smallest of the n scores with k = ceil((n + 1)(1 - a)): at most this share
   * of future good parts is at or above it (split conformal prediction; Vovk et al. 2005). A process warning names
   * images that score far above the rest.
   *
   * @param images As for `train`: a folder, manifest, list or iterable of images of good parts.
   * @returns the calibration, and the images that score far above the rest.
   * @throws ReverseDistillationError `INVALID_ARGUMENT` if there are too few images for a rate, or an image was trained
   * on; `NO_IMAGES`, and as {@link Detector.score} does.
   */
  async calibrate(
    images: ImageSource,
    options: CalibrateOptions = {},
  ): Promise<Readonly<Calibration> & { outliers: Outlier[] }> {
    const resolved = resolveCalibrateOptions(options);
    return this.#work(resolved.signal, async () => {
      const { stored, outliers } = await calibrate(images, this.#scorer, this.#parts, resolved);
      return { ...this.#rule.calibrate(stored), outliers };
    });
  }

  /**
   * Sets thresholds by hand; `save` keeps them, and the calibration. Those that are left out keep their value, but at
   * most `reject`. null returns to the thresholds of the calibration.
   *
   * @throws ReverseDistillationError `INVALID_ARGUMENT`
   */
  setThresholds(thresholds: GivenThresholds | null): void {
    reading("thresholds", () => this.#rule.setThresholds(thresholds, this.config.roi !== undefined));
  }

  /**
   * What the calibration promises of a threshold of any value, such as one to be set by hand. A promise is as good as that
   * of `calibrate` if the rate was chosen before the scores were seen.
   *
   * @returns the threshold with the promise of the largest calibration score that is not above it. Below all of them, the
   * rate is 1.
   * @throws ReverseDistillationError `NOT_CALIBRATED` without a calibration, `INVALID_ARGUMENT`
   */
  rateAt(threshold: number): CalibratedThreshold {
    const value = finite("threshold", threshold);
    const { calibration } = this;
    if (calibration === null) throw notCalibrated("The detector");
    return rateAt(calibration.scores, value);
  }

  /**
   * Watches a line for changes of light, camera or material: pass it every part's result, in order. Its false alarms have
   * a stated rate; docs/verdicts.md explains it.
   *
   * @throws ReverseDistillationError `NOT_CALIBRATED` without a calibration, `INVALID_ARGUMENT`
   */
  watch(options: WatchOptions = {}): Watch {
    const { thresholds } = this;
    const { goodParts } = this.#rule;
    if (goodParts.length === 0) throw notCalibrated("The detector");
    return reading("options", () => new Watch(goodParts, thresholds!, options));
  }

  /**
   * Prepares scoring in 8 bits, which takes about half of the time on CPUs with VNNI: finds on good images, in float32,
   * where the activations of the networks end. `save` keeps it; then load the detector with `precision: "int8"`, and
   * calibrate it there. docs/performance.md says how much the maps differ.
   *
   * @param images As for `train`: a folder, manifest, list or iterable of images of good parts, which may be those of the
   * training. 64 to 128 images are enough.
   * @returns the number of images that were used.
   * @throws ReverseDistillationError `INVALID_ARGUMENT` on a GPU; `NO_IMAGES`, and as {@link Detector.score} does.
   */
  async quantise(images: ImageSource, options: QuantiseOptions = {}): Promise<{ images: number }> {
    const resolved = resolveQuantiseOptions(options);
    return this.#work(resolved.signal, async () => {
      this.#quantisation = await this.#alone(() => quantise(images, this.#scorer, this.#parts, resolved));
      return { images: this.#quantisation.images };
    });
  }

  /**
   * Prepares for batches of up to a size, so that the first ones take no longer than others: weights are brought into the
   * form that scoring needs, and a GPU records its work for each size of batch. Call it before a service says that it is
   * ready.
   *
   * @throws ReverseDistillationError `INVALID_ARGUMENT`, `DISPOSED`, `ABORTED`, `OUT_OF_MEMORY`.
   */
  async warmUp(options: WarmUpOptions = {}): Promise<void> {
    const resolved = resolveOptions(warmUpOptions, options);
    await this.#work(resolved.signal, () => warmUp(this.#scorer, this.#parts, resolved));
  }

  /**
   * Scores one image. Calls that arrive while a batch is being computed form the next batch; see the option `batching`.
   *
   * @throws ReverseDistillationError `NOT_FOUND`, `IO`, `INVALID_IMAGE`, `INVALID_ARGUMENT`, `DISPOSED`, `ABORTED`,
   * `QUEUE_FULL`, `OUT_OF_MEMORY`; `NOT_CALIBRATED` if regions are asked for and there are no thresholds.
   */
  score(image: ImageInput, options: ScoreOptions & RegionsAsked): Promise<Score & RegionsFound>;
  score(image: ImageInput, options?: ScoreOptions): Promise<Score>;
  async score(image: ImageInput, options: ScoreOptions = {}): Promise<Score> {
    const resolved = resolveOptions(scoreOptions, options);
    return this.#work(resolved.signal, () => this.#scorer.score(image, resolved));
  }

  /**
   * Scores images in order, one batch at a time. An empty list gives an empty list.
   *
   * All maps are held until the last image is done. For many images, call `score` for each one instead.
   *
   * @throws ReverseDistillationError as {@link Detector.score} does. The call fails with the first image that fails.
   */
  scoreBatch(
    images: readonly ImageInput[],
    options: ScoreBatchOptions & RegionsAsked,
  ): Promise<(Score & RegionsFound)[]>;
  scoreBatch(images: readonly ImageInput[], options?: ScoreBatchOptions): Promise<Score[]>;
  async scoreBatch(images: readonly ImageInput[], options: ScoreBatchOptions = {}): Promise<Score[]> {
    if (!reading("images", () => Array.isArray(images)))
      throw invalid("images", "an array of images", images);
    const resolved = resolveOptions(scoreBatchOptions, options);
    return this.#work(resolved.signal, () => this.#scorer.scoreAll(images, resolved));
  }

  /**
   * Allocates a raw image to fill in and pass to {@link Detector.score} as often as you like. With a GPU, its memory is
   * pinned, which saves one copy. The initial pixels are arbitrary. An image may take up to 4 GiB, as a decoded one may.
   *
   * @throws ReverseDistillationError `INVALID_ARGUMENT`, `DISPOSED`, `OUT_OF_MEMORY`.
   */
  allocateImage(width: number, height: number, channels: 1 | 3 | 4 = 3): RawImage {
    integer("width", width, 1, longestSide);
    integer("height", height, 1, longestSide);
    if (![1, 3, 4].includes(channels)) throw invalid("channels", "1, 3 or 4", channels);
    const bytes = integer("width x height x channels", width * height * channels, 1, mostBytes);
    if (this.#disposal !== undefined) throw disposed();
    try {
      return { data: this.#parts.native.allocatePixels(bytes), width, height, channels };
    } catch (error) {
      throw fromNative(error);
    }
  }

  /**
   * Scores the test images of a data set and compares the results with their labels and masks, also at the thresholds in
   * force. `openDataset` opens a data set.
   *
   * @throws ReverseDistillationError `NO_IMAGES` if there are no test images, and as {@link Detector.score} does.
   */
  evaluate(dataset: Dataset, options: EvaluateOptions = {}): Promise<Report> {
    const { thresholds } = this;
    const scoreEach = (...given: Parameters<Scorer["scoreEach"]>) => this.#scorer.scoreEach(...given);
    return this.#work(undefined, () => evaluate({ scoreEach, thresholds }, dataset, options));
  }

  /**
   * Writes the detector to one self-describing safetensors file (docs/model-format.md). The write is atomic: if it is
   * interrupted, the previous file stays as it was.
   *
   * @throws ReverseDistillationError `INVALID_ARGUMENT`, also if the path is a file that the detector was made from
   * (except the model file that it was loaded from, which may be replaced), if float16 cannot represent the weights, or
   * if `teacher` is "reference" and the teacher is random; `NOT_FOUND` if the folder does not exist; `IO`, `DISPOSED`,
   * `ABORTED`.
   */
  async save(path: string | URL, options: SaveOptions = {}): Promise<void> {
    const name = checkPath("path", path);
    const { signal, ...storage } = resolveSaveOptions(options);
    const { native, model, training, trained, inputs } = this.#parts;
    const described = { model, training, trained, ...this.#rule.stored, quantisation: this.#quantisation };
    await this.#work(signal, async () => {
      await requireSeparate([{ name: "the model", path: name }], inputs);
      await writeModelFile(name, native, described, { ...storage, signal });
    });
  }

  /**
   * Writes the detector as an ONNX model of standard operators (opset 18), for other runtimes. The input is `images`;
   * the outputs are `map` [N, 1, height, width] and `score` [N], both float32, and `verdict` [N], int64, if asked for. The
   * metadata has the thresholds in force. The write is atomic. docs/onnx.md has
   * the details.
   *
   * @returns the paths of the files written: the model, and its weights if the model exceeds `externalDataThreshold`.
   * @throws ReverseDistillationError `INVALID_ARGUMENT`, also if the path is a file that the detector was made from, or
   * if float16 cannot represent the weights; `NOT_CALIBRATED` if a verdict is asked for without thresholds; `NOT_FOUND` if
   * the folder does not exist; `IO`, `DISPOSED`, `ABORTED`.
   */
  async export(path: string | URL, options: ExportOptions): Promise<string[]> {
    const name = checkPath("path", path);
    const resolved = resolveExportOptions(options);
    const { native, model } = this.#parts;
    const { thresholds } = this;
    return this.#work(resolved.signal, () =>
      writeOnnx(name, { model, thresholds }, tensorsOf(native), resolved, this.#inputs()),
    );
  }

  /**
   * Writes the bottleneck and the student as a checkpoint of the authors' published code, the reverse of
   * {@link Detector.fromCheckpoint}. In Python, `torch.load(path, weights_only=True)` returns {"bn", "decoder"}, which
   * the authors' modules load with `load_state_dict`. The teacher is not included. The write is atomic.
   *
   * @throws ReverseDistillationError `INVALID_ARGUMENT` if the layout is not `official` or the path is a file that the
   * detector was made from; `NOT_FOUND` if the folder does not exist; `IO`, `DISPOSED`, `ABORTED`.
   */
  async saveCheckpoint(path: string | URL, options: SaveCheckpointOptions = {}): Promise<void> {
    const name = checkPath("path", path);
    const { signal } = resolveOptions(abortOptions, options);
    await this.#work(signal, async () => {
      await requireSeparate([{ name: "the checkpoint", path: name }], this.#inputs());
      await saveCheckpoint(this.#parts.native, name, signal);
    });
  }

  /** Waits for running calls, then frees the memory. Later calls reject with `DISPOSED`. */
  dispose(): Promise<void> {
    this.#disposal ??= this.#end();
    return this.#disposal;
  }

  [asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** Files that exports must not overwrite. */
  #inputs(): NamedFile[] {
    const { inputs, modelFile } = this.#parts;
    return modelFile === undefined ? [...inputs] : [...inputs, modelFile];
  }

  async #end(): Promise<void> {
    await Promise.allSettled(this.#running);
    this.#scorer.dispose();
    try {
      await this.#parts.native.dispose();
    } catch (error) {
      throw fromNative(error);
    }
  }

  /** Runs quantisations one after the other: a model observes one set of images at a time. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#quantising.then(work);
    this.#quantising = turn.catch(() => undefined);
    return turn;
  }

  /** Runs work that `dispose` waits for. */
  async #work<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    if (this.#disposal !== undefined) {
      throw disposed();
    }
    throwIfAborted(signal);
    // Asynchronous, so that what it throws at first is treated as what it throws later.
    const running = (async () => work())();
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
  return new ReverseDistillationError(
    "DISPOSED",
    "The detector has been disposed of. Load it again to use it.",
  );
}

function frozen<T extends object>(value: T): Readonly<T> {
  const copy = structuredClone(value);
  for (const item of Object.values(copy)) if (Array.isArray(item)) Object.freeze(item);
  return Object.freeze(copy);
}
