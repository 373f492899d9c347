import { path, type Kind } from "./kind.js";

/** Stands for torchvision's published weights in place of a path. */
export const publishedWeightsName = "imagenet";

/** The teacher's weights: "imagenet", or a path. */
export const teacherWeights: Kind<string, typeof publishedWeightsName | (string & {}) | URL> = path;
