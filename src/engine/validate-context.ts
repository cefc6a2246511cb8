/** No control characters in a context, its keys or its strings (`ValidateStruct`). */
import type { JsonObject, JsonValue } from '../fga/tuple.ts';
import { quoted } from './go-quote.ts';
import { hasControl } from './names.ts';

export function forbiddenIn(context: JsonObject | undefined): string | undefined {
  if (!context) return undefined;
  for (const [key, value] of Object.entries(context)) {
    if (hasControl(key)) return `context key ${quoted(key)} contains forbidden characters`;
    const problem = forbiddenInValue(value);
    if (problem) return problem;
  }
  return undefined;
}

function forbiddenInValue(value: JsonValue): string | undefined {
  if (typeof value === 'string') {
    return hasControl(value) ? `context value ${quoted(value)} contains forbidden characters` : undefined;
  }
  if (value === null || typeof value !== 'object') return undefined;
  if (!Array.isArray(value)) return forbiddenIn(value as JsonObject);
  for (const item of value) {
    const problem = forbiddenInValue(item);
    if (problem) return problem;
  }
  return undefined;
}
