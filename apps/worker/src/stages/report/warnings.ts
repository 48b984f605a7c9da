import type { AlignmentQuality, CalibrationInputs, ReportDetails } from "@faultline/run";

export type Warning = ReportDetails["warnings"][number];

/** Below these the map loses so much that its readings need a second look. */
const goodR2 = 0.5;
const goodCentredCosine = 0.6;
/** Below this the VLM is a weak oracle. */
const goodZeroShot = 0.85;
/** With fewer errors the shares and differentials are mostly noise. */
const enoughErrors = 20;

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/** What the warnings are derived from. */
export interface ReportFacts {
  heldOut: AlignmentQuality | null;
  /** The VLM's zero-shot accuracy on the calibration inputs; null when they have no labels. */
  zeroShot: number | null;
  /** Whether some margin makes the oracle reliable. */
  marginReachable: boolean;
  labelled: number;
  misclassified: number;
  quarantined: number;
  calibration: CalibrationInputs;
  /** Whether there is a detector, and whether its threshold can flag anything. */
  calibrated: boolean;
  thresholded: boolean;
  pooledClasses: readonly string[];
  classes: number;
  /** Defects and sound inputs that detectors are measured on. */
  positives: number;
  negatives: number;
}

/** What a reader must know before trusting the numbers of a report. */
export function reportWarnings(facts: ReportFacts): Warning[] {
  return [
    ...alignmentWarnings(facts),
    ...oracleWarnings(facts),
    ...inputWarnings(facts),
    ...detectorWarnings(facts),
  ];
}

function alignmentWarnings({ heldOut }: ReportFacts): Warning[] {
  if (!heldOut)
    return [
      {
        code: "ALIGNMENT_NOT_MEASURED",
        message:
          "There are too few alignment inputs to hold some out, so nothing says how good the map is. Add alignment images.",
      },
    ];
  if (heldOut.r2 >= goodR2 && heldOut.centredCosine >= goodCentredCosine) return [];
  return [
    {
      code: "POOR_ALIGNMENT",
      message: `The alignment explains little of the VLM's view on held-out images (R² ${heldOut.r2.toFixed(2)}, centred cosine ${heldOut.centredCosine.toFixed(2)}). A poor map looks like a poor encoder: read ENCODER shares with care, and fit on more alignment images.`,
    },
  ];
}

function oracleWarnings({ zeroShot, marginReachable }: ReportFacts): Warning[] {
  const warnings: Warning[] = [];
  if (zeroShot !== null && zeroShot < goodZeroShot)
    warnings.push({
      code: "WEAK_ORACLE",
      message: `The VLM itself classifies only ${percent(zeroShot)} of the calibration inputs correctly: many faults stay undecided, and decided ones carry the oracle's error.`,
    });
  if (!marginReachable)
    warnings.push({
      code: "ORACLE_NOT_CALIBRATED",
      message:
        "No margin makes the oracle right on 95 % of correctly classified calibration inputs (or there are none), so every fault is undecided.",
    });
  return warnings;
}

function inputWarnings({ labelled, misclassified, quarantined }: ReportFacts): Warning[] {
  const warnings: Warning[] = [];
  if (labelled === 0)
    warnings.push({
      code: "UNLABELLED",
      message: "The evaluated inputs have no labels: there are verdicts, but no faults and no metrics.",
    });
  else if (misclassified < enoughErrors)
    warnings.push({
      code: "FEW_ERRORS",
      message: `Only ${misclassified} of ${labelled} labelled inputs are misclassified: shares and differences have wide intervals.`,
    });
  if (quarantined > 0)
    warnings.push({
      code: "QUARANTINED_INPUTS",
      message: `${quarantined} inputs could not be used; each is listed with its reason.`,
    });
  return warnings;
}

function detectorWarnings(facts: ReportFacts): Warning[] {
  const { labels, predictions } = facts.calibration;
  const correct = labels.filter((label, i) => label === predictions[i]).length;
  const warnings: Warning[] = [];
  if (!facts.calibrated) {
    const lack = labels.length === 0 ? "labelled" : correct === 0 ? "correctly classified" : "misclassified";
    warnings.push({
      code: "DETECTOR_NOT_CALIBRATED",
      message: `The calibration split has no ${lack} input, so there is no behaviour to compare with: every verdict is OK with score 0.`,
    });
  } else if (!facts.thresholded)
    warnings.push({
      code: "NO_THRESHOLD",
      message:
        "There are too few correct calibration inputs for a threshold with the wanted false-alarm rate: every verdict is OK. Add calibration inputs, or allow a higher rate.",
    });
  if (facts.pooledClasses.length > 0)
    warnings.push({
      code: "POOLED_CLASSES",
      message: `${facts.pooledClasses.length} of ${facts.classes} classes have too few calibration inputs for references of their own and use the pooled ones: ${facts.pooledClasses.join(", ")}.`,
    });
  if (facts.labelled > 0 && (facts.positives === 0 || facts.negatives === 0))
    warnings.push({
      code: "NO_METRICS",
      message: `Detectors could not be measured: there are ${facts.positives} defects and ${facts.negatives} sound inputs.`,
    });
  return warnings;
}
