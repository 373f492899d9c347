import { setImmediate as turn } from "node:timers/promises";
import test from "ava";
import sharp from "sharp";
import { decodeInTurn, decoders } from "../../../lib/image/decode-in-turn.js";
import { rejects } from "../support/rejection.js";

const png = await sharp({ create: { width: 4, height: 3, channels: 3, background: "#808890" } })
  .png()
  .toBuffer();

/** Images whose bytes come when they are told to, and how many were asked for theirs. */
class Images {
  asked = 0;
  readonly #open: (() => void)[] = [];

  next(): Blob {
    const arrayBuffer = async () => {
      this.asked++;
      await new Promise<void>((resolve) => this.#open.push(resolve));
      return Uint8Array.from(png).buffer;
    };
    return { size: png.length, arrayBuffer } as unknown as Blob;
  }

  /** Lets all that were asked for their bytes have them. */
  open(): void {
    for (const open of this.#open.splice(0)) open();
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

test.serial(
  "only a few images are decoded at the same time, whoever asks, in the order of the calls",
  async (t) => {
    const images = new Images();
    const decoded: number[] = [];
    const all = Array.from({ length: 4 * decoders }, (_, i) =>
      decodeInTurn(images.next()).then(({ width }) => decoded.push(i) && width),
    );
    for (let done = 0; done < 4; done++) {
      await until(() => images.asked > done * decoders);
      await turn();
      t.is(images.asked, (done + 1) * decoders);
      images.open();
      await until(() => decoded.length === (done + 1) * decoders);
      t.true(decoded.every((i) => i < (done + 1) * decoders));
    }
    t.deepEqual(await Promise.all(all), Array(4 * decoders).fill(4));
  },
);

test.serial(
  "an image that was aborted while it waited is never read, and raw pixels do not wait",
  async (t) => {
    const images = new Images();
    const controller = new AbortController();
    const first = Array.from({ length: decoders }, () => decodeInTurn(images.next()));
    const aborted = Array.from({ length: 100 }, () =>
      decodeInTurn(images.next(), { signal: controller.signal }),
    );
    const last = decodeInTurn(images.next());
    const raw = { data: new Uint8Array(12), width: 4, height: 3, channels: 1 } as const;
    t.is((await decodeInTurn(raw)).data, raw.data);
    controller.abort(new Error("enough"));
    for (const each of aborted) await rejects(t, each, "ABORTED", /enough/);
    images.open();
    await Promise.all(first);
    await until(() => images.asked > decoders);
    images.open();
    t.is((await last).width, 4);
    t.is(images.asked, decoders + 1);
  },
);

test.serial("an image that is aborted while it is read is not decoded", async (t) => {
  const images = new Images();
  const controller = new AbortController();
  let shrunk = 0;
  const shrink = () => Promise.reject(new Error(`shrunk ${++shrunk}`));
  const aborted = decodeInTurn(images.next(), { signal: controller.signal, shrink });
  await until(() => images.asked === 1);
  controller.abort();
  images.open();
  await rejects(t, aborted, "ABORTED");
  t.is(shrunk, 0);
});

test.serial("the next image waits until the last one is shrunk", async (t) => {
  const images = new Images();
  const open: (() => void)[] = [];
  const shrink = async () => {
    await new Promise<void>((resolve) => open.push(resolve));
    return { data: new Uint8Array(3), width: 1, height: 1, channels: 3 } as const;
  };
  const all = Array.from({ length: decoders + 1 }, () => decodeInTurn(images.next(), { shrink }));
  await until(() => images.asked === decoders);
  images.open();
  await until(() => open.length === decoders);
  t.is(images.asked, decoders);
  for (const each of open.splice(0)) each();
  await until(() => images.asked === decoders + 1);
  images.open();
  await until(() => open.length === 1);
  open[0]!();
  t.deepEqual(
    (await Promise.all(all)).map(({ width }) => width),
    Array(decoders + 1).fill(1),
  );
});
