// What a body may have, in words, from the schema that reads it: the reference of the endpoints is printed from this.

import { z } from "zod";

export interface BodyMember {
  readonly name: string;
  readonly needed: boolean;
  readonly kind: string;
}

/** Of JSON Schema, what zod writes for the schemas that stand here. */
interface Shape {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Shape[];
  readonly oneOf?: readonly Shape[];
  readonly items?: Shape;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** The members of a body that is an object, as they are sent. */
export function bodyMembers(body: z.ZodType): readonly BodyMember[] {
  const shape = z.toJSONSchema(body, { io: "input", unrepresentable: "any" }) as Shape;
  const needed = new Set(shape.required);
  return Object.entries(shape.properties ?? {}).map(([name, member]) => ({
    name,
    needed: needed.has(name),
    kind: kindOf(member),
  }));
}

function kindOf(shape: Shape): string {
  if (shape.const !== undefined) return JSON.stringify(shape.const);
  if (shape.enum !== undefined) return shape.enum.map((one) => JSON.stringify(one)).join(" or ");
  const choices = shape.anyOf ?? shape.oneOf;
  if (choices !== undefined) return [...new Set(choices.map(kindOf))].join(" or ");
  const { type } = shape;
  if (typeof type === "object") return type.map((one) => kindOf({ ...shape, type: one })).join(" or ");
  switch (type) {
    case "string":
      return "text";
    case "integer":
      return `whole number${range(shape.minimum, shape.maximum)}`;
    case "number":
      return `number${range(shape.minimum, shape.maximum)}`;
    case "boolean":
      return "true or false";
    case "null":
      return "null";
    case "array":
      return `list${range(shape.minItems, shape.maxItems)} of ${kindOf(shape.items ?? {})}`;
    case "object":
      return objectKind(shape);
    case undefined:
    default:
      return "text, list or object";
  }
}

function objectKind({ properties, required = [] }: Shape): string {
  if (properties === undefined) return "object";
  const members = Object.entries(properties).map(
    ([name, member]) => `${name}${required.includes(name) ? "" : "?"}: ${kindOf(member)}`,
  );
  return `{${members.join(", ")}}`;
}

function range(least: number | undefined, most: number | undefined): string {
  // What stands for no limit says nothing to a reader.
  const top = most === undefined || most >= Number.MAX_SAFE_INTEGER ? undefined : most;
  if (least === undefined && top === undefined) return "";
  if (top === undefined) return `, ${least} or more`;
  return least === undefined ? `, at most ${top}` : `, ${least} to ${top}`;
}
