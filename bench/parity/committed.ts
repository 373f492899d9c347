import { fileURLToPath } from "node:url";
import { layouts, type ModelDescription } from "../../lib/options/model.js";
import { losses, type Loss } from "../../lib/options/training.js";
import { describe } from "./inputs.js";

/** A model, and its golden files in the repository. */
export interface CommittedCase {
  name: string;
  description: ModelDescription;
  /** Number of images. */
  images: number;
  losses: { loss: Loss; path: string }[];
}

/** A model with every option set to something other than its default. */
export const unusual: ModelDescription = {
  ...describe("resnet18", "paper"),
  layers: [1, 3],
  combine: "product",
  sigma: 2.5,
  normalisation: "none",
  imageSize: [64, 96],
};

/** Two batches and a half. */
export const unusualImages = 10;

/** The cases that are also tested without Python. */
export function committedCases(): CommittedCase[] {
  const layoutCases = layouts.map((layout) => {
    const name = `resnet18-${layout}`;
    return {
      name,
      description: describe("resnet18", layout),
      images: 4,
      losses: losses.map((loss) => ({ loss, path: pathOf(`${name}-${loss}`) })),
    };
  });
  const name = "resnet18-unusual";
  const unusualCase = {
    name,
    description: unusual,
    images: unusualImages,
    losses: [{ loss: "location" as const, path: pathOf(name) }],
  };
  return [...layoutCases, unusualCase];
}

function pathOf(name: string): string {
  return fileURLToPath(new URL(`../../test/js/golden/parity/${name}.safetensors`, import.meta.url));
}
