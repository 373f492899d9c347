import { openDataset } from "../../../lib/evaluation/dataset.js";
import { evaluate } from "../../../lib/evaluation/evaluate.js";
import { train } from "../../../lib/index.js";
import { sharedPath, testWithShared } from "../support/shared.js";

const bottles = "data/mvtec_bottle";
const weights = "weights/resnet18-imagenet1k-layers1-3.safetensors";

testWithShared(bottles, weights)(
  "a few epochs on real bottles find nearly all defects, and where they are",
  async (t) => {
    t.timeout(300_000);
    const dataset = await openDataset(sharedPath(bottles)!);
    await using detector = await train(dataset.train, {
      weights: sharedPath(weights)!,
      imageSize: 128,
      epochs: 4,
    });
    const { overall } = await evaluate(detector, dataset);
    t.log(`image AUROC ${overall.image.auroc}, pixel AUROC ${overall.pixel?.auroc}`);
    t.is(overall.good, 20);
    t.is(overall.defective, 63);
    t.true(overall.image.auroc! > 0.95);
    t.true(overall.pixel!.auroc! > 0.97);
  },
);
