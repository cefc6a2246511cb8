/** docs/reference/errors.md, from the catalogue of OpenFGA's codes. */
import { ERROR_CODES, type ErrorCode, httpStatusOf } from '../src/fga/error.ts';
import { code, type GeneratedFile, heading, table } from './gen-text.ts';

const GROUPS: readonly { readonly title: string; readonly from: number; readonly to: number }[] = [
  { title: 'Authentication', from: 1000, to: 2000 },
  { title: 'What was asked', from: 2000, to: 3500 },
  { title: 'Throttling', from: 3500, to: 4000 },
  { title: 'Faults', from: 4000, to: 5000 },
  { title: 'Not found', from: 5000, to: 6000 },
  { title: 'Conflicts', from: 0, to: 1000 },
];

export function errorsFiles(): readonly GeneratedFile[] {
  const names = Object.keys(ERROR_CODES) as ErrorCode[];
  const sections = GROUPS.flatMap(({ title, from, to }) => {
    const inGroup = names.filter((name) => ERROR_CODES[name] >= from && ERROR_CODES[name] < to);
    const rows = inGroup.map((name) => [code(name), String(ERROR_CODES[name]), String(httpStatusOf(name))]);
    return [`## ${title}`, '', ...table(['code', 'number (gRPC status)', 'HTTP status'], rows), ''];
  });
  const text = [
    ...heading('Errors'),
    'The codes of OpenFGA, in OpenFGA\'s shape: `{"code": "validation_error", "message": "…"}`. A forwarded error is the',
    "upstream's own, byte for byte; an error of a local answer is the one that the upstream would give.",
    '',
    'The sidecar itself says only `unavailable` (503): the upstream cannot be reached and nothing may be answered locally, or',
    'Writes are refused while changes cannot be published (`capture.on_publish_failure: reject`). It never turns a fault into',
    '`"allowed": false`.',
    '',
    ...sections,
  ].join('\n');
  return [{ path: 'docs/reference/errors.md', text }];
}
