import { headerSizes } from "./decoders/bmp-header.js";

/** A kind of image file, or of a file that is given for one: how it is known, and whether it is read. */
export interface ImageFormat {
  /** As messages call it. */
  readonly name: string;
  /** In lower case, with the dot; the first is the usual one. */
  readonly extensions: readonly string[];
  /** Absent if the format is read; otherwise what to do with such a file, completing "...; <remedy>". */
  readonly remedy?: string;
}

const convert = "convert it to PNG or TIFF";
const develop = "develop it to PNG or TIFF with the camera maker's software";

/** Formats that are read. A file's first bytes decide which one it is; its extension does not. */
export const readFormats = {
  png: { name: "PNG", extensions: [".png", ".apng"] },
  jpeg: { name: "JPEG", extensions: [".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"] },
  tiff: { name: "TIFF", extensions: [".tif", ".tiff", ".btf", ".tf8"] },
  bmp: { name: "BMP", extensions: [".bmp", ".dib"] },
  pnm: { name: "PNM", extensions: [".pgm", ".ppm", ".pbm", ".pnm", ".pam"] },
  webp: { name: "WebP", extensions: [".webp"] },
  avif: { name: "AVIF", extensions: [".avif"] },
  gif: { name: "GIF", extensions: [".gif"] },
} as const satisfies Record<string, ImageFormat>;

/** Formats that are known and not read. */
export const otherFormats = {
  jpeg2000: {
    name: "JPEG 2000",
    extensions: [".jp2", ".j2k", ".jpx", ".jpf", ".j2c", ".jpc"],
    remedy: convert,
  },
  jpegxl: { name: "JPEG XL", extensions: [".jxl"], remedy: convert },
  jpegls: { name: "JPEG-LS", extensions: [".jls"], remedy: convert },
  jpegxr: { name: "JPEG XR", extensions: [".jxr", ".wdp", ".hdp"], remedy: convert },
  heic: { name: "HEIC", extensions: [".heic", ".heif", ".hif"], remedy: convert },
  tga: { name: "TGA", extensions: [".tga", ".icb", ".vda", ".vst"], remedy: convert },
  psd: { name: "Photoshop (PSD)", extensions: [".psd", ".psb"], remedy: "export it as PNG or TIFF" },
  gimp: { name: "GIMP (XCF)", extensions: [".xcf"], remedy: "export it as PNG or TIFF" },
  openexr: { name: "OpenEXR", extensions: [".exr"], remedy: convert },
  radiance: { name: "Radiance HDR", extensions: [".hdr", ".rgbe"], remedy: convert },
  pfm: { name: "PFM", extensions: [".pfm"], remedy: convert },
  pcx: { name: "PCX", extensions: [".pcx", ".dcx"], remedy: convert },
  icon: { name: "a Windows icon", extensions: [".ico", ".cur"], remedy: convert },
  dds: { name: "DDS", extensions: [".dds"], remedy: convert },
  qoi: { name: "QOI", extensions: [".qoi"], remedy: convert },
  sgi: { name: "SGI", extensions: [".sgi", ".rgb", ".bw", ".rgba"], remedy: convert },
  sun: { name: "Sun Raster", extensions: [".ras", ".sun"], remedy: convert },
  xpixmap: { name: "an X11 pixmap", extensions: [".xpm", ".xbm"], remedy: convert },
  fits: { name: "FITS", extensions: [".fits", ".fit", ".fts"], remedy: convert },
  dicom: { name: "DICOM", extensions: [".dcm", ".dicom"], remedy: convert },
  cameraRaw: {
    name: "a raw camera file",
    extensions: [
      ".dng",
      ".cr2",
      ".cr3",
      ".crw",
      ".nef",
      ".nrw",
      ".arw",
      ".srf",
      ".sr2",
      ".raf",
      ".orf",
      ".rw2",
      ".pef",
      ".srw",
      ".x3f",
      ".mrw",
      ".iiq",
      ".3fr",
      ".fff",
      ".erf",
      ".kdc",
      ".dcr",
    ],
    remedy: develop,
  },
  svg: { name: "SVG", extensions: [".svg", ".svgz"], remedy: "render it to PNG at the size that you need" },
  pdf: {
    name: "PDF",
    extensions: [".pdf", ".ai"],
    remedy: "render its page to PNG at the size that you need",
  },
  postscript: {
    name: "PostScript",
    extensions: [".eps", ".ps"],
    remedy: "render it to PNG at the size that you need",
  },
  metafile: {
    name: "a Windows metafile",
    extensions: [".emf", ".wmf"],
    remedy: "render it to PNG at the size that you need",
  },
  numpy: {
    name: "a NumPy array",
    extensions: [".npy", ".npz"],
    remedy: "save it as PNG or TIFF, or pass its values as { data, width, height, channels }",
  },
  hdf5: { name: "HDF5", extensions: [".h5", ".hdf5"], remedy: "save its images as PNG or TIFF" },
  matlab: { name: "a MATLAB file", extensions: [".mat"], remedy: "save its images as PNG or TIFF" },
  video: {
    name: "a video",
    extensions: [".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".wmv", ".mjpeg", ".mjpg"],
    remedy: "save its frames as PNG or JPEG",
  },
  archive: {
    name: "an archive",
    extensions: [".zip", ".gz", ".tgz", ".7z", ".rar", ".xz", ".zst", ".bz2", ".tar"],
    remedy: "unpack it",
  },
  html: { name: "HTML", extensions: [".html", ".htm"], remedy: "check where it was downloaded from" },
  gitLfs: {
    name: "a Git LFS pointer",
    extensions: [],
    remedy: "fetch the file itself with git lfs pull",
  },
  rawPixels: {
    name: "raw pixels without a header",
    extensions: [".raw", ".bin"],
    remedy: "pass them as { data, width, height, channels }",
  },
} as const satisfies Record<string, ImageFormat>;

/** The key of a format that is read. */
export type ReadFormat = keyof typeof readFormats;

/** Extensions of the formats that are read, in lower case. */
export const readExtensions: readonly string[] = Object.values(readFormats).flatMap(
  ({ extensions }) => extensions,
);

/** The names of the formats that are read, as a message lists them. */
export const readNames = Object.values(readFormats)
  .map(({ name }) => name)
  .join(", ");

/** How many of a file's first bytes {@link sniffFormat} looks at. */
export const sniffLength = 1024;

/**
 * The format of a file by its first bytes ({@link sniffLength} of them suffice), or undefined if no known format
 * begins so.
 */
export function sniffFormat(bytes: Uint8Array): ImageFormat | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, sniffLength));
  const text = head.toString("latin1");
  return signatures.find(({ matches }) => matches(text))?.format;
}

