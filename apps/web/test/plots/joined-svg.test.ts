import { expect, test } from "vitest";
import { joinedSvg } from "../../src/plots/joined-svg.ts";

const drawing = (width: number, height: number) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><path d="M0 0"/></svg>`;
const colours = { page: "#fff", ink: "#000" };

test("drawings stand in rows under their captions, as wide and high as the largest", () => {
  const joined = joinedSvg(
    [
      { caption: "a < b", svg: drawing(100, 50) },
      { caption: "c", svg: drawing(80, 70) },
      { caption: "d", svg: drawing(90, 60) },
    ],
    2,
    colours,
  );
  expect(joined).toMatch(/^<svg [^>]*width="224" height="208"/);
  expect(joined).toContain(">a &#60; b</text>");
  expect([...joined.matchAll(/<svg x="(\d+)" y="(\d+)"/g)].map(([, x, y]) => [Number(x), Number(y)])).toEqual(
    [
      [0, 22],
      [124, 22],
      [0, 138],
    ],
  );
});

test("one drawing keeps its width", () => {
  expect(joinedSvg([{ caption: "a", svg: drawing(100, 50) }], 3, colours)).toMatch(/width="100" height="72"/);
});

test("a drawing without a size is refused", () => {
  expect(() => joinedSvg([{ caption: "a", svg: "<svg ></svg>" }], 1, colours)).toThrow(/no size/);
});
