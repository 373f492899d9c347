import { join } from "node:path";
import test from "ava";
import { Detector, train } from "../../../lib/index.js";
import { noise } from "../support/image-fixtures.js";
import { longestTurn } from "../support/longest-turn.js";
import { rejects } from "../support/rejection.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** In milliseconds. Working on all weights of the smallest model at once takes several times as long. */
const bound = 100;

test("the event loop runs while a model is saved, exported and loaded", async (t) => {
  const folder = await temporaryFolder(t);
  const path = (name: string) => join(folder, name);
  const images = [1, 2].map((seed) => noise(64, 64, 3, seed));
  await using detector = await train(images, { imageSize: 64, epochs: 1, batchSize: 2 });
  const works: Record<string, () => Promise<unknown>> = {
    save: () => detector.save(path("model")),
    "save as float16": () => detector.save(path("half"), { precision: "float16" }),
    export: () => detector.export(path("onnx"), { format: "onnx" }),
    "export as float16": () => detector.export(path("onnx-half"), { format: "onnx", precision: "float16" }),
    load: async () => (await Detector.load(path("model"))).dispose(),
    "load from float16": async () => (await Detector.load(path("half"))).dispose(),
  };
  for (const [name, work] of Object.entries(works)) {
    const longest = await longestTurn(work);
    t.true(longest < bound, `${name}: ${longest} ms`);
  }
});

test("saving as float16 and loading stop soon after the signal is aborted", async (t) => {
  const folder = await temporaryFolder(t);
  const images = [1, 2].map((seed) => noise(64, 64, 3, seed));
  await using detector = await train(images, { imageSize: 64, epochs: 1, batchSize: 2 });
  await detector.save(join(folder, "model"));
  const soon = () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 5);
    return controller.signal;
  };
  const half = join(folder, "half");
  await rejects(t, detector.save(half, { precision: "float16", signal: soon() }), "ABORTED", /aborted/);
  await rejects(t, Detector.load(join(folder, "model"), { signal: soon() }), "ABORTED", /aborted/);
});
