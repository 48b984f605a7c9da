export * from "./specification/evaluation.ts";
export {
  mostSpecificationCharacters,
  parseSpecification,
  resolveSpecification,
  type Specification,
  type SpecificationExpression,
  SpecificationSyntaxError,
  type TextPosition,
} from "./specification/expression.ts";
export {
  type LinearHead,
  type Verification,
  type VerificationModel,
  verifySpecification,
} from "./specification/verification.ts";
