import type { FastifyRequest } from "fastify";
import Type from "typebox";
import { stationNames, type Settings } from "../settings.js";

/** Where a part is inspected. */
export const StationQuery = Type.Object({
  station: Type.Optional(
    Type.String({
      pattern: stationNames.source,
      description: "Where the part is inspected; by default --station or the name of the token.",
    }),
  ),
});

/** The station of a request: what the query says, else the service's, else the name of the token. */
export function stationOf(
  { caller }: FastifyRequest,
  named: string | undefined,
  { station }: Settings,
): string | null {
  return named ?? station ?? caller?.name ?? null;
}
