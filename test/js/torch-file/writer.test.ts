import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { crc32 } from "../../../lib/files/crc32.js";
import type { NamedTensor } from "../../../lib/tensor/named-tensor.js";
import { TorchFile } from "../../../lib/torch-file/reader.js";
import { asStateDict } from "../../../lib/torch-file/state-dict.js";
import type { PickleMap } from "../../../lib/torch-file/values.js";
import { writeTorchFile } from "../../../lib/torch-file/writer.js";
import { runPython, testWithTorch } from "../support/python.js";
import { temporaryFolder } from "../support/temporary-folder.js";

function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

const stateDicts: Record<string, NamedTensor[]> = {
  bn: [
    { name: "conv1.weight", dtype: "F32", shape: [2, 3], data: bytesOf(Float32Array.of(1, 2, 3, 4, 5, 6)) },
    { name: "bn1.num_batches_tracked", dtype: "I64", shape: [], data: bytesOf(BigInt64Array.of(7n)) },
    { name: "größe", dtype: "U8", shape: [1, 1, 3], data: Uint8Array.of(1, 2, 255) },
  ],
  decoder: [
    { name: "half", dtype: "F16", shape: [1], data: bytesOf(Uint16Array.of(0x3c00)) },
    { name: "brain", dtype: "BF16", shape: [1], data: bytesOf(Uint16Array.of(0x3f80)) },
    { name: "double", dtype: "F64", shape: [1], data: bytesOf(Float64Array.of(-0.1)) },
    { name: "int", dtype: "I32", shape: [2], data: bytesOf(Int32Array.of(-1, 2)) },
    { name: "none", dtype: "F32", shape: [0, 4], data: new Uint8Array(0) },
  ],
  empty: [],
};

test("written state dicts are read back unchanged", async (t) => {
  const path = join(await temporaryFolder(t), "written.pth");
  await writeTorchFile(path, stateDicts);
  const file = await TorchFile.open(path);
  t.deepEqual([...(file.content as PickleMap).keys()], Object.keys(stateDicts));
  for (const [key, tensors] of Object.entries(stateDicts)) {
    const found = asStateDict(path, key, (file.content as PickleMap).get(key));
    t.deepEqual(
      [...found.keys()],
      tensors.map(({ name }) => name),
    );
    for (const tensor of tensors) {
      const read = await file.read(tensor.name, found.get(tensor.name)!);
      t.deepEqual({ ...read, data: [...read.data] }, { ...tensor, data: [...tensor.data] });
    }
  }
  await file.close();
});

test("storages start at multiples of 64 bytes", async (t) => {
  const path = join(await temporaryFolder(t), "aligned.pth");
  const data = Buffer.from("a storage that is easily found");
  const tensor: NamedTensor = { name: "x", dtype: "U8", shape: [data.length], data };
  await writeTorchFile(path, { a: [tensor, { ...tensor, name: "y" }] });
  const bytes = await readFile(path);
  const first = bytes.indexOf(data);
  const second = bytes.indexOf(data, first + 1);
  t.true(first > 0 && second > first);
  t.deepEqual([first % 64, second % 64], [0, 0]);
});

test("an aborted write leaves the old file and nothing else", async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, "kept.pth");
  await writeFile(path, "before");
  await t.throwsAsync(writeTorchFile(path, stateDicts, AbortSignal.abort()), { code: "ABORTED" });
  t.is(await readFile(path, "utf8"), "before");
  t.deepEqual(await readdir(folder), ["kept.pth"]);
  await t.throwsAsync(writeTorchFile(join(folder, "none", "x.pth"), stateDicts), { code: "NOT_FOUND" });
});

test("the checksum is CRC-32, computed at once or in parts", (t) => {
  t.is(crc32(Buffer.from("123456789")), 0xcbf43926);
  t.is(crc32(Buffer.from("6789"), crc32(Buffer.from("12345"))), 0xcbf43926);
  t.is(crc32(new Uint8Array(0)), 0);
});

testWithTorch()("Python reads the file with weights_only, and finds the archive intact", async (t) => {
  const path = join(await temporaryFolder(t), "python.pth");
  await writeTorchFile(path, stateDicts);
  const script = `
import json, sys, zipfile, torch
content = torch.load(sys.argv[1], weights_only=True)
print(json.dumps({
    "damaged": zipfile.ZipFile(sys.argv[1]).testzip(),
    "types": [type(content).__name__, type(content["bn"]).__name__],
    "tensors": {key: {name: [str(x.dtype), list(x.shape), x.tolist()] for name, x in part.items()} for key, part in content.items()},
}))`;
  t.deepEqual(runPython(script, path), {
    damaged: null,
    types: ["dict", "OrderedDict"],
    tensors: {
      bn: {
        "conv1.weight": [
          "torch.float32",
          [2, 3],
          [
            [1, 2, 3],
            [4, 5, 6],
          ],
        ],
        "bn1.num_batches_tracked": ["torch.int64", [], 7],
        größe: ["torch.uint8", [1, 1, 3], [[[1, 2, 255]]]],
      },
      decoder: {
        half: ["torch.float16", [1], [1]],
        brain: ["torch.bfloat16", [1], [1]],
        double: ["torch.float64", [1], [-0.1]],
        int: ["torch.int32", [2], [-1, 2]],
        none: ["torch.float32", [0, 4], []],
      },
      empty: {},
    },
  });
});
