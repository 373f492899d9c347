import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { train, type Detector } from "reverse-distillation";
import { encoder, noise } from "../../../test/js/support/image-fixtures.js";

/** What the images of a test look like: accepted, and rejected by any model of {@link TestModels}. */
export const good = noise(64, 48, 3, 100);

/** Two versions of a model of random weights, trained once for all tests of a file, with thresholds. */
export class TestModels {
  readonly folder: string;
  /** Version 1 accepts everything. */
  readonly accepting: string;
  /** Version 2 rejects everything. */
  readonly rejecting: string;
  /** Has no thresholds. */
  readonly uncalibrated: string;
  /** The detector of version 2. */
  readonly detector: Detector;

  private constructor(folder: string, detector: Detector) {
    this.folder = folder;
    this.detector = detector;
    [this.accepting, this.rejecting, this.uncalibrated] = ["accepting", "rejecting", "uncalibrated"].map(
      (name) => join(folder, `${name}.safetensors`),
    ) as [string, string, string];
  }

  static async make(): Promise<TestModels> {
    const folder = await mkdtemp(join(tmpdir(), "service-models-"));
    const detector = await train([noise(64, 64, 3, 1), noise(64, 64, 3, 2)], {
      imageSize: 64,
      epochs: 1,
      device: "cpu",
    });
    const models = new TestModels(folder, detector);
    await detector.save(models.uncalibrated);
    const goods = Array.from({ length: 20 }, (_, index) => noise(64, 64, 3, 10 + index));
    await detector.calibrate(goods, { falseAlarms: 0.1, review: 0.2 });
    detector.setThresholds({ reject: 100 });
    await detector.save(models.accepting);
    detector.setThresholds({ reject: 1e-4 });
    await detector.save(models.rejecting);
    return models;
  }

  /** Puts a version of a model into a folder, as a whole. */
  async put(folder: string, name: string, from: string): Promise<void> {
    await copyFile(from, join(folder, `${name}.safetensors`));
  }

  async remove(): Promise<void> {
    await this.detector.dispose();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** An encoded image. */
export async function png(image = good): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await encoder(image).png().toBuffer());
}

/** Puts a file into a folder that is no model. */
export function putBroken(folder: string, name: string): Promise<void> {
  return writeFile(join(folder, `${name}.safetensors`), "not a model");
}
