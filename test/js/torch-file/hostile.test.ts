import { existsSync } from "node:fs";
import { open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { TorchFile } from "../../../lib/torch-file/reader.js";
import { ZipWriter } from "../../../lib/torch-file/zip-writer.js";
import * as p from "../support/pickles.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** Writes an archive with these entries. */
async function archive(
  t: ExecutionContext,
  ...entries: [name: string, content: Uint8Array | string][]
): Promise<string> {
  const path = join(await temporaryFolder(t), "hostile.pth");
  const file = await open(path, "wx");
  const zip = new ZipWriter(file, 64);
  for (const [name, content] of entries) await zip.add(name, Buffer.from(content));
  await zip.finish();
  await file.close();
  return path;
}

/** Writes a pickle, and a storage "0" of sixteen float32 zeros. */
const withPickle = (t: ExecutionContext, ...parts: Buffer[]) =>
  archive(t, ["archive/data.pkl", p.pickle(...parts)], ["archive/data/0", Buffer.alloc(64)]);

async function refused(t: ExecutionContext, path: string, message: RegExp): Promise<void> {
  await t.throwsAsync(TorchFile.open(path), { code: "INVALID_FILE", message });
}

const sixteen = p.storage("0", 16);

test("a pickle that would run a command is rejected by the name of what it calls, and runs nothing", async (t) => {
  const trace = join(await temporaryFolder(t), "trace");
  const attacks: [module: string, name: string][] = [
    ["os", "system"],
    ["posix", "system"],
    ["builtins", "eval"],
    ["subprocess", "Popen"],
    ["torch.hub", "load"],
    ["torch._utils", "__proto__"],
  ];
  for (const [module, name] of attacks) {
    const call = [p.global(module, name), p.tupleOf(p.text(`touch ${trace}`)), p.reduce];
    const full = `${module}.${name}`.replaceAll(".", "\\.");
    await refused(t, await withPickle(t, ...call), new RegExp(`asks for "${full}", which is not allowed`));
  }
  t.false(existsSync(trace));
});

test("the legacy format rejects it as well, in each of its pickles", async (t) => {
  const path = join(await temporaryFolder(t), "hostile.pth");
  const magic = p.pickle(Buffer.from("8a0a6cfc9c46f9206aa85019", "hex"));
  const attack = p.pickle(p.global("os", "system"), p.tupleOf(p.text("true")), p.reduce);
  const version = p.pickle(p.integer(1001));
  for (const before of [[magic], [magic, version], [magic, version, p.pickle(p.emptyDict)]]) {
    await writeFile(path, Buffer.concat([...before, attack]));
    await refused(t, path, /asks for "os\.system"/);
  }
  await writeFile(path, Buffer.concat([magic, p.pickle(p.integer(1002))]));
  await refused(t, path, /has version 1002 of PyTorch's legacy format; supported: 1001/);
});

test("instructions that build other objects are rejected by their opcode", async (t) => {
  await refused(t, await withPickle(t, Buffer.from("\x81", "latin1")), /pickle instruction 0x81/);
  await refused(t, await withPickle(t, Buffer.from("i")), /pickle instruction 0x69/);
});

test("allowed functions can only be called the way PyTorch calls them", async (t) => {
  const cases: [Buffer[], RegExp][] = [
    [[p.global("torch", "FloatStorage"), p.emptyTuple, p.reduce], /calls torch\.FloatStorage/],
    [
      [p.global("collections", "OrderedDict"), p.tupleOf(p.emptyList), p.reduce],
      /OrderedDict in a form that PyTorch does not write/,
    ],
    [[p.global("torch._utils", "_rebuild_tensor_v2"), p.emptyTuple, p.reduce], /contains a malformed tensor/],
    [
      [p.global("torch._utils", "_rebuild_parameter"), p.tupleOf(p.integer(1)), p.reduce],
      /contains a malformed parameter/,
    ],
    [[p.global("torch", "Size"), p.tupleOf(p.text("x")), p.reduce], /contains a malformed torch\.Size/],
    [[p.text("os.system"), p.emptyTuple, p.reduce], /calls something that cannot be called/],
    [[p.text("x"), p.persistentId], /refers to something that is not a storage/],
    [[p.storage("0", 16, p.text("torch.FloatStorage"))], /contains a malformed storage/],
    [[p.storage("0", -1)], /contains a malformed storage/],
  ];
  for (const [parts, message] of cases) await refused(t, await withPickle(t, ...parts), message);
});

test("tensors that reach beyond their storage are rejected, whatever the numbers", async (t) => {
  const huge = 2n ** 62n;
  const cases: Parameters<typeof p.tensor>[0][] = [
    { storage: sixteen, shape: [17], stride: [1] },
    { storage: sixteen, shape: [4], stride: [1], offset: 13 },
    { storage: sixteen, shape: [2], stride: [16] },
    { storage: sixteen, shape: [0], stride: [1], offset: 17 },
    { storage: sixteen, shape: [2, 2], stride: [2 ** 52, 2 ** 52] },
    { storage: sixteen, shape: [2 ** 52, 2 ** 52], stride: [2 ** 52, 2 ** 52] },
    { storage: sixteen, shape: [4, 4], stride: [4] },
    {
      storage: sixteen,
      shape: Array.from({ length: 65 }, () => 1),
      stride: Array.from({ length: 65 }, () => 1),
    },
  ];
  for (const place of cases) {
    await refused(t, await withPickle(t, p.tensor(place)), /reaches beyond its storage|cannot be a view of/);
  }
  for (const place of [
    { storage: sixteen, shape: [2], stride: [-1], offset: 1 },
    { storage: sixteen, shape: [-1], stride: [1] },
    { storage: sixteen, shape: [huge], stride: [1] },
  ]) {
    await refused(t, await withPickle(t, p.tensor(place)), /contains a malformed tensor/);
  }
});

test("a few bytes cannot claim more memory than the file holds", async (t) => {
  const expanded = p.tensor({ storage: sixteen, shape: [2 ** 40], stride: [0] });
  await refused(t, await withPickle(t, expanded), /has more elements than its storage "0" of 16 elements/);
  const large = p.tensor({ storage: p.storage("0", 2 ** 50), shape: [2 ** 50], stride: [1] });
  await refused(
    t,
    await withPickle(t, large),
    /storage "archive\/data\/0" should have 4503599627370496 bytes but has 64/,
  );
});

test("missing and contradictory storages are rejected", async (t) => {
  await refused(t, await withPickle(t, p.storage("1", 4)), /storage "archive\/data\/1" is missing/);
  await refused(t, await withPickle(t, p.storage("../0", 4)), /storage "archive\/data\/\.\.\/0" is missing/);
  const two = p.tupleOf(sixteen, p.storage("0", 8));
  await refused(t, await withPickle(t, two), /describes the storage "0" in two different ways/);
});

test("wrong use of the stack or the memo is reported as damage, and does not crash", async (t) => {
  const cases = [
    Buffer.from("0"),
    Buffer.from("t"),
    Buffer.from("h\x07"),
    Buffer.from("}a"),
    Buffer.from("K\x01K\x02s"),
    Buffer.from("}(]K\x01u"),
    Buffer.from("}(K\x01u"),
    Buffer.from("K\x01}b"),
    Buffer.from(""),
  ];
  for (const bytes of cases) await refused(t, await withPickle(t, bytes), /is damaged: its pickle/);
});

test("cyclic and deep structures are read without recursion", async (t) => {
  const cycle = Buffer.from("]q\x00h\x00a");
  const file = await TorchFile.open(await withPickle(t, cycle));
  const list = file.content as unknown[];
  t.is(list[0], list);
  await file.close();
  const depth = 200_000;
  const deep = Buffer.concat([Buffer.alloc(depth, "("), Buffer.alloc(depth, "t")]);
  await (await TorchFile.open(await withPickle(t, deep))).close();
});

test("excessively long or costly pickles are rejected", async (t) => {
  await refused(t, await withPickle(t, Buffer.alloc(1_000_000, "]")), /more than 1000000 instructions/);
  await refused(
    t,
    await withPickle(t, Buffer.alloc(2 ** 24, "]")),
    /data\.pkl of 16777219 bytes; the limit is 16777216/,
  );
  await refused(
    t,
    await withPickle(t, Buffer.from("X\xff\xff\xff\xff", "latin1")),
    /is truncated: its pickle is incomplete/,
  );
  await refused(t, await withPickle(t, Buffer.from(`c${"x".repeat(300)}\n`)), /a name that is too long/);
});

test("tensors whose few elements lie far apart are rejected, since reading them would cost the whole storage", async (t) => {
  const thin = p.tensor({ storage: p.storage("0", 2 ** 24), shape: [2], stride: [2 ** 23] });
  await refused(
    t,
    await withPickle(t, thin),
    /is spread too thinly .* over its storage "0" of 16777216 elements/,
  );
});

test("one long list that is passed to many calls is not looked through in each", async (t) => {
  const ones = Buffer.concat([
    p.emptyList,
    p.mark,
    Buffer.alloc(2 * 200_000, Buffer.of(0x4b, 1)),
    Buffer.from("e"),
  ]);
  const keep = Buffer.of(0x71, 0);
  const call = Buffer.concat([
    p.global("torch", "Size"),
    Buffer.of(0x68, 0, 0x85),
    p.reduce,
    Buffer.from("0"),
  ]);
  const path = await withPickle(t, ones, keep, Buffer.alloc(20_000 * call.length, call));
  const started = performance.now();
  await refused(t, path, /contains a malformed torch\.Size/);
  t.true(performance.now() - started < 5000);
});

test("timers run while a long pickle is read, and the signal ends it", async (t) => {
  const path = await withPickle(t, Buffer.alloc(900_000, "]"));
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await (await TorchFile.open(path)).close();
  clearInterval(timer);
  t.true(turns > 3, `${turns} turns`);
  const controller = new AbortController();
  const opening = TorchFile.open(path, controller.signal);
  setTimeout(() => controller.abort(), 5);
  await t.throwsAsync(opening, { code: "ABORTED" });
});

test("the error for an archive of another kind says what it is", async (t) => {
  const empty = p.pickle(p.emptyDict);
  await refused(
    t,
    await archive(t, ["word/document.xml", ""]),
    /was not written by torch\.save: it contains 0 data\.pkl files/,
  );
  const pickle: [string, Buffer] = ["a/data.pkl", empty];
  await refused(t, await archive(t, pickle, ["b/data.pkl", empty]), /contains 2 data\.pkl files/);
  await refused(t, await archive(t, pickle, ["a/constants.pkl", empty]), /is a TorchScript program/);
  await refused(t, await archive(t, pickle, ["a/byteorder", "big"]), /byte order "big"/);
  await refused(t, await archive(t, pickle, ["a/x", "1"], ["a/x", "2"]), /"a\/x" more than once/);
});

test("entries that are compressed, encrypted or misplaced are rejected", async (t) => {
  const patched = async (signature: string, field: number, value: number) => {
    const path = await withPickle(t, p.emptyDict);
    const bytes = await readFile(path);
    bytes.writeUInt16LE(value, bytes.indexOf(signature, 0, "latin1") + field);
    await writeFile(path, bytes);
    return path;
  };
  const [local, directory] = ["PK\x03\x04", "PK\x01\x02"];
  await refused(t, await patched(directory, 10, 8), /compressed or encrypted entry "archive\/data\.pkl"/);
  await refused(t, await patched(directory, 8, 0x0809), /compressed or encrypted/);
  await refused(t, await patched(directory, 42, 1), /is not where the directory says/);
  await refused(t, await patched(directory, 44, 9), /extends beyond the file/);
  await refused(t, await patched(directory, 26, 9), /has two different sizes/);
  await refused(t, await patched(local, 28, 60_000), /extends beyond the file/);
});
