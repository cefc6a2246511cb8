/** What `hot` saves, as a table. */
import { count } from './report.ts';
import { STRUCTURE, TEN_TYPES } from './ten-types.ts';

/** Counted since the edge's connection began. */
export interface Traffic {
  readonly messages: number;
  readonly bytes: number;
  /** Messages of the stream that its durable was given. */
  readonly delivered: number;
}

export interface Row {
  readonly name: string;
  readonly tuples: number;
  readonly diskBytes: number;
  /** While the changes were made. */
  readonly traffic: Traffic;
  /** Bytes a second with nothing written: freshness and heartbeats. */
  readonly idleBytesPerSecond: number;
  /** (type, relation) pairs of the model of which a Check is answered here. */
  readonly answers: number;
}

export interface Results {
  readonly shares: string;
  readonly tuples: number;
  readonly transactions: number;
  readonly changes: number;
  readonly seconds: number;
  readonly rows: readonly Row[];
}

export function table({ shares, tuples, transactions, changes, seconds, rows }: Results): string[] {
  const [all] = rows;
  if (!all) return [];
  const saved = (of: (row: Row) => number, row: Row) =>
    row === all ? '' : ` (${(100 * (1 - of(row) / of(all))).toFixed(0)} % saved)`;
  const lines = rows.map((row) => {
    const cell = (of: (one: Row) => number) => `${count(of(row))}${saved(of, row)}`;
    return `| ${[
      row.name,
      cell((r) => r.tuples),
      cell((r) => r.diskBytes / 1024),
      cell((r) => r.traffic.delivered),
      cell((r) => r.traffic.messages),
      cell((r) => r.traffic.bytes / 1024),
      count(row.idleBytesPerSecond),
      `${row.answers} of ${pairs().length}`,
    ].join(' | ')} |`;
  });
  return [
    `${count(tuples)} tuples: ${shares}. Then ${count(transactions)} transactions of ${count(changes)} new tuples in the same shares (1 to 4 of a type,`,
    `every fifth transaction with a second type), in ${seconds.toFixed(0)} s. *structure*: ${STRUCTURE.join(', ')}.`,
    '',
    '| tier | tuples kept | KiB on disk | messages of the stream delivered | NATS messages to the edge | KiB over NATS to the edge | B/s when idle | (type, relation) pairs answered here |',
    '|---|---|---|---|---|---|---|---|',
    ...lines,
  ];
}

/** Every (type, relation) of the model. */
export function pairs(): [string, string][] {
  return TEN_TYPES.type_definitions.flatMap(({ type, relations }) =>
    Object.keys(relations ?? {}).map((relation): [string, string] => [type, relation]),
  );
}
