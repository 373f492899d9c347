import { usePicture } from "../client/use-picture.js";

/** A small picture of a part whose image is kept. */
export function Thumbnail({ id }: { id: string | undefined }) {
  const { picture } = usePicture(id, 320);
  if (id === undefined) return <span class="thumbnail">not kept</span>;
  return <span class="thumbnail">{picture && <img src={picture.url} alt="" />}</span>;
}
