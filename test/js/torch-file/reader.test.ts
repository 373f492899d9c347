import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import type { ReverseDistillationError } from "../../../lib/errors/error.js";
import { SafetensorsFile } from "../../../lib/safetensors/reader.js";
import { TorchFile } from "../../../lib/torch-file/reader.js";
import { asStateDict } from "../../../lib/torch-file/state-dict.js";
import { sharedPath, testWithShared } from "../support/shared.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

const forms = ["zip", "zip-protocol-4", "zip64", "legacy", "legacy-protocol-4"] as const;

/** What torch-files.py saved. float16 and bfloat16 are given as bits. */
const expected: Record<string, [dtype: string, shape: number[], values: (number | bigint)[]]> = {
  matrix: ["F32", [3, 4], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
  transposed: ["F32", [4, 3], [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]],
  middle: ["F32", [4], [4, 5, 6, 7]],
  every_other_backwards_in_memory: ["F32", [2, 3], [1, 3, 5, 7, 9, 11]],
  channels_last: ["F32", [1, 2, 3, 4], Array.from({ length: 24 }, (_, i) => i)],
  parameter: ["F32", [2], [0.5, -2]],
  scalar: ["I64", [], [-7n]],
  empty: ["F32", [0, 3], []],
  float64: ["F64", [2], [1.5, -0.1]],
  float16: ["F16", [2], [0x3c00, 0xc000]],
  bfloat16: ["BF16", [2], [0x3f80, 0xc000]],
  int32: ["I32", [2], [1, -2]],
  uint8: ["U8", [2], [1, 3]],
};

function elements(dtype: string, { buffer, byteOffset, byteLength }: Uint8Array): (number | bigint)[] {
  const bytes = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
  const read = {
    F32: () => [...new Float32Array(bytes)],
    F64: () => [...new Float64Array(bytes)],
    F16: () => [...new Uint16Array(bytes)],
    BF16: () => [...new Uint16Array(bytes)],
    I64: () => [...new BigInt64Array(bytes)],
    I32: () => [...new Int32Array(bytes)],
    U8: () => [...new Uint8Array(bytes)],
  };
  return read[dtype as keyof typeof read]();
}

for (const form of forms) {
  test(`a state dict in the format ${form} is read: views, shared storages, parameters, every dtype`, async (t) => {
    const file = await TorchFile.open(fixture(`state-dict.${form}.pth`));
    const tensors = asStateDict(file.path, "its content", file.content);
    t.deepEqual([...tensors.keys()], [...Object.keys(expected), "bool"]);
    for (const [name, [dtype, shape, values]] of Object.entries(expected)) {
      const read = await file.read(name, tensors.get(name)!);
      t.is(read.name, name);
      t.deepEqual([read.dtype, read.shape, elements(dtype, read.data)], [dtype, shape, values], name);
    }
    await t.throwsAsync(file.read("bool", tensors.get("bool")!), {
      code: "INVALID_FILE",
      message: /contains the tensor "bool" with dtype BOOL; supported dtypes: F64, F32/,
    });
    await file.close();
  });

  test(`a file in the format ${form} is rejected wherever it is truncated`, async (t) => {
    const path = join(await temporaryFolder(t), "cut.pth");
    const whole = await readFile(fixture(`state-dict.${form}.pth`));
    for (let length = 0; length < whole.length; length += length < 64 ? 1 : 37) {
      await writeFile(path, whole.subarray(0, length));
      await t.throwsAsync(readAll(path), { code: "INVALID_FILE" }, `${length} bytes`);
    }
  });

  test(`a file in the format ${form} with damaged bytes is either read or rejected as INVALID_FILE`, async (t) => {
    const path = join(await temporaryFolder(t), "damaged.pth");
    const whole = await readFile(fixture(`state-dict.${form}.pth`));
    let state = 1;
    const random = (limit: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % limit;
    };
    let refused = 0;
    for (let round = 0; round < 200; round++) {
      const damaged = Buffer.from(whole);
      for (let flips = random(3); flips >= 0; flips--) damaged[random(damaged.length)] = random(256);
      await writeFile(path, damaged);
      try {
        await readAll(path);
      } catch (error) {
        t.is((error as ReverseDistillationError).code, "INVALID_FILE", String((error as Error).stack));
        refused++;
      }
    }
    t.true(refused > 20, `${refused} of 200 were rejected`);
  });
}

/** Opens a file and reads all tensors with a supported dtype. */
async function readAll(path: string): Promise<void> {
  const file = await TorchFile.open(path);
  try {
    const tensors = asStateDict(path, "its content", file.content);
    for (const [name, tensor] of tensors) if (tensor.dtype !== "BOOL") await file.read(name, tensor);
  } finally {
    await file.close();
  }
}

test("numbers of any size, text, None, lists, tuples, torch.Size and dtypes are read", async (t) => {
  const file = await TorchFile.open(fixture("values.zip.pth"));
  t.true(file.content instanceof Map);
  const content = file.content as Map<string, unknown>;
  t.deepEqual(content.get("plain"), [1, -2, 2 ** 40, 2n ** 70n, 3.5, null, true, [1, "two"]]);
  t.deepEqual(content.get("size"), [2, 3]);
  t.like(content.get("dtype"), { kind: "global", name: "torch.float32" });
  await file.close();
});

test("a whole module is rejected, and the error names its class and says what to do", async (t) => {
  await t.throwsAsync(TorchFile.open(fixture("module.zip.pth")), {
    code: "INVALID_FILE",
    message:
      /module\.zip\.pth asks for "torch\.nn\.modules\.linear\.Linear".*not allowed.*torch\.save\(model\.state_dict\(\), path\)/,
  });
});

test("the error for something that is not a state dict describes it in Python's terms", async (t) => {
  const file = await TorchFile.open(fixture("values.zip.pth"));
  const { content } = file;
  t.throws(() => asStateDict(file.path, "its content", content), {
    code: "INVALID_FILE",
    message: /its content must be a state dict.*but it maps 'plain' to a list/,
  });
  t.throws(() => asStateDict(file.path, 'its "bn"', undefined), {
    message: /its "bn" must be.*but it is missing/,
  });
  await file.close();
});

test("a missing file gives NOT_FOUND, and a file of another kind INVALID_FILE", async (t) => {
  const path = join(await temporaryFolder(t), "other.pth");
  await t.throwsAsync(TorchFile.open(path), { code: "NOT_FOUND" });
  await writeFile(path, "what is this?");
  await t.throwsAsync(TorchFile.open(path), {
    code: "INVALID_FILE",
    message: /was not written by PyTorch's torch\.save/,
  });
});

const weights = "weights/resnet18-imagenet1k-layers1-3";
testWithShared(`${weights}.pth`, `${weights}.safetensors`)(
  "real weights equal their safetensors version, tensor by tensor",
  async (t) => {
    const torch = await TorchFile.open(sharedPath(`${weights}.pth`)!);
    const safetensors = await SafetensorsFile.open(sharedPath(`${weights}.safetensors`)!);
    const tensors = asStateDict(torch.path, "its content", torch.content);
    t.is(tensors.size, 90);
    t.deepEqual([...tensors.keys()].sort(), [...safetensors.tensors.keys()].sort());
    for (const [name, tensor] of tensors) {
      const [a, b] = [await torch.read(name, tensor), await safetensors.read(safetensors.tensors.get(name)!)];
      t.deepEqual([a.dtype, a.shape], [b.dtype, b.shape], name);
      t.is(Buffer.compare(a.data, b.data), 0, name);
    }
    await torch.close();
    await safetensors.close();
  },
);
