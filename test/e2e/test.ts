import { test as base, expect } from "@playwright/test";

/** A test in whose pages nothing may break the Content-Security-Policy, whatever the test clicks on. */
export const test = base.extend<{ brokenPolicies: string[] }>({
  brokenPolicies: [
    async ({ context }, use) => {
      const broken: string[] = [];
      context.on("console", (message) => {
        if (message.text().includes("Content Security Policy")) broken.push(message.text());
      });
      await use(broken);
      expect(broken).toEqual([]);
    },
    { auto: true },
  ],
});
