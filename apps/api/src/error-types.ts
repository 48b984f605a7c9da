import type { TextPosition } from "@faultline/core";
import { builder } from "./builder.ts";
import { TokenScopeType } from "./enums.ts";
import {
  ConflictError,
  type Dependents,
  DependentsError,
  ForbiddenError,
  NotFoundError,
  ValidationError,
  type ValidationIssue,
} from "./errors.ts";

const ErrorInterface = builder.interfaceRef<Error>("Error").implement({
  description: "An expected failure.",
  fields: (t) => ({
    message: t.exposeString("message", { description: "For people: what is wrong and what to do." }),
  }),
});

const TextPositionType = builder.objectRef<TextPosition>("TextPosition").implement({
  description: "A place in a text.",
  fields: (t) => ({
    offset: t.exposeInt("offset", { description: "UTF-16 code units before it." }),
    line: t.exposeInt("line", { description: "Counted from 1." }),
    column: t.exposeInt("column", { description: "Counted from 1, in UTF-16 code units." }),
  }),
});

const ValidationIssueType = builder.objectRef<ValidationIssue>("ValidationIssue").implement({
  description: "One wrong argument.",
  fields: (t) => ({
    field: t.exposeString("field", { description: "Path of the field, as `input.classes.3`." }),
    message: t.exposeString("message", { description: "What is wrong and what to do." }),
    position: t.field({
      type: TextPositionType,
      nullable: true,
      description: "Where in the argument's text, if it is a text that could not be read.",
      resolve: ({ position }) => position,
    }),
  }),
});

builder.objectType(ValidationError, {
  name: "ValidationError",
  description: "Some argument is wrong; each issue names the field and the remedy.",
  interfaces: [ErrorInterface],
  fields: (t) => ({
    issues: t.expose("issues", {
      type: [ValidationIssueType],
      description: "At least one.",
    }),
  }),
});

builder.objectType(NotFoundError, {
  name: "NotFoundError",
  description: "There is no such thing in the projects that this token reaches.",
  interfaces: [ErrorInterface],
  fields: (t) => ({
    field: t.exposeString("field", { description: "Path of the argument that names it." }),
  }),
});

builder.objectType(ConflictError, {
  name: "ConflictError",
  description: "Something with this name exists already, or its state forbids the change.",
  interfaces: [ErrorInterface],
  fields: (t) => ({
    field: t.exposeString("field", { description: "Path of the argument at fault." }),
    existingId: t.exposeID("existingId", {
      nullable: true,
      description: "What is in the way, where it is a node.",
    }),
  }),
});

export const DependentsType = builder.objectRef<Dependents>("Dependents").implement({
  description: "Nodes of one kind that depend on another.",
  fields: (t) => ({
    kind: t.exposeString("kind", { description: "Their type, as `Run`." }),
    count: t.exposeInt("count", { description: "How many." }),
    examples: t.exposeStringList("examples", { description: "Names of the newest, five at most." }),
  }),
});

builder.objectType(DependentsError, {
  name: "DependentsError",
  description: "Others depend on it, so it was not deleted.",
  interfaces: [ErrorInterface],
  fields: (t) => ({
    dependents: t.expose("dependents", {
      type: [DependentsType],
      description: "All that would have to go with it.",
    }),
  }),
});

builder.objectType(ForbiddenError, {
  name: "ForbiddenError",
  description: "The token lacks a scope.",
  interfaces: [ErrorInterface],
  fields: (t) => ({
    requiredScope: t.expose("requiredScope", {
      type: TokenScopeType,
      description: "The scope that a token needs for this.",
    }),
  }),
});

/** Members of the result of a mutation that refers to something and creates something. */
export const creationErrors = { types: [ValidationError, NotFoundError, ConflictError, ForbiddenError] };
