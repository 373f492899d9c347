import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createModel } from "../../lib/detector.js";
import type { Addon, Backbone, NativeModel, Precision, RawImage } from "../../lib/native/addon.js";
import { describe, seededImages } from "../parity/inputs.js";
import { writeForReference, type ExchangedFiles } from "../parity/exchange.js";
import { ReferenceProcess } from "../reference.js";

/** Side of the images, in pixels. */
export const imageSize = 256;

interface Arithmetic {
  operations: number;
  peak: number;
}

/** A model of random weights and images of noise, open on both sides. */
export class Workload {
  #arithmetic: Arithmetic | undefined;

  private constructor(
    readonly addon: Addon,
    readonly backbone: Backbone,
    readonly native: NativeModel,
    readonly images: readonly RawImage[],
    readonly files: ExchangedFiles,
    readonly reference: ReferenceProcess,
    /** What the reference computes with. */
    readonly versions: { torch: string; threads: number },
    readonly folder: string,
  ) {}

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

  /** Floating-point operations of scoring one image, and how many a second a large matrix product does here. */
  async arithmetic(): Promise<Arithmetic> {
    this.#arithmetic ??= await this.reference.request<Arithmetic>({ job: "arithmetic" });
    return this.#arithmetic;
  }

  /** The model once more, in another precision. The caller disposes of it. */
  async inPrecision(precision: Precision): Promise<NativeModel> {
    const description = {
      ...describe(this.backbone, "paper"),
      imageSize: [imageSize, imageSize] as [number, number],
    };
    return createModel(this.addon, description, { device: "cpu", precision }, 0);
  }

  async close(): Promise<void> {
    this.reference.close();
    await this.native.dispose();
    await rm(this.folder, { recursive: true });
  }
}
