import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { SafetensorsFile } from "../../../lib/safetensors/reader.js";
import { writeSafetensors } from "../../../lib/safetensors/writer.js";
import type { NamedTensor } from "../../../lib/tensor/named-tensor.js";
import { rejects } from "../support/rejection.js";

const folder = mkdtempSync(join(tmpdir(), "safetensors-"));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
const newPath = () => join(folder, `${files++}.safetensors`);

/** Writes a file with this header (text and bytes are written as they are) and this many bytes of tensor data. */
function fileOf(header: unknown, dataLength: number): string {
  const written = typeof header === "string" || Buffer.isBuffer(header);
  const json = Buffer.from(written ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(json.length));
  const path = newPath();
  writeFileSync(path, Buffer.concat([prefix, json, Buffer.alloc(dataLength, 7)]));
  return path;
}

const one = { dtype: "U8", shape: [4], data_offsets: [0, 4] };

test("a file written by Python's safetensors is read", async (t) => {
  // save_file({"a": arange(3, dtype=float32), "b": tensor(3)}, path, {"x": "é"}), safetensors 0.8.0
  const bytes =
    "iAAAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJ4Ijoiw6kifSwiYiI6eyJkdHlwZSI6Ikk2NCIsInNoYXBlIjpbXSwiZGF0YV9vZmZzZXRz" +
    "IjpbMCw4XX0sImEiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzNdLCJkYXRhX29mZnNldHMiOls4LDIwXX19ICAgAwAAAAAAAAAAAAAA" +
    "AACAPwAAAEA=";
  const path = newPath();
  writeFileSync(path, Buffer.from(bytes, "base64"));
  const file = await SafetensorsFile.open(path);
  t.deepEqual({ ...file.metadata }, { x: "é" });
  t.deepEqual([...file.tensors.keys()], ["b", "a"]);
  const b = await file.read(file.tensors.get("b")!);
  t.deepEqual([b.dtype, b.shape, new BigInt64Array(b.data.buffer as ArrayBuffer)[0]], ["I64", [], 3n]);
  const a = await file.read(file.tensors.get("a")!);
  t.deepEqual({ dtype: a.dtype, shape: a.shape }, { dtype: "F32", shape: [3] });
  t.deepEqual([...new Float32Array(a.data.buffer as ArrayBuffer)], [0, 1, 2]);
  await file.close();
});

test("written files are read back unchanged: values, shapes, metadata, empty and scalar tensors", async (t) => {
  const tensors: NamedTensor[] = [
    { name: "odd", dtype: "U8", shape: [3], data: Uint8Array.of(1, 2, 3) },
    { name: "wide", dtype: "F32", shape: [2, 1], data: new Uint8Array(Float32Array.of(0.5, -2).buffer) },
    { name: "count", dtype: "I64", shape: [], data: new Uint8Array(BigInt64Array.of(-7n).buffer) },
    { name: "empty", dtype: "F16", shape: [0, 5], data: new Uint8Array(0) },
    { name: "__proto__", dtype: "U8", shape: [1], data: Uint8Array.of(9) },
  ];
  const path = newPath();
  await writeSafetensors(path, tensors, { key: 'a "quoted" é' });
  const file = await SafetensorsFile.open(path);
  t.is(file.metadata.key, 'a "quoted" é');
  for (const { name, dtype, shape, data } of tensors) {
    const read = await file.read(file.tensors.get(name)!);
    t.deepEqual({ ...read, data: [...read.data] }, { name, dtype, shape, data: [...data] });
  }
  await file.close();
  t.is((readFileSync(path).readUInt32LE(0) + 8) % 8, 0, "the data starts at a multiple of 8 bytes");
  const offsets = [...file.tensors.values()].map(({ name, offset }) => [name, offset % 8]);
  t.deepEqual(offsets.slice(0, 2), [
    ["count", 0],
    ["wide", 0],
  ]);
});

test("a truncated file is rejected, and the error gives the expected and the actual size", async (t) => {
  const path = fileOf({ t: { dtype: "F32", shape: [10], data_offsets: [0, 40] } }, 30);
  const full = readFileSync(path).length + 10;
  await rejects(
    t,
    SafetensorsFile.open(path),
    "INVALID_FILE",
    new RegExp(`should have ${full} bytes but has ${full - 10}`),
  );
});

test("a truncated, overlong or missing header is rejected", async (t) => {
  const path = newPath();
  const whole = readFileSync(fileOf({ t: one }, 4));
  writeFileSync(path, whole.subarray(0, 20));
  await rejects(t, SafetensorsFile.open(path), "INVALID_FILE", /is truncated/);
  writeFileSync(path, whole.subarray(0, 5));
  await rejects(t, SafetensorsFile.open(path), "INVALID_FILE", /has only 5 bytes/);
  writeFileSync(path, "");
  await rejects(t, SafetensorsFile.open(path), "INVALID_FILE", /is empty/);
  writeFileSync(path, Buffer.alloc(100, 255));
  await rejects(t, SafetensorsFile.open(path), "INVALID_FILE", /not a safetensors file/);
  writeFileSync(path, Buffer.concat([Buffer.from("PK\x03\x04"), Buffer.alloc(50)]));
  await rejects(t, SafetensorsFile.open(path), "INVALID_FILE", /zip archive/);
});

test("a key of millions of escapes is read without overflowing the stack", async (t) => {
  const key = "\\u0061".repeat(4_000_000);
  await rejects(
    t,
    SafetensorsFile.open(fileOf(`{"${key}":1}`, 0)),
    "INVALID_FILE",
    /is not described by an object/,
  );
});

