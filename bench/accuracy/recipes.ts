import { tmpdir } from "node:os";
import { createDetector } from "../../lib/detector/detector.js";
import { prepare } from "../../lib/detector/prepared-training.js";
import { resolveTrainOptions } from "../../lib/options/train.js";
import type { Recipe as Defaults } from "../../lib/options/recipe.js";
import type { WeightAverage } from "../../lib/options/training.js";
import { describeEnvironment, type Environment } from "../environment.js";
import { ResultsFile } from "../results-file.js";
import type { Subject } from "./subjects.js";

/** The options of a recipe. */
export interface Recipe {
  recipe: Defaults;
  weightAverage?: WeightAverage;
}

/** The constant learning rate and the one that falls, each also with averaged weights. */
export const recipes: Readonly<Record<string, Recipe>> = {
  paper: { recipe: "paper" },
  steady: { recipe: "steady" },
  average: { recipe: "paper", weightAverage: "ema" },
  both: { recipe: "steady", weightAverage: "ema" },
};

/** How a recipe is measured. */
export interface RecipeSettings {
  recipe: string;
  imageSize: number;
  epochs: number;
  seed: number;
}

/** A training by a recipe. */
export interface RecipeResult extends RecipeSettings {
  subject: string;
  /** After each of the last epochs, the last one last. */
  imageAurocs: number[];
  /** At the end, of scores other than the maximum: see `Subject.topAurocs`. Missing in older results. */
  topAurocs?: Record<string, number> | null;
  pixelAuroc: number | null;
  pro: number | null;
  /** Without evaluations. */
  trainSeconds: number;
  environment: Environment;
}

export const recipeResults = new ResultsFile<RecipeResult>("recipes.json", recipeKey);

/** Identifies a result. */
export function recipeKey({
  subject,
  recipe,
  imageSize,
  epochs,
  seed,
}: RecipeSettings & { subject: string }): string {
  return JSON.stringify([subject, imageSize, epochs, recipe, seed]);
}

/** Epochs at the end after which a training is evaluated: what is kept should not depend on where it happens to end. */
const evaluated = 4;

/** Trains by a recipe and evaluates after each of the last epochs. */
export async function runRecipe(
  subject: Subject,
  settings: RecipeSettings,
  weights: string | undefined,
): Promise<RecipeResult> {
  const { recipe, imageSize, epochs, seed } = settings;
  const options = resolveTrainOptions({
    ...recipes[recipe],
    ...{ imageSize, epochs, seed, calibrate: false },
    ...(weights && { weights }),
  });
  const prepared = await prepare(subject.train, options, undefined);
  const { addon, native, model, set, inputs } = prepared;
  try {
    const { batching, threads, featureMemory, featureDisk } = options;
    await using detector = createDetector({
      addon,
      native,
      model,
      training: null,
      threads,
      batching,
      inputs,
    });
    await native.beginTraining(set, {
      ...prepared.identity.options,
      ...{ epochs, untilConverged: false, threads, featureMemory, featureDisk, featureFolder: tmpdir() },
    });
    const imageAurocs: number[] = [];
    let trainSeconds = 0;
    for (let until = Math.max(1, epochs - evaluated + 1); until <= epochs; until++) {
      const started = performance.now();
      const never = new addon.CancelToken();
      await native.continueTraining(until, threads, never, new addon.CancelToken(), () => {});
      trainSeconds += (performance.now() - started) / 1000;
      imageAurocs.push(await subject.imageAuroc(detector));
    }
    return {
      subject: subject.name,
      ...settings,
      imageAurocs,
      topAurocs: await subject.topAurocs(detector),
      ...(await subject.pixels(detector)),
      trainSeconds: Math.round(trainSeconds),
      environment: await describeEnvironment(),
    };
  } finally {
    set.dispose();
  }
}
