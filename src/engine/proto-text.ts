/**
 * A tuple as Go prints the message (`prototext`, one line). Upstream's own text is not stable: the library puts one or
 * two spaces between fields, by the build. Here it is always one.
 */
import type { JsonObject, JsonValue, Tuple } from '../fga/tuple.ts';

export function tupleText(tuple: Tuple): string {
  const parts: string[] = [];
  if (tuple.user) parts.push(`user:${text(tuple.user)}`);
  if (tuple.relation) parts.push(`relation:${text(tuple.relation)}`);
  if (tuple.object) parts.push(`object:${text(tuple.object)}`);
  if (tuple.condition) parts.push(`condition:{${conditionText(tuple.condition)}}`);
  return parts.join(' ');
}

function conditionText(condition: NonNullable<Tuple['condition']>): string {
  const name = `name:${text(condition.name)}`;
  return condition.context ? `${name} context:{${structText(condition.context)}}` : name;
}

function structText(struct: JsonObject): string {
  const keys = Object.keys(struct).sort();
  return keys.map((key) => `fields:{key:${text(key)} value:{${valueText(struct[key] ?? null)}}}`).join(' ');
}

function valueText(value: JsonValue): string {
  if (value === null) return 'null_value:NULL_VALUE';
  if (typeof value === 'boolean') return `bool_value:${value}`;
  if (typeof value === 'number') return `number_value:${value}`;
  if (typeof value === 'string') return `string_value:${text(value)}`;
  if (!Array.isArray(value)) return `struct_value:{${structText(value as JsonObject)}}`;
  return `list_value:{${value.map((item) => `values:{${valueText(item)}}`).join(' ')}}`;
}

/** `prototext` string literals: control characters escaped, the rest as it is. */
function text(value: string): string {
  let out = '"';
  for (const char of value) {
    const code = char.codePointAt(0) ?? 0;
    if (char === '"' || char === '\\') out += `\\${char}`;
    else if (char === '\n') out += '\\n';
    else if (char === '\r') out += '\\r';
    else if (char === '\t') out += '\\t';
    else if (code < 0x20 || code === 0x7f) out += `\\x${code.toString(16).padStart(2, '0')}`;
    else out += char;
  }
  return `${out}"`;
}
