// `npm run dev`: database, API, worker and dashboard, each restarted when its sources change.
import { prepare, run } from "./prepare.mjs";

prepare();
// Ctrl-C reaches the whole process group; wait for the stack to end in good order.
process.on("SIGINT", () => {});
run(process.execPath, ["--conditions=faultline-source", "--import", "tsx", "demo/launch/dev.ts"]);
