import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { Detector, train } from "../../../lib/index.js";
import { hashMetadata } from "../../../lib/model-file/hash.js";
import { formatVersion } from "../../../lib/model-file/metadata.js";
import { SafetensorsFile } from "../../../lib/safetensors/reader.js";
import { writeSafetensors } from "../../../lib/safetensors/writer.js";
import type { NamedTensor } from "../../../lib/tensor/named-tensor.js";
import { noise } from "../support/image-fixtures.js";
import { rejects } from "../support/rejection.js";

// A warning says that the teacher is random.
process.removeAllListeners("warning");

const folder = mkdtempSync(join(tmpdir(), "model-file-"));
const model = join(folder, "model.safetensors");
let tensors: NamedTensor[] = [];
let metadata: Record<string, string> = {};

test.before(async () => {
  const images = [noise(64, 64, 3, 1), noise(64, 64, 3, 2)];
  const detector = await train(images, { imageSize: 64, epochs: 1 });
  await detector.save(model);
  await detector.dispose();
  const file = await SafetensorsFile.open(model);
  metadata = { ...file.metadata };
  tensors = await Promise.all([...file.tensors.values()].map((entry) => file.read(entry)));
  await file.close();
});
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

/** Asserts that a file with this content, and a matching hash of its metadata, cannot be loaded. */
async function refuses(
  t: ExecutionContext,
  message: RegExp,
  { changed = metadata, kept = tensors }: { changed?: Record<string, string>; kept?: NamedTensor[] },
): Promise<void> {
  const path = join(folder, `${t.title.replaceAll(/\W/g, "-")}.safetensors`);
  const content_sha256 = hashMetadata(changed);
  await writeSafetensors(path, kept, changed === metadata ? metadata : { ...changed, content_sha256 });
  const error = await rejects(t, Detector.load(path), "INVALID_FILE", message);
  t.true(error?.message.startsWith(path));
  rmSync(path);
}

test.serial("a model file describes itself", (t) => {
  t.deepEqual(Object.keys(metadata).sort(), [
    ...[
      "content_sha256",
      "created_by",
      "format",
      "format_version",
      "image_digests",
      "model",
      "model_sha256",
      "teacher",
      "training",
    ],
  ]);
  t.is(metadata.format, "reverse-distillation");
  t.is(metadata.format_version, "6");
  const prefixes = new Set(tensors.map(({ name }) => name.split(".")[0]));
  t.deepEqual([...prefixes].sort(), ["bn", "decoder", "teacher"]);
});

test.serial("a truncated model file is rejected, and the complete one still loads", async (t) => {
  const path = join(folder, "short.safetensors");
  copyFileSync(model, path);
  const size = readFileSync(model).length;
  truncateSync(path, size - 1000);
  const sizes = new RegExp(`should have ${size} bytes but has ${size - 1000}`);
  await rejects(t, Detector.load(path), "INVALID_FILE", sizes);
  const detector = await Detector.load(model);
  t.true((await detector.score(noise(64, 64, 3))).score > 0);
  await detector.dispose();
});

test.serial("a model file in a newer format is rejected, and the error names both versions", async (t) => {
  const newer = formatVersion + 1;
  const message = `has version ${newer} of the model format; reverse-distillation 0.* reads versions up to ${formatVersion}`;
  await refuses(t, new RegExp(message), { changed: { ...metadata, format_version: String(newer) } });
});

for (const version of ["", "0", "1.5", "one"]) {
  test.serial(`the format version ${JSON.stringify(version)} is rejected`, async (t) => {
    await refuses(t, /no valid format_version/, {
      changed: { ...metadata, format_version: version },
      kept: [],
    });
  });
}

