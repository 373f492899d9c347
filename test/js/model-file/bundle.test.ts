import { mkdtempSync, rmSync } from "node:fs";
import { open, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import anyTest, { type ExecutionContext } from "ava";
import { Detector, train, type Score } from "../../../lib/index.js";
import { loadAddon } from "../../../lib/native/loader.js";
import { SafetensorsFile } from "../../../lib/safetensors/reader.js";
import { writeSafetensors } from "../../../lib/safetensors/writer.js";
import type { NamedTensor } from "../../../lib/tensor/named-tensor.js";
import { runCli } from "../support/child-process.js";
import { noise } from "../support/image-fixtures.js";
import { rejects } from "../support/rejection.js";

// Serial, because each model takes hundreds of megabytes.
const test = anyTest.serial;
const folder = mkdtempSync(join(tmpdir(), "bundle-"));
const inFolder = (name: string) => join(folder, name);
const probe = noise(64, 64, 3, 9);
const weights = inFolder("teacher.safetensors");
const bundle = inFolder("bundle.safetensors");
let detector: Detector;

process.removeAllListeners("warning");
await loadAddon();
// An empty cache, so that no weights are found from here on.
process.env.REVERSE_DISTILLATION_CACHE = inFolder("no cache");

interface Content {
  metadata: Record<string, string>;
  tensors: NamedTensor[];
}

async function contentOf(path: string): Promise<Content> {
  const file = await SafetensorsFile.open(path);
  const tensors = await Promise.all([...file.tensors.values()].map((entry) => file.read(entry)));
  await file.close();
  return { metadata: { ...file.metadata }, tensors };
}

/** The description of a training as version 1 stores it. */
function firstTraining({ training }: Content["metadata"]): string {
  const described = JSON.parse(training!) as { run?: unknown };
  delete described.run;
  return JSON.stringify(described);
}

const prefix = "teacher.";

test.before(async () => {
  const images = [1, 2, 3].map((seed) => noise(64, 64, 3, seed));
  const random = await train(images, { imageSize: 64, epochs: 1 });
  await random.save(bundle);
  await random.dispose();
  const teacher = (await contentOf(bundle)).tensors
    .filter(({ name }) => name.startsWith(prefix))
    .map((tensor) => ({ ...tensor, name: tensor.name.slice(prefix.length) }));
  await writeSafetensors(weights, teacher, {});
  // Older versions of the format can describe this training.
  detector = await train(images, { imageSize: 64, epochs: 2, weights, recipe: "paper" });
  await detector.save(bundle);
});
test.after.always(async () => {
  await detector.dispose();
  rmSync(folder, { recursive: true, force: true });
});

async function scoreOf(path: string, options = {}): Promise<Score> {
  await using loaded = await Detector.load(path, options);
  return await loaded.score(probe);
}

test("loading and saving a file keeps its metadata", async (t) => {
  const again = inFolder("again.safetensors");
  await using own = await Detector.load(bundle);
  await own.save(again);
  const [first, second] = [await contentOf(bundle), await contentOf(again)];
  t.deepEqual(second.metadata, first.metadata);
});

test("a changed byte in a tensor is detected when the file is loaded", async (t) => {
  for (const name of ["teacher.layer2.0.conv1.weight", "decoder.layer3.1.bn2.bias"]) {
    const damaged = inFolder("damaged.safetensors");
    const { metadata, tensors } = await contentOf(bundle);
    await writeSafetensors(damaged, tensors, metadata);
    await flipByte(damaged, name);
    await rejects(
      t,
      Detector.load(damaged),
      "INVALID_FILE",
      /is damaged: the SHA-256 of its tensors .*model_sha256/,
    );
  }
});

async function flipByte(path: string, tensor: string): Promise<void> {
  const safetensors = await SafetensorsFile.open(path);
  const { offset } = safetensors.tensors.get(tensor)!;
  await safetensors.close();
  const file = await open(path, "r+");
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, offset);
  await file.write(Buffer.of(buffer[0]! ^ 1), 0, 1, offset);
  await file.close();
}

