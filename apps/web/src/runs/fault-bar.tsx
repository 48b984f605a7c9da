import { count, percent } from "../format/number.ts";
import { faultLooks } from "./marks.tsx";

type Counts = { encoder: number; head: number; undecided: number };

/** Shares of encoder, head and undecided as one bar; undecided is hatched, so that grey prints tell them apart. */
export function FaultBar({ counts, height = 12 }: { counts: Counts; height?: number }) {
  const total = counts.encoder + counts.head + counts.undecided;
  if (total === 0) return <span className="text-xs text-faint">no errors</span>;
  const parts = [
    { fault: "ENCODER" as const, n: counts.encoder },
    { fault: "HEAD" as const, n: counts.head },
    { fault: "UNDECIDED" as const, n: counts.undecided },
  ];
  return (
    <div
      role="img"
      aria-label={parts.map(({ fault, n }) => `${faultLooks[fault].name} ${n} of ${total}`).join(", ")}
      className="flex w-full gap-px overflow-hidden rounded-[3px]"
      style={{ height }}
    >
      {parts.map(
        ({ fault, n }) =>
          n > 0 && (
            <span
              key={fault}
              title={`${faultLooks[fault].name}: ${count(n)} of ${count(total)} (${percent(n / total)})`}
              style={{
                flexGrow: n,
                flexBasis: 0,
                background:
                  fault === "UNDECIDED"
                    ? "repeating-linear-gradient(135deg, var(--undecided) 0 2px, transparent 2px 5px)"
                    : faultLooks[fault].colour,
              }}
            />
          ),
      )}
    </div>
  );
}
