import { TaskThread } from "../task-threads.ts";
import type { Specification } from "./expression.ts";
import { requireFit, type Verification, type VerificationModel } from "./verification.ts";

/** MiB of JavaScript's heap. The numbers of a linear program lie beside it, and are bounded by themselves. */
const HEAP_LIMIT = 128;

/**
 * `verifySpecification` on a thread of its own, which is ended with its answer or at the deadline: a linear program
 * cannot be interrupted otherwise, and HiGHS' memory is given back only with its thread.
 *
 * @param deadline milliseconds of work, more than 0; then the answer is UNKNOWN
 * @throws InvalidInputError when the parts of the model do not fit together
 */
export async function verifySpecificationOnThread(
  specification: Specification,
  model: VerificationModel,
  deadline = 5_000,
): Promise<Verification> {
  requireFit(model);
  const thread = new TaskThread({ maxOldGenerationSizeMb: HEAP_LIMIT });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Verification>((resolve) => {
    const reason = `It was not decided within ${deadline / 1000} seconds.`;
    // The clock starts with the work: how long a thread takes to start depends on the machine.
    thread.run({ kind: "start" }).then(
      () => {
        timer = setTimeout(() => resolve({ result: "UNKNOWN", reason }), deadline);
      },
      () => undefined,
    );
  });
  try {
    return await Promise.race([thread.run({ kind: "verification", specification, model }), late]);
  } catch (error) {
    if (!isOutOfMemory(error)) throw error;
    return { result: "UNKNOWN", reason: `It needs more than ${HEAP_LIMIT} MiB of memory.` };
  } finally {
    clearTimeout(timer);
    await thread.end();
  }
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
}
