/**
 * What an attack changed, visible: 128 + amplification · (attacked − clean) for each colour, clamped; grey is no change.
 *
 * @param clean RGBA bytes
 * @param attacked RGBA bytes of the same length
 * @throws RangeError when the pictures differ in size
 */
export function amplifiedDifference(
  clean: ArrayLike<number>,
  attacked: ArrayLike<number>,
  amplification: number,
): Uint8ClampedArray<ArrayBuffer> {
  if (clean.length !== attacked.length)
    throw new RangeError(
      "The clean and the attacked picture differ in size, so there is no difference to show.",
    );
  const pixels = new Uint8ClampedArray(clean.length);
  for (let i = 0; i < pixels.length; i++)
    pixels[i] = i % 4 === 3 ? 255 : 128 + amplification * (attacked[i] - clean[i]);
  return pixels;
}
