import type { TrialBody } from "../../lib/http/bodies/version.js";
import { counted, percent, short, whole } from "../client/words.js";

type Promised = TrialBody["reject"];

/** What thresholds promise, and what they would have done to the latest parts. */
export function Trial({ trial }: { trial: TrialBody }) {
  const { reject, review, recent } = trial;
  const total = recent.then.accept + recent.then.review + recent.then.reject;
  return (
    <div class="columns">
      <section aria-labelledby="promise">
        <h2 id="promise">What they promise</h2>
        <dl>
          <Row name={`rejected from ${short(reject.value)}`} promised={reject} />
          <Row name={`reviewed or rejected from ${short(review.value)}`} promised={review} />
        </dl>
        <p class="quiet">
          Of good parts that are like the {reject.images} of the calibration. A promise is as good as it says
          if the rate was chosen before the scores were looked at.
        </p>
      </section>
      <section aria-labelledby="would-have">
        <h2 id="would-have">The latest {counted(total, "part")}</h2>
        {total === 0 ? (
          <p>This version has inspected no parts yet.</p>
        ) : (
          <>
            <table>
              <thead>
                <tr>
                  <th scope="col">Verdict</th>
                  <th scope="col">they got</th>
                  <th scope="col">would have got</th>
                </tr>
              </thead>
              <tbody>
                {(["accept", "review", "reject"] as const).map((verdict) => (
                  <tr key={verdict}>
                    <th scope="row">{verdict}</th>
                    <td>{whole(recent.now[verdict])}</td>
                    <td>{whole(recent.then[verdict])}</td>
                  </tr>
                ))}
              </tbody>
            </table>
            <p>{counted(recent.changed, "part")} would have got another verdict.</p>
          </>
        )}
      </section>
    </div>
  );
}

function Row({ name, promised: { rate, interval } }: { name: string; promised: Promised }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>
        {rate >= 1 ? "nothing: it is below all good parts" : `at most ${percent(rate)} on average`}
        {interval && rate < 1 && (
          <>
            ; 95 % interval for this calibration {percent(interval[0]!)} to {percent(interval[1]!)}
          </>
        )}
      </dd>
    </>
  );
}
