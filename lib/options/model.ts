import { invalid, oneOf, positive } from "../errors/validate.js";
import { backbones, type Backbone } from "./backbones.js";

/**
 * The choices that make a model, each with its check: options of a training and the configuration
 * in a model file go through the same ones.
 */

export { backbones, type Backbone };
export const layouts = ["paper", "official"] as const;
export type Layout = (typeof layouts)[number];
export const combinations = ["sum", "product"] as const;
export type Combine = (typeof combinations)[number];
export const normalisations = ["imagenet", "none"] as const;
export type Normalisation = (typeof normalisations)[number];
export const losses = ["location", "global"] as const;
export type Loss = (typeof losses)[number];

/** One of the teacher's three scales: 1 is the finest, 3 the coarsest. */
export type Layer = 1 | 2 | 3;

/** What a detector computes, whatever the device. */
export interface ModelDescription {
  backbone: Backbone;
  layout: Layout;
  /** Scales that count, ascending. */
  layers: Layer[];
  combine: Combine;
  /** Standard deviation of the map's smoothing, in pixels of the map. */
  sigma: number;
  /** Size that images are brought to, and that of the maps, in pixels. */
  imageSize: [height: number, width: number];
  /** What becomes of pixels before the networks see them: see `TrainOptions.normalisation`. */
  normalisation: Normalisation;
}

/** Largest side of the networks' image, in pixels. */
export const maxImageSide = 4096;
const sizeStep = 32;

export const backbone = (name: string, value: unknown): Backbone => oneOf(name, value, backbones);
export const layout = (name: string, value: unknown): Layout => oneOf(name, value, layouts);
export const combine = (name: string, value: unknown): Combine => oneOf(name, value, combinations);
export const loss = (name: string, value: unknown): Loss => oneOf(name, value, losses);
export const normalisation = (name: string, value: unknown): Normalisation =>
  oneOf(name, value, normalisations);
export const sigma = (name: string, value: unknown): number => positive(name, value, 1000);

/** A side alone for a square, or [height, width]; multiples of 32. */
export function imageSize(name: string, value: unknown): [height: number, width: number] {
  const sides: unknown[] = Array.isArray(value) ? value : [value, value];
  if (sides.length !== 2 || !sides.every(isSide)) {
    const nearest = sides.every((side) => typeof side === "number") ? sides.map(nearestSide) : undefined;
    const hint = nearest?.every(Number.isFinite)
      ? ` (the nearest is ${[...new Set(nearest)].join(" x ")})`
      : "";
    throw invalid(
      name,
      `a multiple of ${sizeStep} from ${sizeStep} to ${maxImageSide}, or [height, width] of two${hint}`,
      value,
    );
  }
  return sides as [number, number];
}

/** Scales that count, at least one of 1, 2, 3, each once; returned in ascending order. */
export function layers(name: string, value: unknown): Layer[] {
  const fits =
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((layer) => layer === 1 || layer === 2 || layer === 3) &&
    new Set(value).size === value.length;
  if (!fits) throw invalid(name, "a list of one or more of 1, 2, 3, each once", value);
  return [...(value as Layer[])].sort((a, b) => a - b);
}

function isSide(side: unknown): boolean {
  return Number.isInteger(side) && (side as number) % sizeStep === 0 && inRange(side as number);
}

function inRange(side: number): boolean {
  return side >= sizeStep && side <= maxImageSide;
}

function nearestSide(side: number): number {
  return Math.min(maxImageSide, Math.max(sizeStep, Math.round(side / sizeStep) * sizeStep));
}
