import type { RecentPart } from "../../store/part-rows.js";
import type { App, Parts } from "../app.js";
import { LineBody, pValueBins } from "../bodies/line.js";

/** What lines did lately, for those who look at them. */
export async function lineRoutes(app: App, { models, line }: Parts): Promise<void> {
  app.get(
    "/line",
    {
      schema: {
        tags: ["Models"],
        summary: "What the models did lately",
        description: "Without a store, since the start of the service.",
        response: { 200: LineBody },
      },
      config: { permission: "read" },
    },
    async () => ({
      models: models.models.map(({ name, serving }) => ({
        name,
        serving: serving?.version ?? null,
        minutes: line.minutes(name),
        pValues: serving?.watch ? binned(line.recent(name, serving.version)) : null,
        watch: serving?.watch ? watched(serving.watch.state) : null,
      })),
    }),
  );
}

function watched({ parts, drift, evidence }: { parts: number; drift: Drift | null; evidence: number }) {
  return { parts, drift, evidence };
}

interface Drift {
  of: string;
  direction: string;
}

function binned(parts: readonly RecentPart[]): number[] {
  const bins = new Array<number>(pValueBins).fill(0);
  for (const { pValue } of parts)
    if (pValue !== null) bins[Math.min(pValueBins - 1, Math.floor(pValue * pValueBins))]!++;
  return bins;
}
