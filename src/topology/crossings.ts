/** Exports of the main account and imports of the others, from the rights of their logins. */
import { quoted, word } from './conf-text.ts';
import { GUEST_API } from './login.ts';
import type { Permissions } from './permissions.ts';
import type { Topology } from './topology.ts';

interface Crossing {
  readonly account: string;
  readonly rights: Permissions;
}

/** Calls that are answered with many messages. */
const STREAMED = /^\$JS\.API\.(CONSUMER\.MSG\.NEXT|DIRECT\.GET)\./;

export function exportLines(guests: readonly Crossing[]): string[] {
  const lines = (kind: 'service' | 'stream', subjectsOf: (rights: Permissions) => readonly string[]) => {
    const takers = new Map<string, string[]>();
    for (const { account, rights } of guests)
      for (const subject of subjectsOf(rights))
        takers.set(subject, [...(takers.get(subject) ?? []), account]);
    return [...takers].map(([subject, accounts]) => {
      const answers = kind === 'service' && STREAMED.test(subject) ? ', response_type: stream' : '';
      return `{ ${kind}: ${quoted(subject)}${answers}, accounts: [ ${accounts.map(word).join(', ')} ] }`;
    });
  };
  return [...lines('service', servicesOf), ...lines('stream', streamsOf)];
}

export function importLines({ account }: Topology, { rights }: Crossing): string[] {
  const services = crossing(rights.publish).map((subject) => {
    const from = `{ service: { account: ${word(account)}, subject: ${quoted(plain(subject))} }`;
    return plain(subject) === subject ? `${from} }` : `${from}, to: ${quoted(subject)} }`;
  });
  const streams = streamsOf(rights).map(
    (subject) => `{ stream: { account: ${word(account)}, subject: ${quoted(subject)} } }`,
  );
  return [...services, ...streams];
}

function servicesOf({ publish }: Permissions): readonly string[] {
  return crossing(publish).map(plain);
}

function streamsOf({ subscribe }: Permissions): readonly string[] {
  return crossing(subscribe);
}

function crossing(rights: Permissions['publish']): readonly string[] {
  return rights.flatMap(({ subjects, own }) => (own ? [] : subjects));
}

/** As it is called in the main account. */
function plain(subject: string): string {
  return subject.startsWith(`${GUEST_API}.`) ? `$JS.API.${subject.slice(GUEST_API.length + 1)}` : subject;
}
