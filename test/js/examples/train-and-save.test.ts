import { existsSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { Detector } from "../../../lib/index.js";
import { folderOfImages } from "../support/image-fixtures.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { runExample } from "./run-example.js";

const small = ["--weights", "none", "--image-size", "64"];

test("the example trains with progress and saves a detector that loads", async (t) => {
  const folder = await temporaryFolder(t);
  const images = await folderOfImages(join(folder, "good"), 4);
  const model = join(folder, "parts.safetensors");
  const { code, stdout, stderr } = await runExample("train-and-save.ts", [
    images,
    model,
    ...small,
    "--epochs",
    "2",
  ]);
  t.is(code, 0, stderr);
  t.is(stdout, `Trained on 4 images, saved ${model}\n`);
  t.regex(stderr, /\rreading image 4 of 4 /);
  t.regex(stderr, /\repoch 1 of 2: loss \d\.\d{4}, \d+ s left/);
  t.regex(stderr, /\repoch 2 of 2: loss \d\.\d{4}, 0 s left/);
  await using detector = await Detector.load(model);
  t.deepEqual(detector.config.imageSize, [64, 64]);
  t.like(detector.training, { images: 4, epochs: 2 });
});

test("interrupted while it trains, the example ends and leaves no file", async (t) => {
  const folder = await temporaryFolder(t);
  const images = await folderOfImages(join(folder, "good"), 4);
  const model = join(folder, "parts.safetensors");
  const args = [images, model, ...small, "--epochs", "1000000"];
  const { code, stderr } = await runExample("train-and-save.ts", args, {
    onOutput: (text, kill) => {
      if (text.includes("epoch 1 of")) kill("SIGINT");
    },
  });
  t.is(code, 1);
  t.regex(stderr, /code: 'ABORTED'/);
  t.false(existsSync(model));
});
