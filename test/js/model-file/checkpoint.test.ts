import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import anyTest, { type ExecutionContext } from "ava";
import { Detector, train, type CheckpointOptions, type TrainOptions } from "../../../lib/index.js";
import type { ModelConfig, NativeModel } from "../../../lib/native/addon.js";
import { loadAddon } from "../../../lib/native/loader.js";
import type { Layout } from "../../../lib/options/model.js";
import { writeSafetensors } from "../../../lib/safetensors/writer.js";
import type { NamedTensor } from "../../../lib/tensor/named-tensor.js";
import { writeTorchFile } from "../../../lib/torch-file/writer.js";
import { noise } from "../support/image-fixtures.js";
import { runPython, testWithTorch } from "../support/python.js";
import { rejects } from "../support/rejection.js";

// Serial, because each model takes hundreds of megabytes.
const test = anyTest.serial;
const folder = mkdtempSync(join(tmpdir(), "checkpoint-"));
const inFolder = (name: string) => join(folder, name);
const weights = inFolder("teacher.safetensors");
const images = [1, 2, 3].map((seed) => noise(64, 64, 3, seed));
const quick: TrainOptions = { imageSize: 64, epochs: 1, batchSize: 2, layout: "official", weights };
const options: CheckpointOptions = { backbone: "resnet18", imageSize: 64, weights };
const checkpoint = inFolder("checkpoint.pth");
let detector: Detector;
/** The parts of a valid checkpoint. */
let parts: { bn: NamedTensor[]; decoder: NamedTensor[] };

async function model(backbone: ModelConfig["backbone"], layout: Layout): Promise<NativeModel> {
  const size = { height: 64, width: 64 };
  const place = { device: "cpu", precision: "float32" } as const;
  const rest = {
    combine: "sum",
    sigma: 4,
    normalisation: "imagenet",
    fit: "stretch",
    ...place,
    seed: 3,
  } as const;
  return (await loadAddon()).Model.create({ backbone, layout, layers: [1, 2, 3], ...size, ...rest });
}

/** Copies of tensors, which stay valid after the model is disposed of. */
function copies(tensors: NamedTensor[]): NamedTensor[] {
  return tensors.map((tensor) => ({ ...tensor, data: Uint8Array.from(tensor.data) }));
}

