import { integer, invalid } from "../errors/validate.js";
import { choice, kind, parseNumber, positiveNumber, wholeNumber, type Kind } from "./kind.js";
import { defaultsOf, option } from "./option.js";

export const losses = ["location", "global"] as const;
/**
 * The loss that a detector is trained with.
 *
 * @useDeclaredType
 */
export type Loss = (typeof losses)[number];

export const learningRateSchedules = ["constant", "cosine"] as const;
/**
 * How the learning rate changes over a training.
 *
 * @useDeclaredType
 */
export type LearningRateSchedule = (typeof learningRateSchedules)[number];

export const weightAverages = ["none", "ema"] as const;
/**
 * Whether a detector has the average of the weights that it was trained through.
 *
 * @useDeclaredType
 */
export type WeightAverage = (typeof weightAverages)[number];

/** How long to train: the number of epochs, or "auto" to stop when the loss stops improving. */
export type Epochs = number | "auto";

const most = 1_000_000;

/** The most epochs that "auto" trains for: the number in the paper. */
const mostAutomatic = 200;

const epochs: Kind<Epochs> = kind({
  check(name, value) {
    if (value === "auto") return value;
    if (typeof value === "number") return integer(name, value, 1, most);
    throw invalid(name, `a whole number from 1 to ${most}, or "auto"`, value);
  },
  parse: (text) => (text === "auto" ? text : parseNumber(text)),
  placeholder: "<n>",
});

/**
 * How a detector is trained. The native trainer gets these options under the same names, and model files store them in
 * this order. Declare a new option here only, and give it `since`, so that older model files still load.
 */
export const trainingOptions = {
  /**
   * Number of passes over the images. "auto" stops when the mean loss of the last five epochs is less than 5 % below
   * that of the five epochs before, after at least 10 and at most 200 epochs. The paper uses 200.
   * @defaultValue 20
   */
  epochs: option(epochs, {
    default: 20,
    stored: wholeNumber(1, Number.MAX_SAFE_INTEGER),
    help: 'passes over the images, or "auto" to stop when the loss stops improving',
  }),
  /**
   * Images per training step. If there are fewer images than this, each step uses all of them.
   * @defaultValue 16
   */
  batchSize: option(wholeNumber(1, 65_536), { default: 16, help: "images per training step" }),
  /**
   * Adam's learning rate; above 0 and up to 10.
   * @defaultValue 0.005
   */
  learningRate: option(positiveNumber(10), {
    default: 0.005,
    help: "Adam's learning rate",
    placeholder: "<rate>",
  }),
  /**
   * How the learning rate changes: "constant", or "cosine", which raises it over the first 20 steps, or a tenth of a
   * training of fewer than 200, and lets it fall as a cosine does (Loshchilov & Hutter 2017) to a fiftieth at the last step. With `epochs: "auto"`, it falls once the loss
   * stops improving, over a quarter more epochs. The recipe "paper" makes "constant" the default.
   * @defaultValue "cosine"
   */
  learningRateSchedule: option(choice(learningRateSchedules), {
    default: "cosine",
    since: 6,
    formerly: "constant",
    help: "keep the learning rate, or let it fall as a cosine after 20 steps of warm-up",
  }),
  /**
   * What is kept of the training: "none" keeps the weights of the last step; "ema" keeps an exponential moving average of
   * the weights and of the batch norms' statistics (Tarvainen & Valpola 2017), which swings less. After step t it keeps
   * min(0.98, t / (t + 10)) of itself.
   * @defaultValue "none"
   */
  weightAverage: option(choice(weightAverages), {
    default: "none",
    since: 6,
    help: "keep the last weights, or an exponential moving average of them",
  }),
  /**
   * The loss: "location" averages the cosine distances of all positions (Deng & Li 2022, Eq. 2); "global" compares each
   * feature map as one vector, as the authors' code does.
   * @defaultValue "location"
   */
  loss: option(choice(losses), {
    default: "location",
    help: "loss: one cosine distance per position, or one per feature map",
  }),
  /**
   * Seed of the initial weights and the order of the images; a whole number from 0.
   * @defaultValue 0
   */
  seed: option(wholeNumber(0, Number.MAX_SAFE_INTEGER), {
    default: 0,
    help: "seed of the initial weights and the order of the images",
  }),
};

/** The defaults of these options. */
export const trainingDefaults = defaultsOf(trainingOptions);

/** Converts `epochs` to the settings of the native trainer. */
export function trainingLength(chosen: Epochs): { epochs: number; untilConverged: boolean } {
  const untilConverged = chosen === "auto";
  return { epochs: untilConverged ? mostAutomatic : chosen, untilConverged };
}
