import { useState } from "preact/hooks";
import type { LineBody } from "../../lib/http/bodies/line.js";
import type { ModelBody, ModelsBody } from "../../lib/http/bodies/model.js";
import type { SectionProps } from "../app.js";
import { messageOf, tell } from "../client/session.js";
import { useAnswer } from "../client/use-answer.js";
import { counted, percent, when, whole } from "../client/words.js";
import { Failure, Missing } from "../views/notices.js";
import { PValues } from "../views/p-values.js";
import { Throughput } from "../views/throughput.js";

type LineOfModel = LineBody["models"][number];

/** How often the line is looked at, in milliseconds. */
const everyMs = 2000;

/** What runs, and how it goes. */
export function Overview({ about }: SectionProps) {
  const models = useAnswer<ModelsBody>("/models", everyMs);
  const line = useAnswer<LineBody>("/line", everyMs);
  const [failure, setFailure] = useState<string>();
  const choose = async (model: ModelBody, version: number | null) => {
    const path = `/models/${encodeURIComponent(model.name)}/serving`;
    try {
      await (version === null ? tell("DELETE", path) : tell("PUT", path, { version }));
      setFailure(undefined);
    } catch (error) {
      setFailure(messageOf(error));
    }
    models.again();
  };
  const mayChoose = about.may.includes("admin");
  return (
    <>
      <Failure message={models.error ?? line.error ?? failure} />
      {models.value?.models.length === 0 && (
        <Missing>
          There is no model. Put a file into the folder of models: <code>bottle.safetensors</code>.
        </Missing>
      )}
      {models.value?.models.map((model) => (
        <section key={model.name} class="panel" aria-label={`Model ${model.name}`}>
          <h2>{model.name}</h2>
          <Activity line={line.value?.models.find(({ name }) => name === model.name)} isKept={about.store} />
          <Versions model={model} choose={mayChoose ? (version) => void choose(model, version) : undefined} />
        </section>
      ))}
      {models.value !== undefined && models.value.misnamed.length > 0 && (
        <section class="panel" aria-labelledby="misnamed">
          <h2 id="misnamed">Files that cannot be used</h2>
          <ul>
            {models.value.misnamed.map(({ file, reason }) => (
              <li key={file}>
                <code>{file}</code>: {reason}
              </li>
            ))}
          </ul>
        </section>
      )}
      <p class="quiet">Service {about.version}.</p>
    </>
  );
}

function Activity({ line, isKept }: { line: LineOfModel | undefined; isKept: boolean }) {
  if (line === undefined) return null;
  const { minutes } = line;
  const total = (from: readonly LineOfModel["minutes"][number][]) =>
    from.reduce(
      (sum, { accept, review, reject, none }) => ({
        accept: sum.accept + accept,
        review: sum.review + review,
        reject: sum.reject + reject,
        none: sum.none + none,
        all: sum.all + accept + review + reject + none,
      }),
      { accept: 0, review: 0, reject: 0, none: 0, all: 0 },
    );
  const hour = total(minutes);
  // The current minute is not over.
  const lately = total(minutes.slice(-6, -1)).all / 5;
  const verdicts = (["accept", "review", "reject"] as const).map(
    (verdict) => [verdict, hour[verdict]] as const,
  );
  return (
    <>
      <dl class="figures">
        <div>
          <dt>Parts a minute, last five minutes</dt>
          <dd>{lately.toFixed(1)}</dd>
        </div>
        <div>
          <dt>Parts, last hour</dt>
          <dd>{whole(hour.all)}</dd>
        </div>
        {verdicts.map(([verdict, count]) => (
          <div key={verdict}>
            <dt>{verdict}</dt>
            <dd class={`count ${verdict}`}>
              {whole(count)}
              {hour.all > 0 && <small> {percent(count / hour.all)}</small>}
            </dd>
          </div>
        ))}
        {hour.none > 0 && (
          <div>
            <dt>without a verdict</dt>
            <dd>{whole(hour.none)}</dd>
          </div>
        )}
      </dl>
      {!isKept && (
        <p class="quiet">
          Counted since the start of the service, because it keeps no results (<code>--store</code>).
        </p>
      )}
      <DriftNotice watch={line.watch} />
      <div class="charts">
        <Throughput minutes={minutes} />
        {line.pValues && <PValues bins={line.pValues} />}
      </div>
    </>
  );
}

function DriftNotice({ watch }: { watch: LineOfModel["watch"] }) {
  if (watch === null)
    return <Missing>The version that serves is not calibrated, so drift and p-values are not known.</Missing>;
  const { drift, parts, evidence } = watch;
  if (drift !== null)
    return (
      <p class="notice failure">
        The line has changed: {drift.of} {drift.direction}. Check it, then calibrate again.
      </p>
    );
  return (
    <p>
      No drift in {counted(parts, "part")} since the version was loaded. The evidence for one is at{" "}
      {percent(Math.min(1, evidence))} of what raises the alarm.
    </p>
  );
}

interface VersionsProps {
  model: ModelBody;
  /** Serves a version, or the newest; undefined if the caller may not. */
  choose: ((version: number | null) => void) | undefined;
}

function Versions({ model, choose }: VersionsProps) {
  const { versions, pinned, name } = model;
  return (
    <>
      <div class="scroll" tabIndex={0} role="region" aria-label={`Versions of ${name}`}>
        <table>
          <thead>
            <tr>
              <th scope="col">Version</th>
              <th scope="col">State</th>
              <th scope="col">Loaded</th>
              {choose && <th scope="col">Serve</th>}
            </tr>
          </thead>
          <tbody>
            {versions.map(({ version, state, reason, loadedAt }) => (
              <tr key={version}>
                <th scope="row">{version}</th>
                <td>
                  {state}
                  {version === pinned && ", chosen"}
                  {reason !== undefined && `: ${reason}`}
                </td>
                <td>{loadedAt === undefined ? "" : when(loadedAt)}</td>
                {choose && (
                  <td>
                    {state !== "serving" && state !== "refused" && (
                      <button type="button" onClick={() => choose(version)}>
                        Serve version {version}
                      </button>
                    )}
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {pinned !== null && (
        <p>
          Version {pinned} was chosen, so newer ones do not take its place.{" "}
          {choose && (
            <button type="button" onClick={() => choose(null)}>
              Serve the newest again
            </button>
          )}
        </p>
      )}
    </>
  );
}
