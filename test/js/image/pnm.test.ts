import test from "ava";
import { decodeSamples } from "../../../lib/image/decode-samples.js";
import { rejects } from "../support/rejection.js";
import { refusesMutations } from "./mutations.js";

const bytes = (head: string, ...values: number[]) =>
  Buffer.concat([Buffer.from(head, "latin1"), Buffer.from(values)]);
const words = (values: readonly number[]) => values.flatMap((value) => [value >> 8, value & 255]);

const read: [title: string, file: Buffer, channels: number, depth: number, values: number[]][] = [
  ["P1, in which 1 is black", bytes("P1\n3 2\n101\n0 1 0"), 1, 8, [0, 255, 0, 255, 0, 255]],
  ["P1 with comments", bytes("P1 # a\n3 # b\n2\n1 0 # 1 1\n1 010"), 1, 8, [0, 255, 0, 255, 0, 255]],
  ["P2", bytes("P2\n3 1\n255\n0 128\n255"), 1, 8, [0, 128, 255]],
  ["P2 of 16 bits", bytes("P2 3 1 65535 0 258 65535\n"), 1, 16, [0, 258, 65_535]],
  ["P3", bytes("P3\n1 2\n255\n1 2 3 4 5 6"), 3, 8, [1, 2, 3, 4, 5, 6]],
  [
    "P4, whose rows are whole bytes",
    bytes("P4 9 2\n", 0b10000000, 0b10000000, 0b01111111, 0),
    1,
    8,
    [0, 255, 255, 255, 255, 255, 255, 255, 0, 255, 0, 0, 0, 0, 0, 0, 0, 255],
  ],
  ["P5", bytes("P5\n2 2\n255\n", 0, 1, 254, 255), 1, 8, [0, 1, 254, 255]],
  ["P5 with a comment", bytes("P5\n# by a camera\n2 2\n255\n", 35, 10, 32, 255), 1, 8, [35, 10, 32, 255]],
  ["P5 of 16 bits", bytes("P5 3 1 65535\n", ...words([0, 258, 65_535])), 1, 16, [0, 258, 65_535]],
  ["P6", bytes("P6 1 2 255\n", 1, 2, 3, 4, 5, 6), 3, 8, [1, 2, 3, 4, 5, 6]],
  ["P6 of 16 bits", bytes("P6 1 1 65535\n", ...words([1, 2, 60_000])), 3, 16, [1, 2, 60_000]],
  [
    "P7 of grey",
    bytes("P7\nWIDTH 2\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\nTUPLTYPE GRAYSCALE\nENDHDR\n", 7, 9),
    1,
    8,
    [7, 9],
  ],
  [
    "P7 of RGB with alpha",
    bytes("P7\nHEIGHT 1\nWIDTH 1\nMAXVAL 255\n# c\nDEPTH 4\nENDHDR\n", 7, 8, 9, 1),
    3,
    8,
    [7, 8, 9],
  ],
  [
    "P7 of black and white",
    bytes("P7\nWIDTH 2\nHEIGHT 1\nDEPTH 1\nMAXVAL 1\nTUPLTYPE BLACKANDWHITE\nENDHDR\n", 0, 1),
    1,
    8,
    [0, 255],
  ],
];
for (const [title, file, channels, depth, values] of read) {
  test(`${title}: gives its values`, async (t) => {
    const decoded = await decodeSamples(file, "a.pnm");
    t.deepEqual([decoded.channels, decoded.depth, ...decoded.data], [channels, depth, ...values]);
    t.is(decoded.format, "pnm");
  });
}

// round() of Python, of value / white * 255: halves go to the even number.
const scaled: [white: number, values: number[], expected: number[]][] = [
  [1, [0, 1], [0, 255]],
  [2, [0, 1, 2], [0, 128, 255]],
  [6, [0, 1, 2, 3, 4, 5, 6], [0, 42, 85, 128, 170, 212, 255]],
  [15, [0, 1, 7, 15], [0, 17, 119, 255]],
  [100, [0, 1, 50, 99, 100], [0, 3, 128, 252, 255]],
  [254, [0, 1, 127, 253, 254], [0, 1, 128, 254, 255]],
];
for (const [white, values, expected] of scaled) {
  test(`values of which ${white} is white are scaled to 255 as PIL scales them`, async (t) => {
    const size = `${values.length} 1 ${white}\n`;
    for (const file of [bytes(`P5 ${size}`, ...values), bytes(`P2 ${size}${values.join(" ")}`)]) {
      const { data, depth } = await decodeSamples(file, "a.pgm");
      t.deepEqual([depth, ...data], [8, ...expected]);
    }
  });
}

