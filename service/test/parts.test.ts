import { join } from "node:path";
import test from "ava";
import { temporaryFolder } from "../../test/js/support/temporary-folder.js";
import { addToken } from "../lib/access/tokens.js";
import type { Inspection } from "../lib/http/inspection.js";
import { png, TestModels } from "./support/models.js";
import { running } from "./support/running.js";
import { testWithSqlite } from "./support/with-sqlite.js";

const testOfStore = testWithSqlite();

let models: TestModels;
test.before(async () => {
  models = await TestModels.make();
});
test.after.always(() => models?.remove());

interface PartBody {
  id: string;
  verdict: string;
  station: string | null;
  review: { decision: string; good: boolean; by: string | null } | null;
}
interface Page {
  parts: PartBody[];
  next: string | null;
}

testOfStore("parts are listed by page and filter, fetched with their image, and kept", async (t) => {
  const store = join(await temporaryFolder(t), "store");
  const first = await running(t, models, { store });
  const image = await png();
  const inspect = async (path: string) =>
    (await (await first.ask(path, { method: "POST", body: image })).json()) as Inspection;
  const rejected: Inspection[] = [];
  for (let i = 0; i < 3; i++) rejected.push(await inspect("/models/part/inspect?station=line-3"));
  const accepted = await inspect("/models/part/versions/1/inspect");
  const infer = await first.ask("/v2/models/part/infer", {
    method: "POST",
    body: JSON.stringify({
      inputs: [
        { name: "image", datatype: "BYTES", shape: [1], data: [Buffer.from(image).toString("base64")] },
      ],
      outputs: [{ name: "score" }],
    }),
  });
  t.is(infer.status, 200);
  await first.service.close();

  const { ask } = await running(t, models, { store });
  const list = async (query: string) => (await (await ask(`/parts?${query}`)).json()) as Page;
  const all = await list("");
  t.is(all.parts.length, 5);
  t.deepEqual(
    all.parts.slice(1).map(({ id }) => id),
    [accepted, ...rejected.toReversed()].map(({ id }) => id),
  );
  const pages = [await list("limit=2")];
  while (pages.at(-1)!.next !== null) pages.push(await list(`limit=2&cursor=${pages.at(-1)!.next}`));
  t.deepEqual(
    pages.map(({ parts }) => parts.length),
    [2, 2, 1],
  );
  t.deepEqual(
    pages.flatMap(({ parts }) => parts),
    all.parts,
  );
  const counts: [query: string, count: number][] = [
    ["verdict=reject", 4],
    ["verdict=accept&model=part", 1],
    ["model=other", 0],
    ["version=1", 1],
    ["station=line-3", 3],
    ["verdict=none", 0],
    ["reviewed=true", 0],
    [`from=${new Date(Date.now() - 60_000).toISOString()}`, 5],
    [`to=${new Date(Date.now() - 60_000).toISOString()}`, 0],
  ];
  for (const [query, count] of counts) t.is((await list(query)).parts.length, count, query);

  const [{ id, model, version, verdict, score, pValue, regions }] = rejected as [Inspection];
  const part = (await (await ask(`/parts/${id}`)).json()) as Record<string, unknown>;
  t.like(part, {
    id,
    model,
    version,
    verdict,
    score,
    pValue,
    regions,
    station: "line-3",
    image: "image/png",
  });
  const fetched = await ask(`/parts/${id}/image`);
  t.is(fetched.headers.get("content-type"), "image/png");
  t.is(fetched.headers.get("x-content-type-options"), "nosniff");
  t.deepEqual(new Uint8Array(await fetched.arrayBuffer()), image);
});

testOfStore("a reviewer confirms or overrules, by the name of the token", async (t) => {
  const folder = await temporaryFolder(t);
  const file = join(folder, "tokens");
  const tokens = {
    line: await addToken(file, { role: "inspect", name: "line-3" }),
    zoe: await addToken(file, { role: "review", name: "zoe" }),
  };
  const { ask } = await running(t, models, { store: join(folder, "store"), tokens: file });
  const as = (
    token: string,
    init: Omit<RequestInit, "headers"> & { headers?: Record<string, string> } = {},
  ) => ({
    ...init,
    headers: { ...init.headers, authorization: `Bearer ${token}` },
  });
  const inspected = await ask("/models/part/inspect", as(tokens.line, { method: "POST", body: await png() }));
  const { id } = (await inspected.json()) as Inspection;
  const review = (decision: string, token: string) =>
    ask(
      `/parts/${id}/review`,
      as(token, {
        method: "PUT",
        body: JSON.stringify({ decision }),
        headers: { "content-type": "application/json" },
      }),
    );
  t.is((await review("overrule", tokens.line)).status, 403);
  t.is((await review("shrug", tokens.zoe)).status, 400);
  const response = await review("overrule", tokens.zoe);
  t.is(response.status, 200);
  t.like(((await response.json()) as PartBody).review, { decision: "overrule", good: true, by: "zoe" });
  await review("confirm", tokens.zoe);
  const part = (await (await ask(`/parts/${id}`, as(tokens.zoe))).json()) as PartBody;
  t.like(part, { station: "line-3", review: { decision: "confirm", good: false, by: "zoe" } });
});

testOfStore("what is not there is answered with a code", async (t) => {
  const { ask } = await running(t, models, { store: join(await temporaryFolder(t), "store") });
  const accepted = await ask("/models/part/versions/1/inspect", { method: "POST", body: await png() });
  const { id } = (await accepted.json()) as Inspection;
  const cases: [path: string, status: number, code: string][] = [
    ["/parts/other", 404, "PART_NOT_FOUND"],
    ["/parts/..%2f..%2fparts.sqlite/image", 404, "PART_NOT_FOUND"],
    [`/parts/${id}/image`, 404, "IMAGE_NOT_KEPT"],
    ["/parts?cursor=x", 400, "INVALID_REQUEST"],
    ["/parts?limit=0", 400, "INVALID_REQUEST"],
    ["/parts?from=yesterday", 400, "INVALID_REQUEST"],
    ["/parts?verdict=bad", 400, "INVALID_REQUEST"],
  ];
  for (const [path, status, code] of cases) {
    const response = await ask(path);
    t.deepEqual([response.status, ((await response.json()) as { code: string }).code], [status, code], path);
  }
  const without = await running(t, models);
  t.is(((await (await without.ask("/parts")).json()) as { code: string }).code, "RESULTS_NOT_KEPT");
});
