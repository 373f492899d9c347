import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import test from "ava";
import { describe, seededImages } from "../../../bench/parity/inputs.js";
import { residentBytes } from "../../../bench/scaling/memory.js";
import { createDetector } from "../../../lib/detector/detector.js";
import { createModel } from "../../../lib/detector/parts.js";
import { loadAddon } from "../../../lib/native/loader.js";
import { batchingDefaults } from "../../../lib/options/batching.js";

const side = 128;

/** What a map takes: the least that a score which is not freed would leave behind. */
const mapBytes = 4 * side * side;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Of memory that is no file's: pages of libraries that nobody uses come and go as the system likes. */
function anonymousBytes(): number {
  collectGarbage();
  return residentBytes("RssAnon") + residentBytes("VmSwap");
}

test("memory stays flat over 1,000 images", async (t) => {
  t.timeout(300_000);
  const images = seededImages(2, [side, side]);
  const model = { ...describe("resnet18", "paper"), imageSize: [side, side] as [number, number] };
  const addon = await loadAddon();
  // Not trained: what a training frees stays with the allocator, where a leak would not be seen.
  const native = await createModel(addon, model, { device: "cpu", precision: "float32" }, 0);
  const parts = { addon, native, model, training: null, inputs: [], threads: 0, batching: batchingDefaults };
  await using detector = createDetector(parts);
  const score = async (count: number) => {
    for (let i = 0; i < count; i++) await detector.score(images[i % images.length]!);
  };
  await score(300);
  const before = anonymousBytes();
  await score(1000);
  const grown = anonymousBytes() - before;
  t.true(grown < 250 * mapBytes, `1,000 scores left ${grown} bytes behind`);
  t.log(`${grown} bytes more after 1,000 images`);
});
