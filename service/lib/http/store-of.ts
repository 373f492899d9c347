import { ServiceError } from "../problems/service-error.js";
import type { Store } from "../store/store.js";

/** @throws ServiceError `RESULTS_NOT_KEPT` */
export function storeOf({ store }: { store: Store | undefined }): Store {
  if (store !== undefined) return store;
  throw new ServiceError("RESULTS_NOT_KEPT", "This service keeps no results. Run it with --store.");
}
