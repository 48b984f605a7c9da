import clsx from "clsx";
import type { ComponentProps } from "react";

const looks = {
  primary: "bg-ink text-surface border-transparent hover:opacity-85",
  quiet: "bg-surface text-ink border-line hover:bg-sunken",
  bare: "border-transparent text-muted hover:bg-sunken hover:text-ink",
};

/** Classes of a button, for links that look like one. */
export function buttonClass(look: keyof typeof looks = "quiet", className?: string): string {
  return clsx(
    "inline-flex h-8 shrink-0 items-center justify-center gap-1.5 rounded-md border px-3 text-sm font-medium whitespace-nowrap",
    "disabled:cursor-not-allowed disabled:opacity-50",
    looks[look],
    className,
  );
}

export function Button({
  look = "quiet",
  className,
  ...rest
}: ComponentProps<"button"> & { look?: keyof typeof looks }) {
  return <button type="button" className={buttonClass(look, className)} {...rest} />;
}
