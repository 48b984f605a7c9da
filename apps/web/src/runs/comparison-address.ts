export const comparisonViews = ["ground-truth", "output-label"] as const;

/** Everything that the comparison page shows, as it stands in its address. */
export type ComparisonState = {
  /** Ids of two to six runs; the first is the baseline. */
  readonly runs: readonly string[];
  readonly view: (typeof comparisonViews)[number];
  readonly order: "clustered" | "alphabetical";
  /** Class of the difference A − B; empty: all classes. */
  readonly class: string;
  /** Index in `runs` (1 and up) of the run that is compared with the baseline in detail. */
  readonly against: number;
};

const defaults: ComparisonState = {
  runs: [],
  view: "ground-truth",
  order: "clustered",
  class: "",
  against: 1,
};

/** Reads the state from a query string; what is missing or senseless takes its default. */
export function readComparisonState(query: URLSearchParams): ComparisonState {
  const runs = [...new Set((query.get("runs") ?? "").split(",").filter((id) => id !== ""))].slice(0, 6);
  const view = comparisonViews.find((candidate) => candidate === query.get("view")) ?? defaults.view;
  const against = Number(query.get("against"));
  return {
    runs,
    view,
    order: query.get("order") === "alphabetical" ? "alphabetical" : "clustered",
    class: query.get("class") ?? "",
    against: Number.isInteger(against) && against >= 1 && against < runs.length ? against : 1,
  };
}

/** The query string of a state, without what is default. */
export function writeComparisonState(state: Partial<ComparisonState>): string {
  const query = new URLSearchParams();
  if (state.runs?.length) query.set("runs", state.runs.join(","));
  if (state.view && state.view !== defaults.view) query.set("view", state.view);
  if (state.order && state.order !== defaults.order) query.set("order", state.order);
  if (state.class) query.set("class", state.class);
  if (state.against && state.against !== defaults.against) query.set("against", String(state.against));
  return query.toString();
}

/** Address of the comparison of some runs. */
export function compareHref(state: Partial<ComparisonState>): string {
  const query = writeComparisonState(state);
  return query ? `/compare?${query}` : "/compare";
}
