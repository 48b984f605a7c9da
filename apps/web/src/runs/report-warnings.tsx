import { TriangleAlert } from "lucide-react";

/** Warnings of a report: what could mislead a reader of its numbers. */
export function ReportWarnings({ warnings }: { warnings: readonly { code: string; message: string }[] }) {
  if (warnings.length === 0) return null;
  return (
    <ul aria-label="Warnings" className="grid gap-1 rounded-lg border bg-caution-soft px-4 py-3 text-sm">
      {warnings.map(({ code, message }) => (
        <li key={code + message} className="flex gap-2">
          <TriangleAlert size={15} className="mt-0.5 shrink-0 text-caution" aria-hidden />
          <span>{message}</span>
        </li>
      ))}
    </ul>
  );
}
