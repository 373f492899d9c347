/** The name of an axis and its values. */
type Axis<T> = [name: string, values: T];

/**
 * Formats a line chart as a Mermaid block, which GitHub and editors render. The positions on the x axis are evenly
 * spaced, as on a logarithmic axis if each is a multiple of the one before. The y axis is linear and starts at 0.
 *
 * @throws Error if a line does not have exactly one value per position.
 */
export function chart(
  title: string,
  [xName, places]: Axis<readonly number[]>,
  [yName, lines]: Axis<readonly (readonly number[])[]>,
): string {
  for (const values of lines) {
    if (values.length !== places.length) {
      throw new Error(`A line of "${yName}" has ${values.length} values for ${places.length} positions.`);
    }
  }
  const most = Math.max(...lines.flat());
  return [
    ...["```mermaid", "xychart-beta"],
    `    title "${title}"`,
    `    x-axis "${xName}" [${places.join(", ")}]`,
    `    y-axis "${yName}" 0 --> ${ceiling(most)}`,
    ...lines.map((values) => `    line [${values.map((value) => Number(value.toPrecision(4))).join(", ")}]`),
    ...["```", ""],
  ].join("\n");
}

/** Rounds up to two significant digits: 1234 gives 1300. */
function ceiling(value: number): number {
  const step = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Number((Math.ceil(value / step) * step).toPrecision(2));
}
