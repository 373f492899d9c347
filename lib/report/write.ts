import { normalLabel } from "../evaluation/dataset.js";
import { writeAtomically } from "../files/atomic-file.js";
import type { LevelRange } from "../options/levels.js";
import type { PageContent } from "./content.js";
import { mostPictures, type Gallery } from "./gallery.js";
import { reportPage } from "./page.js";
import { worstFirst } from "./ranking.js";

/**
 * Draws the images, the worst misses first, and writes the page. The write is atomic.
 *
 * @param gallery The maps of `content.images`, in the same order.
 * @throws ReverseDistillationError `NOT_FOUND` or `INVALID_IMAGE` if an image has changed since it was scored; `IO`;
 * `ABORTED`.
 */
export async function writeReportPage(
  path: string,
  gallery: Gallery,
  content: Omit<PageContent, "pictures">,
  options: { levels?: LevelRange | undefined; maxPixels?: number | undefined; signal: AbortSignal },
): Promise<void> {
  const ranked = worstFirst(
    content.images.map(({ score, label }) => ({
      score,
      ...(label !== undefined && { defective: label !== normalLabel }),
    })),
  );
  const pictures = await gallery.draw(ranked.slice(0, mostPictures), options);
  const page = reportPage({ ...content, pictures });
  await writeAtomically(path, (file) => file.writeFile(page));
}
