import type { Interval } from "../format/number.ts";

/** What the bars of a list share: the largest end of an interval in it, at least 0.01. */
export function effectLimit(effects: readonly Interval[]): number {
  return Math.max(0.01, ...effects.map(({ low, high }) => Math.max(Math.abs(low), Math.abs(high))));
}

/** An effect around 0 with its interval as a line over it. */
export function EffectBar({ effect, limit }: { effect: Interval; limit: number }) {
  const at = (value: number) => `${50 + (value / limit) * 50}%`;
  return (
    <div className="relative h-4 min-w-0 flex-1 rounded-sm bg-sunken" aria-hidden="true">
      <span
        className="absolute top-0.5 bottom-0.5"
        style={{
          left: effect.value < 0 ? at(effect.value) : "50%",
          width: `${(Math.abs(effect.value) / limit) * 50}%`,
          background: effect.value < 0 ? "var(--missing)" : "var(--surplus)",
        }}
      />
      <span className="absolute inset-y-0 left-1/2 w-px bg-ink" />
      <span
        className="absolute top-1/2 h-px bg-ink"
        style={{ left: at(effect.low), width: `${((effect.high - effect.low) / limit) * 50}%` }}
      />
    </div>
  );
}
