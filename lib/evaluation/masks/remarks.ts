import type { MaskRemark } from "./marked.js";

/** What a report says about masks: what looks wrong, and how they were read if there was a choice. */
export type MaskFinding =
  MaskRemark | "empty" | "mostly-marked" | "good-marked" | "lost" | "outside" | "other-proportions";

/** In the order of the report: the sentence for one mask, and for several. */
const sentences: Readonly<Record<MaskFinding, (count: number) => string>> = {
  empty: plural("1 mask of a defective image marks nothing", "masks of defective images mark nothing"),
  "mostly-marked": plural(
    "1 mask marks more than half of its image, as an inverted mask does",
    "masks mark more than half of their images, as inverted masks do",
  ),
  "good-marked": plural(
    "1 mask of a good image marks something, and the image counts as good throughout",
    "masks of good images mark something, and the images count as good throughout",
  ),
  lost: plural(
    "1 mask marks so few pixels that none is left at the size of the map",
    "masks mark so few pixels that none is left at the size of the maps",
  ),
  outside: plural(
    "1 mask marks nothing inside of the region of interest: its image counts as defective, and its pixels as good",
    "masks mark nothing inside of the region of interest: their images count as defective, and their pixels as good",
  ),
  "other-proportions": plural(
    "1 mask has a different aspect ratio from its image",
    "masks have different aspect ratios from their images",
  ),
  "several-levels": plural(
    "1 mask has values below and above half of white: all but 0 are marked",
    "masks have values below and above half of white: all but 0 are marked",
  ),
  "soft-edges": plural(
    "1 mask has soft edges: values from half of white on are marked",
    "masks have soft edges: values from half of white on are marked",
  ),
  palette: plural(
    "1 mask has a palette whose colours and indices mark different pixels: the smaller set counts",
    "masks have palettes whose colours and indices mark different pixels: the smaller set counts",
  ),
  alpha: plural(
    "1 mask has a single colour: pixels that are not transparent are marked",
    "masks have a single colour: pixels that are not transparent are marked",
  ),
  "white-background": plural(
    "1 mask has colours on white and no black: pixels that are not white are marked",
    "masks have colours on white and no black: pixels that are not white are marked",
  ),
};

function plural(one: string, several: string): (count: number) => string {
  return (count) => (count === 1 ? one : `${count} ${several}`);
}

/** How many masks a sentence names. */
const mostNamed = 10;

/** Collects findings about masks and reports each kind in one sentence. */
export class MaskFindings {
  readonly #paths = new Map<MaskFinding, string[]>();

  add(finding: MaskFinding, path: string): void {
    const known = this.#paths.get(finding);
    if (known === undefined) this.#paths.set(finding, [path]);
    else known.push(path);
  }

  notes(): string[] {
    return (Object.keys(sentences) as MaskFinding[]).flatMap((finding) => {
      const paths = this.#paths.get(finding);
      if (paths === undefined) return [];
      const more = paths.length > mostNamed ? ` and ${paths.length - mostNamed} more` : "";
      return [`${sentences[finding](paths.length)} (${paths.slice(0, mostNamed).join(", ")}${more}).`];
    });
  }
}
