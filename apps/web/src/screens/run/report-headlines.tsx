import { count, decimal, percent } from "../../format/number.ts";
import { graphql, type ResultOf } from "../../graphql.ts";
import { FaultShape } from "../../runs/marks.tsx";
import { Headline, Headlines } from "../../ui/interval-value.tsx";

export const headlinesFragment = graphql(`
  fragment Headlines on FaultReport @_unmask {
    inputs
    labelled
    misclassified
    quarantined
    accuracy { value low high }
    encoderFaults { count share { value low high } }
    headFaults { count share { value low high } }
    undecidedFaults { count share { value low high } }
    correctedEncoderShare { value low high }
    correctedHeadShare { value low high }
    alignment { evaluated { inputs r2 meanCosine centredCosine } clean { inputs r2 meanCosine centredCosine } }
    oracle {
      errorOnCorrect { value low high }
      zeroShotAccuracy { value low high }
      agreement { variant localised changed }
    }
    detector { similarity auroc { value low high } }
    warnings { code message }
    resultSha256
  }
`);

const variantNames = {
  CLASS_TEXT: "class text on a(x)",
  CLASS_HEATMAP: "nearest class heatmap",
  VLM_IMAGE: "the VLM's own image embedding",
} as const;

/** The numbers at the head of a report. */
export function ReportHeadlines({ report }: { report: ResultOf<typeof headlinesFragment> }) {
  const { alignment, oracle } = report;
  const faults = [
    {
      fault: "ENCODER" as const,
      name: "Encoder faults",
      share: report.encoderFaults,
      corrected: report.correctedEncoderShare,
    },
    {
      fault: "HEAD" as const,
      name: "Head faults",
      share: report.headFaults,
      corrected: report.correctedHeadShare,
    },
    { fault: "UNDECIDED" as const, name: "Undecided", share: report.undecidedFaults, corrected: null },
  ];
  const changed = oracle.agreement
    .filter(({ localised }) => localised > 0)
    .map(
      ({ variant, localised: total, changed: some }) =>
        `${variantNames[variant]} ${percent(some / total, 0)}`,
    )
    .join(", ");
  return (
    <>
      <Headlines>
        <Headline
          name="Accuracy"
          interval={report.accuracy}
          note={`${count(report.misclassified)} of ${count(report.labelled)} misclassified`}
        />
        {faults.map(({ fault, name, share, corrected }) => (
          <Headline
            key={fault}
            name={name}
            mark={<FaultShape fault={fault} />}
            interval={share.share}
            note={
              corrected
                ? `${count(share.count)} · corrected for the oracle ${percent(corrected.value)}`
                : `${count(share.count)} of ${count(report.misclassified)}`
            }
          />
        ))}
        <Headline
          name="Detector AUROC"
          interval={report.detector.auroc}
          unit="area"
          note={report.detector.similarity.toLowerCase().replaceAll("_", " ")}
        />
        <Headline
          name="Alignment R²"
          value={decimal(alignment.evaluated.r2, 2)}
          note={
            alignment.clean
              ? `clean inputs ${decimal(alignment.clean.r2, 2)} · centred cosine ${decimal(alignment.evaluated.centredCosine, 2)}`
              : `cosine ${decimal(alignment.evaluated.meanCosine, 2)}, centred ${decimal(alignment.evaluated.centredCosine, 2)}`
          }
        />
        <Headline
          name="Oracle error on correct"
          interval={oracle.errorOnCorrect}
          note={
            oracle.zeroShotAccuracy
              ? `zero-shot accuracy ${percent(oracle.zeroShotAccuracy.value)}`
              : undefined
          }
        />
      </Headlines>
      <p className="text-xs text-muted">
        Shares are of the misclassified inputs; ranges are 95 % intervals.
        {changed && ` With another oracle, localisations change: ${changed}.`}
        {report.quarantined > 0 && ` ${count(report.quarantined)} inputs were quarantined.`} Result{" "}
        <code title={report.resultSha256}>{report.resultSha256.slice(0, 12)}</code>
      </p>
    </>
  );
}
