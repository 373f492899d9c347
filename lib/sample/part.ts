import type { Random } from "../random.js";
import { blend, defects, scaled, type Defect, type DefectName } from "./defects.js";
import { clamp, valueNoise } from "./noise.js";
import { textures, type Colour, type Outline, type Surface, type TextureName } from "./textures.js";

/** An image of a part. */
export interface PartImage {
  /** `[size, size, 3]`: RGB, 8 bit, interleaved. */
  pixels: Uint8Array;
  /** `[size, size]`: 255 on the defect, 0 elsewhere. All 0 for a good part. */
  mask: Uint8Array;
}

/**
 * Draws one part as seen by a camera above a table. Pose, light and surface grain vary slightly from part to part.
 *
 * @param size Height and width in pixels.
 * @param defect The kind of defect to add, if any.
 * @param random Source of all variation: the same state draws the same part.
 * @param contrast How much of the surface the defect hides, up to 1.
 */
export function drawPart(
  size: number,
  texture: TextureName,
  defect: DefectName | undefined,
  random: Random,
  contrast = 1,
): PartImage {
  const scene = setScene(texture, random);
  const flaw = defect && { ...defects[defect](random, textures[texture].outline), contrast };
  const pixels = new Uint8Array(size * size * 3);
  const mask = new Uint8Array(size * size);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const { colour, flawed } = seen(
        scene,
        flaw,
        ((x + 0.5) / size) * 2 - 1,
        ((y + 0.5) / size) * 2 - 1,
        2 / size,
      );
      const at = y * size + x;
      if (flawed) mask[at] = 255;
      const noise = 1.6 * random.normal();
      for (let channel = 0; channel < 3; channel++) {
        pixels[at * 3 + channel] = clamp(Math.round(colour[channel]! + noise), 0, 255);
      }
    }
  }
  return { pixels, mask };
}

/** What is the same for every pixel of an image. */
interface Scene {
  outline: Outline;
  surface: Surface;
  /** Colour of the table at a point of the image. */
  table: (x: number, y: number) => Colour;
  /** Strength of the light at a point of the image. */
  light: (x: number, y: number) => number;
  /** Converts a point of the image, with coordinates in [-1, 1], to the coordinates of the part. */
  toPart: (x: number, y: number) => [number, number];
  /** Length of the part's unit in image coordinates. */
  scale: number;
}

function setScene(texture: TextureName, random: Random): Scene {
  const { outline, surface } = textures[texture];
  const scale = 0.84 * random.between(0.985, 1.015);
  const turn = random.between(-0.035, 0.035);
  const shiftX = random.between(-0.02, 0.02);
  const shiftY = random.between(-0.02, 0.02);
  const gain = random.between(0.97, 1.03);
  const slopeX = random.between(-0.03, 0);
  const slopeY = random.between(-0.03, 0);
  const grain = valueNoise(random.bits());
  return {
    outline,
    surface: surface(random),
    scale,
    table: (x, y) => {
      const tone = 206 + 3 * grain(x * 5, y * 5);
      return [tone, tone - 7, tone - 20];
    },
    light: (x, y) => gain * (1 + slopeX * x + slopeY * y),
    toPart: (x, y) => {
      const u = (x - shiftX) / scale;
      const v = (y - shiftY) / scale;
      return [u * Math.cos(turn) + v * Math.sin(turn), v * Math.cos(turn) - u * Math.sin(turn)];
    },
  };
}

function seen(
  scene: Scene,
  flaw: (Defect & { contrast: number }) | undefined,
  x: number,
  y: number,
  pixel: number,
): { colour: Colour; flawed: boolean } {
  const [u, v] = scene.toPart(x, y);
  const unit = pixel / scene.scale;
  const edge = scene.outline(u, v);
  const shadow = clamp(0.5 - scene.outline(u - 0.035, v - 0.045) / 0.08, 0, 1);
  const table = scaled(scene.table(x, y), 1 - 0.2 * shadow);
  let colour = table;
  if (edge < unit) {
    const bevel = clamp(1 + edge / 0.035, 0, 1);
    const surface = scaled(scene.surface(u, v), 1 - 0.12 * bevel);
    colour = blend(table, surface, coverage(edge, unit));
  }
  let flawed = false;
  if (flaw) {
    const distance = flaw.distance(u, v);
    flawed = distance <= 0;
    if (distance < unit)
      colour = blend(
        colour,
        flaw.colour({ u, v, distance, surface: colour, background: table }),
        flaw.contrast * coverage(distance, unit),
      );
  }
  return { colour: scaled(colour, scene.light(x, y)), flawed };
}

/** The share of a pixel that lies inside an edge, by the signed distance of the edge from the pixel's centre. */
function coverage(distance: number, unit: number): number {
  return clamp(0.5 - distance / unit, 0, 1);
}
