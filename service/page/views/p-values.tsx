import { counted, percent, whole } from "../client/words.js";

const [width, height, left, bottom] = [360, 140, 34, 20];

/** p-values of the latest parts: those of good parts spread evenly, defects heap up on the left. */
export function PValues({ bins }: { bins: readonly number[] }) {
  const total = bins.reduce((sum, count) => sum + count, 0);
  const even = total / bins.length;
  const most = Math.max(1, ...bins);
  const step = (width - left) / bins.length;
  const scale = (height - bottom - 10) / most;
  const y = (count: number) => height - bottom - count * scale;
  const lowest = bins[0] ?? 0;
  return (
    <figure class="chart">
      <figcaption>p-values of the latest {counted(total, "part")}</figcaption>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={`p-values of the latest ${counted(total, "part")}: ${whole(lowest)} below ${percent(1 / bins.length)}; ${even.toFixed(1)} would be even.`}
      >
        <text x={left - 4} y={14} class="end">
          {whole(most)}
        </text>
        <text x={left - 4} y={height - bottom} class="end">
          0
        </text>
        {bins.map((count, index) => (
          <rect
            key={index}
            class="bar"
            x={left + index * step}
            y={y(count)}
            width={step - 1}
            height={count * scale}
          />
        ))}
        <path class="axis" d={`M${left} ${height - bottom}H${width}`} />
        {total > 0 && <path class="even" d={`M${left} ${y(even)}H${width}`} />}
        <text x={left} y={height - 5}>
          0
        </text>
        <text x={width} y={height - 5} class="end">
          1
        </text>
      </svg>
      <p class="legend">Good parts spread evenly along the dashed line.</p>
    </figure>
  );
}
