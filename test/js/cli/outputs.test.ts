import { createHash } from "node:crypto";
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { createProgram } from "../../../lib/cli/program.js";
import { ReverseDistillationError } from "../../../lib/errors/error.js";
import { publishedWeights } from "../../../lib/teacher/published/catalogue.js";
import { generateSample } from "../../../lib/sample/index.js";
import { loadAddon } from "../../../lib/native/loader.js";
import { writeSafetensors } from "../../../lib/safetensors/writer.js";
import { folderOfImages } from "../support/image-fixtures.js";

const root = mkdtempSync(join(tmpdir(), "outputs-"));
const at = (name: string): string => join(root, name);
const [parts, sample, model, weights, checkpoint, manifest] = [
  ...["parts", "sample", "model.safetensors", "weights.safetensors", "checkpoint.pth", "manifest.csv"].map(
    at,
  ),
] as [string, string, string, string, string, string];
const image = join(parts, "000.png");
const cached = join(at("cache"), "weights", publishedWeights("resnet18").file);
const small = ["--image-size", "32", "--epochs", "1", "--layout", "official", "--device", "cpu"];

/** Runs the command line in this process. */
async function run(...args: string[]): Promise<string[]> {
  const printed: string[] = [];
  const program = createProgram({
    signal: new AbortController().signal,
    interactive: false,
    print: (line) => printed.push(line),
    note: (line) => printed.push(line),
    markFailed: () => printed.push("failed"),
    markRejected: () => undefined,
  });
  await program.parseAsync(args, { from: "user" });
  return printed;
}

/** The digest of every file; of a large one, what changes whenever it is written, which takes less time. */
function digests(): Map<string, string> {
  const entries = readdirSync(root, { recursive: true }) as string[];
  return new Map(
    entries
      .map(at)
      .sort()
      .flatMap((path) => {
        const found = statSync(path, { bigint: true });
        if (!found.isFile()) return [];
        const { size, ino, mtimeNs } = found;
        if (size > 1_000_000n) return [[path, `${ino} ${size} ${mtimeNs}`]];
        return [[path, createHash("sha256").update(readFileSync(path)).digest("hex")]];
      }),
  );
}

test.before(async () => {
  process.removeAllListeners("warning");
  // The cache of this machine may hold the LibTorch that the tests run on.
  const { Model } = await loadAddon();
  process.env.REVERSE_DISTILLATION_CACHE = at("cache");
  await folderOfImages(parts, 3, 32);
  await folderOfImages(join(parts, "more"), 1, 32);
  await generateSample(sample, { size: 32, train: 2, testGood: 1, testPerDefect: 1 });
  const size = { height: 32, width: 32 };
  const kind = {
    backbone: "resnet18",
    layout: "official",
    combine: "sum",
    sigma: 4,
    normalisation: "imagenet",
    fit: "stretch",
  } as const;
  const native = await Model.create({
    ...size,
    layers: [1, 2, 3],
    ...kind,
    device: "cpu",
    precision: "float32",
    seed: 1,
  });
  await writeSafetensors(weights, await native.tensors("teacher"), {});
  await native.dispose();
  await run("train", parts, "--good", ".", "--out", model, "--weights", weights, ...small);
  await run("export", model, "--out", checkpoint);
  mkdirSync(join(at("cache"), "weights"), { recursive: true });
  writeFileSync(cached, "weights");
  writeFileSync(
    manifest,
    "image,label,split\nparts/000.png,good,train\nparts/001.png,good,train\nparts/002.png,dent,test\n",
  );
  writeFileSync(at("model.onnx.0123456789abcdef.data"), readFileSync(image));
  symlinkSync(image, at("symbolic.png"));
  symlinkSync(model, at("symbolic.safetensors"));
  linkSync(image, at("hard.png"));
  linkSync(model, at("hard.safetensors"));
  mkdirSync(at("links"));
  symlinkSync(parts, join(at("links"), "parts"));
});
test.after.always(() => rmSync(root, { recursive: true, force: true }));

const dotted = (path: string): string => `${root}/links/../${path.slice(root.length + 1)}`;
const imported = ["--backbone", "resnet18", "--image-size", "32", "--weights", weights];

