import { join } from "node:path";
import test from "ava";
import { Detector, train } from "../../../lib/index.js";
import { noise } from "../support/image-fixtures.js";
import { rejects } from "../support/rejection.js";
import { temporaryFolder } from "../support/temporary-folder.js";

process.removeAllListeners("warning");

test.serial(
  "a model file that asks for more than the limits is refused with value, limit and option",
  async (t) => {
    const path = join(await temporaryFolder(t), "large.safetensors");
    const images = [noise(32, 64, 3, 1), noise(32, 64, 3, 2)];
    {
      await using detector = await train(images, {
        imageSize: [32, 2080],
        sigma: 101,
        epochs: 1,
        batchSize: 2,
      });
      await detector.save(path);
    }
    await rejects(
      t,
      Detector.load(path),
      "INVALID_FILE",
      /large\.safetensors asks for images of 32 x 2080 pixels, and the largest side allowed is 2048 \(option maxImageSize\)\. If you trust/,
    );
    await rejects(
      t,
      Detector.load(path, { maxImageSize: 2080 }),
      "INVALID_FILE",
      /asks for a sigma of 101 pixels, and the largest allowed is 100 \(option maxSigma\)\./,
    );
    await using loaded = await Detector.load(path, { maxImageSize: 2080, maxSigma: 101 });
    t.deepEqual(loaded.config.imageSize, [32, 2080]);
    for (const options of [
      { maxImageSize: 4097 },
      { maxImageSize: 0 },
      { maxSigma: 0 },
      { maxSigma: Number.NaN },
    ]) {
      await rejects(t, Detector.load(path, options), "INVALID_ARGUMENT", /^max(ImageSize|Sigma) must be /);
    }
  },
);
