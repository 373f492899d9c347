/**
 * Table for CRC-32 (polynomial 0xedb88320), the checksum of the zip format. `zlib.crc32` requires Node.js 20.15, and
 * this package supports older versions.
 */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  return value;
});

/**
 * The CRC-32 of bytes.
 *
 * @param before The checksum of all preceding bytes, to continue from.
 */
export function crc32(bytes: Uint8Array, before = 0): number {
  let value = ~before;
  for (const byte of bytes) value = table[(value ^ byte) & 0xff]! ^ (value >>> 8);
  return ~value >>> 0;
}
