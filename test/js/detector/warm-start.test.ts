import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import type { Detector } from "../../../lib/index.js";
import { train } from "../../../lib/index.js";
import { noise } from "../support/image-fixtures.js";
import { rejects } from "../support/rejection.js";
import { temporaryFolder } from "../support/temporary-folder.js";

process.removeAllListeners("warning");

const images = Array.from({ length: 6 }, (_, index) => noise(32, 64, 3, index + 1));
const small = { imageSize: [32, 64], batchSize: 3, device: "cpu", threads: 2, calibrate: false } as const;

async function saved(t: ExecutionContext, detector: Detector) {
  const path = join(await temporaryFolder(t), "model.safetensors");
  await detector.save(path);
  return path;
}

test.serial(
  "a training continues from an earlier model's weights and teacher, whatever the seed",
  async (t) => {
    await using cold = await train(images, { ...small, epochs: 8 });
    const warmStart = await saved(t, cold);
    await using warm = await train(images, { ...small, epochs: 1, seed: 5, warmStart });
    const last = cold.training!.run!.losses.at(-1)!;
    const [first] = cold.training!.run!.losses;
    const [continued] = warm.training!.run!.losses;
    t.true(Math.abs(continued! - last) < (first! - last) / 4, `${first} to ${last}, then ${continued}`);
  },
);

test.serial("what an earlier model was trained on stays known, and is not held out", async (t) => {
  await using cold = await train(images, { ...small, epochs: 1 });
  const warmStart = await saved(t, cold);
  const added = Array.from({ length: 40 }, (_, index) => noise(32, 64, 3, index + 50));
  const calibrate = { images: 20, falseAlarms: 0.2 };
  await using warm = await train([...images, ...added], { ...small, epochs: 1, warmStart, calibrate });
  t.is(warm.training!.images, 26);
  const fewer = { ...small, epochs: 1, warmStart, calibrate };
  await rejects(
    t,
    train([...images, ...added.slice(0, 39)], fewer),
    "INVALID_ARGUMENT",
    /at most half of them; got 39/,
  );
  await using next = await train(added.slice(0, 3), { ...small, epochs: 1, warmStart });
  await rejects(t, next.calibrate(images, { falseAlarms: 0.2 }), "INVALID_ARGUMENT", /was trained on/);
});

test.serial(
  "an earlier model of another kind is refused, and so are weights besides its own teacher",
  async (t) => {
    await using cold = await train(images, { ...small, epochs: 1 });
    const warmStart = await saved(t, cold);
    const refused = [
      [{ imageSize: 64 }, /cannot start from .*imageSize is 32 x 64 there and 64 x 64 here/],
      [{ backbone: "resnet34", layers: [2, 3] }, /backbone is resnet18 there.*layers is/],
      [{ weights: warmStart }, /includes its teacher/],
    ] as const;
    for (const [changed, message] of refused)
      await rejects(t, train(images, { ...small, ...changed, warmStart }), "INVALID_ARGUMENT", message);
    await rejects(t, train(images, { ...small, warmStart: "/no/model" }), "NOT_FOUND", /model/);
  },
);
