import { throwIfAborted } from "../errors/abort.js";
import { ReverseDistillationError } from "../errors/error.js";
import {
  abortSignal,
  callback,
  integer,
  invalid,
  oneOf,
  path as checkPath,
  record,
} from "../errors/validate.js";
import type { Dataset } from "../evaluation/dataset.js";
import { evaluate, type EvaluateOptions, type Report } from "../evaluation/evaluate.js";
import { requireSeparate, type NamedFile } from "../files/outputs.js";
import type { AnomalyMap } from "../image/anomaly-map.js";
import { decodeImage, type ImageInput } from "../image/decode.js";
import type { RawImage } from "../image/raw-image.js";
import { decodeAhead } from "../image/source.js";
import { loadCheckpoint, saveCheckpoint } from "../model-file/checkpoint.js";
import type { TrainingDescription } from "../model-file/description.js";
import { tensorsOf } from "../model-file/detector-tensors.js";
import { ModelFile, storageDefaults, writeModelFile, type StorageOptions } from "../model-file/file.js";
import { findReferredTeacher } from "../model-file/referred-teacher.js";
import { type Addon, type NativeModel, type NativeScore } from "../native/addon.js";
import { cancellable } from "../native/cancellable.js";
import { loadAddon } from "../native/loader.js";
import { fromNative } from "../native/native-error.js";
import { writeOnnx } from "../onnx/export.js";
import { batching as checkBatching, type BatchingOptions } from "../options/batching.js";
import { resolveCheckpointOptions, type CheckpointOptions } from "../options/checkpoint.js";
import { device as checkDevice, type Device } from "../options/device.js";
import { resolveExportOptions, type ExportOptions } from "../options/export.js";
import type { ModelDescription } from "../options/model.js";
import { scoringPrecision, type ScoringPrecision } from "../options/precision.js";
import type { DownloadingProgress } from "../options/progress.js";
import { storagePrecisions } from "../options/storage.js";
import { threads as checkThreads } from "../options/train.js";
import { findTeacherWeights, loadTeacherWeights } from "../teacher/weights.js";
import { resolvePlace, type Place } from "./place.js";
import { ScoreQueue } from "./score-queue.js";
import { ThreadBudget } from "./thread-budget.js";

/** What a detector says of one image. */
export interface Score {
  /**
   * The largest value of the map (Deng & Li 2022, S_AD): higher is more anomalous. It has no unit,
   * and compares only with scores of the same detector.
   */
  score: number;
  map: AnomalyMap;
}

export interface LoadOptions {
  /** "auto", "cpu" or "cuda:N". Default "auto". */
  device?: Device;
  /**
   * Of the networks' arithmetic, whatever the detector was trained in. As for `train`, and on a GPU "float16".
   * Default "float32".
   */
  precision?: ScoringPrecision;
  /** Threads that compute. Default: LibTorch's choice, the number of cores. */
  threads?: number;
  /** How calls of `score` are batched. */
  batching?: BatchingOptions;
  /**
   * The teacher's weights, for a file that refers to them only: a path, or "imagenet", as for `train`. Default: those
   * that torchvision publishes for the backbone, where they are in this package's cache already.
   */
  weights?: "imagenet" | (string & {}) | URL;
  signal?: AbortSignal;
  /** Called while the teacher's weights are downloaded. What it throws stops that. */
  onProgress?: (progress: DownloadingProgress) => void;
}

export interface ScoreOptions {
  /** Stops the work: the promise rejects with `ABORTED`. */
  signal?: AbortSignal;
}

export interface ScoreBatchOptions extends ScoreOptions {
  /** Images computed on at once, from 1; it bounds the memory. Default 8. */
  batchSize?: number;
}

export interface SaveOptions {
  /**
   * "float16" halves the file; a detector loaded from it scores a little differently. The vectors of batch norms
   * stay float32. Default "float32".
   */
  precision?: StorageOptions["precision"];
  /**
   * "reference" leaves the teacher's tensors out and keeps their hash; whoever loads the file needs the weights that
   * the teacher came from. Not for a teacher that is random. Default "include".
   */
  teacher?: StorageOptions["teacher"];
  signal?: AbortSignal;
}

export interface SaveCheckpointOptions {
  signal?: AbortSignal;
}

/** What the constructor is made from: known to this package alone. */
interface Parts {
  addon: Addon;
  native: NativeModel;
  model: ModelDescription;
  training: TrainingDescription | null;
  threads: number;
  batching: Required<BatchingOptions>;
  /** Files that it was made from, which must not be overwritten. */
  inputs?: readonly NamedFile[];
}

/** Threads that the detectors share; made with the first. */
let budget: ThreadBudget | undefined;

/** Node has had the symbol since 20.5; before, what compiles `await using` for it falls back on this one. */
const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose");

const constructorKey = Symbol("Detector");

/** Makes a detector, which then owns the native model. */
export let createDetector: (parts: Parts) => Detector;

/**
 * A trained model: scores images and localises what is anomalous in them. It comes from `train` or
 * from {@link Detector.load}. Work runs off the event loop; calls may overlap.
 *
 * It holds memory outside of JavaScript's heap: `dispose` it, or declare it with `await using`.
 */
