import test from "ava";
import type { Inspection } from "../lib/http/inspection.js";
import { png, TestModels } from "./support/models.js";
import { running } from "./support/running.js";

let models: TestModels;
test.before(async () => {
  models = await TestModels.make();
});
test.after.always(() => models?.remove());

interface Document {
  openapi: string;
  paths: Record<string, Record<string, { summary?: string; responses?: Record<string, unknown> }>>;
}

test.serial("the OpenAPI document has every route, and each says what it answers", async (t) => {
  const { ask, service } = await running(t, models);
  const document = (await (await ask("/openapi.json")).json()) as Document;
  t.regex(document.openapi, /^3\./);
  const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      t.truthy(operation.summary, `${method} ${path}`);
      t.true(Object.keys(operation.responses ?? {}).includes("200"), `${method} ${path}`);
      return `${method.toUpperCase()} ${path}`;
    }),
  );
  const routes = service.routes.map(({ method, url }) => `${method} ${url.replaceAll(/:(\w+)/g, "{$1}")}`);
  t.deepEqual(documented.sort(), routes.sort());
  t.true(routes.includes("POST /v2/models/{name}/versions/{version}/infer"));
});

test.serial("metrics count requests, verdicts, problems and times by stage", async (t) => {
  const { ask } = await running(t, models);
  const image = await png();
  for (let i = 0; i < 3; i++) await ask("/models/part/inspect", { method: "POST", body: image });
  const overlay = await ask("/models/part/versions/1/inspect", {
    method: "POST",
    body: image,
    headers: { accept: "image/png" },
  });
  await overlay.arrayBuffer();
  await ask("/models/other/inspect", { method: "POST", body: image });
  const response = await ask("/metrics");
  t.regex(response.headers.get("content-type")!, /^text\/plain; version=0\.0\.4/);
  const lines = (await response.text()).split("\n");
  const has = (line: string) => t.true(lines.includes(line), `${line} among\n${lines.join("\n")}`);
  has('inspection_verdicts_total{model="part",version="2",verdict="reject"} 3');
  has('inspection_verdicts_total{model="part",version="1",verdict="accept"} 1');
  has('inspection_problems_total{code="MODEL_NOT_FOUND"} 1');
  has('inspection_stage_seconds_count{stage="score",model="part"} 4');
  has('inspection_stage_seconds_count{stage="draw",model="part"} 1');
  has('inspection_requests_seconds_count{method="POST",route="/models/:name/inspect",status="200"} 3');
  has('inspection_score_count{model="part",version="2"} 3');
  has('inspection_p_value_count{model="part",version="2"} 3');
  has('inspection_model_serving{model="part",version="2"} 1');
  has('inspection_model_serving{model="part",version="1"} 0');
  has('inspection_unfinished_images{model="part",version="2"} 0');
  t.true(lines.some((line) => line.startsWith("nodejs_eventloop_lag_seconds ")));
  t.true(lines.some((line) => line.startsWith("process_resident_memory_bytes ")));
});

test.serial("drift is answered and counted", async (t) => {
  const { ask } = await running(t, models);
  const image = await png();
  let last: Inspection | undefined;
  for (let i = 0; i < 60 && !last?.drift; i++) {
    const response = await ask("/models/part/inspect", { method: "POST", body: image });
    last = (await response.json()) as Inspection;
  }
  t.deepEqual(last!.drift, { of: "rejects", direction: "higher" });
  const text = await (await ask("/metrics")).text();
  t.true(text.includes('inspection_drift{model="part",version="2",of="rejects"} 1'), text);
});
