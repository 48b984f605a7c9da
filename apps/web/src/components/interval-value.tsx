import { type Interval, percent, percentInterval } from "../plots/number-format.ts";

/** A share as a number with its 95 % interval beneath or beside it. */
export function IntervalValue({
  interval,
  beside = false,
}: {
  interval: Interval | null | undefined;
  beside?: boolean;
}) {
  if (!interval) return <span className="text-faint">–</span>;
  return (
    <span
      className={`tabular-nums ${beside ? "whitespace-nowrap" : "inline-grid"}`}
      title="Value and 95 % interval"
    >
      <span>{percent(interval.value)}</span>{" "}
      <span className="text-xs whitespace-nowrap text-faint">{percentInterval(interval)}</span>
    </span>
  );
}

/** One headline number of a report. */
export function Headline({
  name,
  mark,
  interval,
  value,
  note,
}: {
  name: string;
  mark?: React.ReactNode;
  interval?: Interval | null;
  value?: string;
  note?: React.ReactNode;
}) {
  return (
    <div className="min-w-0 bg-surface px-4 py-3">
      <dt className="flex items-center gap-1.5 text-sm text-muted">
        {mark}
        {name}
      </dt>
      <dd>
        <span className="text-xl font-semibold tracking-tight tabular-nums">
          {value ?? percent(interval?.value)}
        </span>
        {interval && (
          <span className="ml-2 text-xs whitespace-nowrap text-faint tabular-nums">
            {percentInterval(interval)}
          </span>
        )}
        {note && <span className="block text-xs text-muted tabular-nums">{note}</span>}
      </dd>
    </div>
  );
}

/** Headline numbers in a row of equal boxes. */
export function Headlines({ children }: { children: React.ReactNode }) {
  return (
    <dl className="grid grid-cols-[repeat(auto-fit,minmax(10.5rem,1fr))] gap-px overflow-hidden rounded-lg border bg-line">
      {children}
    </dl>
  );
}
