import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ExecutionContext } from "ava";
import { train, type Detector } from "../../../lib/index.js";
import { generateSample } from "../../../lib/sample/generate.js";
import { runNode, type Ended, type RunOptions } from "../support/child-process.js";
import { temporaryFolder } from "../support/temporary-folder.js";

// That the teacher is random.
process.removeAllListeners("warning");

/** Runs a program of examples/ as a user does. */
export function runExample(name: string, args: string[], options?: RunOptions): Promise<Ended> {
  const path = fileURLToPath(new URL(`../../../examples/${name}`, import.meta.url));
  return runNode([path, ...args], options);
}

/** What the examples work on. */
export interface Workshop {
  folder: string;
  /** A small generated data set in `folder`: 6 good parts to train on, 2 good and 2 defective ones to test on. */
  sample: string;
  /** A detector that was trained on it, and the file in `folder` that holds it. */
  detector: Detector;
  model: string;
}

/** Draws a sample and trains a detector on it; both end with the test. */
export async function setUpWorkshop(
  t: ExecutionContext,
  imageSize: number | [number, number],
): Promise<Workshop> {
  const workshop = await setUpWorkshopIn(await temporaryFolder(t), imageSize);
  t.teardown(() => workshop.detector.dispose());
  return workshop;
}

/** As {@link setUpWorkshop}, in a folder that the caller removes, with a detector that the caller disposes of. */
export async function setUpWorkshopIn(
  folder: string,
  imageSize: number | [number, number],
): Promise<Workshop> {
  const sample = join(folder, "sample");
  const model = join(folder, "model.safetensors");
  await generateSample(sample, {
    size: 64,
    train: 6,
    testGood: 2,
    testPerDefect: 2,
    textures: ["granite"],
    defects: ["scratch"],
  });
  const detector = await train(sample, { imageSize, epochs: 1, batchSize: 4 });
  await detector.save(model);
  return { folder, sample, detector, model };
}
