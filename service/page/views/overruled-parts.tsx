import { useState } from "preact/hooks";
import type { PartBody, PartsBody } from "../../lib/http/bodies/part.js";
import { ask, messageOf } from "../client/session.js";
import { useAnswer } from "../client/use-answer.js";
import { short, when } from "../client/words.js";
import { Failure, Missing } from "./notices.js";
import { VerdictBadge } from "./verdict.js";

const path = "/parts?good=true&verdict=review&verdict=reject";

/** Parts that were not accepted and that a person found good: a model learns most from them. */
export function OverruledParts() {
  const { value, error } = useAnswer<PartsBody>(`${path}&limit=100`);
  const [failure, setFailure] = useState<string>();
  const download = async (): Promise<void> => {
    try {
      save("overruled.json", JSON.stringify(await all(), null, 2));
      setFailure(undefined);
    } catch (failed) {
      setFailure(messageOf(failed));
    }
  };
  return (
    <section aria-label="For the next training">
      <Failure message={failure ?? error} />
      <p>
        These parts were overruled as good. Their images are at <code>/parts/&lt;id&gt;/image</code>; add them
        to the good parts of the next training.
      </p>
      {value?.parts.length === 0 && <Missing>Nothing was overruled as good.</Missing>}
      {value !== undefined && value.parts.length > 0 && (
        <>
          <button type="button" class="main" onClick={() => void download()}>
            Download the list
          </button>
          <div class="scroll" tabIndex={0} role="region" aria-label="Overruled parts">
            <table>
              <thead>
                <tr>
                  <th scope="col">Inspected</th>
                  <th scope="col">Verdict</th>
                  <th scope="col">Score</th>
                  <th scope="col">Model</th>
                  <th scope="col">By</th>
                  <th scope="col">File or id</th>
                </tr>
              </thead>
              <tbody>
                {value.parts.map((part) => (
                  <tr key={part.id}>
                    <td>{when(part.time)}</td>
                    <td>
                      <VerdictBadge verdict={part.verdict} />
                    </td>
                    <td>{short(part.score)}</td>
                    <td>
                      {part.model}, version {part.version}
                    </td>
                    <td>{part.review?.by ?? ""}</td>
                    <td class="source">{part.source ?? part.id}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          {value.next !== null && <p class="quiet">The newest 100 are shown; the list has all.</p>}
        </>
      )}
    </section>
  );
}

/** What a training needs to know of each part. */
async function all(): Promise<object[]> {
  const found: object[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const page: PartsBody = await ask<PartsBody>(
      `${path}&limit=1000${cursor === "" ? "" : `&cursor=${cursor}`}`,
    );
    found.push(...page.parts.map(described));
    cursor = page.next;
  }
  return found;
}

function described({ id, digest, source, model, version, verdict, time, review }: PartBody): object {
  return {
    id,
    image: `/parts/${id}/image`,
    digest,
    source,
    model,
    version,
    verdict,
    time,
    by: review?.by ?? null,
  };
}

function save(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