test("a header of more parts than any file of weights needs is refused before they are built", async (t) => {
  const tensors = Array.from(
    { length: 200_000 },
    (_, i) => `"t${i}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`,
  );
  const path = fileOf(`{${tensors.join(",")}}`, 0);
  await rejects(t, SafetensorsFile.open(path), "INVALID_FILE", /its header has more than 500000 parts/);
  const deep = fileOf(`{"a":${"[".repeat(600_000)}${"]".repeat(600_000)}}`, 0);
  await rejects(t, SafetensorsFile.open(deep), "INVALID_FILE", /its header has more than 500000 parts/);
});

test("timers run while a long header is read, and the signal ends it", async (t) => {
  const tensors = Array.from(
    { length: 60_000 },
    (_, i) => `"t${i}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`,
  );
  const path = fileOf(`{${tensors.join(",")}}`, 0);
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await (await SafetensorsFile.open(path)).close();
  clearInterval(timer);
  t.true(turns > 3, `${turns} turns`);
  const controller = new AbortController();
  const opening = SafetensorsFile.open(path, controller.signal);
  setTimeout(() => controller.abort(), 5);
  await rejects(t, opening, "ABORTED");
});

test("the signal of an open file ends the reading of its tensors", async (t) => {
  const controller = new AbortController();
  const file = await SafetensorsFile.open(fileOf({ t: one }, 4), controller.signal);
  controller.abort();
  await rejects(t, file.read(file.tensors.get("t")!), "ABORTED");
  await file.close();
});

const damaged: [title: string, header: unknown, dataLength: number, message: RegExp][] = [
  ["invalid JSON", "{nonsense", 0, /not valid JSON/],
  ["an array", "[]", 0, /not a JSON object/],
  ["bytes that are not UTF-8", Buffer.from('{"\xff":1}', "latin1"), 0, /not valid JSON/],
  [
    "a duplicate name",
    `{"t":${JSON.stringify(one)},"\\u0074":${JSON.stringify(one)}}`,
    4,
    /the key 't' more than once/,
  ],
  ["metadata that is not strings", { __metadata__: { a: 1 } }, 0, /metadata .* strings/],
  ["a tensor that is not an object", { t: 3 }, 0, /'t' is not described/],
  [
    "an unknown dtype",
    { t: { ...one, dtype: "F12" } },
    4,
    /'t' has the unknown dtype 'F12'; known dtypes: BOOL, U8/,
  ],
  [
    "a dtype named like a method of objects",
    { t: { ...one, dtype: "constructor" } },
    4,
    /has the unknown dtype/,
  ],
  ["a negative length", { t: { ...one, shape: [-4] } }, 4, /has the shape/],
  ["a fractional length", { t: { ...one, shape: [1.5] } }, 4, /has the shape/],
  ["one offset", { t: { ...one, data_offsets: [0] } }, 4, /has the offsets/],
  ["offsets that disagree with the shape", { t: { ...one, shape: [5] } }, 4, /needs 5 bytes .* has 4/],
  ["tensors that overlap", { t: one, u: { ...one, data_offsets: [2, 6] } }, 6, /'u' overlaps/],
  ["a gap between tensors", { t: one, u: { ...one, data_offsets: [5, 9] } }, 9, /'u' leaves a gap/],
  ["a gap at the start", { t: { ...one, data_offsets: [1, 5] } }, 5, /'t' leaves a gap/],
  ["bytes that belong to no tensor", { t: one }, 5, /tensors end at byte/],
];
for (const [title, header, dataLength, message] of damaged) {
  test(`a header with ${title} is rejected`, async (t) => {
    await rejects(t, SafetensorsFile.open(fileOf(header, dataLength)), "INVALID_FILE", message);
  });
}

test("a valid but unsupported dtype is rejected when the tensor is read, not before", async (t) => {
  const file = await SafetensorsFile.open(fileOf({ t: { ...one, dtype: "F8_E4M3" } }, 4));
  await rejects(
    t,
    file.read(file.tensors.get("t")!),
    "INVALID_FILE",
    /contains the tensor "t" with dtype F8_E4M3; supported dtypes: F64, F32/,
  );
  await file.close();
});

test("a missing file gives NOT_FOUND, and a folder IO", async (t) => {
  await rejects(t, SafetensorsFile.open(newPath()), "NOT_FOUND", /no such file/);
  await rejects(t, SafetensorsFile.open(folder), "IO", /folder/);
});

test("a failed write leaves the old file and nothing else", async (t) => {
  const own = mkdtempSync(join(folder, "own-"));
  const path = join(own, "model.safetensors");
  writeFileSync(path, "old");
  const data = Uint8Array.of(1);
  const signal = AbortSignal.abort(new Error("enough"));
  await rejects(
    t,
    writeSafetensors(path, [{ name: "t", dtype: "U8", shape: [1], data }], {}, signal),
    "ABORTED",
    /enough/,
  );
  await rejects(t, writeSafetensors(path, [{ name: "t", dtype: "U8", shape: [2], data }], {}), "INTERNAL");
  t.deepEqual(readdirSync(own), ["model.safetensors"]);
  t.is(readFileSync(path, "utf8"), "old");
  await rejects(
    t,
    writeSafetensors(join(own, "none", "x"), [], {}),
    "NOT_FOUND",
    /the folder .*none does not exist/,
  );
  await rejects(t, writeSafetensors(own, [], {}), "INVALID_ARGUMENT", /is a folder/);
});
