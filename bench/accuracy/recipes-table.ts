import { fileURLToPath } from "node:url";
import { markdownTable } from "../../scripts/markdown-table.js";
import { writeMarkedSection } from "../../scripts/marked-section.js";
import { describeMachines } from "../environment.js";
import { classes } from "./fashion-mnist.js";
import { recipes, type RecipeResult } from "./recipes.js";
import { fashionMnist, topShares } from "./subjects.js";

const path = fileURLToPath(new URL("../../docs/accuracy.md", import.meta.url));

/** Writes the table to docs/accuracy.md. @throws Error as `writeMarkedSection` */
export async function writeRecipesTable(results: readonly RecipeResult[]): Promise<void> {
  await writeMarkedSection(path, "recipes", formatRecipes(results));
}

/** Formats the results: a row for each data set and recipe, over all seeds. */
export function formatRecipes(all: readonly RecipeResult[]): string {
  const header = [
    ...["Data set", "Recipe", "Seeds", "Image AUROC", "Swing"],
    ...topShares.map((share) => `of the top ${share * 100} %`),
    ...["Pixel AUROC", "PRO", "Training, s"],
  ];
  const keyOf = ({ subject, imageSize, epochs }: RecipeResult) =>
    `${subject}, ${imageSize} x ${imageSize}, ${epochs} epochs`;
  const results = meanOfClasses(all);
  const sets = [...new Set(results.map(keyOf))];
  const rows = sets.flatMap((set) =>
    Object.keys(recipes).flatMap((recipe) => {
      const runs = results.filter((result) => keyOf(result) === set && result.recipe === recipe);
      if (runs.length === 0) return [];
      const of = (value: (run: RecipeResult) => number | null) => spread(runs.map(value));
      return [
        [
          ...[set, recipe, String(runs.length)],
          of(({ imageAurocs }) => imageAurocs.at(-1)!),
          of(({ imageAurocs }) => Math.max(...imageAurocs) - Math.min(...imageAurocs)),
          ...topShares.map((share) => of(({ topAurocs }) => topAurocs?.[share] ?? null)),
          of(({ pixelAuroc }) => pixelAuroc),
          of(({ pro }) => pro),
          median(runs.map(({ trainSeconds }) => trainSeconds)).toFixed(0),
        ],
      ];
    }),
  );
  return `${describeMachines(all)}\n${markdownTable(header, rows, (column) => (column < 2 ? "---" : "---:"))}`;
}

/** The results, with those of the classes of Fashion-MNIST replaced by their means wherever a seed has all of them. */
function meanOfClasses(all: readonly RecipeResult[]): RecipeResult[] {
  const isClass = ({ subject }: RecipeResult) => subject.startsWith(fashionMnist);
  const runs = all.filter(isClass);
  const settingsOf = ({ imageSize, epochs, recipe, seed }: RecipeResult) =>
    JSON.stringify([imageSize, epochs, recipe, seed]);
  const means = [...new Set(runs.map(settingsOf))]
    .map((settings) => runs.filter((run) => settingsOf(run) === settings))
    .filter((ten) => ten.length === classes.length)
    .map((ten) => ({
      ...ten[0]!,
      subject: `${fashionMnist}*`,
      imageAurocs: ten[0]!.imageAurocs.map((_, epoch) => mean(ten.map((run) => run.imageAurocs[epoch]!))),
      trainSeconds: mean(ten.map((run) => run.trainSeconds)),
    }));
  return [...all.filter((result) => !isClass(result)), ...means];
}

/** The mean and the standard deviation over the seeds. */
function spread(values: readonly (number | null)[]): string {
  const numbers = values.filter((value) => value !== null);
  if (numbers.length < values.length) return "";
  const middle = mean(numbers);
  if (numbers.length === 1) return middle.toFixed(4);
  const squares = numbers.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return `${middle.toFixed(4)} \u00b1 ${Math.sqrt(squares / (numbers.length - 1)).toFixed(4)}`;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
