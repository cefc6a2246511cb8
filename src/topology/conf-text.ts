/** Pieces of nats-server's configuration language, line by line. */

export function listLines(name: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`${name}: [`, ...indented(items), ']'];
}

export function block(name: string, lines: readonly string[]): string[] {
  return [name === '' ? '{' : `${name} {`, ...indented(lines), '}'];
}

export function indented(lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? '' : `  ${line}`));
}

/** A name. Some would be read as a number, as yes or no, or as a word of the language. */
export function word(name: string): string {
  return /^[A-Za-z]/.test(name) && !/^(true|false|yes|no|on|off|include)$/i.test(name) ? name : quoted(name);
}

/** The schema lets nothing in that would end the text early. */
export function quoted(text: string): string {
  return `"${text}"`;
}
