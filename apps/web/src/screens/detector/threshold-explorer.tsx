"use client";

import { count, percent, score } from "../../format/number.ts";
import { Button } from "../../ui/button.tsx";
import { type OperatingPoint, pointAtFalseAlarmRate, type RocPoint } from "./operating-point.ts";

const wantedRates = [0.01, 0.05, 0.1];

/** A slider along the ROC curve: what each threshold would have flagged and missed in this run. */
export function ThresholdExplorer({
  name,
  roc,
  index,
  onIndex,
  point,
  positives,
  negatives,
  onUse,
}: {
  /** Of the detector. */
  name: string;
  roc: readonly RocPoint[];
  index: number;
  onIndex: (index: number) => void;
  point: OperatingPoint;
  /** What counts as a defect, and what as sound, in the report's words. */
  positives: { inputs: number; name: string };
  negatives: { inputs: number; name: string };
  /** Takes the threshold over into the form; null when this detector cannot be published. */
  onUse: (() => void) | null;
}) {
  const threshold =
    point.threshold === null ? (index === 0 ? "none" : "below every score") : score(point.threshold);
  return (
    <section
      aria-labelledby="threshold-title"
      className="grid min-w-0 content-start gap-4 rounded-lg border bg-surface p-4 sm:p-5"
    >
      <div>
        <h2 id="threshold-title" className="font-semibold">
          Threshold
        </h2>
        <p className="text-sm text-muted">{name}: what a threshold would have done in this run.</p>
      </div>
      <div>
        <div className="flex items-baseline justify-between gap-2">
          <label htmlFor="threshold" className="text-sm text-muted">
            Flag from a score of
          </label>
          <output htmlFor="threshold" className="text-lg font-semibold tabular-nums">
            {threshold}
          </output>
        </div>
        <input
          id="threshold"
          type="range"
          min={0}
          max={roc.length - 1}
          step={1}
          value={index}
          onChange={(event) => onIndex(Number(event.target.value))}
          aria-valuetext={`Threshold ${threshold}: ${percent(point.falseAlarmRate)} false alarms, ${percent(point.missRate)} misses`}
          className="my-2 block w-full accent-(--accent)"
        />
        <div className="flex justify-between text-xs text-faint">
          <span>flags nothing</span>
          <span>flags everything</span>
        </div>
      </div>
      <div className="grid gap-3">
        <SplitBar
          label={`False alarms: ${count(point.falseAlarms)} of ${count(negatives.inputs)} ${negatives.name}`}
          name="False alarms"
          of={`${count(point.falseAlarms)} of ${count(negatives.inputs)} ${negatives.name}`}
          share={point.falseAlarmRate}
          fill="var(--caution)"
        />
        <SplitBar
          label={`Misses: ${count(point.misses)} of ${count(positives.inputs)} ${positives.name}`}
          name="Misses"
          of={`${count(point.misses)} of ${count(positives.inputs)} ${positives.name}`}
          share={point.missRate}
          fill="repeating-linear-gradient(135deg, var(--defect) 0 2px, transparent 2px 5px)"
        />
      </div>
      <dl className="grid grid-cols-2 gap-x-4 gap-y-2 border-t pt-3 text-sm tabular-nums sm:grid-cols-3">
        <div>
          <dt className="text-muted">Flagged</dt>
          <dd className="font-medium">{count(point.flagged)}</dd>
        </div>
        <div>
          <dt className="text-muted">of these defects</dt>
          <dd className="font-medium">{percent(point.precision)}</dd>
        </div>
        <div>
          <dt className="text-muted">Risk in the rest</dt>
          <dd className="font-medium">{percent(point.risk)}</dd>
        </div>
      </dl>
      <div className="no-print flex flex-wrap gap-1.5">
        {wantedRates.map((rate) => (
          <Button key={rate} onClick={() => onIndex(pointAtFalseAlarmRate(roc, rate))}>
            {percent(rate, 0)} false alarms
          </Button>
        ))}
        {onUse && (
          <Button look="primary" disabled={point.threshold === null} onClick={onUse}>
            Publish this threshold …
          </Button>
        )}
      </div>
    </section>
  );
}

function SplitBar({
  label,
  name,
  of,
  share,
  fill,
}: {
  label: string;
  name: string;
  of: string;
  share: number;
  fill: string;
}) {
  return (
    <div>
      <div className="mb-1 flex items-baseline justify-between gap-3">
        <span className="text-sm">
          <span className="font-medium">{name}</span> <span className="text-muted tabular-nums">{of}</span>
        </span>
        <span className="shrink-0 font-semibold tabular-nums">{percent(share)}</span>
      </div>
      <div role="img" aria-label={label} className="h-2.5 overflow-hidden rounded-sm bg-sunken">
        <div className="h-full" style={{ width: `${share * 100}%`, background: fill }} />
      </div>
    </div>
  );
}
