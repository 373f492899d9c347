import type { Random } from "../random.js";
import { clamp, mix, valueNoise } from "./noise.js";
import type { Colour, Outline } from "./textures.js";

/** A defect of one part, in the coordinates of the part, like a surface. */
export interface Defect {
  /** Signed distance from a point to the defect's edge, in units of the part; negative inside. It defines the mask. */
  distance: (u: number, v: number) => number;
  /** Colour of a point inside the defect. */
  colour: (point: DefectPoint) => Colour;
}

/** A point inside a defect or at its edge. */
export interface DefectPoint {
  u: number;
  v: number;
  /** The defect's `distance` at this point. */
  distance: number;
  /** The colour without the defect. */
  surface: Colour;
  /** The colour of what is below the part. */
  background: Colour;
}

/** The kinds of defects that the generator draws. */
export const defectNames = ["scratch", "stain", "hole", "crack", "chip", "foreign_body"] as const;

export type DefectName = (typeof defectNames)[number];

/** Draw a defect at a random place on a part with the given outline. */
export const defects: Record<DefectName, (random: Random, outline: Outline) => Defect> = {
  scratch,
  stain,
  hole,
  crack,
  chip,
  foreign_body: foreignBody,
};

type Point = [number, number];

function scratch(random: Random, outline: Outline): Defect {
  const middle = placeWithin(random, outline, 0.16);
  const angle = random.between(0, Math.PI);
  const half = random.between(0.28, 0.45);
  const bend = random.between(-0.16, 0.16);
  const path = Array.from({ length: 13 }, (_, i): Point => {
    const t = i / 6 - 1;
    return along(middle, angle, t * half, bend * (1 - t * t));
  });
  const width = random.between(0.03, 0.042);
  return {
    distance: (u, v) => Math.max(distanceToPath(path, u, v) - width, outline(u, v)),
    // A groove is dark inside, and its raised rims catch the light.
    colour: ({ surface, distance }) =>
      blend(scaled(surface, 1.25), [34, 32, 32], clamp((-distance / width) * 1.6, 0, 1)),
  };
}

function stain(random: Random, outline: Outline): Defect {
  const centre = placeWithin(random, outline, 0.2);
  const wobble = valueNoise(random.bits());
  const radius = random.between(0.17, 0.25);
  const ink = random.pick<Colour>([
    [58, 36, 22],
    [30, 34, 44],
    [84, 40, 30],
  ]);
  return {
    distance: (u, v) => {
      const x = u - centre[0];
      const y = v - centre[1];
      const edge = radius * (1 + 0.35 * wobble(9 + x * 7, y * 7));
      return Math.max(Math.hypot(x, y) - edge, outline(u, v));
    },
    colour: ({ surface, distance }) => blend(surface, ink, mix(0.55, 0.82, clamp(-distance / 0.12, 0, 1))),
  };
}

function hole(random: Random, outline: Outline): Defect {
  const radius = random.between(0.09, 0.13);
  const centre = placeWithin(random, outline, radius + 0.05);
  const squash = random.between(0.85, 1.15);
  return {
    distance: (u, v) => Math.hypot((u - centre[0]) * squash, (v - centre[1]) / squash) - radius,
    // The light comes from the upper left, so the lower right wall of a hole catches it.
    colour: ({ u, v, distance }) => {
      const wall = clamp(1 + distance / 0.035, 0, 1);
      const lit = clamp((u - centre[0] + v - centre[1]) / radius, 0, 1);
      return blend([14, 13, 13], [190, 188, 184], wall * lit);
    },
  };
}

function crack(random: Random, outline: Outline): Defect {
  const start = placeWithin(random, outline, 0.18);
  const angle = random.between(0, 2 * Math.PI);
  const trunk = jagged(random, start, angle, 8, 0.1);
  const branches = [2, 4, 6].map((joint) =>
    jagged(random, trunk[joint]!, angle + random.sign() * random.between(0.6, 1.1), 3, 0.08),
  );
  const width = random.between(0.024, 0.034);
  const paths = [trunk, ...branches];
  return {
    distance: (u, v) =>
      Math.max(Math.min(...paths.map((path) => distanceToPath(path, u, v))) - width, outline(u, v)),
    colour: ({ surface, distance }) =>
      blend(scaled(surface, 0.5), [12, 11, 11], clamp(-distance / (width * 0.6), 0, 1)),
  };
}

