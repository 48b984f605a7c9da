/** A failure that the person at the terminal can mend: printed without a stack trace. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

/** Exit codes of `faultline`: a gate that fails is told apart from a command that could not do its work. */
export const exitCodes = { ok: 0, gateFailed: 1, error: 2 } as const;
