import { expect, test } from "vitest";
import { BusyError } from "../src/errors.ts";
import { Places } from "../src/places.ts";

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("places are taken in the order of arrival, and a wait beyond the last is refused", async () => {
  const places = new Places("things", { atOnce: 1, waiting: 2, ofOneTenant: 9 });
  const order: number[] = [];
  const leaves: (() => void)[] = [];
  const enter = (number: number) =>
    places.enter("a").then((leave) => {
      order.push(number);
      leaves.push(leave);
    });
  const entries = [1, 2, 3].map(enter);
  await expect(places.enter("b")).rejects.toThrow(BusyError);
  await settled();
  expect(order).toEqual([1]);
  leaves[0]();
  // Leaving twice gives back one place.
  leaves[0]();
  await settled();
  expect(order).toEqual([1, 2]);
  leaves[1]();
  await Promise.all(entries);
  leaves[2]();
  expect(await places.run("b", async () => 7)).toBe(7);
});

test("one tenant cannot keep out another", async () => {
  const places = new Places("things", { atOnce: 3, waiting: 0, ofOneTenant: 2 });
  const leave = await places.enter("a");
  await places.enter("a");
  await expect(places.enter("a")).rejects.toThrow("2 things of yours");
  await places.enter("b");
  await expect(places.enter("c")).rejects.toThrow("3 things are under way");
  leave();
  await places.enter("a");
});

test("work that fails gives its place back", async () => {
  const places = new Places("things", { atOnce: 1, waiting: 0, ofOneTenant: 1 });
  await expect(places.run("a", () => Promise.reject(new Error("broke")))).rejects.toThrow("broke");
  expect(await places.run("a", async () => 1)).toBe(1);
});
