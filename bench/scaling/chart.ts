/** A name of an axis and what lies on it. */
type Axis<T> = [name: string, values: T];

/**
 * Lines as a block of mermaid, which GitHub and editors draw. Places on the x axis lie equally far apart, as on a
 * logarithmic one where each is a multiple of the last; the y axis is linear, from 0.
 *
 * @throws Error if a line has not one value a place.
 */
export function chart(
  title: string,
  [xName, places]: Axis<readonly number[]>,
  [yName, lines]: Axis<readonly (readonly number[])[]>,
): string {
  for (const values of lines) {
    if (values.length !== places.length) {
      throw new Error(`A line of "${yName}" has ${values.length} values for ${places.length} places.`);
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

/** The next number of two digits: 1,234 gives 1,300. */
function ceiling(value: number): number {
  const step = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Number((Math.ceil(value / step) * step).toPrecision(2));
}
