/** The little Markdown that the reference pages are made of. */

export interface GeneratedFile {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

export function heading(title: string): string[] {
  return [
    `# ${title}`,
    '',
    '<!-- Written by `npm run gen`. Change the source instead; a test compares. -->',
    '',
  ];
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [line(head), line(head.map(() => '---')), ...rows.map((row) => line(row.map(cell)))];
}

export function code(text: string): string {
  return `\`${text}\``;
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
