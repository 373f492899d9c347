import { fileURLToPath } from "node:url";
import { layouts, losses } from "../../lib/model-options.js";
import type { Backbone, Layout, Loss } from "../../lib/native/addon.js";

/** A model with the golden files that the repository holds of it. */
export interface CommittedCase {
  backbone: Backbone;
  layout: Layout;
  losses: { loss: Loss; path: string }[];
}

/** The cases that are tested without Python as well. */
export function committedCases(): CommittedCase[] {
  const backbone = "resnet18";
  return layouts.map((layout) => ({
    backbone,
    layout,
    losses: losses.map((loss) => ({ loss, path: pathOf(`${backbone}-${layout}-${loss}`) })),
  }));
}

function pathOf(name: string): string {
  return fileURLToPath(new URL(`../../test/js/golden/parity/${name}.safetensors`, import.meta.url));
}