function chip(random: Random, outline: Outline): Defect {
  const edge = placeOnEdge(random, outline);
  const wobble = valueNoise(random.bits());
  const radius = random.between(0.2, 0.28);
  const away = (u: number, v: number): number =>
    Math.hypot(u - edge[0], v - edge[1]) - radius * (1 + 0.22 * wobble(9 + u * 9, 9 + v * 9));
  return {
    distance: (u, v) => Math.max(away(u, v), outline(u, v)),
    // The part is thick: its broken wall is in shadow.
    colour: ({ background, u, v }) => blend(background, [46, 42, 40], clamp(1.6 + away(u, v) / 0.08, 0, 1)),
  };
}

function foreignBody(random: Random, outline: Outline): Defect {
  const centre = placeWithin(random, outline, 0.15);
  const angle = random.between(0, Math.PI);
  const length = random.between(0.13, 0.2);
  const breadth = random.between(0.09, 0.13);
  const colour = random.pick<Colour>([
    [206, 38, 36],
    [34, 142, 62],
    [18, 132, 146],
    [118, 34, 128],
    [36, 60, 190],
  ]);
  const local = (u: number, v: number): Point => {
    const x = u - centre[0];
    const y = v - centre[1];
    return [x * Math.cos(angle) + y * Math.sin(angle), y * Math.cos(angle) - x * Math.sin(angle)];
  };
  return {
    distance: (u, v) => {
      const [x, y] = local(u, v);
      return (
        Math.max(Math.abs(x) / length + (0.35 * Math.abs(y)) / breadth - 1, Math.abs(y) / breadth - 1) *
        breadth
      );
    },
    colour: ({ u, v }) => {
      const [x, y] = local(u, v);
      return scaled(colour, 1 - 0.25 * clamp((x / length + y / breadth) / 2, -1, 1));
    },
  };
}

/** A random point of the part that is at least `margin` away from its outline. */
function placeWithin(random: Random, outline: Outline, margin: number): Point {
  for (;;) {
    const point: Point = [random.between(-1, 1), random.between(-1, 1)];
    if (outline(...point) < -margin) return point;
  }
}

/** A random point on the outer edge of the part. */
function placeOnEdge(random: Random, outline: Outline): Point {
  const angle = random.between(0, 2 * Math.PI);
  let radius = 1.5;
  while (outline(radius * Math.cos(angle), radius * Math.sin(angle)) > 0) radius -= 0.01;
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}

function jagged(random: Random, start: Point, angle: number, steps: number, step: number): Point[] {
  const path = [start];
  for (let i = 0; i < steps; i++) path.push(along(path[i]!, angle + random.between(-0.7, 0.7), step, 0));
  return path;
}

function along(from: Point, angle: number, ahead: number, aside: number): Point {
  return [
    from[0] + ahead * Math.cos(angle) - aside * Math.sin(angle),
    from[1] + ahead * Math.sin(angle) + aside * Math.cos(angle),
  ];
}

function distanceToPath(path: readonly Point[], u: number, v: number): number {
  let nearest = Infinity;
  for (let i = 1; i < path.length; i++) {
    const [startU, startV] = path[i - 1]!;
    const stepU = path[i]![0] - startU;
    const stepV = path[i]![1] - startV;
    const share = clamp(
      ((u - startU) * stepU + (v - startV) * stepV) / (stepU * stepU + stepV * stepV),
      0,
      1,
    );
    const asideU = u - startU - share * stepU;
    const asideV = v - startV - share * stepV;
    nearest = Math.min(nearest, asideU * asideU + asideV * asideV);
  }
  return Math.sqrt(nearest);
}

/** Mixes two colours. */
export function blend(from: Colour, to: Colour, share: number): Colour {
  return [mix(from[0], to[0], share), mix(from[1], to[1], share), mix(from[2], to[2], share)];
}

/** A colour under more or less light. */
export function scaled(colour: Colour, light: number): Colour {
  return [colour[0] * light, colour[1] * light, colour[2] * light];
}
