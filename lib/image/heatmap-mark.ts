import { crc32 } from "../files/crc32.js";

/**
 * A text chunk of PNG, in its fixed place behind the header, that says that a file is a heatmap of this package: it may
 * be replaced by another heatmap, unlike an image of the user's.
 */
const markChunk = textChunk("Software", "reverse-distillation heatmap");

/** Bytes of PNG's signature and its header chunk, which come first in every file. */
const headerLength = 8 + 4 + 4 + 13 + 4;

/** The bytes from a file's start on that {@link isMarked} looks at. */
export const markedLength = headerLength + markChunk.length;

/** A PNG with the mark. */
export function mark(png: Buffer): Buffer {
  return Buffer.concat([png.subarray(0, headerLength), markChunk, png.subarray(headerLength)]);
}

/** Whether a file that starts with these bytes is a PNG with the mark. */
export function isMarked(start: Buffer): boolean {
  return start.subarray(headerLength, markedLength).equals(markChunk);
}

function textChunk(keyword: string, text: string): Buffer {
  const content = Buffer.from(`tEXt${keyword}\0${text}`, "latin1");
  const chunk = Buffer.alloc(content.length + 8);
  chunk.writeUInt32BE(content.length - 4, 0);
  content.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(content), content.length + 4);
  return chunk;
}
