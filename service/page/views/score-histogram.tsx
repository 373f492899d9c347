import type { ScoresBody } from "../../lib/http/bodies/version.js";
import { counted, short } from "../client/words.js";
import type { Tried } from "./threshold-chooser.js";

interface ScoreHistogramProps {
  scores: ScoresBody;
  tried: Tried;
  set: Record<keyof Tried, (value: number) => void>;
}

const bins = 60;
const [width, height, bottom] = [720, 220, 20];
/** Steps of the handles over the whole axis. */
const steps = 1000;

/**
 * Scores of good parts, and of the latest ones, with the thresholds as handles: ranges that lie on top of each other, so
 * that each is dragged, and moved with keys, as every range is.
 */
export function ScoreHistogram({ scores, tried, set }: ScoreHistogramProps) {
  const { good, recent, thresholds } = scores;
  const end = axisEnd(scores);
  const x = (value: number) => Math.min(width, (Math.max(0, value) / end) * width);
  const [bars, line] = [good, recent].map((values) => histogram(values, end)) as [number[], number[]];
  const handle = (name: keyof Tried) => (
    <input
      type="range"
      class={`handle ${name}`}
      aria-label={`Threshold for ${name}`}
      aria-valuetext={short(tried[name])}
      min={0}
      max={end}
      step={end / steps}
      value={Math.min(end, tried[name])}
      onInput={(event) => set[name](Number(event.currentTarget.value))}
    />
  );
  return (
    <figure class="chart wide">
      <figcaption>
        Scores of {counted(good.length, "good part")}, and of the latest {counted(recent.length, "part")}
      </figcaption>
      <div class="handles">
        <svg
          viewBox={`0 0 ${width} ${height}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`Good parts score from ${short(good[0] ?? 0)} to ${short(good.at(-1) ?? 0)}. In force: review from ${short(thresholds.review)}, reject from ${short(thresholds.reject)}.`}
        >
          {bars.map((share, index) => (
            <rect
              key={index}
              class="bar"
              x={(index * width) / bins}
              y={height - bottom - share * (height - bottom - 10)}
              width={width / bins - 1}
              height={share * (height - bottom - 10)}
            />
          ))}
          {recent.length > 0 && (
            <path
              class="latest"
              d={line
                .map((share, index) => {
                  const y = height - bottom - share * (height - bottom - 10);
                  return `${index === 0 ? "M" : "L"}${(index * width) / bins} ${y}h${width / bins}`;
                })
                .join("")}
            />
          )}
          <path class="axis" d={`M0 ${height - bottom}H${width}`} />
          {(["review", "reject"] as const).map((name) => (
            <path key={name} class={`limit ${name}`} d={`M${x(tried[name])} 0V${height}`} />
          ))}
        </svg>
        {handle("review")}
        {handle("reject")}
      </div>
      <p class="scale" aria-hidden="true">
        <span>0</span>
        <span>{short(end)}</span>
      </p>
      <p class="legend" aria-hidden="true">
        <span class="key bar">good parts</span>
        <span class="key latest">latest parts</span>
        <span class="key review">review</span>
        <span class="key reject">reject</span>
      </p>
    </figure>
  );
}

/** Everything but the highest scores of defects, which would push the good parts together. */
function axisEnd({ good, recent, thresholds }: ScoresBody): number {
  const ascending = [...recent].sort((a, b) => a - b);
  const highest = good.at(-1) ?? 1;
  const wanted = Math.max(highest, ascending[Math.floor(0.99 * ascending.length)] ?? 0, thresholds.reject);
  return Math.min(wanted * 1.15, highest * 4) || 1;
}

/** Counts by bin, as shares of the highest count. Higher values are in the last bin. */
function histogram(values: readonly number[], end: number): number[] {
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) counts[Math.max(0, Math.min(bins - 1, Math.floor((value / end) * bins)))]!++;
  const most = Math.max(1, ...counts);
  return counts.map((count) => count / most);
}