test.serial(
  "a safetensors file of another kind is rejected, and the weights of a teacher are recognised",
  async (t) => {
    await refuses(t, /does not contain a detector\. Pass a file that Detector\.save\(\)/, {
      changed: {},
      kept: [],
    });
    const prefix = "teacher.";
    const teacher = tensors
      .filter(({ name }) => name.startsWith(prefix))
      .map((tensor) => ({ ...tensor, name: tensor.name.slice(prefix.length) }));
    await refuses(t, /a teacher's weights: pass it to train\(\)/, { changed: {}, kept: teacher });
  },
);

function withRun(changed: object) {
  return (training: object) => ({ ...training, run: { ...(training as { run: object }).run, ...changed } });
}

const damagedJson: [
  title: string,
  key: "model" | "training" | "teacher",
  change: (value: object) => unknown,
  message: RegExp,
][] = [
  ["a model that is null", "model", () => null, /"model" .* must be an object/],
  ["an unknown backbone", "model", (value) => ({ ...value, backbone: "vgg" }), /backbone must be .* 'vgg'/],
  [
    "an image size that is not allowed",
    "model",
    (value) => ({ ...value, imageSize: [64, 65] }),
    /imageSize must be/,
  ],
  ["an unknown field", "model", (value) => ({ ...value, extra: 1 }), /unknown key "extra"/],
  ["a loss that is text", "training", withRun({ losses: ["low"] }), /"training" .* losses must be/],
  ["a date in another format", "training", withRun({ date: "yesterday" }), /"training" .* date must be/],
  ["a teacher without a hash", "teacher", () => ({ included: true }), /"teacher" .* sha256 must be/],
  ["zero epochs", "training", (value) => ({ ...value, epochs: 0 }), /"training" .* epochs must be/],
  [
    "a weights name that is a number",
    "training",
    (value) => ({ ...value, teacherWeights: 3 }),
    /teacherWeights must be/,
  ],
];
for (const [title, key, change, message] of damagedJson) {
  test.serial(`metadata with ${title} is rejected`, async (t) => {
    const value = JSON.stringify(change(JSON.parse(metadata[key]!) as object));
    await refuses(t, message, { changed: { ...metadata, [key]: value }, kept: [] });
  });
}

test.serial("metadata that is not JSON is rejected", async (t) => {
  await refuses(t, /"model" in its metadata is invalid/, {
    changed: { ...metadata, model: "{" },
    kept: [],
  });
});

test.serial("the error names a tensor that is missing, unexpected or of the wrong shape", async (t) => {
  const name = "decoder.layer1.0.conv1.weight";
  await refuses(t, /it lacks decoder\.layer1\.0\.conv1\.weight\./, {
    kept: tensors.filter((tensor) => tensor.name !== name),
  });
  await refuses(
    t,
    /has the wrong shape for decoder\.layer1\.0\.conv1\.weight \(expected \[.*\], found \[1\]\)/,
    {
      kept: tensors.map((tensor) =>
        tensor.name === name ? { name, dtype: "F32", shape: [1], data: new Uint8Array(4) } : tensor,
      ),
    },
  );
  await refuses(t, /also contains other\.weight/, {
    kept: [...tensors, { name: "other.weight", dtype: "F32", shape: [1], data: new Uint8Array(4) }],
  });
});

test.serial("a model file whose layout differs from its metadata is rejected", async (t) => {
  const changed = { ...metadata, model: metadata.model!.replace('"paper"', '"official"') };
  await refuses(t, /does not fit a resnet18 detector with the layout "official"/, { changed });
});

test.serial("a missing file, a folder and unknown options are rejected", async (t) => {
  await rejects(t, Detector.load(join(folder, "none")), "NOT_FOUND", /no such file/);
  await rejects(t, Detector.load(folder), "IO", /folder/);
  await rejects(t, Detector.load(""), "INVALID_ARGUMENT", /path must be/);
  await rejects(t, Detector.load(model, { gpu: 1 } as object), "INVALID_ARGUMENT", /"gpu"/);
  await rejects(t, Detector.load(model, { threads: 0 }), "INVALID_ARGUMENT", /threads must be/);
});