const hostile: [title: string, args: string[]][] = [
  ...[image, dotted(image), at("symbolic.png"), at("hard.png"), join(at("links"), "parts", "000.png")].map(
    (out): [string, string[]] => [
      "train onto an image",
      ["train", parts, "--good", ".", "--out", out, ...small],
    ],
  ),
  [
    "train onto its weights",
    ["train", parts, "--good", ".", "--out", weights, "--weights", weights, ...small],
  ],
  [
    "train onto the cached weights",
    ["train", parts, "--good", ".", "--out", cached, "--weights", "imagenet", ...small],
  ],
  ["train onto its manifest", ["train", manifest, "--out", manifest, ...small]],
  [
    "train onto a data set's image",
    ["train", sample, "--out", join(sample, "train", "good", "000.png"), ...small],
  ],
  ["score with heatmaps onto the images", ["score", model, parts, "--heatmaps", parts]],
  [
    "score with heatmaps onto the images, through a link",
    ["score", model, parts, "--heatmaps", join(at("links"), "parts")],
  ],
  ["score with the heatmap onto its image", ["score", model, image, "--heatmaps", parts]],
  [
    "score with heatmaps onto images of a folder above",
    ["score", model, parts, join(parts, "more"), "--heatmaps", root],
  ],
  [
    "score with a heatmap onto another image of the user's",
    ["score", model, join(parts, "more", "000.png"), "--heatmaps", parts],
  ],
  ...[model, at("symbolic.safetensors"), at("hard.safetensors"), join(sample, "test", "good", "000.png")].map(
    (json): [string, string[]] => ["evaluate onto an input", ["evaluate", model, sample, "--json", json]],
  ),
  [
    "evaluate onto a mask",
    ["evaluate", model, sample, "--json", join(sample, "ground_truth", "hole", "000_mask.png")],
  ],
  ["evaluate onto its manifest", ["evaluate", model, manifest, "--json", manifest]],
  ["evaluate onto the cached weights", ["evaluate", model, sample, "--json", cached]],
  ["export onto the model", ["export", model, "--out", model, "--format", "onnx"]],
  [
    "export a checkpoint onto the model",
    ["export", model, "--out", at("hard.safetensors"), "--format", "checkpoint"],
  ],
  ["export onto the weights", ["export", model, "--out", weights, "--format", "onnx", "--weights", weights]],
  ["import onto the checkpoint", ["import", checkpoint, "--out", checkpoint, ...imported]],
  [
    "import onto the checkpoint, by another way",
    ["import", checkpoint, "--out", dotted(checkpoint), ...imported],
  ],
  ["import onto the weights", ["import", checkpoint, "--out", weights, ...imported]],
  ["sample onto images", ["sample", parts, "--overwrite"]],
  ["sample onto another folder's files", ["sample", root, "--overwrite"]],
];

/** The output that arguments name, below the folder of the test. */
function outputOf(args: readonly string[]): string {
  const flag = args.findIndex((argument) => ["--out", "--heatmaps", "--json"].includes(argument));
  return (flag < 0 ? args[1]! : `${args[flag]!} ${args[flag + 1]!}`).replace(root, "");
}

for (const [title, args] of hostile) {
  test.serial(`${title} is refused, and no file changes: ${outputOf(args)}`, async (t) => {
    const before = digests();
    const error = await t.throwsAsync(run(...args), {
      instanceOf: ReverseDistillationError,
      code: "INVALID_ARGUMENT",
    });
    t.regex(
      error.message,
      /would overwrite|would lie among the images|exists and is not a heatmap|contains other files/,
    );
    t.deepEqual(digests(), before);
  });
}

const harmless: [title: string, args: string[]][] = [
  ["train", ["train", parts, "--good", ".", "--out", at("new.safetensors"), ...small]],
  ["score", ["score", model, parts, "--heatmaps", join(parts, "heatmaps")]],
  ["score a second time", ["score", model, parts, "--heatmaps", join(parts, "heatmaps")]],
  ["evaluate", ["evaluate", model, sample, "--json", join(sample, "report.json")]],
  ["export", ["export", model, "--out", at("new.onnx"), "--external-data-threshold", "1"]],
  ["export a checkpoint", ["export", model, "--out", at("new.pth")]],
  ["import", ["import", checkpoint, "--out", at("new2.safetensors"), ...imported]],
  ["sample", ["sample", at("new-sample"), "--size", "32", "--train", "1"]],
  ["weights", ["weights", "list"]],
  ["inspect", ["inspect", model]],
];

for (const [title, args] of harmless) {
  test.serial(`${title} writes beside its inputs, and leaves them as they were`, async (t) => {
    const before = digests();
    await run(...args);
    const after = digests();
    const heatmaps = join(parts, "heatmaps");
    for (const [path, digest] of before) if (!path.startsWith(heatmaps)) t.is(after.get(path), digest, path);
    t.true(before.size > 10);
  });
}

test.serial("score scores what there is, and reports what is missing", async (t) => {
  const lines = await run("score", model, image, at("missing.png"), join(parts, "001.png"));
  t.is(lines.filter((line) => /^\d+\.\d{6}\t/.test(line)).length, 2);
  t.true(lines.includes("failed"));
  t.regex(lines.join("\n"), /missing\.png: no such file/);
});

test.serial("names are printed in one line each, whatever they hold", async (t) => {
  const folder = at("names");
  mkdirSync(folder);
  const names = ["a\nb.png", "c\td.png", "\u001b[31m.png", "-rf.png", "[x]*?#%20.png"];
  for (const name of names) writeFileSync(join(folder, name), readFileSync(image));
  writeFileSync(
    Buffer.concat([Buffer.from(`${folder}/`), Buffer.from("\xe9.png", "latin1")]),
    readFileSync(image),
  );
  const lines = await run("score", model, folder);
  t.is(lines.length, names.length + 1);
  for (const line of lines) t.regex(line, /^\d+\.\d{6}\t[\x20-\x7e]*$/);
  t.true(
    lines.some((line) => line.endsWith("/a\\nb.png")) && lines.some((line) => line.endsWith("/\\xe9.png")),
  );
  const json = await run("score", model, folder, "--json");
  t.deepEqual(
    json.map((line) => (JSON.parse(line) as { image: string }).image.slice(folder.length + 1)).sort(),
    [...names, "\udce9.png"].sort(),
  );
});
