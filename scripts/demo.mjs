// `npm run demo`: from a fresh clone to real fault reports in the browser. See --help.
import { runDemo } from "./demo-process.mjs";
import { prepare } from "./prepare.mjs";

prepare();
process.exit(await runDemo(process.argv.slice(2)));
