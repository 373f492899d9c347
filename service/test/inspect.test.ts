import test from "ava";
import sharp from "sharp";
import { noise } from "../../test/js/support/image-fixtures.js";
import type { Inspection } from "../lib/http/inspection.js";
import { good, png, TestModels } from "./support/models.js";
import { running } from "./support/running.js";

let models: TestModels;
test.before(async () => {
  models = await TestModels.make();
});
test.after.always(() => models?.remove());

const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) => ({
  method: "POST",
  body,
  headers,
});

test.serial("an encoded image gets the verdict, score, p-value and regions of the detector", async (t) => {
  const { ask } = await running(t, models);
  const image = await png();
  const response = await ask("/models/part/inspect", post(image, { "content-type": "image/png" }));
  t.is(response.status, 200);
  const body = (await response.json()) as Inspection;
  const expected = await models.detector.score(image, { regions: true });
  t.deepEqual(
    [body.model, body.version, body.verdict, body.score, body.pValue, body.regions],
    ["part", 2, "reject", expected.score, expected.pValue, expected.regions],
  );
  t.true(body.regions.length > 0);
  const { receiveMs, scoreMs, totalMs, received } = body.times;
  t.true(receiveMs > 0 && scoreMs > 0 && totalMs >= receiveMs + scoreMs, JSON.stringify(body.times));
  t.true(Math.abs(Date.parse(received) - Date.now()) < 60_000);
  t.is(response.headers.get("x-frame-options"), "DENY");
});

test.serial("a version can be named, and says which it is", async (t) => {
  const { ask } = await running(t, models);
  const image = await png();
  const body = (await (await ask("/models/part/versions/1/inspect", post(image))).json()) as Inspection;
  t.deepEqual([body.version, body.verdict, body.regions], [1, "accept", []]);
  const missing = await ask("/models/part/versions/3/inspect", post(image));
  t.is(missing.status, 404);
  t.is(missing.headers.get("content-type"), "application/problem+json");
  const { code, detail } = (await missing.json()) as { code: string; detail: string };
  t.deepEqual(
    [code, detail],
    ["MODEL_NOT_FOUND", "Version 3 of the model part is not loaded; loaded are: 2, 1."],
  );
});

test.serial("a form, raw pixels and an encoded file give the same score", async (t) => {
  const { ask } = await running(t, models);
  const image = await png();
  const form = new FormData();
  form.set("image", new Blob([new Uint8Array(image)]), "part.png");
  const size = `width=${good.width}&height=${good.height}`;
  const deep = Uint16Array.from(good.data, (value) => value * 257);
  const responses = await Promise.all([
    ask("/models/part/inspect", post(image)),
    ask("/models/part/inspect", { method: "POST", body: form }),
    ask(`/models/part/inspect?${size}`, post(good.data as Uint8Array<ArrayBuffer>)),
    ask(`/models/part/inspect?${size}&depth=16`, post(new Uint8Array(deep.buffer))),
  ]);
  const scores = await Promise.all(responses.map(async (each) => ((await each.json()) as Inspection).score));
  const [first] = scores;
  // Those of 16 bits are resized before they are rounded.
  for (const score of scores) t.true(Math.abs(score - first!) < 1e-3, scores.join(", "));
});

test.serial("by Accept, the answer is an overlay as PNG or WebP, or the map for NumPy", async (t) => {
  const { ask } = await running(t, models);
  const image = await png();
  for (const format of ["png", "webp"]) {
    const response = await ask("/models/part/inspect", post(image, { accept: `image/${format}` }));
    t.is(response.headers.get("content-type"), `image/${format}`);
    t.is(response.headers.get("inspection-verdict"), "reject");
    const found = await sharp(Buffer.from(await response.arrayBuffer())).metadata();
    t.deepEqual([found.format, found.width, found.height], [format, good.width, good.height]);
  }
  const response = await ask("/models/part/inspect", post(image, { accept: "application/x-npy" }));
  const npy = Buffer.from(await response.arrayBuffer());
  const { map } = await models.detector.score(image);
  t.is(npy.toString("latin1", 0, 8), "\x93NUMPY\x01\x00");
  t.regex(
    npy.toString("latin1", 10, 128),
    /^\{'descr': '<f4', 'fortran_order': False, 'shape': \(64, 64\), \} *\n$/,
  );
  t.deepEqual(npy.subarray(128), Buffer.from(map.data.buffer, map.data.byteOffset, map.data.byteLength));
  const other = await ask("/models/part/inspect", post(image, { accept: "image/gif" }));
  t.deepEqual([other.status, ((await other.json()) as { code: string }).code], [406, "NOT_ACCEPTABLE"]);
});

