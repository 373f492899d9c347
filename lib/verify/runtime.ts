import type * as OnnxRuntime from "onnxruntime-node";
import type { InferenceSession, Tensor, TensorConstructor } from "onnxruntime-node";
import type { Verdict } from "../calibration/thresholds.js";
import { ReverseDistillationError } from "../errors/error.js";
import { messageOf } from "../errors/message-of.js";
import { invalidFile } from "../files/invalid-file.js";
import { normalise } from "../image/normalise.js";
import type { PreprocessedImage } from "../image/pixels.js";
import type { ExportDescription } from "../onnx/metadata.js";
import { sizesInput } from "../onnx/padding.js";
import { verdicts } from "../onnx/verdict.js";
import { readExportDescription } from "../onnx/read-metadata.js";

/** A runtime's result for one image. */
export interface RuntimeScore {
  score: number;
  /** height x width values of the model's input; 0 in padding. */
  map: Float32Array;
  /** If the export gives verdicts. */
  verdict?: Verdict;
}

/** An export opened in ONNX Runtime, on the CPU. */
export class RuntimeModel {
  readonly description: ExportDescription;
  readonly #session: InferenceSession;
  readonly #Tensor: TensorConstructor;

  private constructor(description: ExportDescription, session: InferenceSession, tensor: TensorConstructor) {
    this.description = description;
    this.#session = session;
    this.#Tensor = tensor;
  }

  /**
   * @param threads As many as it likes by default.
   * @throws ReverseDistillationError `NOT_FOUND` if the file does not exist or onnxruntime-node is not installed, `IO`,
   * `INVALID_FILE` if the file is not an export or ONNX Runtime rejects its graph.
   */
  static async open(path: string, { threads }: { threads?: number } = {}): Promise<RuntimeModel> {
    const description = await readExportDescription(path);
    const runtime = await importRuntime();
    try {
      const session = await runtime.InferenceSession.create(path, {
        executionProviders: ["cpu"],
        ...(threads !== undefined && { intraOpNumThreads: threads }),
      });
      return new RuntimeModel(description, session, runtime.Tensor);
    } catch (error) {
      throw invalidFile(path, `was rejected by ONNX Runtime: ${messageOf(error)}`, error);
    }
  }

  /** Scores images of the model's size. If the model has a fixed batch size, the last batch is padded. */
  async score(images: readonly PreprocessedImage[]): Promise<RuntimeScore[]> {
    const { batch } = this.description;
    const size = batch === "dynamic" ? images.length : batch;
    const scores: RuntimeScore[] = [];
    for (let first = 0; first < images.length; first += size) {
      const some = images.slice(first, first + size);
      const filled = Array.from({ length: size }, (_, i) => some[Math.min(i, some.length - 1)]!);
      scores.push(...(await this.#run(filled)).slice(0, some.length));
    }
    return scores;
  }

  close(): Promise<void> {
    return this.#session.release();
  }

  async #run(images: readonly PreprocessedImage[]): Promise<RuntimeScore[]> {
    const { map, score, verdict } = await this.#session.run({
      images: this.#input(images),
      ...(this.description.fit === "pad" && { [sizesInput]: this.#sizes(images) }),
    });
    const numbers = verdict?.data as BigInt64Array | undefined;
    const maps = map!.data as Float32Array;
    const length = maps.length / images.length;
    return [...(score!.data as Float32Array)].map((value, i) => ({
      score: value,
      map: maps.subarray(i * length, (i + 1) * length),
      ...(numbers && { verdict: verdicts[Number(numbers[i])]! }),
    }));
  }

  #sizes(images: readonly PreprocessedImage[]): Tensor {
    const sizes = BigInt64Array.from(images.flatMap(({ originalSize }) => originalSize.map(BigInt)));
    return new this.#Tensor("int64", sizes, [images.length, 2]);
  }

  #input(images: readonly PreprocessedImage[]): Tensor {
    const { input, normalisation } = this.description;
    const [, height, width] = images[0]!.dims;
    if (input === "uint8") {
      const data = new Uint8Array(images.length * height * width * 3);
      images.forEach((image, i) => data.set(image.data, i * height * width * 3));
      return new this.#Tensor("uint8", data, [images.length, height, width, 3]);
    }
    const data = new Float32Array(images.length * height * width * 3);
    images.forEach((image, i) => data.set(normalise(image, normalisation).data, i * height * width * 3));
    return new this.#Tensor("float32", data, [images.length, 3, height, width]);
  }
}

async function importRuntime(): Promise<typeof OnnxRuntime> {
  try {
    return await import("onnxruntime-node");
  } catch (error) {
    throw new ReverseDistillationError(
      "NOT_FOUND",
      `onnxruntime-node could not be loaded (${messageOf(error)}). ` +
        "It is an optional dependency: run npm install onnxruntime-node.",
      { cause: error },
    );
  }
}
