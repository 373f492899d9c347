/**
 * The accuracy benchmark: trains and evaluates through the package. Writes bench/results/accuracy.json after every run
 * and, at the end, the tables of docs/accuracy.md and the README. It skips what is in the results already, so an
 * interrupted benchmark resumes where it stopped.
 *
 *   node --import tsx bench/accuracy.ts defects <folders...> [options]
 *   node --import tsx bench/accuracy.ts fashion-mnist [options]
 *   node --import tsx bench/accuracy.ts recipes [folders...] [options]
 *   node --import tsx bench/accuracy.ts tables
 */
import { basename } from "node:path";
import { Command } from "commander";
import { integer } from "../lib/errors/validate.js";
import { layouts, modelOptions, normalisations } from "../lib/options/model.js";
import { recipeOptions, recipes as namedRecipes } from "../lib/options/recipe.js";
import { losses, trainingOptions } from "../lib/options/training.js";
import { findDefectSets, runDefects } from "./accuracy/defects.js";
import { classes, openFashionMnist, runOneClass } from "./accuracy/fashion-mnist.js";
import { keyOf, results, type Result, type Settings } from "./accuracy/results.js";
import { recipeKey, recipeResults, recipes, runRecipe } from "./accuracy/recipes.js";
import { writeRecipesTable } from "./accuracy/recipes-table.js";
import { classSubject, folderSubject } from "./accuracy/subjects.js";
import { formatTables, writeTables } from "./accuracy/table.js";
import { results as parityResults } from "./parity/results.js";
import { writeTable as writeParityTable } from "./parity/table.js";
import { runCommand } from "./run-command.js";

interface Flags {
  weights?: string;
  backbones: string;
  layouts: string;
  recipes: string;
  losses: string;
  normalisations: string;
  seeds: string;
  epochs: string;
  batchSize: string;
  imageSize: string;
  only?: string;
  again?: true;
}

/** The settings of all runs: every combination of the lists. */
function settingsOf(flags: Flags): Settings[] {
  const number = (name: string, text: string) => integer(name, Number(text), 0, Number.MAX_SAFE_INTEGER);
  const shared = {
    epochs: number("--epochs", flags.epochs),
    batchSize: number("--batch-size", flags.batchSize),
    imageSize: number("--image-size", flags.imageSize),
    teacherWeights: flags.weights === undefined ? null : basename(flags.weights),
  };
  const list = (text: string) => text.split(",");
  return list(flags.backbones).flatMap((backbone) =>
    list(flags.layouts).flatMap((layout) =>
      list(flags.recipes).flatMap((recipe) =>
        list(flags.losses).flatMap((loss) =>
          list(flags.normalisations).flatMap((normalisation) =>
            list(flags.seeds).map((seed) => ({
              ...shared,
              backbone: modelOptions.backbone.kind.check("--backbones", backbone),
              layout: modelOptions.layout.kind.check("--layouts", layout),
              recipe: recipeOptions.recipe.kind.check("--recipes", recipe),
              loss: trainingOptions.loss.kind.check("--losses", loss),
              normalisation: modelOptions.normalisation.kind.check("--normalisations", normalisation),
              seed: number("--seeds", seed),
            })),
          ),
        ),
      ),
    ),
  );
}

