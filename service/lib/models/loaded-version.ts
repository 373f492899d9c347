import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { Detector, type ImageInput, type LoadOptions, type Score, type Watch } from "reverse-distillation";

/** What is asked of a score. */
export interface ScoreRequest {
  signal: AbortSignal;
  maxPixels: number;
  /** Whether to find regions, if the model has thresholds. */
  regions?: boolean;
}

/** A model file as it was when it was loaded. */
export interface LoadedFile {
  name: string;
  bytes: number;
  sha256: string;
}

/** One version of a model, loaded and warm. */
export class LoadedVersion {
  readonly name: string;
  readonly version: number;
  readonly detector: Detector;
  /** Where the file lies that it was loaded from. */
  readonly path: string;
  /** The file as it was then. */
  readonly file: LoadedFile;
  readonly loadedAt = new Date();
  /** Looks for drift in the results, if the model is calibrated. */
  readonly watch: Watch | undefined;
  #unfinished = 0;

  private constructor(name: string, version: number, detector: Detector, path: string, file: LoadedFile) {
    this.path = path;
    this.name = name;
    this.version = version;
    this.detector = detector;
    this.file = file;
    if (detector.calibration !== null) this.watch = detector.watch();
  }

  /** Loads a version and prepares it, because the first batch of each size takes longer. */
  static async load(
    path: string,
    { name, version }: { name: string; version: number },
    options: LoadOptions,
  ): Promise<LoadedVersion> {
    const detector = await Detector.load(path, options);
    try {
      await detector.warmUp({ signal: options.signal });
      return new LoadedVersion(name, version, detector, path, await describeFile(path));
    } catch (error) {
      await detector.dispose();
      throw error;
    }
  }

  /** Images that wait or are being computed. */
  get unfinished(): number {
    return this.#unfinished;
  }

  /** Scores an image. A version that is retired meanwhile finishes it first. */
  async score(image: ImageInput, { regions = false, ...request }: ScoreRequest): Promise<Score> {
    this.#unfinished++;
    try {
      const found = regions && this.detector.thresholds !== null;
      return await this.detector.score(image, { ...request, regions: found });
    } finally {
      this.#unfinished--;
    }
  }

  /** Waits for the images that it has, then frees its memory. */
  retire(): Promise<void> {
    return this.detector.dispose();
  }
}

async function describeFile(path: string): Promise<LoadedFile> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  return { name: basename(path), bytes, sha256: hash.digest("hex") };
}
