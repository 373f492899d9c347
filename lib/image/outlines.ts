import type { Outlines } from "../options/heatmap.js";

/** Draws outlines as SVG of an image's size: light lines with dark borders, which show on any image. */
export function drawOutlines(
  outlines: Outlines,
  { width, height }: { width: number; height: number },
): Buffer {
  const path = outlines.map((ring) => `M${ring.map(rounded).join("L")}Z`).join("");
  // Two pixels, because outlines often run along the edges of pixels.
  const line = Math.max(2, Math.sqrt(width * height) / 400);
  const stroke = (colour: string, thickness: number) =>
    `<path d="${path}" fill="none" stroke="${colour}" stroke-width="${thickness}" stroke-linejoin="round"/>`;
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">` +
      `${stroke("black", 2 * line)}${stroke("white", line)}</svg>`,
  );
}

function rounded([x, y]: readonly [x: number, y: number]): string {
  return `${Math.round(x * 100) / 100},${Math.round(y * 100) / 100}`;
}
