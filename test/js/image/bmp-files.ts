/** Windows and OS/2 bitmaps for tests, written field by field. */
export interface BmpFields {
  width: number;
  height: number;
  bits: number;
  /** Rows from the top, without padding; or the pixels as they lie in the file. */
  rows: readonly Uint8Array[] | Uint8Array;
  /** Red, green and blue of each colour. */
  palette?: readonly (readonly number[])[];
  /** Of the header; 40 by default. */
  size?: number;
  compression?: number;
  masks?: readonly number[];
  topDown?: boolean;
  /** Colours, as the header states them; 0 is as many as the bits allow. */
  colours?: number;
  /** Bytes between the palette and the pixels. */
  gap?: number;
  /** Whether the file begins with the header of a file ("BM"). */
  file?: boolean;
}

export function writeBmp(fields: BmpFields): Buffer {
  const { width, height, bits, rows, palette = [], size = 40, compression = 0, masks = [] } = fields;
  const { topDown = false, colours = 0, gap = 0, file = true } = fields;
  const stride = Math.ceil((width * bits) / 32) * 4;
  const pixels =
    rows instanceof Uint8Array
      ? Buffer.from(rows)
      : Buffer.concat(
          (topDown ? rows : [...rows].reverse()).map((row) => {
            const padded = Buffer.alloc(stride);
            padded.set(row);
            return padded;
          }),
        );
  const header = Buffer.alloc(size === 40 ? size + 4 * masks.length : size);
  header.writeUInt32LE(size, 0);
  if (size === 12) {
    header.writeUInt16LE(width, 4);
    header.writeUInt16LE(height, 6);
    header.writeUInt16LE(1, 8);
    header.writeUInt16LE(bits, 10);
  } else {
    header.writeInt32LE(width, 4);
    header.writeInt32LE(topDown ? -height : height, 8);
    header.writeUInt16LE(1, 12);
    header.writeUInt16LE(bits, 14);
    if (size >= 40) {
      header.writeUInt32LE(compression, 16);
      header.writeUInt32LE(colours, 32);
    }
    masks.forEach((mask, i) => header.writeUInt32LE(mask, 40 + 4 * i));
  }
  const table = Buffer.from(
    palette.flatMap(([red, green, blue]) => (size === 12 ? [blue!, green!, red!] : [blue!, green!, red!, 0])),
  );
  const start = Buffer.alloc(file ? 14 : 0);
  if (file) {
    start.write("BM", "latin1");
    start.writeUInt32LE(14 + header.length + table.length + gap, 10);
  }
  return Buffer.concat([start, header, table, Buffer.alloc(gap), pixels]);
}
