import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Detector } from "../../lib/detector/detector.js";
import type { PreprocessedImage } from "../../lib/image/pixels.js";
import type { RawImage } from "../../lib/image/raw-image.js";
import { writeModelFile } from "../../lib/model-file/file.js";
import { loadAddon } from "../../lib/native/loader.js";
import type { Backbone } from "../../lib/options/model.js";
import { verificationImages } from "../../lib/verify/images.js";
import { RuntimeModel } from "../../lib/verify/runtime.js";
import { describeEnvironment } from "../environment.js";
import { describe, seededModel } from "../parity/inputs.js";
import type { OnnxResult, Spread } from "./results.js";

const warmUps = 5;
const repetitions = 30;

/** Writes a model with a backbone in every format, and scores with the detector and with ONNX Runtime. */
export async function measure(backbone: Backbone, { times }: { times: boolean }): Promise<OnnxResult> {
  const folder = await mkdtemp(join(tmpdir(), "reverse-distillation-onnx-"));
  const file = (name: string) => join(folder, name);
  try {
    await writeSeeded(backbone, file("bundle"));
    await using detector = await Detector.load(file("bundle"), { device: "cpu" });
    await detector.save(file("half"), { precision: "float16" });
    await detector.save(file("reference"), { teacher: "reference" });
    await detector.export(file("onnx"), { format: "onnx" });
    await detector.export(file("onnx-half"), { format: "onnx", precision: "float16" });
    const size = async (name: string) => (await stat(file(name))).size;
    const [image] = verificationImages(detector.config.imageSize, 1);
    return {
      backbone,
      bytes: {
        bundle: await size("bundle"),
        bundleFloat16: await size("half"),
        bundleWithoutTeacher: await size("reference"),
        onnx: await size("onnx"),
        onnxFloat16: await size("onnx-half"),
      },
      milliseconds: times
        ? {
            detector: await timed(() => detector.score(image!)),
            onnx: await timeRuntime(file("onnx"), image!),
            onnxFloat16: await timeRuntime(file("onnx-half"), image!),
          }
        : null,
      environment: { ...(await describeEnvironment()), onnxruntime: await runtimeVersion() },
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function writeSeeded(backbone: Backbone, path: string): Promise<void> {
  const description = { ...describe(backbone, "paper"), imageSize: [256, 256] as [number, number] };
  const model = await seededModel(await loadAddon(), description);
  await writeModelFile(path, model, { model: description, training: null });
  await model.dispose();
}

async function timeRuntime(path: string, { data, width, height }: RawImage): Promise<Spread> {
  const runtime = await RuntimeModel.open(path);
  const image: PreprocessedImage = {
    data: data as Uint8Array,
    dims: [1, height, width, 3],
    originalSize: [height, width],
  };
  const spread = await timed(() => runtime.score([image]));
  await runtime.close();
  return spread;
}

async function timed(work: () => Promise<unknown>): Promise<Spread> {
  const taken: number[] = [];
  for (let i = 0; i < warmUps + repetitions; i++) {
    const started = performance.now();
    await work();
    if (i >= warmUps) taken.push(performance.now() - started);
  }
  taken.sort((a, b) => a - b);
  const at = (part: number) => taken[Math.floor(part * (taken.length - 1))]!;
  return { median: at(0.5), low: at(0.1), high: at(0.9) };
}

async function runtimeVersion(): Promise<string> {
  const path = createRequire(import.meta.url).resolve("onnxruntime-node/package.json");
  return (JSON.parse(await readFile(path, "utf8")) as { version: string }).version;
}
