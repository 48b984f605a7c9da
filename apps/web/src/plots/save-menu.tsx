"use client";

import { Download } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { buttonClass } from "../ui/button.tsx";
import { downloadFile } from "../ui/download-file.ts";
import { pngFromSvg } from "./svg-file.ts";

/** What a plot can be saved as; `svg` gives null when the plot is not drawn now. */
type Savable = { title: string; name: string; drawn: boolean; svg: () => string | null; csv: () => string };

/** The menu of a plot's exports, opened as it is drawn: it is loaded when its button is first used. */
export function SaveMenu({ title, name, drawn, svg, csv }: Savable) {
  const item =
    "cursor-pointer rounded px-3 py-1.5 text-sm outline-none data-[disabled]:opacity-40 data-[highlighted]:bg-sunken";
  return (
    // A modal menu would write a style element into the page, which the page's policy forbids.
    <DropdownMenu.Root defaultOpen modal={false}>
      <DropdownMenu.Trigger className={buttonClass("bare", "px-2")} aria-label={`Save ${title}`} title="Save">
        <Download size={15} aria-hidden />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align="end"
          sideOffset={4}
          className="z-40 min-w-32 rounded-md border bg-surface p-1 text-ink shadow-float"
        >
          <DropdownMenu.Item
            className={item}
            disabled={!drawn}
            onSelect={async () => {
              const text = svg();
              if (text) downloadFile(`${name}.png`, "image/png", await pngFromSvg(text));
            }}
          >
            PNG picture
          </DropdownMenu.Item>
          <DropdownMenu.Item
            className={item}
            disabled={!drawn}
            onSelect={() => {
              const text = svg();
              if (text) downloadFile(`${name}.svg`, "image/svg+xml", text);
            }}
          >
            SVG drawing
          </DropdownMenu.Item>
          <DropdownMenu.Item className={item} onSelect={() => downloadFile(`${name}.csv`, "text/csv", csv())}>
            CSV table
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
