/** The page's own colours, for files that are drawn without its styles. */
export function pageColours(): { page: string; ink: string } {
  const style = getComputedStyle(document.documentElement);
  return { page: style.getPropertyValue("--surface"), ink: style.getPropertyValue("--ink") };
}

/** A self-contained SVG text as a PNG of `scale` times its size. */
export async function pngFromSvg(svg: string, scale = 2): Promise<Blob> {
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = Math.min(16_384, Math.round(image.naturalWidth * scale));
    canvas.height = Math.min(16_384, Math.round(image.naturalHeight * scale));
    canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve, reject) =>
      canvas.toBlob(
        (blob) => (blob ? resolve(blob) : reject(new Error("This plot is too large for a PNG"))),
        "image/png",
      ),
    );
  } finally {
    URL.revokeObjectURL(image.src);
  }
}

const drawnProperties = [
  "fill",
  "fill-opacity",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "stroke-opacity",
  "opacity",
  "font-family",
  "font-size",
  "font-weight",
  "text-anchor",
  "dominant-baseline",
];

/** A drawn SVG element as a file's text: styles of the page written into it, on the page's own background. */
export function svgText(element: SVGSVGElement): string {
  const copy = element.cloneNode(true) as SVGSVGElement;
  const originals = element.querySelectorAll("*");
  copy.querySelectorAll("*").forEach((node, i) => {
    const style = getComputedStyle(originals[i]);
    for (const property of drawnProperties) {
      const value = style.getPropertyValue(property);
      if (value) (node as SVGElement).style.setProperty(property, value);
    }
  });
  const { width, height } = element.getBoundingClientRect();
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  copy.style.background = getComputedStyle(document.documentElement).getPropertyValue("--surface");
  copy.style.color = getComputedStyle(element).color;
  copy.style.fontFamily = getComputedStyle(element).fontFamily;
  return new XMLSerializer().serializeToString(copy);
}
