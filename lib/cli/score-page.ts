import type { Detector } from "../detector/detector.js";
import { counted } from "../errors/counted.js";
import type { AnomalyMap } from "../image/anomaly-map.js";
import type { Outlines } from "../options/heatmap.js";
import { Gallery } from "../report/gallery.js";
import type { PageImage } from "../report/content.js";
import { writeReportPage } from "../report/write.js";
import { modelFacts } from "./model-facts.js";

/** The page of `score --report`. Maps are kept, with 8 bits per value, until it is written. */
export class ScorePage {
  readonly #path: string;
  readonly #gallery = new Gallery();
  readonly #images: PageImage[] = [];
  #leftOut = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** @param outlines Of regions, in pixels of the image. */
  add(image: string, score: number, map: AnomalyMap, outlines?: Outlines): void {
    this.#images.push({ image, score });
    this.#gallery.add(image, map, outlines);
  }

  /** Counts an image that could not be read. */
  leaveOut(): void {
    this.#leftOut++;
  }

  async write(
    model: string,
    detector: Detector,
    options: { maxPixels: number | undefined; signal: AbortSignal },
  ): Promise<void> {
    const { config, thresholds, calibration, training } = detector;
    const facts = [
      ["images", counted(this.#images.length, "image")] as const,
      ...(this.#leftOut === 0 ? [] : [["not read", counted(this.#leftOut, "image")] as const]),
      ...modelFacts(model, detector),
    ];
    const content = {
      ...{ title: "Scores", facts, images: this.#images },
      ...{ thresholds, calibration, losses: training?.run?.losses },
    };
    await writeReportPage(this.#path, this.#gallery, content, { levels: config.levels, ...options });
  }
}
