import { useState } from "preact/hooks";
import type { ModelBody } from "../../lib/http/bodies/model.js";
import type { ScoresBody, TrialBody } from "../../lib/http/bodies/version.js";
import { useAnswer } from "../client/use-answer.js";
import { useSettled } from "../client/use-settled.js";
import { Failure } from "./notices.js";
import { ScoreHistogram } from "./score-histogram.js";
import { ThresholdField } from "./threshold-field.js";
import { Trial } from "./trial.js";
import { WriteVersion } from "./write-version.js";

/** The thresholds that are tried. */
export interface Tried {
  reject: number;
  review: number;
}

interface ThresholdChooserProps {
  /** The path of the version. */
  path: string;
  model: ModelBody;
  mayWrite: boolean;
}

/** How long handles must rest before it is asked what they promise, in milliseconds. */
const restMs = 120;

/** Handles on a histogram of scores, and what they mean. */
export function ThresholdChooser({ path, model, mayWrite }: ThresholdChooserProps) {
  const scores = useAnswer<ScoresBody>(`${path}/scores`);
  const [given, setGiven] = useState<Tried>();
  const inForce = scores.value?.thresholds;
  const tried = given ?? inForce;
  const settled = useSettled(tried && `${path}/trial?reject=${tried.reject}&review=${tried.review}`, restMs);
  const trial = useAnswer<TrialBody>(settled);
  if (scores.value === undefined || tried === undefined || inForce === undefined)
    return <Failure message={scores.error} />;
  // The thresholds keep their order: one pushes the other.
  const set = {
    reject: (reject: number) => setGiven({ reject, review: Math.min(tried.review, reject) }),
    review: (review: number) => setGiven({ review, reject: Math.max(tried.reject, review) }),
  };
  const isChanged = tried.reject !== inForce.reject || tried.review !== inForce.review;
  return (
    <>
      <ScoreHistogram scores={scores.value} tried={tried} set={set} />
      <div class="controls">
        <ThresholdField name="review" value={tried.review} onValue={set.review} />
        <ThresholdField name="reject" value={tried.reject} onValue={set.reject} />
        <button type="button" disabled={!isChanged} onClick={() => setGiven(undefined)}>
          Back to those in force
        </button>
      </div>
      <Failure message={trial.error} />
      {trial.value && <Trial trial={trial.value} />}
      {mayWrite ? (
        <WriteVersion path={path} model={model} tried={tried} isChanged={isChanged} />
      ) : (
        <p class="quiet">Your token may not write versions. Use one with the role admin.</p>
      )}
    </>
  );
}
