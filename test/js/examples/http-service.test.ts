import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request as send, type ClientRequest, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import type { Ended } from "../support/child-process.js";
import { encoder, noise } from "../support/image-fixtures.js";
import { runExample, setUpWorkshopIn, type Workshop } from "./run-example.js";

/** The example as it runs, with room for one image. */
let workshop: Workshop;
let address = "";
let output = "";
let kill: (signal: NodeJS.Signals) => void = () => {};
let ended: Promise<Ended>;
const listeners = new Set<() => void>();

/** Resolves once the output holds this text. */
function printed(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (output.includes(text)) resolve();
    };
    listeners.add(look);
    look();
    void ended.then(({ stderr }) => reject(new Error(`It ended before it printed "${text}": ${stderr}`)));
  });
}

test.before(async () => {
  workshop = await setUpWorkshopIn(await mkdtemp(join(tmpdir(), "reverse-distillation-")), 64);
  ended = runExample("http-service.ts", [workshop.model, "--port", "0", "--max-queue", "1"], {
    onOutput: (text, killIt) => {
      output += text;
      kill = killIt;
      for (const listener of listeners) listener();
    },
  });
  await printed("Listening on http://");
  address = /http:\S+/.exec(output)![0];
});
test.after.always(async () => {
  kill("SIGKILL");
  await workshop.detector.dispose();
  await rm(workshop.folder, { recursive: true });
});

function post(body: Uint8Array): Promise<Response> {
  return fetch(`${address}/score`, { method: "POST", body });
}

/** A request whose body is still to come. */
function beginPost(length: number, headers: Record<string, string> = {}): ClientRequest {
  return send(`${address}/score`, { method: "POST", headers: { "content-length": length, ...headers } });
}

async function statusOf(request: ClientRequest): Promise<number> {
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.resume();
  return response.statusCode!;
}

/** An image that takes long enough to decode for others to arrive meanwhile. */
const slowImage = encoder(noise(2000, 2000, 3))
  .png({ compressionLevel: 1 })
  .toBuffer();

test.serial("the service scores posted images as the detector does", async (t) => {
  const path = join(workshop.sample, "test", "scratch", "000.png");
  const response = await post(await readFile(path));
  t.is(response.status, 200);
  const { score, map } = await workshop.detector.score(path);
  const worst = map.data.indexOf(score);
  t.deepEqual(await response.json(), { score, x: worst % 64, y: Math.floor(worst / 64) });
});

test.serial("the service refuses what is no image, what is too large, and other addresses", async (t) => {
  const junk = await post(Buffer.from("no image"));
  t.is(junk.status, 422);
  t.regex(((await junk.json()) as { error: string }).error, /is not in a known image format/);
  const large = beginPost(17e6);
  large.flushHeaders();
  t.is(await statusOf(large), 413);
  large.destroy();
  t.is((await fetch(`${address}/score`)).status, 404);
});

test.serial("beyond the queue's limit the service answers 503, and goes on", async (t) => {
  const image = await slowImage;
  const responses = await Promise.all(Array.from({ length: 6 }, () => post(image)));
  const statuses = responses.map(({ status }) => status);
  t.deepEqual([...new Set(statuses)].sort(), [200, 503]);
  for (const { status, headers } of responses) t.is(headers.get("retry-after"), status === 503 ? "1" : null);
  t.is((await post(image)).status, 200);
});

test.serial("an image whose client disconnects is dropped, and makes room once it is decoded", async (t) => {
  const image = await slowImage;
  const leaving = beginPost(image.length);
  leaving.on("error", () => {});
  leaving.end(image, () => leaving.destroy());
  await printed("dropped: the client disconnected");
  let response = await post(image);
  while (response.status === 503) response = await post(image);
  t.is(response.status, 200);
});

test.serial("told to stop, the service answers what is under way and ends", async (t) => {
  const request = beginPost(8, { expect: "100-continue" });
  request.flushHeaders();
  await once(request, "continue");
  kill("SIGTERM");
  // Refused as soon as the signal has been handled.
  await t.throwsAsync(async () => {
    for (;;) await post(Buffer.from("no image"));
  });
  request.end("no image");
  t.is(await statusOf(request), 422);
  const { code, signal } = await ended;
  t.deepEqual([code, signal], [0, null]);
});
