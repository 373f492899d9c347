import { useState } from "preact/hooks";
import type { PartBody, PartsBody } from "../../lib/http/bodies/part.js";
import type { SectionProps } from "../app.js";
import { useAnswer } from "../client/use-answer.js";
import { useLoaded } from "../client/use-loaded.js";
import { short, when } from "../client/words.js";
import { Failure, Missing, NoStore } from "../views/notices.js";
import { PartView } from "../views/part-view.js";
import { Thumbnail } from "../views/thumbnail.js";
import { VerdictBadge } from "../views/verdict.js";

/** How often it is looked for new parts, in milliseconds. */
const everyMs = 2000;
const most = 24;

const choices = [
  ["", "all"],
  ["verdict=review&verdict=reject", "review and reject"],
  ["verdict=reject", "reject"],
  ["verdict=accept", "accept"],
] as const;

/** The latest parts as they come. */
export function Latest({ about }: SectionProps) {
  return about.store ? <Parts /> : <NoStore what="look at" />;
}

function Parts() {
  const [filter, setFilter] = useState("");
  const [chosen, setChosen] = useState<PartBody>();
  const { value, error } = useAnswer<PartsBody>(`/parts?limit=${most}&${filter}`, everyMs);
  const isLoaded = useLoaded();
  const parts = value?.parts;
  // Until one is chosen, the newest that can be seen is shown.
  const shown = chosen ?? parts?.find(({ image }) => image !== null) ?? parts?.[0];
  return (
    <>
      <Failure message={error} />
      <div class="controls">
        <label class="field">
          Show
          <select value={filter} onChange={(event) => setFilter(event.currentTarget.value)}>
            {choices.map(([query, name]) => (
              <option key={query} value={query}>
                {name}
              </option>
            ))}
          </select>
        </label>
        {chosen !== undefined && (
          <button type="button" onClick={() => setChosen(undefined)}>
            Follow the newest
          </button>
        )}
      </div>
      {parts?.length === 0 && <Missing>There are no such parts.</Missing>}
      <div class="split">
        <ul class="parts" aria-label="Latest parts">
          {parts?.map((part) => (
            <li key={part.id}>
              <button type="button" aria-pressed={part.id === shown?.id} onClick={() => setChosen(part)}>
                <Thumbnail id={part.image === null ? undefined : part.id} />
                <span>
                  <VerdictBadge verdict={part.verdict} /> {short(part.score)}
                </span>
                <span class="quiet">
                  {part.model} {when(part.time)}
                </span>
                {part.source !== null && <span class="source">{part.source}</span>}
              </button>
            </li>
          ))}
        </ul>
        {shown && isLoaded && <PartView key={shown.id} part={shown} isLoaded={isLoaded(shown)} />}
      </div>
    </>
  );
}
