import { expect, test } from "vitest";
import { createTestDatabase } from "../../../test/postgres-setup.ts";

test("x", async () => {
  const db = await createTestDatabase();
  console.log(await db.prisma.project.create({ data: { slug: "a", name: "A" } }));
  expect(await db.prisma.project.count()).toBe(1);
  await db.close();
});
