import type { Page } from "@playwright/test";

/** An interaction: what is done with the mouse or the keyboard, and the element whose change shows that it took effect. */
export interface Interaction {
  /** The event whose own time starts the clock. */
  readonly event: "pointermove" | "keydown" | "click" | "scroll";
  /** Selector of what changes; null: the frame after the event. */
  readonly changes: string | null;
  readonly act: () => Promise<void>;
}

/**
 * Milliseconds from the event, as the browser stamped it, until the frame that shows its effect has been drawn. The
 * way from this process to the browser does not count.
 */
export async function latency(page: Page, { event, changes, act }: Interaction): Promise<number> {
  const result = await page.evaluateHandle(
    ([type, selector]) => {
      // A task posted from an animation frame runs once that frame has been drawn.
      const drawn = () =>
        new Promise<number>((resolve) =>
          requestAnimationFrame(() => {
            const { port1, port2 } = new MessageChannel();
            port1.onmessage = () => resolve(performance.now());
            port2.postMessage(null);
          }),
        );
      const shown = new Promise<number>((resolve, reject) => {
        setTimeout(() => reject(new Error(`no ${type} changed ${selector} within 20 s`)), 20_000);
        let began: number | null = null;
        const end = async () => {
          if (began !== null) resolve((await drawn()) - began);
        };
        addEventListener(
          type as string,
          (happened) => {
            began ??= happened.timeStamp;
            if (selector === null) end();
          },
          { capture: true, once: true },
        );
        if (selector !== null)
          new MutationObserver((_, observer) => {
            if (began === null) return;
            observer.disconnect();
            end();
          }).observe(document.querySelector(selector) as Element, {
            subtree: true,
            childList: true,
            characterData: true,
            attributes: true,
          });
      });
      return { shown };
    },
    [event, changes] as const,
  );
  await act();
  return result.evaluate(({ shown }) => shown);
}

/** Median and largest of some numbers. */
export function summary(values: readonly number[]): { median: number; worst: number } {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: sorted[Math.floor(sorted.length / 2)], worst: sorted[sorted.length - 1] };
}