/** The names selected by `--only`; without it, all. */
function chosen<const Name extends string>(names: readonly Name[], only: string | undefined): Name[] {
  const wanted = only?.split(",");
  const unknown = wanted?.find((name) => !(names as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw new Error(`--only has the unknown name "${unknown}"; choose from ${names.join(", ")}.`);
  return names.filter((name) => wanted?.includes(name) ?? true);
}

async function runUnlessDone(
  protocol: Result["protocol"],
  subject: string,
  settings: Settings,
  again: boolean,
  run: () => Promise<Result>,
): Promise<void> {
  const { backbone, layout, recipe, loss, normalisation, epochs, seed } = settings;
  const name = `${subject}: ${backbone}, ${layout}, ${recipe}, ${loss}, ${normalisation}, ${epochs} epochs, seed ${seed}`;
  if (!again && (await results.has(keyOf({ protocol, subject, settings })))) {
    console.error(`${name}: skipped, because it is in the results; use --again to repeat it`);
    return;
  }
  const result = await run();
  await results.add(result);
  const seconds = `${result.trainSeconds} s training, ${result.scoreSeconds} s scoring`;
  const pixels = result.protocol === "defects" ? `, pixel AUROC ${shown(result.pixelAuroc)}` : "";
  console.log(`${name}: image AUROC ${shown(result.imageAuroc)}${pixels} (${seconds})`);
}

const shown = (value: number | null) => value?.toFixed(4) ?? "undefined";

interface RecipeFlags {
  weights?: string;
  recipes: string;
  seeds: string;
  epochs: string;
  imageSize: string;
  fashionMnist?: true;
}

/** Seed after seed, so that the recipes are compared under the same conditions. */
async function compareRecipes(folders: string[], flags: RecipeFlags): Promise<void> {
  const number = (name: string, text: string) => integer(name, Number(text), 0, Number.MAX_SAFE_INTEGER);
  const sets = (await Promise.all(folders.map(findDefectSets))).flat();
  const data = flags.fashionMnist && (await openFashionMnist());
  const subjects = [
    ...(await Promise.all(sets.map(folderSubject))),
    ...(data ? classes.map((name) => classSubject(data, name)) : []),
  ];
  for (const seed of flags.seeds.split(",")) {
    for (const subject of subjects) {
      for (const recipe of chosen(Object.keys(recipes), flags.recipes)) {
        const settings = {
          ...{ recipe, seed: number("--seeds", seed) },
          imageSize: number("--image-size", flags.imageSize),
          epochs: number("--epochs", flags.epochs),
        };
        if (await recipeResults.has(recipeKey({ subject: subject.name, ...settings }))) continue;
        const result = await runRecipe(subject, settings, flags.weights);
        await recipeResults.add(result);
        const aurocs = result.imageAurocs.map(shown).join(" ");
        console.log(
          `${result.subject}, ${recipe}, seed ${seed}: image AUROC ${aurocs}; ${result.trainSeconds} s`,
        );
      }
    }
  }
  await writeRecipesTable(await recipeResults.read());
}

function benchmark(name: string, description: string, epochs: number, imageSize: number): Command {
  return new Command(name)
    .description(description)
    .option(
      "--weights <file>",
      "the teacher's ImageNet weights: a file, or imagenet; default: a random teacher",
    )
    .option("--backbones <list>", "for example resnet18,wide_resnet50_2", "resnet18")
    .option("--layouts <list>", layouts.join(","), "paper")
    .option("--recipes <list>", namedRecipes.join(","), "steady")
    .option("--losses <list>", losses.join(","), "location")
    .option("--seeds <list>", "for example 0,1,2", "0")
    .option("--epochs <n>", "passes over the training images", String(epochs))
    .option("--batch-size <n>", "images per step", "16")
    .option("--image-size <pixels>", "height and width of the images", String(imageSize))
    .option("--only <list>", "names of the data sets or classes to run")
    .option("--again", "repeat runs that are already in the results");
}

const program = new Command("accuracy").description("run the accuracy benchmark");

program
  .addCommand(
    benchmark("defects", "run data sets in the layout of MVTec AD, or folders of such data sets", 20, 256)
      .argument("<folders...>")
      .option("--normalisations <list>", normalisations.join(","), "imagenet")
      .action(async (folders: string[], flags: Flags) => {
        const sets = (await Promise.all(folders.map(findDefectSets))).flat();
        const names = chosen(
          sets.map((set) => basename(set)),
          flags.only,
        );
        for (const folder of sets.filter((set) => names.includes(basename(set)))) {
          for (const settings of settingsOf(flags)) {
            const run = () => runDefects(folder, settings, flags.weights);
            await runUnlessDone("defects", basename(folder), settings, flags.again ?? false, run);
          }
        }
        await writeTables(await results.read());
      }),
  )
  .addCommand(
    benchmark("fashion-mnist", "run each class of Fashion-MNIST against the nine others", 10, 32)
      .option(
        "--data <folder>",
        "folder of the four idx files; default: where Debian's package installs them",
      )
      .option("--normalisations <list>", normalisations.join(","), "none,imagenet")
      .action(async (flags: Flags & { data?: string }) => {
        const data = await openFashionMnist(flags.data);
        for (const settings of settingsOf(flags)) {
          for (const subject of chosen(classes, flags.only)) {
            const run = () => runOneClass(data, subject, settings, flags.weights);
            await runUnlessDone("fashion-mnist", subject, settings, flags.again ?? false, run);
          }
        }
        await writeTables(await results.read());
      }),
  )
  .addCommand(
    new Command("recipes")
      .description("compare recipes of training: each alone and together, the last epochs included")
      .argument("[folders...]", "data sets in the layout of MVTec AD, or folders of such data sets")
      .option("--fashion-mnist", "also each class of Fashion-MNIST against the nine others")
      .option("--weights <file>", "the teacher's weights: a file, or imagenet; default: a random teacher")
      .option("--recipes <list>", Object.keys(recipes).join(","), Object.keys(recipes).join(","))
      .option("--seeds <list>", "for example 0,1,2", "0,1,2")
      .option("--epochs <n>", "passes over the training images", "20")
      .option("--image-size <pixels>", "height and width of the images", "128")
      .action(compareRecipes),
  )
  .command("tables")
  .description(
    "print the tables of all results, and update those in docs/accuracy.md and the README, including parity",
  )
  .action(async () => {
    const all = await results.read();
    console.log(formatTables(all));
    await writeTables(all);
    await writeParityTable(await parityResults.read());
  });

await runCommand(program);
