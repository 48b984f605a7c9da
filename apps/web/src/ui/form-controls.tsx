"use client";

import clsx from "clsx";
import { ToggleGroup } from "radix-ui";
import { type ComponentProps, type ReactNode, useId } from "react";

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
      onValueChange={(next) => {
        const chosen = options.find((option) => option.value === next);
        if (chosen) onChange(chosen.value);
      }}
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

type Labelled = { label: string; hideLabel?: boolean };

/** A label before its control; the control may be told apart from it by screen readers and by tests. */
function LabelledControl({ id, label, hideLabel, children }: Labelled & { id: string; children: ReactNode }) {
  return (
    <span className="inline-flex min-w-0 items-center gap-2 text-sm text-muted">
      <label htmlFor={id} className={hideLabel ? "sr-only" : "shrink-0"}>
        {label}
      </label>
      {children}
    </span>
  );
}

/** A choice among many. */
export function SelectField({
  label,
  hideLabel,
  className,
  children,
  ...rest
}: ComponentProps<"select"> & Labelled) {
  const id = useId();
  return (
    <LabelledControl id={id} label={label} hideLabel={hideLabel}>
      <select id={id} className={clsx(box, "max-w-full min-w-0 pr-1", className)} {...rest}>
        {children}
      </select>
    </LabelledControl>
  );
}

/** One line of text. */
export function TextField({ label, hideLabel, className, ...rest }: ComponentProps<"input"> & Labelled) {
  const id = useId();
  return (
    <LabelledControl id={id} label={label} hideLabel={hideLabel}>
      <input id={id} className={clsx(box, "min-w-0", className)} {...rest} />
    </LabelledControl>
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
