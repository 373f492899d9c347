import sharp from "sharp";
import { calibrationOf } from "../../lib/calibration/calibration.js";
import { heldOutShare } from "../../lib/calibration/hold-out.js";
import type { Detector } from "../../lib/detector/detector.js";
import { train } from "../../lib/detector/train.js";
import { evaluate } from "../../lib/evaluation/evaluate.js";
import { normalLabel, type Dataset } from "../../lib/evaluation/dataset.js";
import { Random } from "../../lib/random.js";
import { describeEnvironment } from "../environment.js";
import type { Judged, VerdictResult, VerdictSettings } from "./results.js";

/** As many as the rate of 1 % needs. */
const fewestCalibration = 99;

/** The last one, and its thresholds, are those that the line is watched with. */
const rates = [0.05, 0.02, 0.01];
const resplits = 2000;

/** Measures one data set with one seed. */
export async function measure(
  subject: string,
  dataset: Dataset,
  settings: VerdictSettings,
  weights: string | undefined,
): Promise<VerdictResult> {
  const { seed, epochs, imageSize } = settings;
  const options = { seed, epochs, imageSize, weights };
  const random = new Random("verdicts", seed);
  const isGood = ({ label }: { label: string }) => label === normalLabel;
  const testGood = dataset.test.filter(isGood).map(({ image }) => image);
  const good = random.shuffled([...dataset.train, ...testGood]);
  const defective = dataset.test.filter((item) => !isGood(item)).map(({ image }) => image);
  const calibration = Math.max(fewestCalibration, Math.round(good.length / 3));
  const test = Math.round((good.length - calibration) / 4);
  const [calibrating, testing, training] = [
    good.slice(0, calibration),
    good.slice(calibration, calibration + test),
    good.slice(calibration + test),
  ];

  await using detector = await train(training, { ...options, calibrate: false });
  const scores = async (images: readonly string[]) =>
    (await detector.scoreBatch(images)).map(({ score }) => score);
  const trainingScores = await scores(training);
  const testScores = await scores(testing);
  const defectScores = await scores(defective);
  const judged = (threshold: number): Judged => ({
    falseAlarms: { count: testScores.filter((score) => score >= threshold).length, of: testing.length },
    escapes: { count: defectScores.filter((score) => score < threshold).length, of: defective.length },
  });
  const promised = [];
  let calibrationScores: readonly number[] = [];
  for (const rate of rates) {
    const { reject, scores: found } = await detector.calibrate(calibrating, { falseAlarms: rate });
    calibrationScores = found;
    const meanFalseAlarmRate = meanRate([...found, ...testScores], calibration, rate, random);
    promised.push({ rate, ...judged(reject.value), meanFalseAlarmRate });
  }
  const drift = await watchBrighter(detector, testing, [...testing, ...calibrating]);
  return {
    subject,
    settings,
    split: { train: training.length, calibration: calibrationScores.length, test: testing.length },
    promised: promised.reverse(),
    trainingMaximum: judged(Math.max(...trainingScores)),
    auroc: {
      all: await auroc(dataset, { ...options, calibrate: false }),
      heldOut: await auroc(dataset, options),
      heldOutLonger: await auroc(dataset, { ...options, epochs: Math.round(epochs / (1 - heldOutShare)) }),
    },
    drift,
    environment: await describeEnvironment(),
  };
}

/** The mean rate of false alarms when the same scores are split otherwise. */
function meanRate(scores: readonly number[], calibration: number, rate: number, random: Random): number {
  let alarms = 0;
  for (let i = 0; i < resplits; i++) {
    const shuffled = random.shuffled(scores);
    const { reject } = calibrationOf({
      ...{ scores: shuffled.slice(0, calibration), outline: 0 },
      ...{ falseAlarms: rate, review: undefined, extrapolate: false },
    });
    alarms += shuffled.slice(calibration).filter((score) => score >= reject.value).length;
  }
  return alarms / (resplits * (scores.length - calibration));
}

/** Watches good parts, then the same and others 10 % brighter. */
async function watchBrighter(
  detector: Detector,
  before: readonly string[],
  brightened: readonly string[],
): Promise<VerdictResult["drift"]> {
  const watch = detector.watch();
  const brightness: number[] = [];
  for (const image of before) {
    const result = await detector.score(image);
    brightness.push(result.image.brightness);
    if (watch.add(result).drift !== null) throw new Error("A false alarm.");
  }
  const spread = spreadOf(brightness);
  for (const [index, image] of brightened.slice(0, 100).entries()) {
    const brighter = await sharp(image).linear(1.1).png().toBuffer();
    const { drift } = watch.add(await detector.score(brighter));
    if (drift !== null) return { before: before.length, found: { ...drift, parts: index + 1 }, spread };
  }
  return { before: before.length, found: null, spread };
}

/** The standard deviation, as a share of the mean. */
function spreadOf(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return Math.sqrt(variance) / mean;
}

async function auroc(dataset: Dataset, options: Parameters<typeof train>[1]): Promise<number> {
  await using detector = await train(dataset.train, options);
  const { overall } = await evaluate(detector, dataset, { pixels: false });
  return overall.image.auroc!;
}
