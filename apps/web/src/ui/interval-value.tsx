import type { ReactNode } from "react";
import { decimal, decimalInterval, type Interval, percent, percentInterval } from "../format/number.ts";

/** Shares are written in per cent, areas under a curve as decimals. */
type Unit = "share" | "area";

const written = {
  share: { value: (value?: number) => percent(value), interval: percentInterval },
  area: { value: (value?: number) => decimal(value), interval: decimalInterval },
};

/** A number with its 95 % interval beneath or beside it. */
export function IntervalValue({
  interval,
  unit = "share",
  beside = false,
}: {
  interval: Interval | null | undefined;
  unit?: Unit;
  beside?: boolean;
}) {
  if (!interval) return <span className="text-faint">–</span>;
  return (
    <span
      className={`tabular-nums ${beside ? "whitespace-nowrap" : "inline-grid"}`}
      title="Value and 95 % interval"
    >
      <span>{written[unit].value(interval.value)}</span>{" "}
      <span className="text-xs font-normal whitespace-nowrap text-faint">
        {written[unit].interval(interval)}
      </span>
    </span>
  );
}

/** One headline number of a report. */
export function Headline({
  name,
  mark,
  interval,
  unit = "share",
  value,
  note,
}: {
  name: string;
  mark?: ReactNode;
  interval?: Interval | null;
  unit?: Unit;
  value?: string;
  note?: ReactNode;
}) {
  return (
    <div className="min-w-0 px-3 py-3 sm:px-4 shadow-[0_0_0_1px_var(--line)]">
      <dt className="flex items-center gap-1.5 text-sm text-muted">
        {mark}
        {name}
      </dt>
      <dd>
        <span className="mr-1 text-xl font-semibold tracking-tight whitespace-nowrap tabular-nums">
          {value ?? written[unit].value(interval?.value)}
        </span>{" "}
        {interval && (
          <span className="text-xs whitespace-nowrap text-faint tabular-nums">
            {written[unit].interval(interval)}
          </span>
        )}
        {note && <span className="block text-xs text-muted tabular-nums">{note}</span>}
      </dd>
    </div>
  );
}

/** Headline numbers in a row of equal boxes. */
export function Headlines({ children }: { children: ReactNode }) {
  return (
    <dl className="grid grid-cols-[repeat(auto-fit,minmax(9.5rem,1fr))] gap-px overflow-hidden rounded-lg border bg-surface">
      {children}
    </dl>
  );
}
