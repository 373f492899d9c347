import { join } from "node:path";
import { defectNames, type DefectName } from "./defects.js";
import type { CheckedSampleOptions } from "./options.js";
import type { TextureName } from "./textures.js";

/** A part to draw, and where its files go. */
export interface PartPlan {
  /** Path in the sample's folder, without extension. */
  image: string;
  mask?: string;
  texture: TextureName;
  defect?: DefectName;
}

/** The parts of a sample with these options. */
export function planSample(
  options: Pick<CheckedSampleOptions, "train" | "testGood" | "testPerDefect" | "textures" | "defects">,
): PartPlan[] {
  const numbered = (count: number, plan: (name: string, texture: TextureName) => PartPlan): PartPlan[] =>
    Array.from({ length: count }, (_, i) =>
      plan(String(i).padStart(3, "0"), options.textures[i % options.textures.length]!),
    );
  return [
    ...numbered(options.train, (name, texture) => ({ image: join("train", "good", name), texture })),
    ...numbered(options.testGood, (name, texture) => ({ image: join("test", "good", name), texture })),
    ...defectNames.flatMap((defect) =>
      options.defects.includes(defect)
        ? numbered(options.testPerDefect, (name, texture) => ({
            image: join("test", defect, name),
            mask: join("ground_truth", defect, `${name}_mask`),
            texture,
            defect,
          }))
        : [],
    ),
  ];
}
