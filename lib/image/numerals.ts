/**
 * The strokes of each character in a box that is 1 wide and 2 high, as on a calculator. Drawn rather than written, because
 * a machine that renders images may have no fonts.
 */
const strokes: Readonly<Record<string, string>> = {
  "0": "M0,0H1V2H0Z",
  "1": "M0,0.6L0.6,0V2",
  "2": "M0,0H1V1H0V2H1",
  "3": "M0,0H1V2H0M0,1H1",
  "4": "M0,0V1H1M1,0V2",
  "5": "M1,0H0V1H1V2H0",
  "6": "M1,0H0V2H1V1H0",
  "7": "M0,0H1V2",
  "8": "M0,0H1V2H0ZM0,1H1",
  "9": "M1,1H0V0H1V2H0",
  "-": "M0,1H1",
  "+": "M0,1H1M0.5,0.5V1.5",
  e: "M1,0H0V2H1M0,1H1",
  ".": "M0,1.85V2",
};

/** From the start of one character to the start of the next, in widths of one. */
const advance = 1.7;
const pointAdvance = 0.7;

/** A number drawn as SVG, and how wide it is. */
export interface DrawnNumber {
  svg: string;
  width: number;
}

/**
 * Draws a number with three significant digits.
 *
 * @param height Of a digit, in pixels.
 */
export function drawNumber(value: number, height: number): DrawnNumber {
  const scale = height / 2;
  let width = 0;
  const characters = Array.from(shortened(value), (character) => {
    const path = `<path transform="translate(${width},0)" d="${strokes[character]!}"/>`;
    width += character === "." ? pointAdvance : advance;
    return path;
  });
  const svg =
    `<g transform="scale(${scale})" fill="none" stroke="white" stroke-width="0.25" stroke-linecap="square">` +
    `${characters.join("")}</g>`;
  return { svg, width: (width - (advance - 1)) * scale };
}

function shortened(value: number): string {
  return String(Number(value.toPrecision(3)));
}