test.serial("without thresholds, the verdict is null and there are no regions", async (t) => {
  const { ask, folder, service } = await running(t, models);
  await models.put(folder, "plain", models.uncalibrated);
  await service.models.refresh();
  await service.models.refresh();
  const body = (await (await ask("/models/plain/inspect", post(await png()))).json()) as Inspection;
  t.deepEqual([body.verdict, body.pValue, body.regions], [null, null, []]);
});

test.serial("what is wrong with a request is answered with a code and in words", async (t) => {
  const { ask, log } = await running(t, models, { maxBody: 20_000, maxPixels: 4000 });
  const empty = new FormData();
  empty.set("part", "0815");
  const cases: [path: string, init: RequestInit, status: number, code: string, detail: RegExp][] = [
    ["/models/part/inspect", post("no image"), 415, "UNSUPPORTED_MEDIA_TYPE", /text\/plain/],
    ["/models/part/inspect", post(new Uint8Array(10)), 422, "INVALID_IMAGE", /10 bytes/],
    ["/models/part/inspect", post(new Uint8Array(0)), 400, "INVALID_REQUEST", /empty/],
    ["/models/part/inspect", { method: "POST", body: empty }, 400, "INVALID_REQUEST", /no file/],
    ["/models/other/inspect", post(await png()), 404, "MODEL_NOT_FOUND", /"other"/],
    ["/models/part/inspect", post(new Uint8Array(20_001)), 413, "BODY_TOO_LARGE", /too large/],
    ["/models/part/inspect", post(await png(noise(100, 50, 1))), 422, "INVALID_IMAGE", /4000/],
    [
      "/models/part/inspect?width=100&height=50",
      post(new Uint8Array(15_000)),
      413,
      "BODY_TOO_LARGE",
      /5000 pixels/,
    ],
    [
      "/models/part/inspect?width=10&height=50",
      post(new Uint8Array(15)),
      422,
      "INVALID_IMAGE",
      /needs 1500 bytes/,
    ],
    [
      "/models/part/inspect?width=10",
      post(new Uint8Array(15)),
      400,
      "INVALID_REQUEST",
      /both width and height/,
    ],
    [
      "/models/part/inspect?width=x",
      post(new Uint8Array(15)),
      400,
      "INVALID_REQUEST",
      /width must be integer/,
    ],
    [
      "/models/part/inspect?width=2&height=2&channels=2",
      post(new Uint8Array(8)),
      422,
      "INVALID_IMAGE",
      /channels 2/,
    ],
    ["/models/..%2f..%2fetc%2fpasswd/inspect", post(await png()), 404, "MODEL_NOT_FOUND", /no model/],
    ["/nowhere", {}, 404, "ROUTE_NOT_FOUND", /GET \/nowhere/],
    ["/models/part/inspect", {}, 404, "ROUTE_NOT_FOUND", /GET/],
  ];
  for (const [path, init, status, code, detail] of cases) {
    const response = await ask(path, init);
    const problem = (await response.json()) as {
      status: number;
      code: string;
      detail: string;
      instance: string;
    };
    const said = `${path}: ${JSON.stringify(problem)}`;
    t.deepEqual([response.status, problem.status, problem.code], [status, status, code], said);
    t.is(response.headers.get("content-type"), "application/problem+json", said);
    t.regex(problem.detail, detail, said);
    const request = problem.instance.replace("urn:request:", "");
    t.true(
      log.some(({ reqId, msg }) => reqId === request && msg === "answered"),
      said,
    );
  }
});
