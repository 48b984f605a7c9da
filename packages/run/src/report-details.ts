import type { Interval } from "@faultline/core";
import type { Warning } from "./warning.ts";

/** The structured part of a run report (RunReport.details); numbers in [0, 1] unless stated. */
export interface ReportDetails {
  alignment: {
    /** On the evaluated inputs. */
    evaluated: AlignmentQuality;
    /** Of an attacked run: on the clean originals. */
    clean: AlignmentQuality | null;
    /** On alignment inputs that were kept out of the fit; null when there were too few to keep some out. */
    heldOut: AlignmentQuality | null;
    lambda: number;
    rank: number;
  };
  /** Pearson correlation of aligned and VLM strengths, one per axis entry. */
  fidelity: { axis: string; correlation: number | null }[];
  oracle: {
    /** Share of correctly classified inputs on which the oracle does not name the true class. */
    errorOnCorrect: Interval;
    /** Zero-shot accuracy of the VLM's own image embedding on labelled inputs. */
    zeroShotAccuracy: Interval;
    /** Calibrated margin under which the oracle's answer counts as undecided (a difference of cosines). */
    margin: number;
    /** Share of localisations that stay the same under each variant of the oracle. */
    agreement: {
      variant: "CLASS_TEXT" | "CLASS_HEATMAP" | "VLM_IMAGE";
      localised: number;
      changed: number;
    }[];
    /** Fault shares corrected for the oracle's error (Rogan-Gladen, clipped), bootstrap intervals. */
    corrected: { encoder: Interval; head: Interval } | null;
  };
  /** Concepts of the significant cells of correct − incorrect, strongest first; all classes together, then by class. */
  responsibleConcepts: ResponsibleConcept[];
  responsibleConceptsByClass: { classIndex: number; concepts: ResponsibleConcept[] }[];
  /** The same of clean − attacked, for attacked datasets. */
  attackConcepts: ResponsibleConcept[] | null;
  /** Concepts that the encoder lost (negative) or invented (positive) against the VLM's own view, in standard deviations. */
  encoderExplanation: { axis: string; shift: number; qValue: number }[];
  /** Concepts that the head weighs wrongly for a true/predicted pair. */
  headExplanation: {
    trueClass: number;
    predictedClass: number;
    concepts: { axis: string; weight: number }[];
  }[];
  detector: {
    similarity: string;
    falseAlarmRate: number | null;
    threshold: number;
    pooledClasses: number[];
    /** Measured on this run's labelled test inputs. */
    measuredFalseAlarmRate: Interval | null;
    measuredDetectionRate: Interval | null;
    /** What counts as positive and negative in the metrics of this run. */
    positives: string;
    negatives: string;
    /** The learned combination was kept because it won on held-out data. */
    combinedKept: boolean;
  };
  /**
   * What the run's detectors were calibrated on. `calibrateDetector` of @faultline/core with these inputs, the
   * axis, the alignment and the run's configuration (`detectorOptions`) gives the run's detector to the bit.
   */
  calibration: {
    /** Of the run's dataset, or of its clean one in an attacked run. */
    inputs: number;
    /** Bare float32 inputs×C, little-endian: their strengths. */
    strengthsSha256: string;
    /** JSON CalibrationInputs: entry i belongs to row i. */
    inputsSha256: string;
    /** Bare float32 C×m, little-endian: the vectors of the axis. */
    conceptVectorsSha256: string;
  };
  warnings: Warning[];
}

/** Labelled calibration inputs of a run: positions in their dataset; class numbers are the model's. */
export interface CalibrationInputs {
  positions: number[];
  labels: number[];
  predictions: number[];
}

export interface AlignmentQuality {
  inputs: number;
  /** Coefficient of determination over all dimensions; at most 1, may be negative. */
  r2: number;
  meanCosine: number;
  centredCosine: number;
}

export interface ResponsibleConcept {
  axis: string;
  /** Mean risk difference (incorrect − correct) of its significant cells, in [-1, 1]. */
  effect: number;
  low: number;
  high: number;
  qValue: number;
  significantCells: number;
  /** External ids of inputs that show it. */
  exampleInputs: string[];
}
