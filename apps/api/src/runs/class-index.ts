import { NotFoundError } from "../errors.ts";

/** The index of a class name. @throws NotFoundError naming the classes that there are */
export function classIndex(classes: readonly string[], name: string, field: string): number {
  const index = classes.indexOf(name);
  if (index < 0)
    throw new NotFoundError(field, `There is no class "${name}". There are: ${classes.join(", ")}.`);
  return index;
}
