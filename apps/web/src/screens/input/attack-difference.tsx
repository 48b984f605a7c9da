"use client";

import { useEffect, useRef, useState } from "react";
import { apiPath } from "../../ui/api-path.ts";
import { Thumbnail } from "../../ui/thumbnail.tsx";
import { amplifiedDifference } from "./amplified-difference.ts";

/** Tailwind's w-44 in pixels. */
const side = 176;

/** The clean picture, the attacked one, and what lies between them, amplified. */
export function AttackDifference({
  cleanUrl,
  attackedUrl,
  attack,
}: {
  cleanUrl: string | null;
  attackedUrl: string | null;
  attack: string | null;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [amplification, setAmplification] = useState(8);
  const [problem, setProblem] = useState<string | null>(null);
  const both = cleanUrl !== null && attackedUrl !== null;

  useEffect(() => {
    if (!both) return;
    let wanted = true;
    Promise.all([pixelsOf(cleanUrl), pixelsOf(attackedUrl)])
      .then(([clean, attacked]) => {
        if (!wanted || !canvas.current) return;
        canvas.current.width = clean.width;
        canvas.current.height = clean.height;
        const difference = amplifiedDifference(clean.data, attacked.data, amplification);
        canvas.current
          .getContext("2d")!
          .putImageData(new ImageData(difference, clean.width, clean.height), 0, 0);
        setProblem(null);
      })
      .catch(
        (error: unknown) => wanted && setProblem(error instanceof Error ? error.message : String(error)),
      );
    return () => {
      wanted = false;
    };
  }, [both, cleanUrl, attackedUrl, amplification]);

  return (
    <div className="grid grid-cols-3 gap-2 self-start sm:flex sm:gap-4">
      <Picture caption="Clean" url={cleanUrl} />
      <Picture caption={attack ? `Under ${attack}` : "Attacked"} url={attackedUrl} />
      {both && (
        <figure>
          <canvas
            ref={canvas}
            role="img"
            aria-label={`Difference between the clean and the attacked picture, amplified ${amplification} times; grey is no change`}
            className="block aspect-square w-full rounded-md bg-sunken [image-rendering:pixelated] sm:w-44"
          />
          <figcaption className="mt-1 text-sm text-muted">
            <label className="flex flex-wrap items-center gap-x-2">
              Difference × {amplification}
              <input
                type="range"
                min={1}
                max={32}
                value={amplification}
                onChange={(event) => setAmplification(Number(event.target.value))}
                className="w-20 max-w-full accent-(--accent)"
                aria-label="Amplification"
              />
            </label>
            {problem}
          </figcaption>
        </figure>
      )}
    </div>
  );
}

/** One picture in full size with its caption. */
export function Picture({ caption, url }: { caption: string; url: string | null }) {
  return (
    <figure>
      <Thumbnail imageUrl={url} alt={caption} size={side} />
      <figcaption className="mt-1 text-sm text-muted">{caption}</figcaption>
    </figure>
  );
}

async function pixelsOf(url: string): Promise<ImageData> {
  const image = new Image();
  image.src = apiPath(url);
  await image.decode();
  const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
  const context = canvas.getContext("2d")!;
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}
