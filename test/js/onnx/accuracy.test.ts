import { join } from "node:path";
import { openDataset } from "../../../lib/evaluation/dataset.js";
import { evaluate, type Scorer } from "../../../lib/evaluation/evaluate.js";
import { preprocess } from "../../../lib/image/preprocess.js";
import { train } from "../../../lib/index.js";
import { RuntimeModel } from "../../../lib/verify/runtime.js";
import { sharedPath, testWithShared } from "../support/shared.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const bottles = "data/mvtec_bottle";
const weights = "weights/resnet18-imagenet1k-layers1-3.safetensors";

/** Scores images with an export and `preprocess` alone. */
function scorerOf(runtime: RuntimeModel): Scorer {
  const [height, width] = runtime.description.imageSize;
  return {
    score: async (image) => {
      const [scored] = await runtime.score([await preprocess(image, [height, width])]);
      return { score: scored!.score, map: { data: scored!.map, height, width } };
    },
  };
}

testWithShared(bottles, weights)(
  "on real bottles, an export in ONNX Runtime is as accurate as its detector",
  async (t) => {
    t.timeout(600_000);
    const folder = await temporaryFolder(t);
    const dataset = await openDataset(sharedPath(bottles)!);
    await using detector = await train(dataset.train, {
      weights: sharedPath(weights)!,
      imageSize: 64,
      epochs: 3,
    });
    const expected = (await detector.evaluate(dataset)).overall;
    t.true(expected.image.auroc! > 0.8 && expected.pixel!.auroc! > 0.8);
    for (const precision of ["float32", "float16"] as const) {
      const path = join(folder, `${precision}.onnx`);
      await detector.export(path, { format: "onnx", precision });
      const runtime = await RuntimeModel.open(path);
      const { overall } = await evaluate(scorerOf(runtime), dataset);
      await runtime.close();
      const image = Math.abs(overall.image.auroc! - expected.image.auroc!);
      const pixel = Math.abs(overall.pixel!.auroc! - expected.pixel!.auroc!);
      t.log(
        `${precision}: AUROC of images ${overall.image.auroc} (differs by ${image}), of pixels ${overall.pixel!.auroc} (${pixel})`,
      );
      t.true(image < 0.001 && pixel < 0.001, `${precision}: ${image}, ${pixel}`);
    }
  },
);