export class Detector {
  /** What it computes. */
  readonly config: Readonly<ModelDescription & Place>;
  /** How it was trained; null if it came from a checkpoint, which does not say. */
  readonly training: Readonly<TrainingDescription> | null;
  readonly #addon: Addon;
  readonly #native: NativeModel;
  readonly #model: ModelDescription;
  readonly #threads: number;
  readonly #inputs: readonly NamedFile[];
  readonly #budget: ThreadBudget;
  readonly #queue: ScoreQueue;
  readonly #running = new Set<Promise<unknown>>();
  #disposal: Promise<void> | undefined;

  static {
    createDetector = (parts) => new Detector(constructorKey, parts);
  }

  /** The types keep TypeScript from calling it, the key JavaScript. */
  private constructor(key: symbol, parts: Parts) {
    if (key !== constructorKey) {
      throw new ReverseDistillationError(
        "INVALID_ARGUMENT",
        "A Detector is not made with new: use train(), or Detector.load() for a saved one.",
      );
    }
    const { addon, native, model, training, threads, batching, inputs = [] } = parts;
    this.#addon = addon;
    this.#native = native;
    this.#model = model;
    this.#threads = threads;
    this.#inputs = inputs;
    this.#budget = budget ??= new ThreadBudget(addon.info().threads);
    this.#queue = new ScoreQueue((images, signal) => this.#compute(images, signal), batching);
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
    const name = checkPath("path", path);
    const names = ["device", "precision", "threads", "batching", "weights", "signal", "onProgress"];
    const given = record("options", options, names);
    const device = given.device === undefined ? "auto" : checkDevice("device", given.device);
    const precision =
      given.precision === undefined ? "float32" : scoringPrecision("precision", given.precision);
    const threads = given.threads === undefined ? 0 : checkThreads("threads", given.threads);
    const batching = checkBatching("batching", given.batching ?? {});
    const weights = given.weights === undefined ? undefined : checkPath("weights", given.weights);
    if (given.onProgress !== undefined) callback("onProgress", given.onProgress);
    const { onProgress } = options;
    const signal = optionalSignal(given);
    throwIfAborted(signal);
    const addon = loadAddon();
    const file = await ModelFile.open(name);
    try {
      const teacher = await findReferredTeacher(file, { weights, signal, onProgress });
      if (teacher !== undefined) await file.takeTeacherFrom(teacher);
      const { model, training } = file.metadata;
      const native = await createModel(addon, model, resolvePlace(addon, device, precision), 0);
      try {
        await file.readInto(native);
        throwIfAborted(signal);
        const inputs = [{ name: "the model", path: name }];
        if (teacher !== undefined) inputs.push({ name: "the weights", path: teacher });
        return createDetector({ addon, native, model, training, threads, batching, inputs });
      } catch (error) {
        await native.dispose();
        throw fromNative(error);
      }
    } finally {
      await file.close();
    }
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
    const name = checkPath("path", path);
    const { model, weights, device, precision, threads, batching, signal, onProgress } =
      resolveCheckpointOptions(options);
    throwIfAborted(signal);
    const addon = loadAddon();
    const teacher = await findTeacherWeights({ weights, backbone: model.backbone, signal, onProgress });
    const native = await createModel(addon, model, resolvePlace(addon, device, precision), 0);
    try {
      await loadCheckpoint(native, name, signal);
      await loadTeacherWeights(native, teacher);
      throwIfAborted(signal);
      const inputs = [{ name: "the checkpoint", path: name }];
      if (teacher !== undefined) inputs.push({ name: "the weights", path: teacher });
      return createDetector({ addon, native, model, training: null, threads, batching, inputs });
    } catch (error) {
      await native.dispose();
      throw fromNative(error);
    }
  }

