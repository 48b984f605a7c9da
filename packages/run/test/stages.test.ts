import { expect, it } from "vitest";
import { type Stage, stageNames, stages } from "../src/stages.ts";

it("a run's walk begins with PLAN, comes through every stage in order, and ends", () => {
  const walk: Stage[] = [];
  for (let stage: Stage | null = "PLAN"; stage; stage = stages[stage].next) walk.push(stage);
  expect(walk).toEqual(stageNames);
});

it("each stage has a job of its own, and hands something over unless it is the last", () => {
  expect(new Set(stageNames.map((stage) => stages[stage].job)).size).toBe(stageNames.length);
  expect(stageNames.filter((stage) => stages[stage].handOver === null)).toEqual([stageNames.at(-1)]);
});
