import type { CalibratedThreshold } from "../calibration/calibration.js";
import { percent } from "../errors/percent.js";
import { short } from "./chart.js";
import type { PageContent } from "./content.js";
import { html, type Markup } from "./html.js";

/** What was promised of the thresholds, and from how many good parts. */
export function calibrationCard({ calibration, thresholds }: PageContent): Markup {
  if (!calibration || !thresholds) return html``;
  const { reject, review, scores } = calibration;
  const byHand = thresholds.reject !== reject.value || thresholds.review !== review.value;
  return html`<section aria-labelledby="calibration">
    <h2 id="calibration">Calibration</h2>
    <p>
      From the scores of ${scores.length} good images. The promises hold for images that are taken in the same
      way, provided that none of these was trained on.
    </p>
    <dl>${promise("rejected", reject)} ${promise("reviewed or rejected", review)}</dl>
    ${byHand ? html`<p>Other thresholds are in force: they were set by hand, and nothing is promised of them.</p>` : ""}
  </section>`;
}

function promise(what: string, { value, rate, interval, estimate }: CalibratedThreshold): Markup {
  const range =
    interval === null
      ? ""
      : `; 95 % interval of the share for this calibration: ${percent(interval[0])} to ${percent(interval[1])}`;
  const words = estimate
    ? `an estimate, not a promise: about ${percent(rate)}`
    : `at most ${percent(rate)} on average`;
  return html`<dt>${what} from ${short(value)}</dt>
    <dd>${words} of good parts${range}</dd>`;
}