  /**
   * Scores one image. Calls that arrive while others are computed on are computed together: see the option
   * `batching`.
   *
   * @throws ReverseDistillationError as `decodeImage` does for the image; `DISPOSED`, `ABORTED`,
   * `QUEUE_FULL`, `OUT_OF_MEMORY`.
   */
  async score(image: ImageInput, options: ScoreOptions = {}): Promise<Score> {
    const signal = optionalSignal(record("options", options, ["signal"]));
    return this.#work(signal, async () => {
      return this.#toScore(await this.#queue.score(() => decodeImage(image), signal));
    });
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
    const given = record("options", options, ["signal", "batchSize"]);
    const batchSize = given.batchSize === undefined ? 8 : integer("batchSize", given.batchSize, 1, 65_536);
    return this.#scoreAll(images as readonly ImageInput[], batchSize, optionalSignal(given));
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
      return { data: this.#native.allocatePixels(width * height * channels), width, height, channels };
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
   * Writes the detector as one safetensors file that explains itself (docs/model-format.md), atomically: an
   * interrupted call leaves what was there.
   *
   * @throws ReverseDistillationError `INVALID_ARGUMENT`, also if the path is a file that the detector was made from, if
   * float16 cannot hold the weights, or if a random teacher is to be referred to; `NOT_FOUND` if the folder does not exist, `IO`, `DISPOSED`, `ABORTED`.
   */
  async save(path: string | URL, options: SaveOptions = {}): Promise<void> {
    const name = checkPath("path", path);
    const given = record("options", options, ["precision", "teacher", "signal"]);
    const { precision = storageDefaults.precision, teacher = storageDefaults.teacher } = given;
    const signal = optionalSignal(given);
    const storage = {
      precision: oneOf("precision", precision, storagePrecisions),
      teacher: oneOf("teacher", teacher, ["include", "reference"]),
    };
    const content = { model: this.#model, training: this.training };
    await this.#work(signal, async () => {
      await requireSeparate([{ name: "the model", path: name }], this.#inputs);
      await writeModelFile(name, this.#native, content, { ...storage, signal });
    });
  }

  /**
   * Writes the detector for other runtimes, atomically: as an ONNX model of standard operators (opset 18), from
   * `images` to `map` [N, 1, height, width] and `score` [N], both float32. docs/onnx.md describes it.
   *
   * @returns the paths of the files written: the model, and that of its weights where they exceed
   * `externalDataThreshold`.
   * @throws ReverseDistillationError `INVALID_ARGUMENT`, also if the path is a file that the detector was made from, or
   * if float16 cannot hold the weights; `NOT_FOUND` if the folder does not exist, `IO`, `DISPOSED`, `ABORTED`.
   */
  async export(path: string | URL, options: ExportOptions): Promise<string[]> {
    const name = checkPath("path", path);
    const resolved = resolveExportOptions(options);
    return this.#work(resolved.signal, () =>
      writeOnnx(name, this.#model, tensorsOf(this.#native), resolved, this.#inputs),
    );
  }

  /**
   * Writes the bottleneck and the decoder as a checkpoint of the authors' published code, atomically: the
   * reverse of {@link Detector.fromCheckpoint}. In Python, `torch.load(path, weights_only=True)` gives
   * {"bn", "decoder"}, which their modules take by `load_state_dict`. The teacher is not part of it.
   *
   * @throws ReverseDistillationError `INVALID_ARGUMENT` if the layout is not `official` or the path is a file that the
   * detector was made from, `NOT_FOUND` if the folder does not exist, `IO`, `DISPOSED`, `ABORTED`.
   */
  async saveCheckpoint(path: string | URL, options: SaveCheckpointOptions = {}): Promise<void> {
    const name = checkPath("path", path);
    const signal = optionalSignal(record("options", options, ["signal"]));
    await this.#work(signal, async () => {
      await requireSeparate([{ name: "the checkpoint", path: name }], this.#inputs);
      await saveCheckpoint(this.#native, name, signal);
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

  async #end(): Promise<void> {
    await Promise.allSettled(this.#running);
    try {
      await this.#native.dispose();
    } catch (error) {
      throw fromNative(error);
    }
  }

  #scoreAll(
    images: readonly ImageInput[],
    batchSize: number,
    signal: AbortSignal | undefined,
  ): Promise<Score[]> {
    return this.#work(signal, async () => {
      const scores: Score[] = [];
      let batch: RawImage[] = [];
      const flush = async () => {
        const results = await this.#compute(batch, signal);
        scores.push(...results.map((result) => this.#toScore(result)));
        batch = [];
      };
      // The pixels of one batch are held together, so none of them may count as lent for one turn only.
      for await (const image of decodeAhead(images, { signal, lent: false })) {
        if (batch.push(image) === batchSize) await flush();
      }
      if (batch.length > 0) await flush();
      return scores;
    });
  }

  /** One batch, once the threads for it are free. */
  #compute(images: RawImage[], signal: AbortSignal | undefined): Promise<NativeScore[]> {
    return this.#budget.use(this.#threads, () =>
      cancellable(this.#addon, signal, (token) => this.#native.score(images, this.#threads, token)),
    );
  }

  #toScore({ score, map }: NativeScore): Score {
    const [height, width] = this.#model.imageSize;
    return { score, map: { data: map, height, width } };
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

/** Makes the native model that a description stands for; its weights are random until they are loaded. */
export async function createModel(
  addon: Addon,
  { imageSize: [height, width], layers, ...rest }: ModelDescription,
  place: Place,
  seed: number,
): Promise<NativeModel> {
  try {
    return await addon.Model.create({ ...rest, layers: [...layers], height, width, ...place, seed });
  } catch (error) {
    throw fromNative(error);
  }
}

function disposed(): ReverseDistillationError {
  return new ReverseDistillationError("DISPOSED", "The detector was disposed of: load it again to go on.");
}

function optionalSignal({ signal }: Record<string, unknown>): AbortSignal | undefined {
  return signal === undefined ? undefined : abortSignal("signal", signal);
}

function frozen<T extends object>(value: T): Readonly<T> {
  const copy = structuredClone(value);
  for (const item of Object.values(copy)) if (Array.isArray(item)) Object.freeze(item);
  return Object.freeze(copy);
}
