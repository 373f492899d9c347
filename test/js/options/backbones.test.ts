import test from "ava";
import { loadAddon } from "../../../lib/native/loader.js";
import { backbones, guessBackbone } from "../../../lib/options/backbones.js";
import type { NamedTensor } from "../../../lib/tensor/named-tensor.js";

const byName = (tensors: NamedTensor[]) => new Map(tensors.map((tensor) => [tensor.name, tensor]));

for (const backbone of backbones) {
  test.serial(`${backbone} is guessed from the tensors of its teacher and of its decoder`, async (t) => {
    const model = await (
      await loadAddon()
    ).Model.create({
      ...({ backbone, layout: "official", layers: [1, 2, 3], combine: "sum", sigma: 4 } as const),
      ...({ height: 64, width: 64, normalisation: "imagenet", fit: "stretch", seed: 0 } as const),
      ...({ device: "cpu", precision: "float32" } as const),
    });
    try {
      for (const network of ["teacher", "decoder"] as const)
        t.is(guessBackbone(network, byName(await model.tensors(network))), backbone);
    } finally {
      await model.dispose();
    }
  });
}

test("no backbone is guessed from tensors that match none", (t) => {
  t.is(guessBackbone("teacher", new Map()), undefined);
  const tensor = (...shape: number[]) => ({ shape });
  const oneBlock = new Map([
    ["layer3.0.conv1.weight", tensor(256, 128, 3, 3)],
    ["layer3.0.bn1.weight", tensor(256)],
  ]);
  t.is(guessBackbone("teacher", oneBlock), undefined);
});
