import { may, roles, type Permission } from "../../access/roles.js";
import { version } from "../../version.js";
import type { App, Parts } from "../app.js";
import { AboutBody } from "../bodies/about.js";

const permissions: readonly Permission[] = roles.admin;

/** What a caller needs to know of the service before anything else. */
export async function aboutRoutes(app: App, { store }: Parts): Promise<void> {
  app.get(
    "/about",
    {
      schema: { tags: ["Documents"], summary: "What the caller may do here", response: { 200: AboutBody } },
      config: { permission: "read" },
    },
    async ({ caller }) => ({
      version,
      store: store !== undefined,
      caller: caller?.name ?? null,
      may: permissions.filter((permission) => caller === undefined || may(caller.role, permission)),
    }),
  );
}
