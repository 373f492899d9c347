import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import test, { type ExecutionContext } from "ava";
import { Detector, train, type ImageSource } from "../../../lib/index.js";
import { loadAddon } from "../../../lib/native/loader.js";
import { writeSafetensors } from "../../../lib/safetensors/writer.js";
import { folderOfImages } from "../support/image-fixtures.js";
import { rejects } from "../support/rejection.js";

const folder = mkdtempSync(join(tmpdir(), "inputs-"));
const inFolder = (name: string): string => join(folder, name);
const quick = { imageSize: 32, epochs: 1, device: "cpu", layout: "official" } as const;

test.before(() => process.removeAllListeners("warning"));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

function digests(): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name)).sort();
  return Object.fromEntries(
    paths.map((path) => [path, createHash("sha256").update(readFileSync(path)).digest("hex")]),
  );
}

/** Every way to write a detector, or every other than `save`, is refused that path, and no file changes. */
async function refusedEverywhere(
  t: ExecutionContext,
  detector: Detector,
  path: string,
  input: string,
  { save = true } = {},
): Promise<void> {
  const before = digests();
  const message = new RegExp(`^Cannot write .* to ${path}: it would overwrite ${input}`);
  if (save) await rejects(t, detector.save(path), "INVALID_ARGUMENT", message);
  await rejects(t, detector.saveCheckpoint(pathToFileURL(path)), "INVALID_ARGUMENT", message);
  await rejects(t, detector.export(path, { format: "onnx" }), "INVALID_ARGUMENT", message);
  t.deepEqual(digests(), before);
}

test.serial("a detector is not written over an image that it was trained on", async (t) => {
  const images = await folderOfImages(inFolder("images"), 3);
  const paths = ["000.png", "001.png", "002.png"].map((name) => join(images, name));
  symlinkSync(paths[1]!, inFolder("alias.safetensors"));
  const sources: ImageSource[] = [
    images,
    pathToFileURL(images),
    paths,
    paths.map((path) => pathToFileURL(path)),
  ];
  for (const source of sources) {
    await using detector = await train(source, quick);
    await refusedEverywhere(t, detector, inFolder("alias.safetensors"), `the training image ${paths[1]!}`);
  }
});

test.serial(
  "a detector is not written over the model, checkpoint or weights that it came from",
  async (t) => {
    const [model, checkpoint, weights] = [
      inFolder("model.st"),
      inFolder("checkpoint.pth"),
      inFolder("weights.st"),
    ];
    const described = {
      backbone: "resnet18",
      layout: "official",
      layers: [1, 2, 3],
      height: 32,
      width: 32,
    } as const;
    const rest = {
      combine: "sum",
      sigma: 4,
      normalisation: "imagenet",
      fit: "stretch",
      device: "cpu",
      precision: "float32",
    } as const;
    const native = await (
      await loadAddon()
    ).Model.create({ ...described, layers: [1, 2, 3], ...rest, seed: 1 });
    await writeSafetensors(weights, await native.tensors("teacher"), {});
    await native.dispose();
    {
      await using trained = await train(await folderOfImages(inFolder("parts"), 2), { ...quick, weights });
      await trained.saveCheckpoint(checkpoint);
      await trained.save(model, { teacher: "reference" });
      await trained.save(model, { teacher: "reference" });
      await refusedEverywhere(t, trained, weights, `the weights ${weights}`);
    }
    await using loaded = await Detector.load(model, { device: "cpu", weights });
    // A detector that is saved again may take the place of the file that it was loaded from.
    await refusedEverywhere(t, loaded, model, `the model ${model}`, { save: false });
    await refusedEverywhere(t, loaded, weights, `the weights ${weights}`);
    const options = { backbone: "resnet18", imageSize: 32, weights, device: "cpu" } as const;
    await using imported = await Detector.fromCheckpoint(checkpoint, options);
    await refusedEverywhere(t, imported, checkpoint, `the checkpoint ${checkpoint}`);
    await refusedEverywhere(t, imported, weights, `the weights ${weights}`);
  },
);

test.serial("an export does not remove an input that is named like its data file", async (t) => {
  const images = await folderOfImages(inFolder("named"), 2);
  const image = inFolder("model.onnx.0123456789abcdef.data");
  writeFileSync(image, readFileSync(join(images, "000.png")));
  const before = digests();
  await using detector = await train([image, join(images, "001.png")], quick);
  const exporting = detector.export(inFolder("model.onnx"), { format: "onnx" });
  await rejects(
    t,
    exporting,
    "INVALID_ARGUMENT",
    /the export's data file .*0123456789abcdef\.data: it would overwrite the training image/,
  );
  t.deepEqual(digests(), before);
});