test.before(async () => {
  const native = await model("resnet18", "official");
  await writeSafetensors(weights, await native.tensors("teacher"), {});
  parts = { bn: copies(await native.tensors("bn")), decoder: copies(await native.tensors("decoder")) };
  await native.dispose();
  detector = await train(images, quick);
  await detector.saveCheckpoint(checkpoint);
});
test.after.always(async () => {
  await detector.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** Asserts that both detectors give the same score and map, bit for bit. */
async function scoreAlike(t: ExecutionContext, a: Detector, b: Detector): Promise<void> {
  const [left, right] = [await a.score(images[0]!), await b.score(images[0]!)];
  t.is(left.score, right.score);
  t.deepEqual(left.map, right.map);
}

test("a detector saved as a checkpoint and loaded again scores the same, bit for bit", async (t) => {
  await using back = await Detector.fromCheckpoint(checkpoint, options);
  t.deepEqual(back.config, detector.config);
  t.is(back.training, null);
  await scoreAlike(t, back, detector);
});

test("a detector from a checkpoint can be saved and loaded like any other", async (t) => {
  const path = inFolder("imported.safetensors");
  await using back = await Detector.fromCheckpoint(checkpoint, options);
  await back.save(path);
  await using loaded = await Detector.load(path);
  t.is(loaded.training, null);
  await scoreAlike(t, loaded, detector);
});

test("options set what a checkpoint does not contain", async (t) => {
  const given = {
    imageSize: [32, 64],
    layers: [2, 3],
    combine: "product",
    sigma: 2,
    normalisation: "none",
  } as const;
  await using own = await Detector.fromCheckpoint(checkpoint, { ...options, ...given });
  t.like(own.config, {
    ...given,
    imageSize: [32, 64],
    layers: [2, 3],
    layout: "official",
    backbone: "resnet18",
  });
  const { map } = await own.score(images[0]!);
  t.deepEqual([map.height, map.width], [32, 64]);
});

test('keys that contain "memory" are ignored', async (t) => {
  const path = inFolder("memory.pth");
  const memory: NamedTensor = { name: "memory0.units", dtype: "F32", shape: [1], data: new Uint8Array(4) };
  await writeTorchFile(path, { bn: [...parts.bn, memory], decoder: parts.decoder });
  await using own = await Detector.fromCheckpoint(path, options);
  t.is(own.config.layout, "official");
});

test("a checkpoint of another backbone is recognised by its shapes", async (t) => {
  await rejects(
    t,
    Detector.fromCheckpoint(checkpoint, { ...options, backbone: "resnet34" }),
    "INVALID_FILE",
    /does not fit the backbone resnet34: its "bn" lacks .*It looks like resnet18: set the backbone to resnet18/,
  );
  const path = inFolder("resnet50.pth");
  const native = await model("resnet50", "official");
  await writeTorchFile(path, { bn: await native.tensors("bn"), decoder: await native.tensors("decoder") });
  await native.dispose();
  await rejects(t, Detector.fromCheckpoint(path, options), "INVALID_FILE", /looks like resnet50/);
});

test("the error names tensors that are missing, unexpected or of the wrong shape", async (t) => {
  const path = inFolder("other.pth");
  const [first, ...rest] = parts.bn;
  await writeTorchFile(path, { ...parts, bn: rest });
  await rejects(t, Detector.fromCheckpoint(path, options), "INVALID_FILE", /its "bn" lacks conv1\.weight\./);
  await writeTorchFile(path, { ...parts, bn: [{ ...first!, shape: [64, 128, 3, 3] }, ...rest] });
  await rejects(
    t,
    Detector.fromCheckpoint(path, options),
    "INVALID_FILE",
    /has the wrong shape for conv1\.weight \(expected \[128, 64, 3, 3\], found \[64, 128, 3, 3\]\)/,
  );
  await writeTorchFile(path, { bn: parts.bn, decoder: [...parts.decoder, { ...first!, name: "extra" }] });
  await rejects(
    t,
    Detector.fromCheckpoint(path, options),
    "INVALID_FILE",
    /its "decoder" also contains extra\./,
  );
});

test('a checkpoint in the layout "paper" does not fit', async (t) => {
  const path = inFolder("paper.pth");
  const native = await model("resnet18", "paper");
  await writeTorchFile(path, { bn: await native.tensors("bn"), decoder: await native.tensors("decoder") });
  await native.dispose();
  await rejects(
    t,
    Detector.fromCheckpoint(path, options),
    "INVALID_FILE",
    /conv4\.weight \(expected \[512, 1024, 1, 1\]/,
  );
});

test("the error for a file that is not a checkpoint says what it is", async (t) => {
  const path = inFolder("else.pth");
  await writeTorchFile(path, { state_dict: [] });
  await rejects(
    t,
    Detector.fromCheckpoint(path, options),
    "INVALID_FILE",
    /"bn" and "decoder", but has the keys state_dict/,
  );
  await rejects(
    t,
    Detector.fromCheckpoint(weights, options),
    "INVALID_FILE",
    /was not written by PyTorch's torch\.save/,
  );
  await rejects(t, Detector.fromCheckpoint(inFolder("none.pth"), options), "NOT_FOUND");
  await rejects(t, Detector.load(checkpoint), "INVALID_FILE", /Detector\.fromCheckpoint\(\)/);
  await rejects(
    t,
    train(images, { ...quick, weights: checkpoint }),
    "INVALID_FILE",
    /Open it with Detector\.fromCheckpoint/,
  );
});

test("options are validated, and the signal is respected", async (t) => {
  const cases: [Partial<Record<keyof CheckpointOptions | "epochs", unknown>>, RegExp][] = [
    [{ backbone: undefined }, /^backbone must be/],
    [{ weights: undefined }, /^weights must be a path/],
    [{ imageSize: 250 }, /^imageSize must be a multiple of 32/],
    [{ device: "gpu" }, /^device must be/],
    [{ threads: 0 }, /^threads must be/],
    [{ onProgress: 1 }, /^onProgress must be a function/],
    [{ epochs: 1 }, /unknown key "epochs"/],
  ];
  for (const [wrong, message] of cases) {
    const given = { ...options, ...wrong } as CheckpointOptions;
    await rejects(t, Detector.fromCheckpoint(checkpoint, given), "INVALID_ARGUMENT", message);
  }
  const signal = AbortSignal.abort();
  await rejects(t, Detector.fromCheckpoint(checkpoint, { ...options, signal }), "ABORTED");
  await rejects(t, detector.saveCheckpoint(inFolder("x.pth"), { signal }), "ABORTED");
});

test("only the layout of the authors' code can be saved as a checkpoint", async (t) => {
  await using paper = await train(images, { ...quick, layout: "paper" });
  await rejects(
    t,
    paper.saveCheckpoint(inFolder("paper-out.pth")),
    "INVALID_ARGUMENT",
    /this detector has the layout "paper"\. Train with layout: "official"/,
  );
});

test("the weights of a teacher are the same from safetensors, a state dict and a wrapped state dict", async (t) => {
  const wrapped = inFolder("teacher.any-name");
  const native = await model("resnet18", "official");
  const unused: NamedTensor = { name: "fc.bias", dtype: "F32", shape: [1], data: new Uint8Array(4) };
  await writeTorchFile(wrapped, { state_dict: [...(await native.tensors("teacher")), unused] });
  await native.dispose();
  await using own = await train(images, { ...quick, weights: wrapped });
  t.is(own.training?.teacherWeights, "teacher.any-name");
  await scoreAlike(t, own, detector);
});

test("weights given by name need the network or the cache, and the error says so", async (t) => {
  const before = { ...process.env };
  process.env.REVERSE_DISTILLATION_OFFLINE = "1";
  process.env.REVERSE_DISTILLATION_CACHE = inFolder("cache");
  try {
    await rejects(
      t,
      train(images, { ...quick, weights: "imagenet" }),
      "DOWNLOAD_FAILED",
      /resnet18-f37072fd\.pth/,
    );
    const named = { ...options, backbone: "wide_resnet50_2", weights: "imagenet" } as const;
    await rejects(
      t,
      Detector.fromCheckpoint(checkpoint, named),
      "DOWNLOAD_FAILED",
      /wide_resnet50_2-95faca4d\.pth/,
    );
  } finally {
    process.env = before;
  }
});

async function cli(...args: string[]): Promise<{ stdout: string; stderr: string; code: number }> {
  const main = fileURLToPath(new URL("../../../lib/cli.ts", import.meta.url));
  try {
    return { ...(await promisify(execFile)(process.execPath, ["--import=tsx", main, ...args])), code: 0 };
  } catch (error) {
    return error as { stdout: string; stderr: string; code: number };
  }
}

test("the command line imports a checkpoint and exports it again", async (t) => {
  const [imported, exported] = [inFolder("cli.safetensors"), inFolder("cli.pth")];
  const flags = ["--backbone", "resnet18", "--weights", weights, "--image-size", "64"];
  t.like(await cli("import", checkpoint, ...flags, "--out", imported), { code: 0 });
  await using loaded = await Detector.load(imported);
  await scoreAlike(t, loaded, detector);
  t.like(await cli("export", imported, "--out", exported), { code: 0 });
  t.is(Buffer.compare(await readFile(exported), await readFile(checkpoint)), 0);

  const { code, stderr } = await cli("import", checkpoint, "--backbone", "resnet18", "--out", imported);
  t.is(code, 2);
  t.regex(stderr, /required option '-w, --weights <file>' not specified/);
});

/** PyTorch modules with the shapes of the authors' code. */
const reference = fileURLToPath(new URL("../../../bench/python", import.meta.url));
const modules = `
import json, sys, torch
sys.path.insert(0, ${JSON.stringify(reference)})
from model import BACKBONES, Bottleneck, Decoder
torch.manual_seed(5)
backbone = BACKBONES["resnet18"]
bn, decoder = Bottleneck(backbone, "official"), Decoder(backbone, "official")
`;

testWithTorch()("Python reads a checkpoint with weights_only and loads it strictly", (t) => {
  const script = `${modules}
content = torch.load(sys.argv[1], weights_only=True)
missing = [list(part.load_state_dict(content[name], strict=True).missing_keys) for name, part in [("bn", bn), ("decoder", decoder)]]
print(json.dumps({"missing": missing, "keys": list(content), "code": bn.conv4.weight.abs().sum().item() > 0}))`;
  t.deepEqual(runPython(script, checkpoint), { missing: [[], []], keys: ["bn", "decoder"], code: true });
});

testWithTorch()(
  "a checkpoint written by Python survives a round trip unchanged, in both formats",
  async (t) => {
    const [theirs, ours] = [inFolder("theirs.pth"), inFolder("ours.pth")];
    const save = `${modules}
state = bn.state_dict()
state["memory.units"] = torch.zeros(3)
torch.save({"bn": state, "decoder": decoder.state_dict()}, sys.argv[1], _use_new_zipfile_serialization=sys.argv[2] == "zip")
print("null")`;
    const compare = `${modules}
content = torch.load(sys.argv[1], weights_only=True)
print(json.dumps([set(part.state_dict()) == set(content[name]) and all(torch.equal(value, content[name][key]) for key, value in part.state_dict().items()) for name, part in [("bn", bn), ("decoder", decoder)]]))`;
    for (const form of ["zip", "legacy"]) {
      runPython(save, theirs, form);
      await using own = await Detector.fromCheckpoint(theirs, options);
      await own.saveCheckpoint(ours);
      t.deepEqual(runPython(compare, ours), [true, true], form);
    }
  },
);

test("a truncated checkpoint is rejected, and the process keeps working", async (t) => {
  const path = inFolder("cut.pth");
  const whole = await readFile(checkpoint);
  await writeFile(path, whole.subarray(0, whole.length / 2));
  await rejects(t, Detector.fromCheckpoint(path, options), "INVALID_FILE", /is truncated/);
  await (await Detector.fromCheckpoint(checkpoint, options)).dispose();
});
