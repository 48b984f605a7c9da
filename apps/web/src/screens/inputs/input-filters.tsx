"use client";

import { useEffect, useState } from "react";
import { FaultShape, faultLooks } from "../../runs/marks.tsx";
import {
  faults,
  readVerdictView,
  type VerdictView,
  verdictOrders,
  verdicts,
} from "../../runs/verdict-address.ts";
import { Button } from "../../ui/button.tsx";
import { SelectField, TextField } from "../../ui/form-controls.tsx";
import { currentQuery } from "../../ui/query-state.ts";

const orderNames = {
  INPUT: "Order of inputs",
  SCORE_DESCENDING: "Highest score first",
  SCORE_ASCENDING: "Lowest score first",
} as const;

/** A text field that hands its value on once typing rests. */
function RestingTextField({
  value,
  onRest,
  ...rest
}: { value: string; onRest: (value: string) => void } & Omit<
  React.ComponentProps<typeof TextField>,
  "value" | "onChange"
>) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only typing starts the wait
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => onRest(text), 350);
    return () => clearTimeout(timer);
  }, [text]);
  return <TextField value={text} onChange={(event) => setText(event.target.value)} {...rest} />;
}

/** The API's filters of verdicts as controls. */
export function InputFilters({
  view,
  classes,
  concepts,
  onChange,
}: {
  view: VerdictView;
  classes: readonly string[];
  concepts: readonly string[];
  onChange: (view: VerdictView) => void;
}) {
  const change = (next: Partial<VerdictView>) => onChange({ ...readVerdictView(currentQuery()), ...next });
  const score = (text: string) =>
    text.trim() === "" || !Number.isFinite(Number(text)) ? undefined : Number(text);
  const active = Object.keys(view).length > 0;
  const choices = (options: readonly string[], any: string) => (
    <>
      <option value="">{any}</option>
      {options.map((option) => (
        <option key={option}>{option}</option>
      ))}
    </>
  );
  return (
    <search className="flex flex-wrap items-center gap-2" aria-label="Filters">
      <SelectField
        label="Verdict"
        hideLabel
        value={view.verdict ?? ""}
        onChange={({ target }) => change({ verdict: verdicts.find((verdict) => verdict === target.value) })}
      >
        <option value="">Any verdict</option>
        <option value="DEFECT">DEFECT</option>
        <option value="OK">OK</option>
      </SelectField>
      <SelectField
        label="Correctness"
        hideLabel
        value={view.misclassified === undefined ? "" : String(view.misclassified)}
        onChange={({ target }) =>
          change({ misclassified: target.value === "" ? undefined : target.value === "true" })
        }
      >
        <option value="">Right or wrong</option>
        <option value="true">Misclassified</option>
        <option value="false">Correct</option>
      </SelectField>
      <fieldset className="flex items-center gap-1">
        <legend className="sr-only">Fault</legend>
        {faults
          .filter((fault) => fault !== "NONE")
          .map((fault) => {
            const on = view.fault?.includes(fault) ?? false;
            return (
              <button
                key={fault}
                type="button"
                aria-pressed={on}
                onClick={() =>
                  change({
                    fault: on
                      ? view.fault?.filter((other) => other !== fault)
                      : [...(view.fault ?? []), fault],
                  })
                }
                className="inline-flex h-8 items-center gap-1.5 rounded-md border bg-surface px-2.5 text-sm text-muted hover:text-ink aria-pressed:border-ink aria-pressed:font-medium aria-pressed:text-ink"
              >
                <FaultShape fault={fault} size={9} />
                {faultLooks[fault].name}
              </button>
            );
          })}
      </fieldset>
      <SelectField
        label="True class"
        hideLabel
        value={view.trueClass ?? ""}
        onChange={({ target }) => change({ trueClass: target.value || undefined })}
      >
        {choices(classes, "Any true class")}
      </SelectField>
      <SelectField
        label="Predicted class"
        hideLabel
        value={view.predictedClass ?? ""}
        onChange={({ target }) => change({ predictedClass: target.value || undefined })}
      >
        {choices(classes, "Any predicted class")}
      </SelectField>
      <SelectField
        label="Concept that spoke most"
        hideLabel
        value={view.concept ?? ""}
        onChange={({ target }) => change({ concept: target.value || undefined })}
        className="max-w-40"
      >
        {choices(
          view.concept && !concepts.includes(view.concept) ? [view.concept, ...concepts] : concepts,
          "Any concept",
        )}
      </SelectField>
      <RestingTextField
        label="Score from"
        inputMode="decimal"
        className="w-16"
        value={view.minimumScore === undefined ? "" : String(view.minimumScore)}
        onRest={(text) => change({ minimumScore: score(text) })}
      />
      <RestingTextField
        label="to"
        aria-label="Score to"
        inputMode="decimal"
        className="w-16"
        value={view.maximumScore === undefined ? "" : String(view.maximumScore)}
        onRest={(text) => change({ maximumScore: score(text) })}
      />
      <RestingTextField
        label="Id begins with"
        hideLabel
        type="search"
        placeholder="Id begins with"
        className="w-36"
        value={view.externalIdPrefix ?? ""}
        onRest={(text) => change({ externalIdPrefix: text || undefined })}
      />
      {active && (
        <Button look="bare" onClick={() => onChange({})}>
          Clear
        </Button>
      )}
    </search>
  );
}

/** The order of the inputs; it stands in the address as the filters do. */
export function InputOrder({ view, onChange }: { view: VerdictView; onChange: (view: VerdictView) => void }) {
  return (
    <SelectField
      label="Order"
      hideLabel
      value={view.order ?? "INPUT"}
      onChange={({ target }) =>
        onChange({
          ...readVerdictView(currentQuery()),
          order: verdictOrders.find((order) => order === target.value),
        })
      }
    >
      {verdictOrders.map((order) => (
        <option key={order} value={order}>
          {orderNames[order]}
        </option>
      ))}
    </SelectField>
  );
}
