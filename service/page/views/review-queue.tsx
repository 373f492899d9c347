import { useEffect, useRef, useState } from "preact/hooks";
import type { PartBody, PartsBody } from "../../lib/http/bodies/part.js";
import { messageOf, tell } from "../client/session.js";
import { useAnswer } from "../client/use-answer.js";
import { useLoaded } from "../client/use-loaded.js";
import { Failure, Missing } from "./notices.js";
import { PartView } from "./part-view.js";

/** How often it is looked for new parts, in milliseconds. */
const everyMs = 5000;
const path = "/parts?verdict=review&verdict=reject&reviewed=false&limit=200";

type Decision = "confirm" | "overrule";

/** Parts that nobody has reviewed, one at a time. Everything can be done with one key, while the queue has the focus. */
export function ReviewQueue({ mayReview }: { mayReview: boolean }) {
  const { value, error } = useAnswer<PartsBody>(path, everyMs);
  const isLoaded = useLoaded();
  const [queue, setQueue] = useState<readonly PartBody[]>([]);
  const [at, setAt] = useState(0);
  const [failure, setFailure] = useState<string>();
  const [said, setSaid] = useState("");
  const isSending = useRef(false);
  const frame = useRef<HTMLElement>(null);
  useEffect(() => {
    if (value === undefined) return;
    // New parts come last, so that the one that is looked at stays where it is.
    setQueue((before) => {
      const known = new Set(before.map(({ id }) => id));
      return [...before, ...value.parts.filter(({ id }) => !known.has(id))];
    });
  }, [value]);
  const part = queue[at];
  const isThere = part !== undefined;
  useEffect(() => {
    // Keys work at once, but nobody who is elsewhere on the page is interrupted.
    const focused = document.activeElement;
    if (isThere && (focused === document.body || focused?.tagName === "H1")) frame.current?.focus();
  }, [isThere]);

  const decide = async (decision: Decision): Promise<void> => {
    if (part === undefined || !mayReview || isSending.current) return;
    isSending.current = true;
    try {
      const reviewed = await tell<PartBody>("PUT", `/parts/${part.id}/review`, { decision });
      setQueue((before) => before.map((each) => (each.id === reviewed.id ? reviewed : each)));
      setSaid(`${decision === "confirm" ? "Confirmed" : "Overruled"} ${part.verdict}.`);
      setAt(at + 1);
      setFailure(undefined);
    } catch (failed) {
      setFailure(messageOf(failed));
    } finally {
      isSending.current = false;
    }
  };
  const move = (by: number): void => setAt(Math.min(queue.length, Math.max(0, at + by)));
  const onKeyDown = (event: KeyboardEvent): void => {
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!isPlain || event.repeat || event.target instanceof HTMLInputElement) return;
    const action = {
      c: () => void decide("confirm"),
      o: () => void decide("overrule"),
      ArrowRight: () => move(1),
      ArrowLeft: () => move(-1),
    }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  };
  const left = queue.filter(({ review }) => review === null).length;
  return (
    <section class="queue" aria-label="Queue" tabIndex={-1} ref={frame} onKeyDown={onKeyDown}>
      <Failure message={failure ?? error} />
      <p>
        {left} to review{value !== undefined && value.next !== null && " or more"}.{" "}
        <span role="status">{said}</span>
      </p>
      {!mayReview && (
        <Missing>
          Your token may not review. Use one with the role review or admin to confirm or overrule.
        </Missing>
      )}
      {value !== undefined && part === undefined && (
        <Missing>{queue.length === 0 ? "Nothing is to be reviewed." : "That was the last one."}</Missing>
      )}
      <div class="controls">
        {mayReview && (
          <>
            <button type="button" class="main" disabled={!isThere} onClick={() => void decide("confirm")}>
              Confirm {part?.verdict} <kbd>C</kbd>
            </button>
            <button type="button" disabled={!isThere} onClick={() => void decide("overrule")}>
              Overrule: the part is good <kbd>O</kbd>
            </button>
          </>
        )}
        <button type="button" disabled={at === 0} onClick={() => move(-1)}>
          Back <kbd>←</kbd>
        </button>
        <button type="button" disabled={!isThere} onClick={() => move(1)}>
          Skip <kbd>→</kbd>
        </button>
      </div>
      {part && isLoaded && <PartView key={part.id} part={part} isLoaded={isLoaded(part)} />}
    </section>
  );
}
