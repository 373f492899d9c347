import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { readFile, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import anyTest from "ava";
import { train, type Detector, type ExportOptions } from "../../../lib/index.js";
import { ModelFile } from "../../../lib/model-file/file.js";
import {
  ModelProtoSchema,
  TensorProto_DataLocation as DataLocation,
} from "../../../lib/onnx/proto/onnx_pb.js";
import { verificationImages } from "../../../lib/verify/images.js";
import { RuntimeModel } from "../../../lib/verify/runtime.js";
import { verifyExport } from "../../../lib/verify/verify.js";
import { version } from "../../../lib/version.js";
import { runCli } from "../support/child-process.js";
import { folderOfImages, noise } from "../support/image-fixtures.js";
import { rejects } from "../support/rejection.js";

// Serial, because each model takes hundreds of megabytes.
const test = anyTest.serial;
const folder = mkdtempSync(join(tmpdir(), "onnx-export-"));
const inFolder = (name: string) => join(folder, name);
const bundle = inFolder("bundle.safetensors");
const whole = inFolder("whole.onnx");
let detector: Detector;

process.removeAllListeners("warning");

test.before(async () => {
  const images = [1, 2, 3].map((seed) => noise(64, 64, 3, seed));
  detector = await train(images, { imageSize: 64, epochs: 1 });
  await detector.save(bundle);
  await detector.export(whole, { format: "onnx" });
});
test.after.always(async () => {
  await detector.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const probes = () => verificationImages([64, 64], 3);

test("an export describes itself, its input and the model that was exported", async (t) => {
  const { metadataProps, graph, producerName, opsetImport } = fromBinary(
    ModelProtoSchema,
    await readFile(whole),
  );
  const metadata = Object.fromEntries(metadataProps.map(({ key, value }) => [key, value]));
  const file = await ModelFile.open(bundle);
  await file.close();
  const { preprocessing, ...rest } = metadata;
  t.deepEqual(rest, {
    created_by: `reverse-distillation ${version}`,
    ...{ backbone: "resnet18", layout: "paper", layers: "1,2,3", combine: "sum", sigma: "4" },
    ...{ height: "64", width: "64", normalisation: "imagenet", fit: "stretch" },
    ...{ input: "uint8", batch: "dynamic", precision: "float32", verdict: "false" },
    model_sha256: file.metadata.hashes!.model,
  });
  t.regex(preprocessing!, /antialiased bilinear/);
  t.is(producerName, "reverse-distillation");
  t.deepEqual(
    opsetImport.map(({ domain, version: opset }) => [domain, opset]),
    [["", 18n]],
  );
  t.deepEqual(
    graph!.output.map(({ name }) => name),
    ["map", "score"],
  );
});

test("a model written in pieces is what the protobuf library would write", async (t) => {
  const written = await readFile(whole);
  const model = fromBinary(ModelProtoSchema, written);
  t.is(toBinary(ModelProtoSchema, model).length, written.length);
  t.true(model.graph!.initializer.every(({ rawData }) => rawData.length > 0));
});

test("weights above the threshold go to a separate file, and the pair scores the same", async (t) => {
  const own = mkdtempSync(join(folder, "pair-"));
  const path = join(own, "model.onnx");
  const { size } = await stat(whole);
  t.deepEqual(await detector.export(path, { format: "onnx", externalDataThreshold: size }), [path]);
  const files = await detector.export(path, { format: "onnx", externalDataThreshold: size - 1 });
  t.deepEqual(readdirSync(own).sort(), files.map((file) => file.slice(own.length + 1)).sort());
  t.is(files.length, 2);
  t.true((await stat(path)).size < 200_000);
  t.true((await verifyExport(detector, path, probes())).agrees);

  const { graph } = fromBinary(ModelProtoSchema, await readFile(path));
  const external = graph!.initializer.filter(({ dataLocation }) => dataLocation === DataLocation.EXTERNAL);
  const { size: dataSize } = await stat(files[1]!);
  const ends = external.map(({ externalData }) => {
    const { offset, length } = Object.fromEntries(externalData.map(({ key, value }) => [key, Number(value)]));
    t.is(offset! % 4096, 0);
    return offset! + length!;
  });
  t.is(Math.max(...ends), dataSize);
});

test("a pair replaces another as a whole, and a failed export leaves the old one", async (t) => {
  const own = mkdtempSync(join(folder, "replaced-"));
  const path = join(own, "model.onnx");
  const options: ExportOptions = { format: "onnx", externalDataThreshold: 0 };
  await detector.export(path, options);
  const before = readdirSync(own).sort();
  const controller = new AbortController();
  const aborted = detector.export(path, { ...options, precision: "float16", signal: controller.signal });
  const isWriting = setInterval(() => {
    if (readdirSync(own).some((name) => name.endsWith(".tmp"))) controller.abort();
  }, 1);
  await rejects(t, aborted, "ABORTED");
  clearInterval(isWriting);
  t.deepEqual(readdirSync(own).sort(), before);
  t.true((await verifyExport(detector, path, probes())).agrees);

  const [, data] = await detector.export(path, { ...options, precision: "float16" });
  t.is(readdirSync(own).length, 2);
  t.false(before.includes(data!.slice(own.length + 1)));
  t.true((await verifyExport(detector, path, probes())).agrees);
  await detector.export(path, { format: "onnx" });
  t.deepEqual(readdirSync(own), ["model.onnx"]);
});

for (const batch of [1, 8]) {
  test(`an export with a batch of ${batch} accepts only that batch`, async (t) => {
    const path = inFolder(`batch-${batch}.onnx`);
    await detector.export(path, { format: "onnx", batch, input: "normalized" });
    const found = await verifyExport(detector, path, probes());
    t.true(found.agrees, JSON.stringify(found));
    const { graph } = fromBinary(ModelProtoSchema, await readFile(path));
    const type = graph!.input[0]!.type!.value;
    const shape = type.case === "tensorType" ? type.value.shape!.dim.map(({ value }) => value.value) : [];
    t.deepEqual(shape, [batch, 3, 64, 64].map(BigInt));
  });
}

test("invalid options are rejected by name", async (t) => {
  const refuse = async (options: object, message: RegExp) =>
    rejects(
      t,
      detector.export(inFolder("never.onnx"), options as ExportOptions),
      "INVALID_ARGUMENT",
      message,
    );
  await refuse({}, /format must be "onnx"; got undefined/);
  await refuse({ format: "onnx", precision: "int8" }, /precision must be "float32" or "float16"/);
  await refuse({ format: "onnx", input: "float" }, /input must be "uint8" or "normalized"/);
  await refuse({ format: "onnx", batch: 0 }, /batch must be a whole number from 1 to 65536, or "dynamic"/);
  await refuse({ format: "onnx", externalDataThreshold: 2 ** 31 }, /externalDataThreshold must be/);
  await refuse({ format: "onnx", opset: 17 }, /unknown key "opset"/);
  await rejects(t, detector.export(inFolder("no/m.onnx"), { format: "onnx" }), "NOT_FOUND", /does not exist/);
});

test("files that are not exports are rejected", async (t) => {
  const broken = inFolder("broken.onnx");
  await writeFile(broken, "not a model");
  await rejects(t, RuntimeModel.open(broken), "INVALID_FILE", /broken\.onnx/);
  await writeFile(broken, Buffer.of(0x08, 0x08));
  await rejects(t, RuntimeModel.open(broken), "INVALID_FILE", /not an ONNX model exported by this package/);
  await writeFile(broken, await readFile(whole));
  await truncate(broken, 1_000_000);
  await rejects(t, RuntimeModel.open(broken), "INVALID_FILE", /is truncated/);
  await rejects(t, RuntimeModel.open(inFolder("none.onnx")), "NOT_FOUND");
  await writeFile(broken, Buffer.alloc(20_000, Buffer.of(0x08, 0x08)));
  await rejects(t, RuntimeModel.open(broken), "INVALID_FILE", /its model has more than 1000 fields/);
});

test("an export passes verify on the command line, and a changed weight fails it", async (t) => {
  const path = inFolder("cli.onnx");
  const exported = await runCli(["export", bundle, "--out", path, "--batch", "2", "--input", "normalized"]);
  t.is(exported.code, 0, exported.stderr);
  t.is(exported.stdout, `Exported ${bundle}; the ONNX model is in ${path}\n`);
  const images = await folderOfImages(inFolder("images"), 3, 80);
  const verified = await runCli(["verify", bundle, path, images]);
  t.is(verified.code, 0, verified.stderr);
  const line =
    /^Largest difference on 3 images: maps \d\.\de-\d+, scores \d\.\de[+-]\d+; within the tolerance of 0\.0001\n$/;
  t.regex(verified.stdout, line);

  const model = fromBinary(ModelProtoSchema, await readFile(path));
  const weight = model.graph!.initializer.find(({ name }) => name === "decoder.layer3.1.conv2.weight")!;
  weight.rawData = Uint8Array.from(weight.rawData);
  new Float32Array(weight.rawData.buffer)[0]! += 10;
  await writeFile(path, toBinary(ModelProtoSchema, model));
  const planted = await runCli(["verify", bundle, path, "--json"]);
  t.is(planted.code, 1, planted.stderr);
  const result = JSON.parse(planted.stdout) as Record<string, unknown>;
  t.is(result.agrees, false);
  t.is(result.sameModel, true);
  t.true((result.mapDifference as number) > 1e-4);
});

test("verify warns about an export of another model", async (t) => {
  const other = await train([noise(64, 64, 3, 5), noise(64, 64, 3, 6)], {
    imageSize: 64,
    epochs: 1,
    seed: 4,
  });
  const path = inFolder("other.onnx");
  await other.export(path, { format: "onnx" });
  await other.dispose();
  const { code, stdout, stderr } = await runCli(["verify", bundle, path]);
  t.is(code, 1);
  t.regex(stdout, /not within the tolerance/);
  t.regex(stderr, /warning: .*other\.onnx states that it was exported from a different model/);
});

test("the file extension decides the format of an export, and invalid usage is rejected", async (t) => {
  const run = (...args: string[]) => runCli(["export", bundle, "--out", ...args]);
  const unknown = await run(inFolder("model.bin"));
  t.is(unknown.code, 2);
  t.regex(unknown.stderr, /does not say which format to write: use \.onnx or \.pth, or pass --format/);
  const checkpoint = await run(inFolder("model.pth"));
  t.is(checkpoint.code, 2);
  t.regex(checkpoint.stderr, /only support the layout "official"/);
  const mixed = await run(inFolder("model.pth"), "--external-data-threshold", "5");
  t.is(mixed.code, 2);
  t.regex(mixed.stderr, /--external-data-threshold is only valid with the format onnx/);
});
