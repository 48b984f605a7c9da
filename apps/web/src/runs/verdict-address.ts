export const faults = ["ENCODER", "HEAD", "UNDECIDED", "NONE"] as const;
export const verdicts = ["OK", "DEFECT"] as const;
export const verdictOrders = ["INPUT", "SCORE_DESCENDING", "SCORE_ASCENDING"] as const;

/** What the inputs page shows, as it stands in its address; empty fields do not filter. */
export type VerdictView = {
  readonly verdict?: (typeof verdicts)[number];
  readonly fault?: readonly (typeof faults)[number][];
  readonly trueClass?: string;
  readonly predictedClass?: string;
  readonly misclassified?: boolean;
  readonly minimumScore?: number;
  readonly maximumScore?: number;
  readonly concept?: string;
  readonly externalIdPrefix?: string;
  readonly order?: (typeof verdictOrders)[number];
};

const texts = ["trueClass", "predictedClass", "concept", "externalIdPrefix"] as const;
const numbers = ["minimumScore", "maximumScore"] as const;

/** Reads a view from a query string; what makes no sense is left out. */
export function readVerdictView(query: URLSearchParams): VerdictView {
  const view: { -readonly [key in keyof VerdictView]: VerdictView[key] } = {};
  const verdict = verdicts.find((candidate) => candidate === query.get("verdict"));
  if (verdict) view.verdict = verdict;
  const wanted = (query.get("fault") ?? "").split(",");
  const chosen = faults.filter((fault) => wanted.includes(fault));
  if (chosen.length > 0) view.fault = chosen;
  for (const field of texts) {
    const text = query.get(field);
    if (text) view[field] = text;
  }
  for (const field of numbers) {
    const text = query.get(field);
    if (text !== null && text.trim() !== "" && Number.isFinite(Number(text))) view[field] = Number(text);
  }
  const misclassified = query.get("misclassified");
  if (misclassified === "true" || misclassified === "false") view.misclassified = misclassified === "true";
  const order = verdictOrders.find((candidate) => candidate === query.get("order"));
  if (order && order !== "INPUT") view.order = order;
  return view;
}

/** The query string of a view; equal views give equal strings. */
export function writeVerdictView(view: VerdictView): string {
  const query = new URLSearchParams();
  if (view.verdict) query.set("verdict", view.verdict);
  if (view.fault?.length) query.set("fault", faults.filter((fault) => view.fault?.includes(fault)).join(","));
  for (const field of texts) if (view[field]) query.set(field, view[field]);
  for (const field of numbers) if (view[field] !== undefined) query.set(field, String(view[field]));
  if (view.misclassified !== undefined) query.set("misclassified", String(view.misclassified));
  if (view.order && view.order !== "INPUT") query.set("order", view.order);
  return query.toString();
}

/** The filter of the API, which knows no order. */
export function verdictFilter({ order: _order, fault, ...rest }: VerdictView) {
  return { ...rest, fault: fault ? [...fault] : undefined };
}

/** Address of a run's inputs under a view. */
export function inputsHref(runId: string, view: VerdictView = {}): string {
  const query = writeVerdictView(view);
  return `/runs/${encodeURIComponent(runId)}/inputs${query ? `?${query}` : ""}`;
}

/** Address of one input of a run; external ids may contain slashes. */
export function inputHref(runId: string, externalId: string): string {
  return `/runs/${encodeURIComponent(runId)}/inputs/${externalId.split("/").map(encodeURIComponent).join("/")}`;
}
