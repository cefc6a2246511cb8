/**
 * A message of the change street as it travels: subject, headers and bytes (protobuf, `proto/rsfga/edge/v1`).
 * Nothing here knows a broker; every change log that leaves the process uses it.
 */
import { crc32 } from 'node:zlib';
import type { ChangeMessage, Entry } from '../fga/change.ts';
import { splitTransaction } from './envelope-split.ts';
import { decodeBytes, encodeBytes } from './envelope-wire.ts';
import { subjectOf, touchedText } from './subject.ts';

export interface Envelope {
  readonly subject: string;
  /** Unique to the content: the same bytes sent again have the same id, anything else has another. */
  readonly messageId: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
}

/** `{epoch}.{revision}`, as in the HTTP header of that name. */
export const REVISION_HEADER = 'Rsfga-Revision';
/** The (type, relation) pairs that a commit touched, so that a follower that keeps no tuples needs no payload. */
export const TOUCHED_HEADER = 'Rsfga-Touched';

/** Keeps headers well below nats-server's limit of 64 KiB. */
const MAX_TOUCHED_BYTES = 8_192;
/** Subject, header names, revision and message id beside the touched pairs. */
const HEADER_RESERVE = 1_024;

/**
 * One entry as the messages to append, in order. `maxBytes` bounds payload and headers of each: a part that is larger is
 * split and the commit lists the pieces; a model that is larger is left out. The same entry and limit give the same
 * messages. Throws a RangeError when a single tuple, or the commit, does not fit.
 */
export function sealEntry(entry: Entry, maxBytes: number): readonly Envelope[] {
  const payload = maxBytes - HEADER_RESERVE;
  const messages = entry.kind === 'transaction' ? splitTransaction(entry, payload) : [entry];
  return messages.map((message) => sealMessage(message, maxBytes));
}

export function sealMessage(message: ChangeMessage, maxBytes: number): Envelope {
  const touched = message.kind === 'commit' ? touchedText(message.touched, MAX_TOUCHED_BYTES) : '';
  const room = maxBytes - HEADER_RESERVE - touched.length;
  let bytes = encodeBytes(message);
  if (bytes.length > room && message.kind === 'model') {
    const { model: _left, ...rest } = message;
    bytes = encodeBytes(rest);
  }
  if (bytes.length > room) throw tooLarge(message, bytes.length, room);
  return {
    subject: subjectOf(message),
    messageId: `${idOf(message)}.${crc32(bytes).toString(16)}`,
    headers: {
      [REVISION_HEADER]: `${message.epoch}.${message.revision}`,
      ...(message.kind === 'commit' ? { [TOUCHED_HEADER]: touched } : {}),
    },
    bytes,
  };
}

/** The message, or undefined when the bytes are none or do not belong on this subject. Never throws. */
export function openEnvelope(subject: string, bytes: Uint8Array): ChangeMessage | undefined {
  try {
    const message = decodeBytes(subject, bytes);
    return message && subjectOf(message) === subject ? message : undefined;
  } catch {
    return undefined;
  }
}

function idOf(message: ChangeMessage): string {
  switch (message.kind) {
    case 'part':
      return `${message.commitId}.${message.index}`;
    case 'commit':
    case 'model':
      return `${message.commitId}.${message.kind}`;
    case 'anchor':
      return `${message.commitId}.anchor.${message.committedAtMs}`;
    case 'marker':
      return `${message.commitId}.marker.${message.markerId}`;
  }
}

function tooLarge(message: ChangeMessage, size: number, room: number): RangeError {
  return new RangeError(`a ${message.kind} message of ${size} bytes is over the limit of ${room}`);
}
