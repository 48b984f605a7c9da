import { jobPayloads, readRunParts } from "@faultline/db";
import { type DatasetPlan, findObstacles, ROLE, type RunPlan, stages } from "@faultline/run";
import type { Task } from "graphile-worker";
import { RunFailure } from "../../queue/run-failure.ts";
import { runJob, type WorkerContext } from "../../queue/run-job.ts";
import { changeRun, finishShard, handedOver, type Shard } from "../../queue/run-state.ts";
import { loadRunSubject, type RunSubject } from "../run-subject.ts";
import { cutShards } from "./cut-shards.ts";
import { planDataset } from "./dataset-plan.ts";
import { readInputColumns } from "./input-columns.ts";
import { assignRoles } from "./roles.ts";

/**
 * The first job of a run: checks that its parts fit together, gives every input its roles, cuts the shards and
 * opens the EMBED stage. What an earlier attempt left is dropped (cached shard results stay).
 */
export function planRun(context: WorkerContext): Task {
  return runJob(stages.PLAN.job, jobPayloads["plan-run"], context, async (reference, { database }) => {
    const { pool } = database;
    const { runId, attempt } = reference;
    // The job may run again though it finished (its worker died before the queue heard of it).
    if ((await handedOver(pool, runId, "PLAN"))?.attempt === attempt) return;
    const subject = await loadRunSubject(database, reference);
    await requireReady(context, subject);
    await changeRun(pool, reference, async (client) => {
      await client.query(
        `UPDATE run SET status = 'RUNNING', stage = 'PLAN', error = NULL, finished_at = NULL,
           started_at = CASE WHEN status = 'QUEUED' THEN now() ELSE started_at END WHERE id = $1`,
        [runId],
      );
      await client.query("DELETE FROM run_progress WHERE run_id = $1", [runId]);
      await client.query("DELETE FROM run_shard WHERE run_id = $1", [runId]);
      await client.query("INSERT INTO run_shard (run_id, stage, shard, inputs) VALUES ($1, 'PLAN', 0, 0)", [
        runId,
      ]);
    });

    const baseInputs = await readInputColumns(pool, subject.baseDatasetId);
    const attackedInputs = subject.attacked ? await readInputColumns(pool, subject.run.datasetId) : undefined;
    const roles = assignRoles(baseInputs, attackedInputs, subject.configuration);
    requireInputs(roles.base, roles.attacked);

    const base = await planDataset(context, subject, subject.baseDatasetId, roles.base);
    const shards = shardsOf(base, baseInputs, roles.base, subject.configuration.shardSize);
    const plan: RunPlan = { attempt, datasets: [base], warnings: roles.warnings };
    if (attackedInputs && roles.attacked) {
      const attacked = await planDataset(context, subject, subject.run.datasetId, roles.attacked);
      shards.push(...shardsOf(attacked, attackedInputs, roles.attacked, subject.configuration.shardSize));
      plan.datasets.push(attacked);
    }

    await finishShard(pool, reference, "PLAN", 0, { handOver: plan, next: shards });
  });
}

/** @throws RunFailure with everything that is known to stand in the way */
async function requireReady({ database }: WorkerContext, { run, configuration }: RunSubject): Promise<void> {
  const obstacles = findObstacles(await readRunParts(database.prisma, run), configuration);
  if (obstacles.length > 0) throw new RunFailure(obstacles.map(({ message }) => message).join(" "));
}

function requireInputs(base: Uint8Array, attacked: Uint8Array | undefined): void {
  const count = (roles: Uint8Array, role: number) =>
    roles.reduce((sum, bits) => sum + (bits & role ? 1 : 0), 0);
  if (count(attacked ?? base, ROLE.EVALUATED) === 0)
    throw new RunFailure(
      "There is no input to evaluate: the dataset's test split is empty. Upload a dataset with a TEST split.",
    );
  const fitted = count(base, ROLE.ALIGNMENT) - count(base, ROLE.HELD_OUT);
  if (fitted < 2)
    throw new RunFailure(
      `Only ${fitted} inputs can fit the alignment, at least 2 are needed (hundreds, to be of use): add an ALIGNMENT split of unlabelled images to the ${attacked ? "clean " : ""}dataset.`,
    );
}

function shardsOf(
  { datasetId, brought }: DatasetPlan,
  { content }: { content: Uint32Array },
  roles: Uint8Array,
  shardSize: number,
): Shard[] {
  // Brought matrices are sliced by position; only images have a content that cached results can follow.
  const byContent = content.length === roles.length && !(brought.embedding && brought.imageEmbedding);
  return cutShards(roles.length, shardSize, byContent ? content : undefined)
    .map(({ first, end }) => ({
      datasetId,
      firstPosition: first,
      endPosition: end,
      inputs: roles.subarray(first, end).reduce((sum, bits) => sum + (bits ? 1 : 0), 0),
    }))
    .filter((shard) => shard.inputs > 0);
}
