export * from "./specification/evaluation.ts";
export {
  parseSpecification,
  resolveSpecification,
  type Specification,
  type SpecificationExpression,
} from "./specification/expression.ts";
export * from "./specification/verification.ts";
