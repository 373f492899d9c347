export { Service, type GivenSettings } from "./service.js";
export { numberSettings, settingDefaults, type Settings } from "./settings.js";
export { runServe, type ServeContext } from "./serve.js";
export type { Hook } from "./delivery/hook.js";
export type { Part, PartEvent, Review } from "./store/part.js";