test("more than 8 bits keep their values and their depth, and others are scaled to 16 bits", async (t) => {
  const file = (white: number, ...values: number[]) =>
    bytes(`P5 ${values.length} 1 ${white}\n`, ...words(values));
  for (const depth of [9, 10, 12, 14, 16]) {
    const white = 2 ** depth - 1;
    const decoded = await decodeSamples(file(white, 0, 100, white), "a.pgm");
    t.deepEqual([decoded.depth, ...decoded.data], [depth, 0, 100, white]);
  }
  const decoded = await decodeSamples(file(1000, 0, 1, 500, 1000), "a.pgm");
  t.deepEqual([decoded.depth, ...decoded.data], [16, 0, 66, 32_768, 65_535]);
});

const refused: [title: string, file: Buffer, message: RegExp][] = [
  [
    "cut short in its pixels",
    bytes("P5 2 2 255\n", 1, 2, 3),
    /it is cut short: its pixels need 4 bytes, and 3 are left/,
  ],
  [
    "cut short in its bits",
    bytes("P4 9 2\n", 1, 2, 3),
    /it is cut short: its pixels need 4 bytes, and 3 are left/,
  ],
  ["cut short in its text", bytes("P2 3 1 255\n100 # 200 300"), /it is cut short: it holds 1 of 3 values/],
  ["cut short in its header", bytes("P5 2 2 25"), /its header does not end/],
  ["of no width", bytes("P5 0 2 255\n"), /its size is 0 x 2/],
  ["of a word for a width", bytes("P5 x 2 255\n"), /its width is not a number/],
  ["of a negative height", bytes("P5 2 -2 255\n"), /its height is not a number/],
  [
    "of a largest value of 0",
    bytes("P5 1 1 0\n", 0),
    /its maximum value is 0, which must be from 1 to 65535/,
  ],
  ["of a largest value of 65536", bytes("P5 1 1 65536\n", 0, 0), /its maximum value is 65536/],
  [
    "whose text exceeds its largest value",
    bytes("P2 2 1 100\n100 101"),
    /it contains the value 101, but states a maximum of 100/,
  ],
  ["whose bytes exceed their largest value", bytes("P5 2 1 100\n", 100, 101), /it contains the value 101/],
  [
    "whose words exceed their largest value",
    bytes("P5 2 1 4095\n", ...words([4095, 4096])),
    /it contains the value 4096/,
  ],
  ["whose text has no numbers", bytes("P2 2 1 255\n1 x2"), /it contains something that is not a number/],
  ["of an endless word", bytes(`P5 ${"1".repeat(1000)}`), /its PNM header is invalid/],
  ["of another image after it", bytes("P5 1 1 255\n\x07\nP5 1 1 255\n\x08"), /contains several images/],
  ["of more pixels than memory", bytes("P5 70000 70000 255\n"), /70000 x 70000 pixels, which take 4\.6 GiB/],
  [
    "that promises more text than it has",
    bytes("P2 60000 60000 255\n1 2 3"),
    /its pixels need 7199999999 bytes/,
  ],
  ["of 5 channels", bytes("P7\nWIDTH 1\nHEIGHT 1\nDEPTH 5\nMAXVAL 255\nENDHDR\n12345"), /has 5 channels/],
  ["whose header is none", bytes("P7\nPOEM 1\n"), /its PAM header is invalid/],
];
for (const [title, file, message] of refused) {
  test(`a PNM ${title} is refused`, async (t) => {
    await rejects(t, decodeSamples(file, "a.pgm", { maxPixels: Infinity }), "INVALID_IMAGE", message);
  });
}

test("what comes after the pixels and is no image does not matter", async (t) => {
  const { data } = await decodeSamples(bytes("P5 1 1 255\n\x07 made by a camera"), "a.pgm");
  t.deepEqual([...data], [7]);
});

test("a PNM with any bytes changed is decoded or refused, and takes no more memory than it states", async (t) => {
  await refusesMutations(t, [...read.map(([, file]) => file)], 3000);
});
