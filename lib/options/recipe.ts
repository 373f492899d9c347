import { choice } from "./kind.js";
import { option } from "./option.js";
import type { trainingDefaults } from "./training.js";

/** The recipes, and the options for which each has defaults of its own. */
const defaultsByRecipe = {
  steady: {},
  paper: { learningRateSchedule: "constant", weightAverage: "none" },
} as const satisfies Record<string, Partial<typeof trainingDefaults>>;

export const recipes = ["steady", "paper"] as const satisfies (keyof typeof defaultsByRecipe)[];
/**
 * Which defaults a training has.
 *
 * @useDeclaredType
 */
export type Recipe = (typeof recipes)[number];

export const recipeOptions = {
  /**
   * Which defaults the options of training have: "steady", which lets the learning rate fall, so that the training ends
   * steadily; or "paper", which keeps it, as Deng & Li 2022 do. What you set yourself comes before the recipe.
   * @defaultValue "steady"
   */
  recipe: option(choice(recipes), {
    default: "steady",
    help: "defaults of the training: a learning rate that falls, or the constant one of the paper",
  }),
};

/** The defaults of a recipe for the options that were not given. */
export function recipeDefaults(recipe: Recipe, given: object): Partial<typeof trainingDefaults> {
  const missing = Object.entries(defaultsByRecipe[recipe]).filter(
    ([name]) => given[name as keyof typeof given] === undefined,
  );
  return Object.fromEntries(missing);
}
