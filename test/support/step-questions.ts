/** What is asked of things that step on, and what each answer says of their versions. */
import type { TupleKey } from '../../src/fga/tuple.ts';
import type { Reply } from './api.ts';
import { newestOf, type Thing, userOf } from './stepping.ts';

/** What an answer says of versions. */
export interface Said {
  readonly versions: readonly { readonly version: number; readonly holds: boolean }[];
  /** Does it come from one moment, wherever it was found out? Of upstream's BatchCheck that is not promised. */
  readonly oneMoment: boolean;
  /** What can never be. */
  readonly wrong?: string;
}

export interface Question {
  readonly path: string;
  ask(thing: Thing): { readonly body: object; said(reply: Reply): Said };
}

export const QUESTIONS: readonly Question[] = [
  checkOf('owner', 0),
  checkOf('viewer', 0),
  checkOf('owner', -1),
  checkOf('viewer', -1),
  { path: 'batch-check', ask: batch },
  listOf('owner'),
  listOf('viewer'),
  { path: 'check', ask: island },
];

function checkOf(relation: string, back: number): Question {
  return {
    path: 'check',
    ask(thing) {
      const version = newestOf(thing) + back;
      const tuple_key: TupleKey = {
        user: userOf(thing, version),
        relation,
        object: `document:${thing.name}`,
      };
      const said = ({ body }: Reply) => {
        const { allowed } = body as { allowed?: boolean };
        return { versions: [{ version, holds: allowed === true }], oneMoment: true };
      };
      return { body: { tuple_key }, said };
    },
  };
}

/** Nobody changes it: it has one answer, and may be remembered as long as it likes. */
function island(thing: Thing): ReturnType<Question['ask']> {
  const tuple_key = { user: 'user:anne', relation: 'keeper', object: `island:${thing.name}` };
  const said = ({ body }: Reply): Said => {
    const isRight = (body as { allowed?: boolean }).allowed === true;
    return { versions: [], oneMoment: true, ...(isRight ? {} : { wrong: 'anne is not the keeper' }) };
  };
  return { body: { tuple_key }, said };
}

function batch(thing: Thing): ReturnType<Question['ask']> {
  const newest = newestOf(thing);
  const asked = [newest - 1, newest, newest + 1];
  const checks = asked.map((version) => ({
    tuple_key: { user: userOf(thing, version), relation: 'viewer', object: `document:${thing.name}` },
    correlation_id: `${version}`,
  }));
  const said = ({ body, headers }: Reply): Said => {
    const { result } = body as { result: Readonly<Record<string, { allowed?: boolean }>> };
    const versions = asked.map((version) => ({ version, holds: result[`${version}`]?.allowed === true }));
    return { versions, oneMoment: headers['rsfga-served-by'] === 'local' };
  };
  return { body: { checks }, said };
}

function listOf(relation: string): Question {
  return {
    path: 'list-objects',
    ask(thing) {
      const version = newestOf(thing);
      const body = { user: userOf(thing, version), relation, type: 'document' };
      const said = (reply: Reply): Said => {
        const { objects = [] } = reply.body as { objects?: readonly string[] };
        const strange = objects.filter((object) => object !== `document:${thing.name}`);
        const wrong = strange.length > 0 ? { wrong: `it lists ${strange}` } : {};
        return { versions: [{ version, holds: objects.length > 0 }], oneMoment: true, ...wrong };
      };
      return { body, said };
    },
  };
}
