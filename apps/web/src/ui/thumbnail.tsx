import { ImageOff } from "lucide-react";
import { apiPath } from "./api-path.ts";

/** A small picture; small originals keep their pixels. `imageUrl` is the API's path, null where there is none. */
export function Thumbnail({
  imageUrl,
  alt,
  size = 40,
  eager = false,
}: {
  imageUrl: string | null | undefined;
  alt: string;
  size?: number;
  /** Loaded before it comes into sight, as on paper. */
  eager?: boolean;
}) {
  if (!imageUrl) {
    return (
      <span
        role="img"
        aria-label={`${alt}: no picture`}
        className="grid shrink-0 place-items-center rounded bg-sunken text-faint"
        style={{ width: size, height: size }}
      >
        <ImageOff size={Math.min(16, size / 2)} aria-hidden />
      </span>
    );
  }
  return (
    // biome-ignore lint/performance/noImgElement: pictures come from the API as they are; Next must not rescale them
    <img
      src={apiPath(imageUrl)}
      alt={alt}
      width={size}
      height={size}
      loading={eager ? "eager" : "lazy"}
      decoding="async"
      className="pixelated shrink-0 rounded bg-sunken object-cover"
      style={{ width: size, height: "auto", aspectRatio: 1, maxWidth: "100%" }}
    />
  );
}
