import { basename } from "node:path";
import type { ExportOptions } from "reverse-distillation";
import type { Outcome, Work } from "../work.js";

/** Writes a model as ONNX. */
export async function runExport(work: Work): Promise<Outcome<"export">> {
  await using detector = await work.detector({ device: "cpu" });
  const paths = await detector.export(work.path("model.onnx"), {
    ...(work.data.options as unknown as ExportOptions),
    signal: work.signal,
  });
  return { files: await work.keep(...paths.map((path) => basename(path))), summary: {} };
}
