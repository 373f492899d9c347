import type { Random } from "../random.js";
import { clamp, fractalNoise, lattice, mix, valueNoise } from "./noise.js";

/** A colour as red, green and blue from 0 to 255, not rounded. */
export type Colour = [number, number, number];

/** Colour of a surface at a point of the part: `u` points right, `v` points down, and the part lies within [-1, 1]. */
export type Surface = (u: number, v: number) => Colour;

/** Outline of a part: the signed distance from a point to it, in units of the part; negative inside. */
export type Outline = (u: number, v: number) => number;

/** A kind of part: its outline and its surface, which varies from part to part like a real one. */
export interface Texture {
  outline: Outline;
  surface: (random: Random) => Surface;
}

/** The textures that the generator draws. */
export const textureNames = ["brushed_steel", "woven_fabric", "granite", "turned_brass"] as const;

export type TextureName = (typeof textureNames)[number];

export const textures: Record<TextureName, Texture> = {
  brushed_steel: { outline: ring(1, 0.26), surface: brushedSteel },
  woven_fabric: { outline: roundedRectangle(0.94, 0.94, 0.12), surface: wovenFabric },
  granite: { outline: roundedRectangle(1, 0.8, 0.22), surface: granite },
  turned_brass: { outline: ring(1, 0.14), surface: turnedBrass },
};

function brushedSteel(random: Random): Surface {
  const streaks = fractalNoise(random.bits(), 3);
  const slow = valueNoise(random.bits());
  const sheen = random.between(-0.12, 0.12);
  return (u, v) => {
    const light =
      188 +
      11 * streaks(u * 1.6, v * 34) +
      4 * slow(u * 2, v * 2) +
      16 * Math.exp(-(((v - sheen) / 0.35) ** 2));
    return [light * 0.98, light, light * 1.04];
  };
}

function wovenFabric(random: Random): Surface {
  const threads = 7;
  const seed = random.bits();
  const wear = valueNoise(random.bits());
  const shiftU = random.between(0, 2);
  const shiftV = random.between(0, 2);
  return (u, v) => {
    const x = u * threads + shiftU;
    const y = v * threads + shiftV;
    const warpOnTop = (Math.floor(x) + Math.floor(y)) % 2 === 0;
    const across = warpOnTop ? x - Math.floor(x) : y - Math.floor(y);
    const along = warpOnTop ? y - Math.floor(y) : x - Math.floor(x);
    const round = Math.sin(Math.PI * across) * mix(0.72, 1, Math.sin(Math.PI * along));
    const thread = lattice(seed, warpOnTop ? Math.floor(x) : 1000, warpOnTop ? 1000 : Math.floor(y));
    const light = mix(0.76, 1.03, round) * (1 + 0.04 * thread + 0.03 * wear(u * 3, v * 3));
    return warpOnTop ? [158 * light, 182 * light, 218 * light] : [178 * light, 200 * light, 230 * light];
  };
}

function granite(random: Random): Surface {
  const coarse = fractalNoise(random.bits(), 2);
  const fine = valueNoise(random.bits());
  const tint = valueNoise(random.bits());
  return (u, v) => {
    const grain = coarse(u * 17, v * 17);
    const speck = fine(u * 38, v * 38);
    const light = 186 + 20 * grain + 15 * speck - 22 * clamp((speck - 0.45) * 4, 0, 1);
    const rose = 7 * tint(u * 12, v * 12);
    return [light + 6 + rose, light - 3, light - 7 - rose];
  };
}

function turnedBrass(random: Random): Surface {
  const grooves = 5;
  const patina = valueNoise(random.bits());
  const runOut = random.between(-0.004, 0.004);
  return (u, v) => {
    const radius = Math.hypot(u - runOut, v);
    const slope = Math.sin(2 * Math.PI * radius * grooves);
    // The flanks of a groove face the light on one side of the part and face away from it on the other.
    const facing = radius > 0 ? (-0.6 * u - 0.8 * v) / radius : 0;
    const light = 0.92 + 0.08 * slope * (0.45 + 0.55 * facing) + 0.03 * patina(u * 4, v * 4) + 0.05 * facing;
    return [238 * light, 208 * light, 142 * light];
  };
}

function ring(outer: number, inner: number): Outline {
  return (u, v) => {
    const radius = Math.hypot(u, v);
    return Math.max(radius - outer, inner - radius);
  };
}

function roundedRectangle(halfWidth: number, halfHeight: number, corner: number): Outline {
  return (u, v) => {
    const x = Math.abs(u) - halfWidth + corner;
    const y = Math.abs(v) - halfHeight + corner;
    return Math.hypot(Math.max(x, 0), Math.max(y, 0)) + Math.min(Math.max(x, y), 0) - corner;
  };
}
