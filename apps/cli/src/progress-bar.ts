import { type Options, SingleBar } from "cli-progress";
import { completedShare, type RunState } from "./runs.ts";

/** A progress bar on standard error, or quiet where that is no terminal (a line a stage instead). */
export interface ProgressBar {
  update(share: number, note: string): void;
  stop(): void;
}

export function progressBar(title: string): ProgressBar {
  if (!process.stderr.isTTY) {
    let last = "";
    return {
      update(share, note) {
        const stage = note.split(" ")[0];
        if (stage !== last) process.stderr.write(`${title}: ${note} (${Math.round(100 * share)} %)\n`);
        last = stage;
      },
      stop() {},
    };
  }
  const options: Options = {
    format: `${title} {bar} {percentage} % {note}`,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: 30,
    hideCursor: true,
    clearOnComplete: false,
    stream: process.stderr,
  };
  const bar = new SingleBar(options);
  bar.start(100, 0, { note: "" });
  return {
    update: (share, note) => bar.update(Math.round(100 * share), { note }),
    stop: () => bar.stop(),
  };
}

/** Shows a run's state on a bar. */
export function showRun(bar: ProgressBar, run: RunState): void {
  const stage = run.progress.find((p) => p.stage === run.stage);
  const speed = stage?.inputsPerSecond ? `, ${Math.round(stage.inputsPerSecond)} inputs/s` : "";
  const note = stage
    ? `${stage.stage.toLowerCase()} ${stage.done}/${stage.total}${speed}`
    : run.status.toLowerCase();
  bar.update(completedShare(run), note);
}
