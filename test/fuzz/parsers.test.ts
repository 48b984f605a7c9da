import { describe } from "vitest";
import { fuzzSuite } from "./fuzz-suite.ts";
import { archiveTargets } from "./targets/archives.ts";
import { arrayTargets } from "./targets/arrays.ts";
import { copyEncoderTargets } from "./targets/copy-encoder.ts";
import { manifestTargets } from "./targets/manifest.ts";
import { requestTargets } from "./targets/requests.ts";

describe("fuzz", () => {
  fuzzSuite([
    ...arrayTargets,
    ...archiveTargets,
    ...manifestTargets,
    ...requestTargets,
    ...copyEncoderTargets,
  ]);
});
