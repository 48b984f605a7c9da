import Link from "next/link";
import type { ResultOf } from "../graphql.ts";
import { SelectField } from "../ui/form-controls.tsx";
import { type runNameFragment, shortRunName } from "./run-name.ts";

type NamedRun = ResultOf<typeof runNameFragment>;

/** Which of some runs a page reads, and the way to its report. */
export function RunSelect({
  runs,
  run,
  onChoose,
}: {
  runs: readonly NamedRun[];
  run: NamedRun;
  onChoose: (id: string) => void;
}) {
  return (
    <div className="flex flex-wrap items-center gap-3">
      <SelectField label="Run" value={run.id} onChange={(event) => onChoose(event.target.value)}>
        {runs.map((candidate) => (
          <option key={candidate.id} value={candidate.id}>
            {candidate.modelVersion.model.name} {shortRunName(candidate)}
          </option>
        ))}
      </SelectField>
      <Link href={`/runs/${encodeURIComponent(run.id)}`} className="text-sm text-accent hover:underline">
        Report of this run
      </Link>
    </div>
  );
}
