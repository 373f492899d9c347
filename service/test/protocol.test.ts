import { join } from "node:path";
import test from "ava";
import { train } from "reverse-distillation";
import { noise } from "../../test/js/support/image-fixtures.js";
import { good, png, TestModels } from "./support/models.js";
import { running, until, type Running } from "./support/running.js";

let models: TestModels;
test.before(async () => {
  models = await TestModels.make();
});
test.after.always(() => models?.remove());

interface Output {
  name: string;
  datatype: string;
  shape: number[];
  data?: number[];
  parameters?: { binary_data_size: number };
}

const json = async (response: Response) => (await response.json()) as Record<string, unknown>;

/** Sends JSON with the bytes of tensors behind it, as clients of the binary extension do: without a content type. */
async function inferBinary({ ask }: Running, request: object, tensors: readonly Uint8Array[]) {
  const header = Buffer.from(JSON.stringify(request));
  const response = await ask("/v2/models/part/infer", {
    method: "POST",
    headers: { "inference-header-content-length": String(header.length) },
    body: new Uint8Array(Buffer.concat([header, ...tensors])),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const length = Number(response.headers.get("inference-header-content-length") ?? bytes.length);
  const answer = JSON.parse(bytes.toString("utf8", 0, length)) as { outputs: Output[]; error?: string };
  return {
    status: response.status,
    answer,
    rest: bytes.subarray(length),
    type: response.headers.get("content-type"),
  };
}

function withLength(element: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(element.length);
  return Buffer.concat([length, element]);
}

test.serial("server, model and version describe themselves and their health", async (t) => {
  const { ask } = await running(t, models);
  const server = await json(await ask("/v2"));
  t.deepEqual([server.name, server.extensions], ["reverse-distillation", ["binary_tensor_data"]]);
  t.deepEqual(await json(await ask("/v2/health/live")), { live: true });
  t.deepEqual(await json(await ask("/v2/health/ready")), { ready: true });
  t.deepEqual(await json(await ask("/v2/models/part/ready")), { name: "part", ready: true });
  t.deepEqual(await json(await ask("/v2/models/part/versions/1")), {
    name: "part",
    versions: ["2", "1"],
    platform: "reverse-distillation_safetensors",
    inputs: [
      { name: "image", datatype: "BYTES", shape: [-1] },
      { name: "pixels", datatype: "UINT8", shape: [-1, -1, -1, -1] },
    ],
    outputs: [
      { name: "score", datatype: "FP32", shape: [-1] },
      { name: "map", datatype: "FP32", shape: [-1, 64, 64] },
      { name: "verdict", datatype: "BYTES", shape: [-1] },
      { name: "p_value", datatype: "FP64", shape: [-1] },
    ],
  });
  const missing = await ask("/v2/models/other/ready");
  const problem = await json(missing);
  t.deepEqual([missing.status, problem.error], [404, 'There is no model "other".']);
});

test.serial("images in JSON are scored, and all outputs come back in JSON", async (t) => {
  const { ask } = await running(t, models);
  const image = await png();
  const base64 = Buffer.from(image).toString("base64");
  const pixels = {
    name: "pixels",
    shape: [1, good.height, good.width, 3],
    datatype: "UINT8",
    data: [...good.data],
  };
  const expected = await models.detector.score(image);
  for (const input of [{ name: "image", shape: [1], datatype: "BYTES", data: [base64] }, pixels]) {
    const response = await ask("/v2/models/part/versions/2/infer", {
      method: "POST",
      body: JSON.stringify({ id: "0815", inputs: [input] }),
    });
    t.is(response.headers.get("content-type"), "application/json");
    const answer = await json(response);
    t.deepEqual([answer.id, answer.model_name, answer.model_version], ["0815", "part", "2"]);
    const [score, map, verdict, pValue] = answer.outputs as Output[];
    t.deepEqual([score!.name, score!.shape, score!.data], ["score", [1], [expected.score]]);
    t.deepEqual([map!.shape, map!.data], [[1, 64, 64], [...expected.map.data]]);
    t.deepEqual<unknown[], unknown[]>([verdict!.data, pValue!.data], [["reject"], [expected.pValue]]);
  }
});

test.serial("tensors travel as bytes, in and out", async (t) => {
  const service = await running(t, models);
  const image = await png();
  const element = withLength(image);
  const request = {
    parameters: { binary_data_output: true },
    inputs: [
      { name: "image", shape: [2], datatype: "BYTES", parameters: { binary_data_size: 2 * element.length } },
    ],
    outputs: [{ name: "verdict" }, { name: "map" }, { name: "score", parameters: { binary_data: false } }],
  };
  const { status, answer, rest, type } = await inferBinary(service, request, [element, element]);
  t.deepEqual([status, type], [200, "application/octet-stream"]);
  const [verdict, map, score] = answer.outputs;
  const expected = await models.detector.scoreBatch([image, image]);
  t.deepEqual([score!.shape, score!.data], [[2], expected.map((each) => each.score)]);
  t.deepEqual(
    [verdict!.parameters, map!.parameters],
    [{ binary_data_size: 20 }, { binary_data_size: 2 * 64 * 64 * 4 }],
  );
  t.deepEqual(
    rest.subarray(0, 20),
    Buffer.concat([withLength(Buffer.from("reject")), withLength(Buffer.from("reject"))]),
  );
  const maps = expected.map(({ map: { data } }) =>
    Buffer.from(data.buffer, data.byteOffset, data.byteLength),
  );
  t.deepEqual(rest.subarray(20), Buffer.concat(maps));

  const size = good.data.byteLength;
  const raw = {
    inputs: [
      {
        name: "pixels",
        shape: [1, good.height, good.width, 3],
        datatype: "UINT8",
        parameters: { binary_data_size: size },
      },
    ],
    outputs: [{ name: "score" }],
  };
  const pixels = await inferBinary(service, raw, [good.data as Uint8Array]);
  t.deepEqual(pixels.answer.outputs[0]!.data, [expected[0]!.score]);
});

test.serial("a request that is not whole or does not fit is refused in words", async (t) => {
  const service = await running(t, models, { queue: 4 });
  const input = { name: "image", shape: [1], datatype: "BYTES" };
  const cases: [request: object, tensors: Uint8Array[], error: RegExp][] = [
    [{ inputs: [] }, [], /not one for inference: \/inputs/],
    [{ inputs: [input] }, [], /neither data nor/],
    [{ inputs: [{ ...input, name: "other", data: [""] }] }, [], /Give one input/],
    [{ inputs: [{ ...input, datatype: "FP16", data: [""] }] }, [], /FP16/],
    [{ inputs: [{ ...input, shape: [5], data: [""] }] }, [], /from 1 to 4 images/],
    [{ inputs: [{ ...input, shape: [2], data: [""] }] }, [], /2 elements; got 1/],
    [{ inputs: [{ ...input, data: ["ü"] }] }, [], /base64/],
    [{ inputs: [{ ...input, parameters: { binary_data_size: 9 } }] }, [Buffer.alloc(8)], /at most 8/],
    [{ inputs: [{ ...input, parameters: { binary_data_size: 8 } }] }, [Buffer.alloc(8, 9)], /cut short/],
    [{ inputs: [{ ...input, data: ["AAAA"] }] }, [Buffer.alloc(8)], /8 bytes follow/],
    [{ inputs: [{ name: "pixels", shape: [1, 2, 2, 2], datatype: "UINT8", data: [1] }] }, [], /1, 3 or 4/],
    [
      { inputs: [{ name: "pixels", shape: [1, 2, 2, 1], datatype: "UINT8", data: [1, 2, 3] }] },
      [],
      /4 values; got 3/,
    ],
    [
      { inputs: [{ name: "pixels", shape: [1, 1, 1, 1], datatype: "UINT8", data: [256] }] },
      [],
      /from 0 to 255/,
    ],
    [
      {
        inputs: [{ ...input, data: [Buffer.from(await png()).toString("base64")] }],
        outputs: [{ name: "class" }],
      },
      [],
      /no output "class"; it has score, map, verdict, p_value/,
    ],
  ];
  for (const [request, tensors, error] of cases) {
    const { status, answer } = await inferBinary(service, request, tensors);
    t.is(status, 400, JSON.stringify(request));
    t.regex(answer.error!, error);
  }
  const cut = await service.ask("/v2/models/part/infer", { method: "POST", body: '{"inputs": [' });
  t.deepEqual([cut.status, /not JSON/.test(String((await json(cut)).error))], [400, true]);
  const image = { ...input, data: ["AAAA"] };
  const { status, answer } = await inferBinary(service, { inputs: [image] }, []);
  t.deepEqual([status, /encoded image of 3 bytes/.test(answer.error!)], [422, true]);
});

test.serial("the map of a model with tiles has the size of its image, and says so before", async (t) => {
  const { ask, folder } = await running(t, models);
  const images = [noise(96, 96, 3, 1), noise(130, 100, 3, 2)];
  const tiled = await train(images, { imageSize: 32, tiles: { size: 64 }, epochs: 1, device: "cpu" });
  const path = join(models.folder, "tiled.safetensors");
  await tiled.save(path);
  await tiled.dispose();
  await models.put(folder, "tiled", path);
  await until("the model serves", async () => (await ask("/v2/models/tiled/ready")).status === 200);
  const { outputs } = (await json(await ask("/v2/models/tiled"))) as { outputs: Output[] };
  t.deepEqual(outputs.find(({ name }) => name === "map")?.shape, [-1, -1, -1]);
  const pixels = { name: "pixels", datatype: "UINT8", shape: [1, 100, 130, 3], data: [...images[1]!.data] };
  const answer = await json(
    await ask("/v2/models/tiled/infer", { method: "POST", body: JSON.stringify({ inputs: [pixels] }) }),
  );
  const found = (answer.outputs as Output[]).find(({ name }) => name === "map");
  t.deepEqual(found?.shape, [1, 50, 65]);
});
