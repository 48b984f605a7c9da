"use client";

import { Download } from "lucide-react";
import { buttonClass } from "./button.tsx";
import { downloadFile } from "./download-file.ts";

/** Saves a table as CSV; `text` is asked for when it is pressed. */
export function CsvButton({ name, label, text }: { name: string; label: string; text: () => string }) {
  return (
    <button
      type="button"
      aria-label={`CSV of ${label}`}
      className={buttonClass("bare", "no-print px-2")}
      onClick={() => downloadFile(`${name}.csv`, "text/csv", text())}
    >
      <Download size={14} aria-hidden /> CSV
    </button>
  );
}
