import test from "ava";
import { train, type Detector, type TrainOptions } from "../../../lib/index.js";
import { noise } from "../support/image-fixtures.js";
import { rejects } from "../support/rejection.js";

process.removeAllListeners("warning");

const images = Array.from({ length: 3 }, (_, index) => noise(64, 96, 3, index + 1));
const small: TrainOptions = { imageSize: [32, 64], batchSize: 3, device: "cpu", epochs: 1, calibrate: false };

/** Whether a detector scores as before once it is warm. */
async function scoresAlike(detector: Detector): Promise<boolean> {
  const before = await detector.score(images[0]!);
  await detector.warmUp();
  await detector.warmUp({ batchSize: 3 });
  const after = await detector.score(images[0]!);
  return before.score === after.score && before.map.data.every((value, at) => value === after.map.data[at]);
}

test("a detector that is warm scores as before: whole images, tiles, padding and regions of interest", async (t) => {
  const variants: TrainOptions[] = [
    {},
    { tiles: { size: [32, 64], overlap: 16 } },
    { fit: "pad" },
    {
      roi: {
        include: [
          [
            [0, 0],
            [1, 0],
            [1, 0.5],
          ],
        ],
      },
    },
  ];
  for (const options of variants) {
    await using detector = await train(images, { ...small, ...options });
    t.true(await scoresAlike(detector));
  }
});

test("warming up is refused, aborted and ended like any other work", async (t) => {
  const detector = await train(images, small);
  for (const batchSize of [0, 1025, 1.5, "8"]) {
    await rejects(
      t,
      detector.warmUp({ batchSize: batchSize as number }),
      "INVALID_ARGUMENT",
      /^batchSize must be a whole number from 1 to 1024; got/,
    );
  }
  await rejects(t, detector.warmUp({ signal: AbortSignal.abort() }), "ABORTED", /./);
  const running = detector.warmUp({ batchSize: 1024, signal: AbortSignal.timeout(20) });
  await rejects(t, running, "ABORTED", /./);
  await detector.dispose();
  await rejects(t, detector.warmUp(), "DISPOSED", /./);
});