/** The format that an extension stands for, in any case and with its dot: by name alone, whatever the file holds. */
export function formatOfExtension(extension: string): ImageFormat | undefined {
  const lower = extension.toLowerCase();
  return allFormats.find(({ extensions }) => extensions.includes(lower));
}

const allFormats: readonly ImageFormat[] = [...Object.values(readFormats), ...Object.values(otherFormats)];

interface Signature {
  format: ImageFormat;
  /** @param head The first bytes, one character each. */
  matches: (head: string) => boolean;
}

/** In their order: what is more particular comes before what it looks like. */
const signatures: readonly Signature[] = [
  begins(readFormats.png, "\x89PNG\r\n\x1a\n"),
  begins(otherFormats.jpegls, "\xff\xd8\xff\xf7"),
  begins(readFormats.jpeg, "\xff\xd8\xff"),
  begins(otherFormats.cameraRaw, "II*\0\x10\0\0\0CR", "IIRO", "IIRS", "MMOR", "IIU\0", "FUJIFILMCCD-RAW"),
  begins(otherFormats.cameraRaw, "II\x1a\0\0\0HEAPCCDR", "FOVb", "\0MRM"),
  begins(readFormats.tiff, "II*\0", "MM\0*", "II+\0", "MM\0+"),
  begins(otherFormats.jpegxr, "II\xbc"),
  { format: readFormats.bmp, matches: isBmp },
  begins(otherFormats.pfm, "PF\n", "Pf\n", "PF\r", "Pf\r"),
  { format: readFormats.pnm, matches: (head) => /^P[1-7][\s#]/.test(head) },
  { format: readFormats.webp, matches: (head) => head.startsWith("RIFF") && head.slice(8, 12) === "WEBP" },
  { format: otherFormats.video, matches: (head) => head.startsWith("RIFF") && head.slice(8, 11) === "AVI" },
  begins(readFormats.gif, "GIF87a", "GIF89a"),
  begins(otherFormats.jpeg2000, "\0\0\0\x0cjP  \r\n\x87\n", "\xff\x4f\xff\x51"),
  begins(otherFormats.jpegxl, "\xff\x0a", "\0\0\0\x0cJXL \r\n\x87\n"),
  brand(otherFormats.cameraRaw, (brands) => brands[0] === "crx "),
  brand(readFormats.avif, (brands) => brands.some((name) => name === "avif" || name === "avis")),
  brand(otherFormats.heic, (brands) => brands.some((name) => /^(he[iv][cmsx]|mif[12]|msf1)$/.test(name))),
  brand(otherFormats.video, () => true),
  begins(otherFormats.video, "\x1aE\xdf\xa3"),
  begins(otherFormats.psd, "8BPS"),
  begins(otherFormats.gimp, "gimp xcf"),
  begins(otherFormats.openexr, "\x76\x2f\x31\x01"),
  begins(otherFormats.radiance, "#?RADIANCE", "#?RGBE"),
  bytes(otherFormats.pcx, [10], [0, 2, 3, 4, 5], [0, 1], [1, 2, 4, 8]),
  bytes(otherFormats.icon, [0], [0], [1, 2], [0], range(1, 255), [0]),
  { format: otherFormats.tga, matches: isTga },
  begins(otherFormats.dds, "DDS "),
  begins(otherFormats.qoi, "qoif"),
  bytes(otherFormats.sgi, [1], [0xda], [0, 1], [1, 2], [0], [1, 2, 3]),
  begins(otherFormats.sun, "\x59\xa6\x6a\x95"),
  begins(otherFormats.xpixmap, "/* XPM */"),
  begins(otherFormats.fits, "SIMPLE  ="),
  { format: otherFormats.dicom, matches: (head) => head.slice(128, 132) === "DICM" },
  begins(otherFormats.pdf, "%PDF-"),
  begins(otherFormats.postscript, "%!PS", "\xc5\xd0\xd3\xc6"),
  begins(otherFormats.metafile, "\xd7\xcd\xc6\x9a"),
  { format: otherFormats.metafile, matches: (head) => head.slice(40, 44) === " EMF" },
  begins(otherFormats.numpy, "\x93NUMPY"),
  begins(otherFormats.hdf5, "\x89HDF\r\n\x1a\n"),
  begins(otherFormats.matlab, "MATLAB 5.0 MAT-file"),
  begins(otherFormats.archive, "PK\x03\x04", "\x1f\x8b", "7z\xbc\xaf\x27\x1c", "Rar!", "\xfd7zXZ\0", "BZh"),
  begins(otherFormats.archive, "\x28\xb5\x2f\xfd"),
  begins(otherFormats.gitLfs, "version https://git-lfs"),
  { format: otherFormats.svg, matches: (head) => /^\s*</.test(plain(head)) && /<svg[\s>]/.test(plain(head)) },
  { format: otherFormats.html, matches: (head) => /^\s*<(!doctype html|html)[\s>]/i.test(plain(head)) },
];

function begins(format: ImageFormat, ...prefixes: string[]): Signature {
  return { format, matches: (head) => prefixes.some((prefix) => head.startsWith(prefix)) };
}

/** @param allowed For each of the first bytes, the values that it may have. */
function bytes(format: ImageFormat, ...allowed: readonly (readonly number[])[]): Signature {
  return { format, matches: (head) => allowed.every((values, at) => values.includes(head.charCodeAt(at))) };
}

/** An ISO base media file, by the brands that its first box names: the major one, then those that it agrees with. */
function brand(format: ImageFormat, fits: (brands: string[]) => boolean): Signature {
  return {
    format,
    matches: (head) => {
      if (head.slice(4, 8) !== "ftyp") return false;
      const end = Math.min(head.charCodeAt(2) * 256 + head.charCodeAt(3), head.length);
      const brands = [head.slice(8, 12)];
      for (let at = 16; at + 4 <= end; at += 4) brands.push(head.slice(at, at + 4));
      return fits(brands);
    },
  };
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** TGA has no signature: a colour map or none, a kind of image that exists, and a number of bits that does. */
function isTga(head: string): boolean {
  const [map, kind, bits] = [1, 2, 16].map((at) => head.charCodeAt(at));
  return (
    [8, 15, 16, 24, 32].includes(bits!) &&
    ((map === 0 && [2, 3, 10, 11].includes(kind!) && head.slice(3, 8) === "\0\0\0\0\0") ||
      (map === 1 && [1, 9].includes(kind!) && [15, 16, 24, 32].includes(head.charCodeAt(7))))
  );
}

/**
 * "BM" begins texts too: the size of the header after the file's own must be one that exists. Some bitmaps begin with
 * that header (.dib): then it must also state one plane, and a number of bits that there is.
 */
function isBmp(head: string): boolean {
  const startsHeader = (at: number) =>
    headerSizes.includes(head.charCodeAt(at)) && head.slice(at + 1, at + 4) === "\0\0\0";
  if (head.startsWith("BM")) return startsHeader(14);
  const planes = head.charCodeAt(0) === 12 ? 8 : 12;
  return (
    startsHeader(0) &&
    head.slice(planes, planes + 2) === "\x01\0" &&
    [1, 2, 4, 8, 16, 24, 32].includes(head.charCodeAt(planes + 2)) &&
    head[planes + 3] === "\0"
  );
}

/** Text as it reads without a byte order mark and, in UTF-16, without every other byte. */
function plain(head: string): string {
  return head.replace(/^(\xef\xbb\xbf|\xff\xfe|\xfe\xff)/, "").replaceAll("\0", "");
}
