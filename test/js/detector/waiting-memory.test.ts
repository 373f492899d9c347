import test, { type ExecutionContext } from "ava";
import { runSource } from "../support/child-process.js";

/** Source that finds `file`, the bytes of a JPEG of 12 megapixels, and `added`, the megabytes that work adds at most. */
const source = `
  const { default: sharp } = await import("sharp");
  const { residentBytes } = await import(root + "bench/scaling/memory.ts");
  const plain = { width: 4000, height: 3000, channels: 3, background: "#808890" };
  const file = await sharp({ create: plain }).jpeg().toBuffer();
  const detector = await train(images, small);
  // The first score prepares the weights, and decoding one image leaves memory with the allocator.
  await detector.score(images[0]);
  const added = async (work) => {
    const before = residentBytes("RssAnon");
    let peak = before;
    const timer = setInterval(() => (peak = Math.max(peak, residentBytes("RssAnon"))), 5);
    await work();
    clearInterval(timer);
    return Math.round((peak - before) / 1e6);
  };`;

/** 32 images of 12 megapixels are 1,150 MB when they are decoded. */
async function addsLittle(t: ExecutionContext, work: string): Promise<void> {
  t.timeout(300_000);
  const { stdout, stderr } = await runSource(`${source}
    console.log(await added(async () => { ${work} }));
    await detector.dispose();`);
  const megabytes = Number(stdout);
  t.true(megabytes > 20, `nothing was decoded: ${stdout}${stderr}`);
  t.true(megabytes < 300, `${megabytes} MB`);
  t.log(`${megabytes} MB`);
}

test.serial("32 waiting images of 12 megapixels add less than 300 MB", async (t) => {
  await addsLittle(t, `await Promise.all(Array.from({ length: 32 }, () => detector.score(file)));`);
});

test.serial("a batch of 32 images of 12 megapixels adds less than 300 MB", async (t) => {
  await addsLittle(t, `await detector.scoreBatch(Array(32).fill(file), { batchSize: 32 });`);
});
