/** Largest answer to a GraphQL operation, in bytes of JSON, about. */
export const answerLimit = 32 * 2 ** 20;

export const answerTooLarge = {
  message: `The answer is larger than ${answerLimit / 2 ** 20} MiB. Ask for smaller pages or fewer fields.`,
  extensions: { code: "RESPONSE_TOO_LARGE" },
};

/** Whether an answer would take more than {@link answerLimit} as JSON: judged before that is written. */
export function isAnswerTooLarge(answer: object): boolean {
  let left = answerLimit;
  const take = (value: unknown): void => {
    if (left < 0) return;
    if (typeof value === "string") left -= value.length + 2;
    else if (typeof value !== "object" || value === null) left -= 6;
    else if (Array.isArray(value)) {
      left -= value.length;
      for (let i = 0; i < value.length && left >= 0; i++) {
        if (typeof value[i] === "number") left -= 6;
        else take(value[i]);
      }
    } else
      for (const name in value) {
        left -= name.length + 4;
        take((value as Record<string, unknown>)[name]);
      }
  };
  take(answer);
  return left < 0;
}
