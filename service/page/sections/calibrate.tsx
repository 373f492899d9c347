import { useState } from "preact/hooks";
import type { ModelsBody } from "../../lib/http/bodies/model.js";
import type { CardBody } from "../../lib/http/bodies/version.js";
import type { SectionProps } from "../app.js";
import { useAnswer } from "../client/use-answer.js";
import { Failure, Missing } from "../views/notices.js";
import { ThresholdChooser } from "../views/threshold-chooser.js";
import { loadedVersions, VersionPicker, type VersionChoice } from "../views/version-picker.js";

/** Chooses thresholds by what they promise, and by what they would have done. */
export function Calibrate({ about }: SectionProps) {
  const models = useAnswer<ModelsBody>("/models");
  const [given, setGiven] = useState<VersionChoice>();
  const chosen = given ?? (models.value && loadedVersions(models.value.models)[0]);
  const path = chosen && `/models/${encodeURIComponent(chosen.name)}/versions/${chosen.version}`;
  const card = useAnswer<CardBody>(path);
  const model = models.value?.models.find(({ name }) => name === chosen?.name);
  return (
    <>
      <Failure message={models.error ?? card.error} />
      {models.value && chosen === undefined && <Missing>No version of a model is in memory.</Missing>}
      {models.value && chosen && <VersionPicker models={models.value} chosen={chosen} onChosen={setGiven} />}
      {card.value && card.value.calibration === null && (
        <Missing>
          This version is not calibrated. Calibrate its file on good parts that it was not trained on:{" "}
          <code>reverse-distillation calibrate</code>.
        </Missing>
      )}
      {path && card.value?.calibration && model && (
        <ThresholdChooser key={path} path={path} model={model} mayWrite={about.may.includes("admin")} />
      )}
    </>
  );
}
