import { colourMap } from "./colour-map.js";
import { drawNumber } from "./numerals.js";

/** A strip that explains the colours of a heatmap, as SVG. */
export interface Legend {
  svg: Buffer;
  height: number;
}

/** The narrowest bar of colours that is worth drawing, in pixels. */
const narrowestBar = 16;

/**
 * Draws the colours from 0 to the end of the scale, with numbers at both ends and marks at some values in between.
 *
 * @param width Of the strip, in pixels.
 * @returns undefined if there is no room.
 */
export function drawLegend(width: number, scaleEnd: number, marks: readonly number[]): Legend | undefined {
  const digit = Math.round(Math.min(40, Math.max(8, width / 40)));
  const height = 3 * digit;
  const [zero, end] = [drawNumber(0, digit), drawNumber(scaleEnd, digit)];
  const left = digit + zero.width + digit;
  const right = width - digit - end.width - digit;
  if (right - left < narrowestBar) return undefined;
  const place = (x: number, svg: string) => `<g transform="translate(${x},${digit})">${svg}</g>`;
  const stops = colourMap.map(
    (colour, step) => `<stop offset="${step / 255}" stop-color="rgb(${colour.join()})"/>`,
  );
  const thickness = Math.round(digit / 8);
  const ticks = marks
    .filter((value) => value > 0 && value < scaleEnd)
    .map((value) => left + (value / scaleEnd) * (right - left))
    .map(
      (x) =>
        `<rect x="${Math.round(x)}" y="${0.5 * digit}" width="${thickness}" height="${2 * digit}" fill="white"/>`,
    );
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">` +
    `<defs><linearGradient id="scale">${stops.join("")}</linearGradient></defs>` +
    `<rect width="${width}" height="${height}" fill="black"/>` +
    place(digit, zero.svg) +
    `<rect x="${left}" y="${digit}" width="${right - left}" height="${digit}" fill="url(#scale)"/>` +
    ticks.join("") +
    `${place(width - digit - end.width, end.svg)}</svg>`;
  return { svg: Buffer.from(svg), height };
}
