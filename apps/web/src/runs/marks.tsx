type Fault = "NONE" | "ENCODER" | "HEAD" | "UNDECIDED";

/** Name, colour and shape of each fault, the same on every page and in every plot. */
export const faultLooks = {
  ENCODER: { name: "Encoder", colour: "var(--encoder)", text: "text-encoder" },
  HEAD: { name: "Head", colour: "var(--head)", text: "text-head" },
  UNDECIDED: { name: "Undecided", colour: "var(--undecided)", text: "text-undecided" },
  NONE: { name: "None", colour: "var(--faint)", text: "text-faint" },
} as const;

/** Circle: encoder. Square: head. Hollow triangle: undecided. Dash: none. */
export function FaultShape({ fault, size = 10 }: { fault: Fault; size?: number }) {
  const colour = faultLooks[fault].colour;
  return (
    <svg width={size} height={size} viewBox="0 0 10 10" aria-hidden="true" className="shrink-0">
      {fault === "ENCODER" && <circle cx="5" cy="5" r="4.5" fill={colour} />}
      {fault === "HEAD" && <rect x="0.75" y="0.75" width="8.5" height="8.5" fill={colour} />}
      {fault === "UNDECIDED" && (
        <path d="M5 1.2 9.2 8.8H.8Z" fill="none" stroke={colour} strokeWidth="1.5" strokeLinejoin="round" />
      )}
      {fault === "NONE" && <path d="M1.5 5h7" stroke={colour} strokeWidth="1.5" />}
    </svg>
  );
}

export function FaultMark({ fault }: { fault: Fault | null | undefined }) {
  if (!fault) return <span className="text-faint">–</span>;
  return (
    <span className={`inline-flex items-center gap-1.5 whitespace-nowrap ${faultLooks[fault].text}`}>
      <FaultShape fault={fault} />
      {faultLooks[fault].name}
    </span>
  );
}

/** DEFECT is a filled flag with its word, OK a quiet word: never colour alone. */
export function VerdictMark({ verdict }: { verdict: "OK" | "DEFECT" }) {
  if (verdict === "OK") return <span className="text-muted">OK</span>;
  return (
    <span className="inline-flex items-center gap-1 rounded bg-defect-soft px-1.5 py-px text-xs font-semibold text-defect">
      <svg width="8" height="10" viewBox="0 0 8 10" aria-hidden="true">
        <path
          d="M.75 0v10M1 .8h6.4L5.6 3.1l1.8 2.3H1"
          stroke="currentColor"
          strokeWidth="1.2"
          fill="currentColor"
        />
      </svg>
      DEFECT
    </span>
  );
}

const statusNames = {
  QUEUED: "Queued",
  RUNNING: "Running",
  SUCCEEDED: "Finished",
  FAILED: "Failed",
  CANCELLED: "Cancelled",
} as const;

/** Status of a run in words, with a stroke that differs in form. */
export function StatusMark({ status }: { status: keyof typeof statusNames }) {
  const tone =
    status === "FAILED"
      ? "text-defect"
      : status === "RUNNING" || status === "QUEUED"
        ? "text-accent"
        : "text-muted";
  return <span className={`whitespace-nowrap text-sm ${tone}`}>{statusNames[status]}</span>;
}
