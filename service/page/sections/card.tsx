import { useState } from "preact/hooks";
import type { ModelsBody } from "../../lib/http/bodies/model.js";
import type { CardBody } from "../../lib/http/bodies/version.js";
import { useAnswer } from "../client/use-answer.js";
import { percent, short, whole } from "../client/words.js";
import { Failure, Missing } from "../views/notices.js";
import { flattened } from "../views/flattened.js";
import { loadedVersions, VersionPicker, type VersionChoice } from "../views/version-picker.js";

/** Everything that is known of a version. */
export function Card() {
  const models = useAnswer<ModelsBody>("/models");
  const [given, setGiven] = useState<VersionChoice>();
  const chosen = given ?? (models.value && loadedVersions(models.value.models)[0]);
  const card = useAnswer<CardBody>(
    chosen && `/models/${encodeURIComponent(chosen.name)}/versions/${chosen.version}`,
  );
  return (
    <>
      <Failure message={models.error ?? card.error} />
      {models.value && chosen === undefined && <Missing>No version of a model is in memory.</Missing>}
      {models.value && chosen && <VersionPicker models={models.value} chosen={chosen} onChosen={setGiven} />}
      {card.value && <CardOf card={card.value} />}
    </>
  );
}

function CardOf({ card }: { card: CardBody }) {
  const { file, config, training, thresholds, calibration, counts } = card;
  return (
    <>
      <Block id="file" title="File">
        <Facts
          facts={[
            ["name", file.name],
            ["bytes", whole(file.bytes)],
            ["SHA-256", file.sha256],
          ]}
        />
      </Block>
      <Block id="thresholds" title="Thresholds and calibration">
        {thresholds === null && <Missing>This version has no thresholds, so it gives no verdicts.</Missing>}
        {thresholds !== null && (
          <Facts
            facts={[
              ["reject from", short(thresholds.reject)],
              ["review from", short(thresholds.review)],
              ["outlines at", short(thresholds.outline)],
            ]}
          />
        )}
        {calibration !== null && (
          <>
            <p>
              Calibrated on {whole(calibration.images)} good parts.
              {thresholds?.reject !== calibration.reject.value ||
              thresholds.review !== calibration.review.value
                ? " Other thresholds are in force: they were set by hand."
                : ""}
            </p>
            <Facts
              facts={[
                ["calibrated reject", promiseOf(calibration.reject)],
                ["calibrated review", promiseOf(calibration.review)],
              ]}
            />
          </>
        )}
      </Block>
      <Block id="counts" title="Parts">
        {counts === null ? (
          <Missing>
            This service keeps no results (<code>--store</code>), so there are no counts.
          </Missing>
        ) : (
          <Counts counts={counts} />
        )}
      </Block>
      <Block id="training" title="Training">
        {training === null ? (
          <Missing>The file does not record how the model was trained.</Missing>
        ) : (
          <Facts facts={flattened(training)} />
        )}
      </Block>
      <Block id="config" title="Model">
        <Facts facts={flattened(config)} />
      </Block>
    </>
  );
}

function promiseOf({ value, rate, estimate }: NonNullable<CardBody["calibration"]>["reject"]): string {
  return `${short(value)}: ${estimate ? "an estimate of" : "at most"} ${percent(rate)} of good parts`;
}

function Counts({ counts }: { counts: NonNullable<CardBody["counts"]> }) {
  const count = (verdict: string | null, decision?: string) =>
    counts
      .filter((each) => each.verdict === verdict && (decision === undefined || each.decision === decision))
      .reduce((sum, { parts }) => sum + parts, 0);
  if (counts.length === 0) return <p>This version has inspected no parts that are kept.</p>;
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Verdict</th>
          <th scope="col">Parts</th>
          <th scope="col">Confirmed</th>
          <th scope="col">Overruled</th>
        </tr>
      </thead>
      <tbody>
        {(["accept", "review", "reject", null] as const)
          .filter((verdict) => verdict !== null || count(null) > 0)
          .map((verdict) => (
            <tr key={verdict}>
              <th scope="row">{verdict ?? "none"}</th>
              <td>{whole(count(verdict))}</td>
              <td>{whole(count(verdict, "confirm"))}</td>
              <td>{whole(count(verdict, "overrule"))}</td>
            </tr>
          ))}
      </tbody>
    </table>
  );
}

interface BlockProps {
  id: string;
  title: string;
  children: preact.ComponentChildren;
}

function Block({ id, title, children }: BlockProps) {
  return (
    <section class="panel" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}

function Facts({ facts }: { facts: readonly (readonly [name: string, value: string])[] }) {
  return (
    <dl>
      {facts.map(([name, value]) => (
        <>
          <dt key={`${name} name`}>{name}</dt>
          <dd key={name}>{value}</dd>
        </>
      ))}
    </dl>
  );
}
