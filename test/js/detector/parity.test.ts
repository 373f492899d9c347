import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import {
  committedCases,
  unusual,
  unusualImages,
  type CommittedCase,
} from "../../../bench/parity/committed.js";
import { compare, excesses, worstByKind } from "../../../bench/parity/comparison.js";
import { computeNatively, training } from "../../../bench/parity/computed.js";
import { traceByReference, writeForReference } from "../../../bench/parity/exchange.js";
import { readGolden } from "../../../bench/parity/golden.js";
import { describe, loadSeededWeights, seededImages, seededModel } from "../../../bench/parity/inputs.js";
import { ReferenceTracer } from "../../../bench/parity/reference.js";
import { findPython } from "../../../bench/reference.js";
import type { NativeModel, Part } from "../../../lib/native/addon.js";
import { loadAddon } from "../../../lib/native/loader.js";
import { backboneTable } from "../../../lib/options/backbones.js";
import { backbones, layouts, type ModelDescription } from "../../../lib/options/model.js";
import { losses } from "../../../lib/options/training.js";
import type { NamedTensor } from "../../../lib/tensor/named-tensor.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const addon = await loadAddon();
const python = findPython();
const testWithPython = python === undefined ? test.serial.skip : test.serial;
if (python === undefined) {
  console.error(
    "SKIPPED: parity with a reference computed here: no Python with bench/python/requirements.txt",
  );
}

/** One process for all tests: importing PyTorch takes seconds. */
let tracer: ReferenceTracer | undefined;
test.after.always(() => tracer?.close());

/** Computes a committed case, or something like it, and compares. @param settings Of the training. */
async function differences(
  model: NativeModel,
  { description, images }: CommittedCase,
  { loss, path }: CommittedCase["losses"][number],
  settings = training,
) {
  const batch = seededImages(images, description.imageSize);
  return compare(await computeNatively(addon, model, batch, loss, settings), await readGolden(path));
}

function requireParity(t: ExecutionContext, found: ReturnType<typeof compare>): void {
  t.deepEqual(excesses(found), []);
  for (const [kind, { name, value, measure }] of worstByKind(found)) {
    t.log(`${kind}* ${value.toExponential(1)} (${measure}, ${name})`);
  }
}

/** Computes a description with both losses on both sides. @param samples Values compared of each tensor. */
async function requireParityWithPython(
  t: ExecutionContext,
  description: ModelDescription,
  count: number,
  samples: number,
  settings = training,
): Promise<void> {
  const folder = await temporaryFolder(t);
  tracer ??= new ReferenceTracer(python!);
  const model = await seededModel(addon, description);
  const images = seededImages(count, description.imageSize);
  const files = await writeForReference(folder, model, description, images);
  const goldens = losses.map(async (loss) => {
    const path = join(folder, `${loss}.safetensors`);
    await traceByReference(tracer!, files, loss, settings, samples, path);
    return readGolden(path);
  });
  try {
    for (const [i, loss] of losses.entries()) {
      if (i > 0) await loadSeededWeights(model);
      const computed = await computeNatively(addon, model, images, loss, settings);
      requireParity(t, compare(computed, await goldens[i]!));
    }
  } finally {
    // The reference must be done with the folder before it goes.
    await Promise.allSettled(goldens);
  }
  await model.dispose();
}

for (const committed of committedCases()) {
  for (const golden of committed.losses) {
    test.serial(`${committed.name}, ${golden.loss}: computes what the committed reference did`, async (t) => {
      const model = await seededModel(addon, committed.description);
      requireParity(t, await differences(model, committed, golden));
      await model.dispose();
    });
  }
}

for (const backbone of backbones) {
  for (const layout of layouts) {
    testWithPython(`${backbone}, ${layout}: computes what Python does`, async (t) => {
      const samples = backboneTable[backbone].block === "basic" ? 2 ** 31 : 1000;
      await requireParityWithPython(t, describe(backbone, layout), 4, samples);
    });
  }
}

testWithPython(
  "two layers, a product, another sigma, raw pixels, an oblong, batches, a falling learning rate: computes what Python does",
  async (t) => {
    const falling = { ...training, learningRateSchedule: "cosine" } as const;
    await requireParityWithPython(t, unusual, unusualImages, 2 ** 31, falling);
  },
);

