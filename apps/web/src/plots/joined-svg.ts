/** A drawing with the line above it. */
export type CaptionedSvg = { readonly caption: string; readonly svg: string };

const gap = 24;
const captionHeight = 22;

/**
 * Several SVG files' texts as one, in rows of `columns`, each under its caption.
 *
 * @param drawings each with a width and a height in pixels on its root element
 * @throws RangeError when a drawing carries no size
 */
export function joinedSvg(
  drawings: readonly CaptionedSvg[],
  columns: number,
  colours: { page: string; ink: string },
): string {
  const sized = drawings.map(({ caption, svg }) => ({ caption, svg, ...sizeOf(svg) }));
  const wide = Math.max(...sized.map(({ width }) => width));
  const high = Math.max(...sized.map(({ height }) => height)) + captionHeight;
  const across = Math.min(columns, sized.length);
  const down = Math.ceil(sized.length / columns);
  const width = across * wide + (across - 1) * gap;
  const height = down * high + (down - 1) * gap;
  const parts = sized.map(({ caption, svg }, i) => {
    const x = (i % columns) * (wide + gap);
    const y = Math.floor(i / columns) * (high + gap);
    const placed = svg.replace(/^<svg /, `<svg x="${x}" y="${y + captionHeight}" `);
    return `<text x="${x}" y="${y + 14}">${escaped(caption)}</text>\n${placed}`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" style="background:${colours.page}">`,
    `<rect width="100%" height="100%" fill="${colours.page}"/>`,
    `<g font-family="Inter, system-ui, sans-serif" font-size="13" font-weight="600" fill="${colours.ink}">`,
    ...parts,
    "</g></svg>",
  ].join("\n");
}

const escaped = (text: string) => text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);

function sizeOf(svg: string): { width: number; height: number } {
  const of = (name: string) => Number(new RegExp(`^<svg [^>]*?\\b${name}="([\\d.]+)"`).exec(svg)?.[1]);
  const size = { width: of("width"), height: of("height") };
  if (!(size.width > 0 && size.height > 0)) throw new RangeError("an SVG to join carries no size");
  return size;
}
