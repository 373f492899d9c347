import type { AnomalyMap } from "reverse-distillation";

/** Writes a map in NumPy's format (NEP 1, version 1.0): float32 of the shape [height, width]. */
export function toNpy({ data, height, width }: AnomalyMap): Buffer {
  const description = `{'descr': '<f4', 'fortran_order': False, 'shape': (${height}, ${width}), }`;
  // Magic, version and length take 10 bytes; the values start at a multiple of 64.
  const padding = " ".repeat(63 - ((10 + description.length) % 64));
  const text = `${description}${padding}\n`;
  const start = Buffer.alloc(10);
  start.write("\x93NUMPY\x01\x00", "latin1");
  start.writeUInt16LE(text.length, 8);
  return Buffer.concat([
    start,
    Buffer.from(text, "latin1"),
    Buffer.from(data.buffer, data.byteOffset, data.byteLength),
  ]);
}
