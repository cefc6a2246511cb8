/** A field that is a secret text or a mapping: `redis://…`, or `{ module: … }`. */
import * as z from 'zod';
import { isMapping, jsonSchema, notes, settle } from './schema.ts';

export function secretOr<Group extends z.ZodObject>(says: string, hidden: z.ZodType<string>, other: Group) {
  const expected = [hidden, other].map((schema) => `${schema.meta()?.['x-expected']}`).join('; or ');
  const schema = z.unknown().transform((value, context): string | z.output<Group> => {
    if (isMapping(value)) return settle(other.safeParse(value), [], context) ?? z.NEVER;
    const parsed = hidden.safeParse(value);
    if (parsed.success) return parsed.data;
    context.issues.push({ code: 'custom', message: expected, input: value });
    return z.NEVER;
  });
  const anyOf = [jsonSchema(hidden), jsonSchema(other)];
  return schema.meta({ ...notes(says, expected), 'x-secret': true, anyOf });
}
