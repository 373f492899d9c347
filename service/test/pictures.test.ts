import { join } from "node:path";
import test from "ava";
import sharp from "sharp";
import { temporaryFolder } from "../../test/js/support/temporary-folder.js";
import type { PartsBody } from "../lib/http/bodies/part.js";
import { png, TestModels } from "./support/models.js";
import { running } from "./support/running.js";
import { testWithSqlite } from "./support/with-sqlite.js";

const testOfStore = testWithSqlite();

/** A smooth image, which WebP keeps nearly as it is. */
const [width, height] = [64, 48];
const smooth = Uint8Array.from(
  { length: width * height * 3 },
  (_, at) => (at % (width * 3)) + Math.floor(at / (width * 3)),
);

let models: TestModels;
test.before(async () => {
  models = await TestModels.make();
});
test.after.always(() => models?.remove());

testOfStore(
  "a kept image is drawn for browsers whatever its format, and its map is that of the score",
  async (t) => {
    const { ask } = await running(t, models, { store: join(await temporaryFolder(t), "store") });
    const inspected = await ask(`/models/part/inspect?width=${width}&height=${height}&channels=3`, {
      method: "POST",
      body: smooth,
      headers: { "content-type": "application/octet-stream" },
    });
    const { id, score } = (await inspected.json()) as { id: string; score: number };
    t.is((await ask(`/parts/${id}/image`)).headers.get("content-type"), "image/x-portable-anymap");
    const response = await ask(`/parts/${id}/picture`);
    t.is(response.headers.get("content-type"), "image/webp");
    t.is(response.headers.get("image-size"), `${width} ${height}`);
    const { data } = await sharp(await response.arrayBuffer())
      .raw()
      .toBuffer({ resolveWithObject: true });
    const difference = smooth.reduce((sum, value, index) => sum + Math.abs(value - data[index]!), 0);
    // WebP loses some of the noise, and a map that covered it would change far more.
    t.true(difference / data.length < 40, String(difference / data.length));
    const small = await sharp(await (await ask(`/parts/${id}/picture?side=16`)).arrayBuffer()).metadata();
    t.deepEqual([small.width, small.height], [16, 12]);

    const map = await ask(`/parts/${id}/map`);
    t.is(map.headers.get("content-type"), "application/x-npy");
    t.is(map.headers.get("map-part"), "0 0 1 1");
    t.is(Number(map.headers.get("map-scale-end")), 1.5 * models.detector.thresholds!.reject);
    const values = new Float32Array((await map.arrayBuffer()).slice(128));
    t.is(values.length, 64 * 64);
    t.true(Math.abs(Math.max(...values) - score) < 1e-6);
    t.is((await ask(`/parts/${id}/picture?side=9`)).status, 400);
    t.is((await ask("/parts/other/map")).status, 404);
  },
);

testOfStore(
  "parts are filtered by several verdicts, and by whether their reviewer finds them good",
  async (t) => {
    const { ask } = await running(t, models, { store: join(await temporaryFolder(t), "store") });
    const image = await png();
    const inspect = async (version: number) => {
      const path = `/models/part/versions/${version}/inspect`;
      return ((await (await ask(path, { method: "POST", body: image })).json()) as { id: string }).id;
    };
    const review = (id: string, decision: string) =>
      ask(`/parts/${id}/review`, {
        method: "PUT",
        body: JSON.stringify({ decision }),
        headers: { "content-type": "application/json" },
      });
    const accepted = await inspect(1);
    const [overruled, confirmed, open] = [await inspect(2), await inspect(2), await inspect(2)];
    await review(overruled, "overrule");
    await review(confirmed, "confirm");
    await review(accepted, "overrule");
    const list = async (query: string) =>
      ((await (await ask(`/parts?${query}`)).json()) as PartsBody).parts.map(({ id }) => id);
    t.deepEqual(await list("verdict=review&verdict=reject&reviewed=false"), [open]);
    t.deepEqual(await list("verdict=accept&verdict=none"), [accepted]);
    t.deepEqual(await list("good=true"), [overruled]);
    t.deepEqual(await list("good=false"), [confirmed, accepted]);
    t.is((await ask("/parts?verdict=review&verdict=bad")).status, 400);
  },
);
