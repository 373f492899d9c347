export { generateSample, type Sample } from "./generate.js";
export type { SampleOptions } from "./options.js";
export { defectNames, type DefectName } from "./defects.js";
export { textureNames, type TextureName } from "./textures.js";
