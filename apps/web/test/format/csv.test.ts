import { expect, test } from "vitest";
import { csv } from "../../src/format/csv.ts";

test("quotes what needs quotes, leaves numbers and blanks", () => {
  expect(
    csv(
      ["a", "b, c"],
      [
        ["x", 1.5],
        ['say "no"', null],
        ["two\nlines", Number.NaN],
      ],
    ),
  ).toBe('a,"b, c"\r\nx,1.5\r\n"say ""no""",\r\n"two\nlines",\r\n');
});

test("disarms texts that a spreadsheet would run, not negative numbers", () => {
  expect(csv(["v"], [["=1+1"], ["-x"], ["@a"], [-2], ["a-b"]])).toBe(
    "v\r\n'=1+1\r\n'-x\r\n'@a\r\n-2\r\na-b\r\n",
  );
});
