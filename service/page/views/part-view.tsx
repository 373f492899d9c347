import { useId, useState } from "preact/hooks";
import type { PartBody } from "../../lib/http/bodies/part.js";
import { useMap } from "../client/use-map.js";
import { usePicture } from "../client/use-picture.js";
import { counted, percent, short, when } from "../client/words.js";
import { MapCanvas } from "./map-canvas.js";
import { Failure, Missing } from "./notices.js";
import { VerdictBadge } from "./verdict.js";

/** The longest side of a picture, in pixels. */
const side = 1600;

interface PartViewProps {
  part: PartBody;
  /** Whether the version that judged the part is in memory, so that it can draw the map again. */
  isLoaded: boolean;
}

/** A part: its image with the map and the regions, and what is known of it. */
export function PartView({ part, isLoaded }: PartViewProps) {
  const [opacity, setOpacity] = useState(0.6);
  const [hasOutlines, setOutlines] = useState(true);
  const slider = useId();
  const isKept = part.image !== null;
  const { picture, error: pictureError } = usePicture(isKept ? part.id : undefined, side);
  const { map, error: mapError } = useMap(isKept && isLoaded ? part.id : undefined);
  return (
    <article class="part" aria-label="Part">
      {!isKept && <Missing>The image is not kept: only those with the verdict review or reject are.</Missing>}
      {isKept && (
        <div class="picture">
          {picture && (
            <>
              <img src={picture.url} alt={altOf(part)} />
              {map && <MapCanvas map={map} opacity={opacity} />}
              {hasOutlines && (
                <svg viewBox={`0 0 ${picture.width} ${picture.height}`} aria-hidden="true">
                  {part.regions.flatMap(({ polygon }, region) =>
                    polygon.map((ring, index) => (
                      <polygon
                        key={`${region} ${index}`}
                        points={ring.map((corner) => corner.join(",")).join(" ")}
                      />
                    )),
                  )}
                </svg>
              )}
            </>
          )}
        </div>
      )}
      <Failure message={pictureError ?? mapError} />
      {isKept && (
        <div class="controls">
          <label class="field" for={slider}>
            Map
            <input
              id={slider}
              type="range"
              min={0}
              max={100}
              value={Math.round(opacity * 100)}
              disabled={!isLoaded}
              aria-valuetext={`${Math.round(opacity * 100)} % opaque`}
              onInput={(event) => setOpacity(Number(event.currentTarget.value) / 100)}
            />
          </label>
          <label class="check">
            <input
              type="checkbox"
              checked={hasOutlines}
              onChange={(event) => setOutlines(event.currentTarget.checked)}
            />
            Outlines of regions
          </label>
        </div>
      )}
      {isKept && !isLoaded && (
        <Missing>
          Version {part.version} of {part.model} is no longer in memory, so its map cannot be drawn.
        </Missing>
      )}
      <Facts part={part} />
    </article>
  );
}

function Facts({ part }: { part: PartBody }) {
  const { verdict, score, pValue, model, version, time, station, source, regions, review } = part;
  return (
    <dl>
      <dt>Verdict</dt>
      <dd>
        <VerdictBadge verdict={verdict} />
      </dd>
      <dt>Score</dt>
      <dd>{short(score)}</dd>
      {pValue !== null && (
        <>
          <dt>p-value</dt>
          <dd>{short(pValue)}</dd>
        </>
      )}
      <dt>Regions</dt>
      <dd>
        {regions.length === 0
          ? "none"
          : `${counted(regions.length, "region")}, the largest ${largest(part)} of the image`}
      </dd>
      <dt>Model</dt>
      <dd>
        {model}, version {version}
      </dd>
      <dt>Inspected</dt>
      <dd>
        <time dateTime={time}>{when(time)}</time>
        {station !== null && ` at ${station}`}
      </dd>
      {source !== null && (
        <>
          <dt>File</dt>
          <dd class="source">{source}</dd>
        </>
      )}
      {review !== null && (
        <>
          <dt>Review</dt>
          <dd>
            {review.decision === "confirm" ? "confirmed" : "overruled"}: {review.good ? "good" : "not good"}
            {review.by !== null && `, by ${review.by}`}
          </dd>
        </>
      )}
      <dt>Id</dt>
      <dd class="source">{part.id}</dd>
    </dl>
  );
}

function largest({ regions }: PartBody): string {
  return percent(Math.max(...regions.map(({ share }) => share)));
}

function altOf({ verdict, regions }: PartBody): string {
  return `Image of the part, verdict ${verdict ?? "none"}, ${counted(regions.length, "region")}`;
}
