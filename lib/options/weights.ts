import { path, type Kind } from "./kind.js";

/** The name that stands for the weights that torchvision publishes, instead of a path. */
export const publishedWeightsName = "imagenet";

/** The teacher's weights: "imagenet", or a path. */
export const teacherWeights: Kind<string, typeof publishedWeightsName | (string & {}) | URL> = path;
