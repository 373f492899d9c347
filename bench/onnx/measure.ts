import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Detector } from "../../lib/detector/detector.js";
import { writeModelFile } from "../../lib/model-file/file.js";
import { loadAddon } from "../../lib/native/loader.js";
import type { Backbone } from "../../lib/options/model.js";
import { verificationImages } from "../../lib/verify/images.js";
import { describeEnvironment } from "../environment.js";
import { describe, seededModel } from "../parity/inputs.js";
import type { OnnxResult } from "./results.js";
import { timeAll } from "./times.js";

/** Writes a model with a backbone in every format, and times the detector and ONNX Runtime. */
export async function measure(backbone: Backbone, { times }: { times: boolean }): Promise<OnnxResult> {
  const folder = await mkdtemp(join(tmpdir(), "reverse-distillation-onnx-"));
  const file = (name: string) => join(folder, name);
  try {
    await writeSeeded(backbone, file("bundle"));
    await using detector = await Detector.load(file("bundle"), { device: "cpu" });
    await detector.quantise([...verificationImages(detector.config.imageSize, 8)]);
    await detector.save(file("bundle"));
    await detector.save(file("half"), { precision: "float16" });
    await detector.save(file("reference"), { teacher: "reference" });
    await detector.export(file("onnx"), { format: "onnx" });
    await detector.export(file("onnx-half"), { format: "onnx", precision: "float16" });
    const size = async (name: string) => (await stat(file(name))).size;
    return {
      backbone,
      bytes: {
        bundle: await size("bundle"),
        bundleFloat16: await size("half"),
        bundleWithoutTeacher: await size("reference"),
        onnx: await size("onnx"),
        onnxFloat16: await size("onnx-half"),
      },
      times: times ? await timeAll(folder) : null,
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

async function runtimeVersion(): Promise<string> {
  const path = createRequire(import.meta.url).resolve("onnxruntime-node/package.json");
  return (JSON.parse(await readFile(path, "utf8")) as { version: string }).version;
}