test("changed metadata is detected when the file is opened", async (t) => {
  const changed = inFolder("changed.safetensors");
  const { metadata, tensors } = await contentOf(bundle);
  const training = metadata.training!.replace('"epochs":2', '"epochs":3');
  t.not(training, metadata.training);
  await writeSafetensors(changed, tensors, { ...metadata, training });
  await rejects(t, Detector.load(changed), "INVALID_FILE", /its metadata were changed: .*content_sha256/);
  const without = { ...metadata };
  delete without.content_sha256;
  await writeSafetensors(changed, tensors, without);
  await rejects(t, Detector.load(changed), "INVALID_FILE", /content_sha256 is missing/);
});

test("a version 1 file loads, and scores like a current one", async (t) => {
  const old = inFolder("version-1.safetensors");
  const { metadata, tensors } = await contentOf(bundle);
  await writeSafetensors(old, tensors, {
    format: "reverse-distillation",
    format_version: "1",
    created_by: "reverse-distillation 0.1.0",
    model: metadata.model!,
    training: firstTraining(metadata),
  });
  await using loaded = await Detector.load(old);
  t.deepEqual(loaded.config, detector.config);
  t.deepEqual(loaded.training, { ...detector.training!, run: null });
  t.deepEqual(await loaded.score(probe), await detector.score(probe));
  const renewed = inFolder("renewed.safetensors");
  await loaded.save(renewed);
  const { metadata: written } = await contentOf(renewed);
  t.is(written.format_version, "2");
  t.is(written.model_sha256, metadata.model_sha256);
});

test("a float16 file is half as large, scores nearly the same, and keeps its hash when saved again", async (t) => {
  const half = inFolder("half.safetensors");
  await detector.save(half, { precision: "float16" });
  const [whole, stored] = [(await stat(bundle)).size, (await stat(half)).size];
  t.true(stored < 0.51 * whole, `${stored} of ${whole}`);
  const { metadata, tensors } = await contentOf(half);
  t.deepEqual(
    tensors.filter(({ dtype, shape }) => (dtype === "F16") !== (shape.length === 4)),
    [],
  );
  const [expected, found] = [await detector.score(probe), await scoreOf(half)];
  const difference = found.map.data.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - expected.map.data[i]!)),
    0,
  );
  t.log(difference.toExponential(1));
  t.true(difference > 0 && difference < 1e-2, `${difference}`);

  const again = inFolder("half-again.safetensors");
  await using loaded = await Detector.load(half);
  await loaded.save(again);
  t.is((await contentOf(again)).metadata.model_sha256, metadata.model_sha256);
  t.deepEqual((await scoreOf(again)).map, found.map);
});

test("weights too large for float16 are rejected by name, and nothing is written", async (t) => {
  const { metadata, tensors } = await contentOf(bundle);
  const large = inFolder("large.safetensors");
  const name = "decoder.layer1.0.conv2.weight";
  const changed = tensors.map((tensor) => {
    if (tensor.name !== name) return tensor;
    const data = Uint8Array.from(tensor.data);
    new Float32Array(data.buffer)[7] = 70_000;
    return { ...tensor, data };
  });
  const { model, created_by } = metadata as Record<"model" | "created_by", string>;
  const version1 = { format: "reverse-distillation", format_version: "1", created_by, model };
  await writeSafetensors(large, changed, { ...version1, training: firstTraining(metadata) });
  await using loaded = await Detector.load(large);
  const target = inFolder("never.safetensors");
  const message = new RegExp(`${name} contains the value 70000, and the largest float16 value is 65504`);
  await rejects(t, loaded.save(target, { precision: "float16" }), "INVALID_ARGUMENT", message);
  await t.throwsAsync(stat(target), { code: "ENOENT" });
});

async function savedByReference(): Promise<string> {
  const path = inFolder("reference.safetensors");
  await detector.save(path, { teacher: "reference" });
  return path;
}

