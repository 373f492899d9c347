import { useState } from "preact/hooks";
import type { SectionProps } from "../app.js";
import { NoStore } from "../views/notices.js";
import { OverruledParts } from "../views/overruled-parts.js";
import { ReviewQueue } from "../views/review-queue.js";

/** Confirms or overrules verdicts, and lists what was overruled. */
export function Review({ about }: SectionProps) {
  const [isList, setList] = useState(false);
  if (!about.store) return <NoStore what="review" />;
  return (
    <>
      <div class="controls" role="group" aria-label="What to show">
        <button type="button" aria-pressed={!isList} onClick={() => setList(false)}>
          To review
        </button>
        <button type="button" aria-pressed={isList} onClick={() => setList(true)}>
          For the next training
        </button>
      </div>
      {isList ? <OverruledParts /> : <ReviewQueue mayReview={about.may.includes("review")} />}
    </>
  );
}
