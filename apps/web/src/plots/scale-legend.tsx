"use client";

import { decimal, signedDecimal } from "../format/number.ts";
import { useTheme } from "../ui/theme.tsx";
import { cssGradient, divergingTable, sequentialTable } from "./colour-scales.ts";

/** Values in [0, 1], or differences in [-limit, limit] centred on 0. */
export type Scale = { kind: "sequential" } | { kind: "diverging"; limit: number };

/** The colours of a scale with its ends and its middle. */
export function ScaleLegend({ scale }: { scale: Scale }) {
  const theme = useTheme();
  const sequential = scale.kind === "sequential";
  return (
    <div className="flex items-center gap-2 tabular-nums">
      <span>{sequential ? "0" : signedDecimal(-scale.limit, 2)}</span>
      <span
        aria-hidden="true"
        className="h-2.5 w-36 rounded-sm border"
        style={{ background: cssGradient(sequential ? sequentialTable(theme) : divergingTable(theme)) }}
      />
      <span>{sequential ? "1" : signedDecimal(scale.limit, 2)}</span>
      <span className="sr-only">
        {sequential
          ? "Colour scale from 0 to 1"
          : `Colour scale centred on 0, up to ${decimal(scale.limit, 2)}`}
      </span>
    </div>
  );
}