test("a file without its teacher is smaller, and scores the same once the weights are given", async (t) => {
  const path = await savedByReference();
  const { metadata, tensors } = await contentOf(path);
  t.false(tensors.some(({ name }) => name.startsWith(prefix)));
  t.is(metadata.model_sha256, (await contentOf(bundle)).metadata.model_sha256);
  t.deepEqual(await scoreOf(path, { weights }), await detector.score(probe));
  await rejects(
    t,
    Detector.load(path),
    "NOT_FOUND",
    /needs the weights from teacher\.safetensors \(SHA-256 [0-9a-f]{64}.*--weights/,
  );
});

test("weights of another teacher are rejected, and the error gives both hashes", async (t) => {
  const path = await savedByReference();
  const other = inFolder("other.safetensors");
  const { tensors } = await contentOf(weights);
  const changed = tensors.map((tensor) => ({ ...tensor, data: Uint8Array.from(tensor.data) }));
  changed.find(({ name }) => name === "conv1.weight")!.data[0]! ^= 1;
  await writeSafetensors(other, changed, {});
  const message =
    /other\.safetensors is not the teacher .*[0-9a-f]{64} instead of [0-9a-f]{64} \(teacher\.safetensors\)/;
  await rejects(t, Detector.load(path, { weights: other }), "INVALID_FILE", message);
  await writeSafetensors(
    other,
    changed.filter(({ name }) => name !== "conv1.weight"),
    {},
  );
  await rejects(
    t,
    Detector.load(path, { weights: other }),
    "INVALID_FILE",
    /does not fit the backbone resnet18/,
  );
});

test("weights for a file that includes its teacher are rejected, and so is a reference to a random teacher", async (t) => {
  await rejects(
    t,
    Detector.load(bundle, { weights }),
    "INVALID_ARGUMENT",
    /includes its teacher, so it does not need weights/,
  );
  const random = await train([noise(64, 64, 3, 1), noise(64, 64, 3, 2)], { imageSize: 64, epochs: 1 });
  await rejects(t, random.save(inFolder("never"), { teacher: "reference" }), "INVALID_ARGUMENT", /is random/);
  await random.dispose();
});

test("save rejects invalid options", async (t) => {
  const save = (options: object) => detector.save(inFolder("never"), options);
  await rejects(t, save({ precision: "int8" }), "INVALID_ARGUMENT", /precision must be/);
  await rejects(t, save({ teacher: "exclude" }), "INVALID_ARGUMENT", /teacher must be/);
  await rejects(t, save({ format: "onnx" }), "INVALID_ARGUMENT", /"format"/);
});

async function inspect(t: ExecutionContext, path: string): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await runCli(["inspect", path, "--json"]);
  t.is(code, 0, stderr);
  return JSON.parse(stdout) as Record<string, unknown>;
}

test("inspect describes a file, as text and as JSON", async (t) => {
  const { model, training, hashes, teacherIncluded, version } = await inspect(t, bundle);
  t.deepEqual({ ...(model as object), device: "cpu", precision: "float32" }, detector.config);
  t.deepEqual(training, JSON.parse(JSON.stringify(detector.training)) as unknown);
  t.deepEqual([teacherIncluded, version], [true, 2]);
  t.is((hashes as { model: string }).model, (await contentOf(bundle)).metadata.model_sha256!);

  const { stdout } = await runCli(["inspect", await savedByReference()]);
  t.regex(stdout, /^format {10}version 2, written by reverse-distillation \d/m);
  for (const row of [
    ["image size", "64 x 64 pixels (height x width)"],
    ["sigma", "4 pixels"],
    ["images", "3"],
    ["epochs", "2"],
    ["batch size", "3"],
    ["learning rate", "0.005"],
    ["loss", "location"],
    ["seed", "0"],
  ] as const)
    t.true(
      stdout.includes(`
${row[0].padEnd(14)}  ${row[1]}
`),
      row[0],
    );
  t.regex(stdout, /^teacher {9}not in the file/m);
  t.regex(stdout, /^losses {10}\d\.\d{4} \d\.\d{4}$/m);
});

test("inspect detects a damaged file", async (t) => {
  const damaged = inFolder("inspected.safetensors");
  const { metadata, tensors } = await contentOf(bundle);
  await writeSafetensors(damaged, tensors, metadata);
  await flipByte(damaged, "bn.conv1.weight");
  const { code, stdout, stderr } = await runCli(["inspect", damaged]);
  t.is(code, 1);
  t.is(stdout, "");
  t.regex(stderr, /is damaged: .*\(INVALID_FILE\)$/m);
});
