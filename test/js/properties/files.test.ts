import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import { writeAtomically } from "../../../lib/files/atomic-file.js";
import { SafetensorsFile } from "../../../lib/safetensors/reader.js";
import { writeSafetensors } from "../../../lib/safetensors/writer.js";
import { elementSize } from "../../../lib/tensor/element-size.js";
import { tensorDtypes, type NamedTensor } from "../../../lib/tensor/named-tensor.js";
import { TorchFile } from "../../../lib/torch-file/reader.js";
import { asStateDict } from "../../../lib/torch-file/state-dict.js";
import type { PickleMap } from "../../../lib/torch-file/values.js";
import { writeTorchFile } from "../../../lib/torch-file/writer.js";
import { holds } from "./property.js";

const folder = mkdtempSync(join(tmpdir(), "files-"));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

/** Pieces to write, and after how many of them writing fails; past the end, it succeeds. */
const writing = fc.tuple(fc.array(fc.uint8Array({ maxLength: 5000 }), { maxLength: 6 }), fc.nat(8));

test.serial("an atomic write leaves all of the new content, or the old content and nothing else", (t) =>
  holds(
    t,
    100,
    fc.asyncProperty(fc.option(fc.uint8Array()), writing, async (old, [pieces, failing]) => {
      const path = join(folder, "atomic");
      rmSync(path, { force: true });
      if (old !== null) writeFileSync(path, old);
      const failure = new Error("the writer fails");
      const outcome = await writeAtomically(path, async (file) => {
        for (const [index, piece] of pieces.entries()) {
          if (index === failing) throw failure;
          await file.write(piece);
        }
      }).then(
        () => "written",
        (error: unknown) => (error as Error).cause,
      );
      const fails = failing < pieces.length;
      if (outcome !== (fails ? failure : "written")) return false;
      const expected = fails ? old : Buffer.concat(pieces);
      if (readdirSync(folder).join() !== (expected === null ? "" : "atomic")) return false;
      return expected === null || readFileSync(path).equals(expected);
    }),
  ),
);

const tensor: fc.Arbitrary<NamedTensor> = fc
  .tuple(
    fc.string({ unit: "grapheme", maxLength: 30 }),
    fc.constantFrom(...tensorDtypes),
    fc.array(fc.nat(4), { maxLength: 4 }),
  )
  .chain(([name, dtype, shape]) => {
    const length = shape.reduce((product, side) => product * side, elementSize[dtype]!);
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((data) => ({ name, dtype, shape, data }));
  });
const tensors = fc.uniqueArray(
  tensor.filter(({ name }) => name !== "__metadata__"),
  { maxLength: 8, selector: ({ name }) => name },
);

const plain = ({ name, dtype, shape, data }: NamedTensor): unknown => [name, dtype, shape, [...data]];
const byName = (a: NamedTensor, b: NamedTensor): number => (a.name < b.name ? -1 : 1);

test.serial("tensors and metadata that are written as safetensors are read back unchanged", (t) =>
  holds(
    t,
    150,
    fc.asyncProperty(tensors, fc.dictionary(fc.string(), fc.string()), async (all, metadata) => {
      const path = join(folder, "tensors.safetensors");
      await writeSafetensors(path, all, metadata);
      const file = await SafetensorsFile.open(path);
      try {
        const read = [];
        for (const entry of file.tensors.values()) read.push(await file.read(entry));
        t.deepEqual(read.sort(byName).map(plain), [...all].sort(byName).map(plain));
        t.deepEqual(new Map(Object.entries(file.metadata)), new Map(Object.entries(metadata)));
      } finally {
        await file.close();
      }
    }),
  ),
);

test.serial("state dicts that are written for PyTorch are read back unchanged", (t) =>
  holds(
    t,
    100,
    fc.asyncProperty(fc.dictionary(fc.string(), tensors, { maxKeys: 3 }), async (dicts) => {
      const path = join(folder, "dicts.pth");
      await writeTorchFile(path, dicts);
      const file = await TorchFile.open(path);
      try {
        const content = file.content as PickleMap;
        t.deepEqual([...content.keys()].sort(), Object.keys(dicts).sort());
        for (const [key, written] of Object.entries(dicts)) {
          const read = [];
          for (const [name, found] of asStateDict(path, key, content.get(key)))
            read.push(await file.read(name, found));
          t.deepEqual(read.map(plain), written.map(plain));
        }
      } finally {
        await file.close();
      }
    }),
  ),
);
