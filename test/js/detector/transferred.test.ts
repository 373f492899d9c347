import test from "ava";
import { train, type Detector, type RawImage } from "../../../lib/index.js";
import { loadAddon } from "../../../lib/native/loader.js";
import { runSource } from "../support/child-process.js";
import { noise } from "../support/image-fixtures.js";
import { rejects } from "../support/rejection.js";

process.removeAllListeners("warning");

let detector: Detector;
test.before(async () => {
  detector = await train([noise(32, 32, 3, 1), noise(32, 32, 3, 2)], {
    imageSize: 64,
    epochs: 1,
    batchSize: 2,
  });
});
test.after.always(() => detector.dispose());

/** As far as it is used here; the project's types are those of Node.js. */
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: {
    Memory: new (size: { initial: number }) => { buffer: ArrayBuffer; grow(pages: number): void };
  };
};

/** Moves the memory away from its owner, as `postMessage` does. */
function transfer(buffer: ArrayBuffer): void {
  structuredClone(buffer, { transfer: [buffer] });
}

/** The score that a fresh copy of the image has. */
async function scoreOfCopy({ data, ...rest }: RawImage): Promise<number> {
  return (await detector.score({ data: new Uint8Array(data), ...rest })).score;
}

test.serial("pixels that are transferred after the call are scored as they were in the call", async (t) => {
  const image = noise(600, 400, 3, 3);
  const expected = await scoreOfCopy(image);
  const scoring = detector.scoreBatch([image]);
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  transfer(image.data.buffer as ArrayBuffer);
  const outcome = await scoring.then(
    ([result]) => result!.score,
    (error: unknown) => (error as { code: string }).code,
  );
  t.true(outcome === expected || outcome === "INVALID_IMAGE", String(outcome));
});

test.serial(
  "pixels that are transferred before they are read are INVALID_IMAGE, and fail alone",
  async (t) => {
    const [gone, kept] = [noise(50, 40, 3, 4), noise(50, 40, 3, 5)];
    const scoring = [detector.score(kept), detector.score(gone), detector.score(kept)];
    transfer(gone.data.buffer as ArrayBuffer);
    await rejects(t, scoring[1]!, "INVALID_IMAGE", /was transferred or detached/);
    const expected = await scoreOfCopy(kept);
    t.is((await scoring[0]!).score, expected);
    t.is((await scoring[2]!).score, expected);
  },
);

test.serial(
  "the memory of WebAssembly that grows is INVALID_IMAGE before it is read, and harmless later",
  async (t) => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const image = (): RawImage => ({
      data: new Uint8Array(memory.buffer, 16, 50 * 40 * 3).fill(100),
      width: 50,
      height: 40,
      channels: 3,
    });
    const first = detector.score(image());
    memory.grow(1);
    await rejects(t, first, "INVALID_IMAGE");
    t.is((await detector.score(image())).score, await scoreOfCopy(image()));
  },
);

test.serial("memory of allocateImage is read where it lies, and all other pixels are copied", async (t) => {
  const addon = await loadAddon();
  const native = await addon.Model.create({
    ...({ backbone: "resnet18", layout: "paper", layers: [1, 2, 3], combine: "sum", sigma: 4 } as const),
    ...({ height: 64, width: 64, normalisation: "imagenet", fit: "stretch", seed: 0 } as const),
    ...({ device: "cpu", precision: "float32" } as const),
  });
  const size = { width: 50, height: 40, channels: 3 } as const;
  const readFrom = async (data: Uint8Array, own?: boolean) => {
    await native.score([{ data, ...size, own }], 0, new addon.CancelToken());
    return native.lastTransfer.pixels === addon.addressOf(data);
  };
  t.true(await readFrom(native.allocatePixels(50 * 40 * 3)));
  t.true(await readFrom(new Uint8Array(native.allocatePixels(99 + 50 * 40 * 3).buffer, 99)));
  t.true(await readFrom(new Uint8Array(50 * 40 * 3), true));
  t.false(await readFrom(new Uint8Array(50 * 40 * 3)));
  await native.dispose();
});

// A process of its own, because what goes wrong here is a crash.
for (const [what, image] of [
  [
    "raw pixels",
    `({ data: new Uint8Array(3000 * 2000 * 3).fill(seed), width: 3000, height: 2000, channels: 3 })`,
  ],
  ["pixels of allocateImage", `detector.allocateImage(3000, 2000)`],
  ["encoded bytes", `new Uint8Array(png)`],
] as const) {
  test.serial(
    `${what} may be transferred, detached and collected while they are scored and trained on`,
    async (t) => {
      const { code, signal, stdout, stderr } = await runSource(
        `
      const { setTimeout: sleep } = await import("node:timers/promises");
      const { default: sharp } = await import("sharp");
      const raw = { width: 3000, height: 2000, channels: 3 };
      const png = await sharp(new Uint8Array(3000 * 2000 * 3), { raw }).png({ compressionLevel: 0 }).toBuffer();
      const detector = await train(images, small);
      const make = (seed) => ${image};
      const outcomes = new Set();
      for (let i = 0; i < 24; i++) {
        const image = make(i);
        const work = i % 4 === 3 ? train([image, image], small).then((own) => own.dispose()) : detector.score(image);
        const settled = work.then(() => "worked", ({ code }) => code);
        await sleep(i % 12);
        const { buffer } = image.data ?? image;
        try {
          if (i % 2 === 0 && buffer.transfer) buffer.transfer();
          else structuredClone(buffer, { transfer: [buffer] });
        } catch ({ name }) {
          if (name !== "DataCloneError") throw new Error(name);
        }
        for (let k = 0; k < 4; k++) gc();
        outcomes.add(await settled);
      }
      console.log([...outcomes].filter((outcome) => outcome !== "worked" && outcome !== "INVALID_IMAGE").join());
      await detector.dispose();`,
        { node: ["--expose-gc"] },
      );
      t.deepEqual([code, signal, stdout], [0, null, "\n"], stderr);
    },
  );
}
