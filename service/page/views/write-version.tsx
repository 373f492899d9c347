import { useRef, useState } from "preact/hooks";
import type { ModelBody } from "../../lib/http/bodies/model.js";
import { messageOf, tell } from "../client/session.js";
import { short } from "../client/words.js";
import { Failure } from "./notices.js";
import type { Tried } from "./threshold-chooser.js";

interface WriteVersionProps {
  path: string;
  model: ModelBody;
  tried: Tried;
  isChanged: boolean;
}

/** Writes the thresholds into a new version, after a question. */
export function WriteVersion({ path, model, tried, isChanged }: WriteVersionProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [failure, setFailure] = useState<string>();
  const [said, setSaid] = useState("");
  const [isWriting, setWriting] = useState(false);
  const write = async (): Promise<void> => {
    dialog.current?.close();
    setWriting(true);
    try {
      const { version } = await tell<{ version: number }>("POST", `${path}/derive`, tried);
      setSaid(`Version ${version} was written. ${waits(model) ?? "It serves as soon as it is loaded."}`);
      setFailure(undefined);
    } catch (error) {
      setFailure(messageOf(error));
    } finally {
      setWriting(false);
    }
  };
  return (
    <>
      <Failure message={failure} />
      <p role="status">{isWriting ? "The version is being written." : said}</p>
      <button
        type="button"
        class="main"
        disabled={!isChanged || isWriting}
        onClick={() => dialog.current?.showModal()}
      >
        Write as a new version
      </button>
      <dialog ref={dialog} aria-labelledby="write-title">
        <h2 id="write-title">Write a new version of {model.name}?</h2>
        <p>
          It reviews from {short(tried.review)} and rejects from {short(tried.reject)}. The versions that are
          there stay.
        </p>
        <p>{waits(model) ?? "It serves as soon as it is loaded, because no version was chosen."}</p>
        <div class="controls">
          <button type="button" class="main" onClick={() => void write()}>
            Write
          </button>
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
        </div>
      </dialog>
    </>
  );
}

function waits({ pinned }: ModelBody): string | undefined {
  return pinned === null
    ? undefined
    : `It does not serve yet, because version ${pinned} was chosen. Choose it in the overview.`;
}
