import type { LineBody } from "../../lib/http/bodies/line.js";
import { whole } from "../client/words.js";

type Minutes = LineBody["models"][number]["minutes"];

const kinds = ["accept", "none", "review", "reject"] as const;
const [width, height, left, bottom] = [360, 140, 34, 20];

/** Parts by minute and verdict, as bars. */
export function Throughput({ minutes }: { minutes: Minutes }) {
  const totals = minutes.map((minute) => kinds.reduce((sum, kind) => sum + minute[kind], 0));
  const most = Math.max(1, ...totals);
  const step = (width - left) / minutes.length;
  const scale = (height - bottom - 10) / most;
  return (
    <figure class="chart">
      <figcaption>Parts by minute</figcaption>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={`Parts by minute in the last hour: ${whole(totals.at(-1) ?? 0)} in the current minute, ${whole(Math.max(...totals))} at most.`}
      >
        <text x={left - 4} y={14} class="end">
          {whole(most)}
        </text>
        <text x={left - 4} y={height - bottom} class="end">
          0
        </text>
        {minutes.map((minute, index) => {
          let y = height - bottom;
          return kinds.map((kind) => {
            const tall = minute[kind] * scale;
            if (tall === 0) return null;
            y -= tall;
            return (
              <rect
                key={`${minute.start} ${kind}`}
                class={kind}
                x={left + index * step}
                y={y}
                width={step - 1}
                height={tall}
              />
            );
          });
        })}
        <path class="axis" d={`M${left} ${height - bottom}H${width}`} />
        <text x={left} y={height - 5}>
          an hour ago
        </text>
        <text x={width} y={height - 5} class="end">
          now
        </text>
      </svg>
      <p class="legend" aria-hidden="true">
        {(["accept", "review", "reject"] as const).map((kind) => (
          <span key={kind} class={`key ${kind}`}>
            {kind}
          </span>
        ))}
      </p>
    </figure>
  );
}
