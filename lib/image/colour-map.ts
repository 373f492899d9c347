/** Lightness and hue (in degrees) at both ends, and the chroma in between. */
const lightness = [0.2, 0.95] as const;
const hue = [-70, 105] as const;
const chroma = 0.17;

/**
 * A perceptually uniform colour scale: from dark violet through red to light yellow, with evenly rising
 * lightness, in the colour space OKLab (Ottosson, "A perceptual color space for
 * image processing", 2020).
 */
export const colourMap: readonly (readonly [red: number, green: number, blue: number])[] = Array.from(
  { length: 256 },
  (_, step) => colourAt(step / 255),
);

function colourAt(position: number): [number, number, number] {
  const angle = (mix(hue, position) * Math.PI) / 180;
  // Screens show less chroma in dark and light colours.
  let saturation = chroma * Math.min(1, 0.45 + 2 * position, 0.6 + 1.6 * (1 - position));
  let rgb: [number, number, number];
  do {
    rgb = oklabToLinearRgb(
      mix(lightness, position),
      saturation * Math.cos(angle),
      saturation * Math.sin(angle),
    );
    saturation *= 0.995;
  } while (rgb.some((channel) => channel < 0 || channel > 1));
  return rgb.map(encodeGamma) as [number, number, number];
}

function mix([from, to]: readonly [number, number], position: number): number {
  return from + (to - from) * position;
}

function oklabToLinearRgb(light: number, a: number, b: number): [number, number, number] {
  const long = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const medium = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const short = (light - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
    -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
    -0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short,
  ];
}

/** The sRGB transfer function, to 8 bits. */
function encodeGamma(linear: number): number {
  const encoded = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
  return Math.round(encoded * 255);
}
