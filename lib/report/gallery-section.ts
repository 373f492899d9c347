import { verdictOf, type Verdict } from "../calibration/thresholds.js";
import { counted } from "../errors/counted.js";
import { normalLabel } from "../evaluation/dataset.js";
import { printable } from "../files/system-path.js";
import type { PageContent, PageImage } from "./content.js";
import { html, type Markup } from "./html.js";
import type { Thumbnail } from "./thumbnail.js";

/** The pictures in the order in which they were drawn, with what sorts and filters them. */
export function gallerySection({ images, pictures, thresholds }: PageContent): Markup {
  if (pictures.size === 0) return html``;
  const shown = [...pictures].map(([number, picture], rank) =>
    item(
      { ...images[number]!, ...(thresholds && { verdict: verdictOf(images[number]!.score, thresholds) }) },
      picture,
      rank,
    ),
  );
  const labels = [...new Set([...pictures.keys()].flatMap((number) => images[number]!.label ?? []))].sort();
  const left = images.length - pictures.size;
  return html`<section aria-labelledby="images">
    <h2 id="images">Images</h2>
    ${left === 0 ? "" : html`<p>${counted(left, "image")} more are not shown, those farthest from a miss.</p>`}
    <div class="controls">
      <label>
        Order
        <select id="order">
          ${labels.length === 0 ? "" : html`<option value="worst">worst misses first</option>`}
          <option value="highest">highest score first</option>
          <option value="lowest">lowest score first</option>
          <option value="name">by name</option>
        </select>
      </label>
      ${
        labels.length === 0
          ? ""
          : html`<label>
              Label
              <select id="label">
                <option value="">all</option>
                ${labels.map((label) => html`<option value="${printable(label)}">${printable(label)}</option>`)}
              </select>
            </label>`
      }
      <label>
        Show
        <select id="shown">
          <option value="overlay">anomaly maps</option>
          <option value="plain">images alone</option>
        </select>
      </label>
      <span id="count" role="status">${counted(pictures.size, "image")}</span>
    </div>
    <ol class="gallery">
      ${shown}
    </ol>
  </section>`;
}

function item(
  { image, score, label, verdict }: PageImage & { verdict?: Verdict },
  picture: Thumbnail,
  rank: number,
): Markup {
  const { width, height } = picture;
  const [name, kind] = [printable(image), label === undefined ? "" : printable(label)];
  const pictureOf = (webp: Buffer) =>
    html`src="data:image/webp;base64,${webp.toString("base64")}" width="${width}" height="${height}" alt=""`;
  return html`<li data-rank="${rank}" data-score="${score}" data-label="${kind}" data-name="${name}">
    <button type="button" aria-pressed="true" aria-label="Anomaly map of ${name}">
      <img ${pictureOf(picture.overlay)} />
      <img ${pictureOf(picture.plain)} hidden />
    </button>
    <p>
      ${label === undefined ? "" : html`<span class="label ${label === normalLabel ? "good" : "defective"}">${kind}</span>`}
      ${score.toFixed(4)} ${verdict ?? ""}
    </p>
    <p>${name}</p>
  </li>`;
}
