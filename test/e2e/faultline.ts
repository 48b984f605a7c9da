import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Menagerie's, in order of the logits. */
export const classes = "truck,car,plane,ship,cat,dog,equine,deer,frog,bird";

/** Runs `faultline` against the demo's API, as a CI script would. */
export async function faultline(
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const environment = {
    ...process.env,
    FAULTLINE_URL: process.env.FAULTLINE_API_URL,
    FAULTLINE_PROJECT: "menagerie",
  };
  const options = { cwd: root, env: environment, maxBuffer: 2 ** 26 };
  return promisify(execFile)("node", ["apps/cli/bin/faultline.mjs", ...args], options).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );
}
