import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createModel } from "../../lib/detector/parts.js";
import type { RawImage } from "../../lib/image/raw-image.js";
import type { Addon, NativeModel } from "../../lib/native/addon.js";
import type { Backbone } from "../../lib/options/model.js";
import type { Precision } from "../../lib/options/precision.js";
import { writeForReference, type ExchangedFiles } from "../parity/exchange.js";
import { describe, seededImages } from "../parity/inputs.js";
import { ReferenceProcess } from "../reference.js";

/** Height and width of the images, in pixels. */
export const imageSize = 256;

/** Floating-point operations per image. */
interface Operations {
  score: number;
  step: number;
}

/** A model with random weights and images of noise, opened on both sides. */
export class Workload {
  readonly #models: Map<Precision, NativeModel>;

  private constructor(
    readonly addon: Addon,
    readonly backbone: Backbone,
    /** The model in float32. */
    readonly native: NativeModel,
    readonly images: readonly RawImage[],
    readonly files: ExchangedFiles,
    readonly reference: ReferenceProcess,
    /** The version and the number of threads of the reference. */
    readonly versions: { torch: string; threads: number },
    readonly folder: string,
  ) {
    this.#models = new Map([["float32", native]]);
  }

  static async open(addon: Addon, python: string, backbone: Backbone, count: number): Promise<Workload> {
    const folder = await mkdtemp(join(tmpdir(), "reverse-distillation-bench-"));
    const description = {
      ...describe(backbone, "paper"),
      imageSize: [imageSize, imageSize] as [number, number],
    };
    const native = await createModel(addon, description, { device: "cpu", precision: "float32" }, 0);
    const images = seededImages(count, description.imageSize);
    const files = await writeForReference(folder, native, description, images);
    const reference = new ReferenceProcess(python, "measure");
    const versions = await reference.request<{ torch: string; threads: number }>({ job: "open", ...files });
    return new Workload(addon, backbone, native, images, files, reference, versions, folder);
  }

  /** Operations of scoring and of a training step, which excludes the teacher if its features are kept. */
  operations(keep: boolean): Promise<Operations> {
    return this.reference.request<Operations>({ job: "operations", keep });
  }

  /** Operations per second of a large matrix product in a precision. */
  async peak(precision: Precision): Promise<number> {
    const request = { job: "peak", dtype: precision };
    return (await this.reference.request<{ operationsPerSecond: number }>(request)).operationsPerSecond;
  }

  /** The model in a precision, for scoring. It lives as long as the workload. */
  async inPrecision(precision: Precision): Promise<NativeModel> {
    const open = this.#models.get(precision) ?? (await this.fresh(precision));
    this.#models.set(precision, open);
    return open;
  }

  /** A new instance of the model, for training. The caller must dispose of it. */
  async fresh(precision: Precision): Promise<NativeModel> {
    const description = {
      ...describe(this.backbone, "paper"),
      imageSize: [imageSize, imageSize] as [number, number],
    };
    return createModel(this.addon, description, { device: "cpu", precision }, 0);
  }

  async close(): Promise<void> {
    this.reference.close();
    for (const model of this.#models.values()) await model.dispose();
    await rm(this.folder, { recursive: true });
  }
}
