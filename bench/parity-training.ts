/**
 * Trains the addon and the Python reference from the same initial weights on the same images in the same order, and
 * compares their image AUROC. Writes bench/results/parity.json and a table in docs/accuracy.md. It skips what is in the
 * results already.
 *
 *   node --import tsx bench/parity-training.ts <data set> --weights <file> [options]
 */
import { basename, resolve } from "node:path";
import { Command } from "commander";
import { integer } from "../lib/errors/validate.js";
import { openDataset } from "../lib/evaluation/dataset.js";
import { loadAddon } from "../lib/native/loader.js";
import { backbones, layouts, modelOptions } from "../lib/options/model.js";
import { recipeDefaults, recipeOptions, recipes } from "../lib/options/recipe.js";
import { losses, trainingDefaults, trainingOptions } from "../lib/options/training.js";
import { describeEnvironment } from "./environment.js";
import { describe } from "./parity/inputs.js";
import { keyOf, results, type ParityResult } from "./parity/results.js";
import { meanAndDeviation, writeTable } from "./parity/table.js";
import { compareTrainings } from "./parity/training-run.js";
import { requirePython } from "./reference.js";
import { runCommand } from "./run-command.js";

interface Flags {
  weights: string;
  backbone: string;
  layout: string;
  loss: string;
  imageSize: string;
  epochs: string;
  batchSize: string;
  seeds: string;
  recipe: string;
}

async function main(folder: string, flags: Flags): Promise<void> {
  const python = requirePython();
  const number = (name: string, text: string) => integer(name, Number(text), 0, Number.MAX_SAFE_INTEGER);
  const backbone = modelOptions.backbone.kind.check("--backbone", flags.backbone);
  const layout = modelOptions.layout.kind.check("--layout", flags.layout);
  const loss = trainingOptions.loss.kind.check("--loss", flags.loss);
  const recipe = recipeOptions.recipe.kind.check("--recipe", flags.recipe);
  const { learningRateSchedule, weightAverage } = { ...trainingDefaults, ...recipeDefaults(recipe, {}) };
  const imageSize = number("--image-size", flags.imageSize);
  const [height, width] = modelOptions.imageSize.kind.check("--image-size", imageSize);
  const description = { ...describe(backbone, layout), imageSize: [height, width] as [number, number] };
  const dataset = await openDataset(folder);
  const name = basename(resolve(folder));
  const runs: ParityResult[] = [];
  for (const text of flags.seeds.split(",")) {
    const settings = {
      epochs: number("--epochs", flags.epochs),
      batchSize: number("--batch-size", flags.batchSize),
      learningRate: 0.005,
      learningRateSchedule,
      weightAverage,
      loss,
      seed: number("--seeds", text),
    };
    const identity = { dataset: name, backbone, layout, imageSize, settings };
    if (!(await results.has(keyOf(identity)))) {
      console.error(`${name}: seed ${settings.seed}`);
      const parity = await compareTrainings(
        await loadAddon(),
        python,
        dataset,
        description,
        settings,
        flags.weights,
      );
      await results.add({ ...identity, ...parity, environment: await describeEnvironment() });
    }
    runs.push((await results.read()).find((result) => keyOf(result) === keyOf(identity))!);
  }
  summarise(runs);
  await writeTable(await results.read());
}

function summarise(runs: readonly ParityResult[]): void {
  for (const { dataset, settings, addon, reference, largestScoreDifference } of runs) {
    const scores = `scores of the same model differ by at most ${largestScoreDifference.toExponential(1)}`;
    const values = `image AUROC ${shown(addon.imageAuroc)} (addon), ${shown(reference.imageAuroc)} (reference)`;
    console.log(`${dataset}, seed ${settings.seed}: ${values}; ${scores}`);
  }
  if (runs.length < 2) return;
  const statistics = (side: "addon" | "reference") =>
    meanAndDeviation(runs.map((run) => run[side].imageAuroc ?? NaN));
  const [ours, theirs] = [statistics("addon"), statistics("reference")];
  const difference = Math.abs(ours.mean - theirs.mean);
  const spread = `standard deviations between seeds ${shown(ours.deviation)} and ${shown(theirs.deviation)}`;
  console.log(
    `means ${shown(ours.mean)} and ${shown(theirs.mean)} differ by ${shown(difference)}; ${spread}`,
  );
}

function shown(value: number | null): string {
  return value === null ? "undefined" : value.toFixed(4);
}

const program = new Command("parity-training")
  .description("compare trainings of the addon and the Python reference")
  .argument("<folder>", "data set in the layout of MVTec AD")
  .requiredOption("--weights <file>", "the teacher's ImageNet weights")
  .option("--backbone <name>", backbones.join(", "), "resnet18")
  .option("--layout <name>", layouts.join(", "), "paper")
  .option("--loss <name>", losses.join(", "), "location")
  .option("--image-size <pixels>", "height and width of the images", "256")
  .option("--epochs <n>", "passes over the images", "10")
  .option("--batch-size <n>", "images per step", "16")
  .option("--seeds <list>", "seeds of the initial weights and the order of images", "0,1,2")
  .option("--recipe <name>", recipes.join(", "), "steady")
  .action(main);

await runCommand(program);
