import { execFileSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { findPython, referenceScript } from "../../../bench/reference.js";
import { Detector, train } from "../../../lib/index.js";
import { SafetensorsFile } from "../../../lib/safetensors/reader.js";
import { writeSafetensors } from "../../../lib/safetensors/writer.js";
import { folderOfImages, noise } from "../support/image-fixtures.js";
import { runPython, testWithTorch } from "../support/python.js";
import { temporaryFolder } from "../support/temporary-folder.js";

process.removeAllListeners("warning");

const testWithPython = testWithTorch();
const tolerance = 1e-4;

/** Writes random teacher weights to a separate file, so that model files can refer to them. */
async function writeTeacher(folder: string): Promise<string> {
  const [model, weights] = [join(folder, "random.safetensors"), join(folder, "teacher.safetensors")];
  await using random = await train([noise(64, 64, 3, 1), noise(64, 64, 3, 2)], { imageSize: 64, epochs: 1 });
  await random.save(model);
  const file = await SafetensorsFile.open(model);
  const entries = [...file.tensors.values()].filter(({ name }) => name.startsWith("teacher."));
  const tensors = await Promise.all(entries.map((entry) => file.read(entry)));
  await file.close();
  await writeSafetensors(
    weights,
    tensors.map((tensor) => ({ ...tensor, name: tensor.name.slice(8) })),
    {},
  );
  return weights;
}

/** The maps that `score.py` computes. */
async function mapsOfPython(
  model: string,
  images: string,
  maps: string,
  ...more: string[]
): Promise<Float32Array> {
  const args = [referenceScript("score"), model, images, "--maps", maps, ...more];
  execFileSync(findPython()!, args, { stdio: ["ignore", "pipe", "inherit"], timeout: 300_000 });
  const file = await SafetensorsFile.open(maps);
  const { data } = await file.read(file.tensors.get("maps")!);
  await file.close();
  return new Float32Array(data.buffer, data.byteOffset, data.byteLength / 4);
}

async function mapsOf(detector: Detector, paths: string[]): Promise<Float32Array> {
  const scores = await detector.scoreBatch(paths);
  return Float32Array.from(scores.flatMap(({ map }) => [...map.data]));
}

testWithPython("a model file scores the same in Python, however it is stored", async (t) => {
  const folder = await temporaryFolder(t);
  const weights = await writeTeacher(folder);
  // At the network's size, so that neither side has to resize.
  const images = await folderOfImages(join(folder, "images"), 3, 64);
  const paths = ["000.png", "001.png", "002.png"].map((name) => join(images, name));
  await using detector = await train(images, { imageSize: 64, epochs: 1, weights });
  const storages = [
    { precision: "float32", teacher: "include" },
    { precision: "float32", teacher: "reference" },
    { precision: "float16", teacher: "include" },
  ] as const;
  for (const storage of storages) {
    const model = join(folder, "model.safetensors");
    await detector.save(model, storage);
    const teacher = storage.teacher === "reference" ? ["--teacher", weights] : [];
    const found = await mapsOfPython(model, images, join(folder, "maps.safetensors"), ...teacher);
    await using loaded = await Detector.load(model, storage.teacher === "reference" ? { weights } : {});
    const expected = await mapsOf(loaded, paths);
    const difference = found.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
    t.log(`${storage.precision}, ${storage.teacher}: ${difference.toExponential(1)}`);
    t.true(difference <= tolerance, `${difference}`);
  }
});

testWithPython("images of 12 bits score the same in Python, by the levels of the model file", async (t) => {
  const folder = await temporaryFolder(t);
  const images = join(folder, "images");
  await mkdir(images);
  const paths = ["0.png", "1.png"].map((name) => join(images, name));
  for (const [i, path] of paths.entries()) {
    const { data, ...raw } = noise(64, 64, 1, i + 1);
    const deep = Uint16Array.from(data, (value) => value * 16);
    await sharp(deep, { raw }).toColourspace("grey16").png().toFile(path);
  }
  await using detector = await train(paths, { imageSize: 64, epochs: 1 });
  t.deepEqual(detector.config.levels, { black: 0, white: 4095 });
  const model = join(folder, "model.safetensors");
  await detector.save(model);
  const found = await mapsOfPython(model, images, join(folder, "maps.safetensors"));
  const expected = await mapsOf(detector, paths);
  t.true(found.every((value, i) => Math.abs(value - expected[i]!) <= tolerance));
});

testWithPython("padded images score the same in Python, where their padding counts as little", async (t) => {
  const folder = await temporaryFolder(t);
  const images = join(folder, "images");
  await mkdir(images);
  const paths = ["0.png", "1.png"].map((name) => join(images, name));
  for (const [i, path] of paths.entries()) {
    const { data, ...raw } = noise(64, 40, 3, i + 1);
    await sharp(data, { raw }).toFile(path);
  }
  await using detector = await train(paths, { imageSize: 64, epochs: 1, fit: "pad" });
  const model = join(folder, "model.safetensors");
  await detector.save(model);
  const found = await mapsOfPython(model, images, join(folder, "maps.safetensors"));
  const expected = await mapsOf(detector, paths);
  t.is(expected.length, 2 * 64 * 40);
  for (const [i, value] of found.entries()) {
    const [image, row, x] = [Math.floor(i / 64 ** 2), Math.floor(i / 64) % 64, i % 64];
    const inside = row >= 12 && row < 52;
    const own = inside ? expected[(image * 40 + row - 12) * 64 + x]! : 0;
    t.true(Math.abs(value - own) <= tolerance, `${value} instead of ${own} in row ${row}`);
  }
});

testWithPython(
  "in Python every tensor has its torchvision name, and a changed file is rejected",
  async (t) => {
    const folder = await temporaryFolder(t);
    const model = join(folder, "model.safetensors");
    await using detector = await train([noise(64, 64, 3, 1), noise(64, 64, 3, 2)], {
      imageSize: 64,
      epochs: 1,
    });
    await detector.save(model);
    const script = `
import json, sys
from pathlib import Path
sys.path.insert(0, ${JSON.stringify(join(referenceScript("score"), ".."))})
from safetensors import safe_open
from safetensors.torch import save_file
from model_file import load_model
path = Path(sys.argv[1])
with safe_open(path, framework="pt") as file:
    metadata, state = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}
load_model(path)
refused = []
for name in ["teacher.conv1.weight", "bn.bn1.bias"]:
    changed = {**state, name: state[name] + 1}
    save_file(changed, path.with_name("changed.safetensors"), metadata)
    try:
        load_model(path.with_name("changed.safetensors"))
    except ValueError as error:
        refused.append("model_sha256" in str(error))
save_file(state, path.with_name("changed.safetensors"), {**metadata, "created_by": "someone"})
try:
    load_model(path.with_name("changed.safetensors"))
except ValueError as error:
    refused.append("content_sha256" in str(error))
print(json.dumps({"names": list(state), "refused": refused}))`;
    const { names, refused } = runPython(script, model) as { names: string[]; refused: boolean[] };
    t.deepEqual(refused, [true, true, true]);
    for (const name of [
      ...[
        "teacher.conv1.weight",
        "teacher.layer3.1.bn2.running_mean",
        "teacher.layer2.0.downsample.0.weight",
      ],
      ...["bn.bn_layer.0.conv1.weight", "decoder.layer1.0.upsample.1.bias"],
    ]) {
      t.true(names.includes(name), name);
    }
  },
);
