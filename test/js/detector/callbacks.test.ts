import { AsyncLocalStorage } from "node:async_hooks";
import test from "ava";
import { train, type RawImage, type TrainProgress } from "../../../lib/index.js";
import { rejects } from "../support/rejection.js";

const images: RawImage[] = [40, 200].map((value) => ({
  data: new Uint8Array(32 * 32 * 3).fill(value),
  width: 32,
  height: 32,
  channels: 3,
}));
const options = { imageSize: 32, epochs: 2 } as const;
const boom = new Error("boom");

for (const phase of ["reading", "training"] as const) {
  test(`an asynchronous onProgress that rejects while ${phase} ends the training, as one that throws does`, async (t) => {
    const onProgress = (progress: TrainProgress): void => {
      // An asynchronous callback, as the type of its result lets pass.
      if (progress.phase === phase) return Promise.reject(boom) as unknown as undefined;
    };
    const error = await rejects(
      t,
      train(images, { ...options, onProgress }),
      "ABORTED",
      /onProgress threw: boom/,
    );
    t.is(error?.cause, boom);
  });
}

test("onProgress runs in the asynchronous context of the call of train, in every phase", async (t) => {
  const storage = new AsyncLocalStorage<string>();
  const seen = new Set<string>();
  const onProgress = ({ phase }: TrainProgress) => void seen.add(`${phase} in ${storage.getStore()}`);
  const detector = await storage.run("the call", () => train(images, { ...options, onProgress }));
  await detector.dispose();
  t.deepEqual([...seen], ["reading in the call", "training in the call"]);
});