const plantedErrors: Record<string, (model: NativeModel) => Promise<void>> = {
  "two convolutions of the decoder are swapped": (model) =>
    alter(
      model,
      "decoder",
      ([first, second]) => [second!, first!],
      "layer2.1.conv1.weight",
      "layer2.1.conv2.weight",
    ),
  "one weight of the teacher's first convolution is off by a tenth": (model) =>
    alterValues(model, "teacher", "conv1.weight", (value, index) => (index === 5 ? value + 0.1 : value)),
  "a running variance of the bottleneck is off by a hundredth": (model) =>
    alterValues(model, "bn", "bn_layer.0.bn1.running_var", (value) => value * 1.01),
  "a transposed convolution is transposed once more": (model) =>
    alterValues(model, "decoder", "layer3.0.upsample.0.weight", (_, index, all) => all[index ^ 3]!),
  "a bias of the decoder's last batch norm is off by a hundredth": (model) =>
    alterValues(model, "decoder", "layer3.1.bn2.bias", (value) => value * 1.01),
};

for (const [error, plant] of Object.entries(plantedErrors)) {
  test.serial(`parity fails where ${error}`, async (t) => {
    const committed = committedCases()[0]!;
    const model = await seededModel(addon, committed.description);
    await plant(model);
    t.not(excesses(await differences(model, committed, committed.losses[0]!)).length, 0);
    await model.dispose();
  });
}

const wrongTrainings = {
  "the learning rate falls": { ...training, learningRateSchedule: "cosine" } as const,
  "the learning rate is off by a fiftieth": { ...training, learningRate: 1.02 * training.learningRate },
  "the images come in another order": { ...training, seed: training.seed + 1 },
  "batches are of another size": { ...training, batchSize: 5 },
};

for (const [error, settings] of Object.entries(wrongTrainings)) {
  test.serial(`parity of the training fails where ${error}`, async (t) => {
    const committed = committedCases().at(-1)!;
    const model = await seededModel(addon, committed.description);
    const found = await differences(model, committed, committed.losses[0]!, settings);
    const kinds = new Set(excesses(found).map(({ name }) => name.split(".")[0]));
    t.true(kinds.has("stepped"));
    t.false(kinds.has("gradient") || kinds.has("map"));
    await model.dispose();
  });
}

test.serial("a trace does not change the model", async (t) => {
  const description = describe("resnet18", "official");
  const model = await seededModel(addon, description);
  const bytes = async () => {
    const tensors = await Promise.all(
      (["teacher", "bn", "decoder"] as const).map((part) => model.tensors(part)),
    );
    return tensors.flat().map(({ data }) => Buffer.from(data));
  };
  const before = await bytes();
  await model.trace(seededImages(4, description.imageSize), "location", 0);
  const after = await bytes();
  t.true(before.every((data, i) => data.equals(after[i]!)));
  await model.dispose();
});

test("parity fails for a tensor that one side lacks, and for one that contains NaN", (t) => {
  const golden = new Map([["loss", { size: 1, norm: 2, values: Float32Array.of(2) }]]);
  t.throws(() => compare(new Map(), golden), {
    message: /loss has no elements in the addon, 1 in the reference/,
  });
  t.throws(() => compare(new Map([["loss", [2, 2]]]), golden), { message: /2 elements in the addon/ });
  t.is(excesses(compare(new Map([["loss", [2]]]), golden)).length, 0);
  t.is(excesses(compare(new Map([["loss", [2.0001]]]), golden)).length, 1);
  t.is(excesses(compare(new Map([["loss", [NaN]]]), golden)).length, 1);
});

/** Replaces the data of named tensors of one part. */
async function alter(
  model: NativeModel,
  part: Part,
  change: (data: Uint8Array[]) => Uint8Array[],
  ...names: string[]
): Promise<void> {
  const tensors = (await model.tensors(part)).map((tensor): NamedTensor => ({
    ...tensor,
    data: tensor.data.slice(),
  }));
  const chosen = names.map((name) => tensors.find((tensor) => tensor.name === name)!);
  change(chosen.map(({ data }) => data)).forEach((data, i) => (chosen[i]!.data = data));
  await model.load(part, tensors);
}

async function alterValues(
  model: NativeModel,
  part: Part,
  name: string,
  change: (value: number, index: number, all: Float32Array) => number,
): Promise<void> {
  await alter(
    model,
    part,
    ([data]) => [new Uint8Array(new Float32Array(data!.buffer).map(change).buffer)],
    name,
  );
}
