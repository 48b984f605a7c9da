"use client";

import clsx from "clsx";
import { ToggleGroup } from "radix-ui";
import type { ComponentProps, ReactNode } from "react";

const box =
  "h-8 rounded-md border border-line bg-surface px-2 text-sm text-ink placeholder:text-faint hover:border-line-strong";

/** A choice among few: all are seen at once. */
export function SegmentedControl<Value extends string>({
  label,
  value,
  onChange,
  options,
}: {
  label: string;
  value: Value;
  onChange: (value: Value) => void;
  options: readonly { value: Value; label: ReactNode; title?: string; disabled?: boolean }[];
}) {
  return (
    <ToggleGroup.Root
      type="single"
      aria-label={label}
      value={value}
      onValueChange={(next) => next && onChange(next as Value)}
      className="inline-flex max-w-full flex-wrap rounded-md bg-sunken p-0.5"
    >
      {options.map((option) => (
        <ToggleGroup.Item
          key={option.value}
          value={option.value}
          title={option.title}
          disabled={option.disabled}
          className={clsx(
            "h-7 rounded-[5px] px-2.5 text-sm text-muted hover:text-ink disabled:opacity-40",
            "data-[state=on]:bg-surface data-[state=on]:font-medium data-[state=on]:text-ink data-[state=on]:shadow-sm",
          )}
        >
          {option.label}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  );
}

/** A choice among many. */
export function SelectField({
  label,
  hideLabel = false,
  className,
  children,
  ...rest
}: ComponentProps<"select"> & { label: string; hideLabel?: boolean }) {
  return (
    <label className="inline-flex min-w-0 items-center gap-2 text-sm text-muted">
      <span className={hideLabel ? "sr-only" : "shrink-0"}>{label}</span>
      <select className={clsx(box, "min-w-0 max-w-full pr-1", className)} {...rest}>
        {children}
      </select>
    </label>
  );
}

export function TextField({
  label,
  hideLabel = false,
  className,
  ...rest
}: ComponentProps<"input"> & { label: string; hideLabel?: boolean }) {
  return (
    <label className="inline-flex min-w-0 items-center gap-2 text-sm text-muted">
      <span className={hideLabel ? "sr-only" : "shrink-0"}>{label}</span>
      <input className={clsx(box, "min-w-0", className)} {...rest} />
    </label>
  );
}

/** Several lines of plain text. */
export function TextArea({ label, className, ...rest }: ComponentProps<"textarea"> & { label: string }) {
  return (
    <label className="grid gap-1 text-sm text-muted">
      <span>{label}</span>
      <textarea
        spellCheck={false}
        className={clsx(
          "w-full resize-y rounded-md border border-line bg-surface p-3 font-mono text-sm leading-6 text-ink hover:border-line-strong",
          className,
        )}
        {...rest}
      />
    </label>
  );
}
