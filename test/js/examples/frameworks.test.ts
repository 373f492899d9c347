import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import type { Ended } from "../support/child-process.js";
import { encoder, noise } from "../support/image-fixtures.js";
import { runExample, setUpWorkshopIn, type Workshop } from "./run-example.js";

let workshop: Workshop;
test.before(async () => {
  workshop = await setUpWorkshopIn(await mkdtemp(join(tmpdir(), "frameworks-")), 64);
  workshop.detector.setThresholds({ reject: 1e-3, review: 1e-4, outline: 1e-4 });
  await workshop.detector.save(workshop.model);
});
test.after.always(async () => {
  await workshop.detector.dispose();
  await rm(workshop.folder, { recursive: true });
});

/** Starts an example; it resolves once the example says where it listens. */
function start(t: ExecutionContext, name: string): Promise<{ address: string; stop: () => Promise<Ended> }> {
  return new Promise((resolve, reject) => {
    let output = "";
    const ended = runExample(name, [workshop.model, "--port", "0", "--max-queue", "2"], {
      onOutput(text, kill) {
        output += text;
        const address = /Listening on (http:\S+)/.exec(output)?.[1];
        if (address === undefined) return;
        t.teardown(() => kill("SIGKILL"));
        const stop = () => {
          kill("SIGTERM");
          return ended;
        };
        resolve({ address, stop });
      },
    });
    ended.then(({ stderr }) => reject(new Error(`It ended before it listened: ${stderr}`)), reject);
  });
}

/** The status that answers a request with a large body, which may come before all of it is sent. */
function statusOfLarge(url: string): Promise<number> {
  return new Promise((resolve) => {
    const large = request(url, { method: "POST", headers: { "content-type": "image/png" } }, (response) => {
      resolve(response.statusCode!);
      large.destroy();
    });
    large.on("error", () => {});
    large.end(new Uint8Array(17 * 2 ** 20));
  });
}

for (const name of ["express-service.ts", "fastify-service.ts"]) {
  test.serial(`${name} judges images, refuses what is none, stays within its limits and ends`, async (t) => {
    const { address, stop } = await start(t, name);
    const post = (body: Uint8Array, type = "image/png") =>
      fetch(`${address}/inspect`, { method: "POST", body, headers: { "content-type": type } });
    const errorOf = async (response: Response) => ((await response.json()) as { error: string }).error;
    const path = join(workshop.sample, "test", "scratch", "000.png");
    const image = await readFile(path);
    const { score, verdict, pValue, regions } = await workshop.detector.score(path, { regions: {} });

    const response = await post(image);
    t.is(response.status, 200);
    t.deepEqual(await response.json(), JSON.parse(JSON.stringify({ score, verdict, pValue, regions })));
    t.is(verdict, "reject");
    t.true(regions.length > 0);

    const junk = await post(Buffer.from("no image"));
    t.is(junk.status, 422);
    t.regex(await errorOf(junk), /is not in a known image format/);
    // The path of an image is no image.
    t.is((await post(Buffer.from(path), "text/plain")).status, 415);
    t.is((await post(Buffer.from(JSON.stringify(path)), "application/json")).status, 415);
    t.is((await fetch(`${address}/inspect`, { method: "POST" })).status, 415);
    t.is(await statusOfLarge(`${address}/inspect`), 413);

    const slow = await encoder(noise(1000, 1000, 3))
      .png({ compressionLevel: 1 })
      .toBuffer();
    const many = await Promise.all(Array.from({ length: 6 }, () => post(slow)));
    const statuses = new Set(many.map(({ status }) => status));
    t.deepEqual([...statuses].sort(), [200, 503]);
    for (const each of many) t.is(each.headers.get("retry-after"), each.status === 503 ? "1" : null);

    const underWay = post(slow);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const { code, signal, stderr } = await stop();
    t.deepEqual([code, signal], [0, null], stderr);
    t.is((await underWay).status, 200);
  });
}
