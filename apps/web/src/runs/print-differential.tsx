"use client";

import { useMemo } from "react";
import { signedDecimal } from "../format/number.ts";
import { clusteringOrder } from "../plots/clustering-order.ts";
import { divergingLimit } from "../plots/colour-scales.ts";
import { Heatmap } from "../plots/heatmap.tsx";
import { ScaleLegend } from "../plots/scale-legend.tsx";

/** Most concepts whose cells can be distinguished on a sheet. */
const mostConcepts = 120;

/** A differential heatmap on paper: significant cells in full colour. */
export function PrintDifferential({
  label,
  heatmap: { axis, differences, qValues, significanceLevel },
}: {
  label: string;
  heatmap: {
    axis: readonly string[];
    differences: readonly number[];
    qValues: readonly (number | null)[];
    significanceLevel: number;
  };
}) {
  const n = axis.length;
  const order = useMemo(
    () => (n > mostConcepts ? [] : clusteringOrder(differences, n, n, 0)),
    [differences, n],
  );
  const scale = useMemo(
    () => ({ kind: "diverging" as const, limit: divergingLimit(differences) }),
    [differences],
  );
  const significant = useMemo(
    () => (cell: number) => {
      const q = qValues[cell];
      return q !== null && q <= significanceLevel;
    },
    [qValues, significanceLevel],
  );
  if (n > mostConcepts)
    return (
      <p className="text-muted">The dashboard shows this heatmap of {n} concepts; a sheet is too small.</p>
    );
  return (
    <div className="grid break-inside-avoid gap-1">
      <Heatmap
        bare
        compact
        square
        label={label}
        rowLabels={axis}
        columnLabels={axis}
        values={differences}
        scale={scale}
        emphasised={significant}
        rowOrder={order}
        columnOrder={order}
        describe={({ row, column }) =>
          `${axis[row]} > ${axis[column]}: ${signedDecimal(differences[row * n + column])}`
        }
      />
      <div className="text-xs text-muted">
        <ScaleLegend scale={scale} />
      </div>
    </div>
  );
}
