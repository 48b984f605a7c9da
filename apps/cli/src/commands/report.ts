import type { Command } from "commander";
import { clientOf, print } from "../context.ts";
import { fetchReports, responsibleConceptNames } from "../runs.ts";
import { decimal, percent, table } from "../table.ts";

type Reports = Awaited<ReturnType<typeof fetchReports>>;

/** Fault reports side by side, one run a row. */
export function reportTable(reports: Reports): string {
  const rows = reports.map(({ modelVersion, attackType, report }) => [
    modelVersion.name,
    attackType?.name ?? "clean",
    String(report.inputs),
    percent(report.accuracy?.value),
    percent(report.encoderFaults.share?.value),
    percent(report.headFaults.share?.value),
    percent(report.undecidedFaults.share?.value),
    decimal(report.detector.auroc?.value),
    responsibleConceptNames(report).slice(0, 5).join(", "),
  ]);
  const header = [
    "version",
    "attack",
    "inputs",
    "accuracy",
    "encoder",
    "head",
    "undecided",
    "AUROC",
    "concepts",
  ];
  const warnings = reports.flatMap(({ name, report }) =>
    report.warnings.map((w) => `! ${name}: ${w.message}`),
  );
  return [table(header, rows), ...warnings].join("\n");
}

export function addReportCommand(program: Command): void {
  program
    .command("report")
    .description("fault reports of one or more finished runs, side by side")
    .argument("<runs...>", "ids of runs")
    .action(async (ids: string[], _options: unknown, command: Command) => {
      const reports = await fetchReports(clientOf(command), ids);
      print(command, reports, reportTable(reports));
    });
}
