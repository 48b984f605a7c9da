import { builder } from "../builder.ts";
import { connectionOf } from "../connection-of.ts";

export const QuarantinedInputType = builder.prismaObject("QuarantinedInput", {
  description: "An input that could not be used.",
  fields: (t) => ({
    input: t.relation("input", { description: "The input." }),
    reason: t.exposeString("reason", { description: "Why not." }),
  }),
});

export const quarantinedInputPage = connectionOf("QuarantinedInput", QuarantinedInputType);
