/** Mean advance of a letter of Inter, as a share of the font's size. */
const advance = 0.537;

/** About how wide the longest label is, in pixels. */
export function textWidth(labels: readonly string[], fontSize: number): number {
  return labels.reduce((most, label) => Math.max(most, label.length), 0) * advance * fontSize;
}

/** A label cut to a pixel width, with an ellipsis. */
export function fittingLabel(label: string, width: number, fontSize = 11): string {
  const letters = Math.floor(width / (advance * fontSize) + 0.01);
  return label.length <= letters ? label : `${label.slice(0, Math.max(1, letters - 1))}…`;
}
