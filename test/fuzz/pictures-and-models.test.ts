import { describe } from "vitest";
import { fuzzSuite } from "./fuzz-suite.ts";
import { detectorTargets } from "./targets/detector-artifact.ts";
import { modelTargets } from "./targets/models.ts";
import { pictureTargets } from "./targets/pictures.ts";
import { specificationTargets } from "./targets/specification.ts";
import { vlmFileTargets } from "./targets/vlm-files.ts";

describe("fuzz", () => {
  fuzzSuite([
    ...pictureTargets,
    ...vlmFileTargets,
    ...modelTargets,
    ...detectorTargets,
    ...specificationTargets,
  ]);
});
