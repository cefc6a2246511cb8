/**
 * Which settings of a JetStream stream would lose changes, and which are only worth knowing about (design section 9).
 * A list, so that each setting stands beside what it would do.
 */
import {
  DiscardPolicy,
  PersistMode,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { ALL_CHANGES } from '../../src/plugin/subject.ts';

/** A tuple's condition context has 32 KiB at most; a message must hold one. */
export const LEAST_MESSAGE_BYTES = 65_536;

export interface Expected {
  readonly replicas: number;
  readonly publishes: boolean;
}

/** What is wrong with the stream, each with what it would do; empty when it can be used. */
export function faultsOf(config: StreamConfig, expected: Expected): readonly string[] {
  return FAULTS.flatMap(({ when, says }) => (when(config, expected) ? [says(config, expected)] : []));
}

export function doubtsOf(config: StreamConfig, expected: Expected): readonly string[] {
  return DOUBTS.flatMap(({ when, says }) => (when(config, expected) ? [says(config, expected)] : []));
}

interface Rule {
  when(config: StreamConfig, expected: Expected): boolean;
  says(config: StreamConfig, expected: Expected): string;
}

const FAULTS: readonly Rule[] = [
  {
    when: ({ retention }) => retention !== RetentionPolicy.Limits,
    says: ({ retention }) =>
      `retention is ${retention}: changes go before every follower has them (needs limits)`,
  },
  {
    when: ({ storage }) => storage !== StorageType.File,
    says: ({ storage }) => `storage is ${storage}: a restart of the server loses every change (needs file)`,
  },
  {
    when: ({ discard }) => discard !== DiscardPolicy.Old,
    says: ({ discard }) => `discard is ${discard}: a full stream refuses new changes (needs old)`,
  },
  {
    when: ({ max_msgs_per_subject: most }) => most > 0,
    says: ({ max_msgs_per_subject: most }) =>
      `max_msgs_per_subject is ${most}: older changes of a store go (needs -1)`,
  },
  {
    when: ({ max_msg_size: most }) => most > 0 && most < LEAST_MESSAGE_BYTES,
    says: ({ max_msg_size: most }) => `max_msg_size is ${most}: a large tuple needs ${LEAST_MESSAGE_BYTES}`,
  },
  {
    when: ({ no_ack: noAck }) => noAck === true,
    says: () => 'no_ack is set: nobody learns whether a change was stored',
  },
  {
    when: ({ persist_mode: mode }) => mode === PersistMode.Async,
    says: () => 'persist_mode is async: changes are acknowledged before they are stored',
  },
  {
    when: ({ subject_transform: transform }) => transform !== undefined,
    says: () => 'subject_transform is set: changes arrive on subjects that are not theirs',
  },
  {
    when: ({ mirror, subjects }) => mirror === undefined && !subjects.some(coversAll),
    says: ({ subjects }) =>
      `its subjects are ${subjects}: it does not take every store (needs ${ALL_CHANGES})`,
  },
  {
    when: ({ mirror }, { publishes }) => publishes && mirror !== undefined,
    says: () => 'it is a mirror: nothing can be appended',
  },
  {
    when: ({ sources = [] }, { publishes }) => publishes && sources.length > 0,
    says: () => 'sources is set: what other streams say of a store comes between its own changes',
  },
  {
    when: (config, { publishes }) => publishes && 'sealed' in config && config.sealed === true,
    says: () => 'it is sealed: nothing can be appended',
  },
];

const HOUR = nanos(3_600_000);

const DOUBTS: readonly Rule[] = [
  {
    when: ({ max_age: age }) => age > 0 && age < HOUR,
    says: () =>
      'changes are kept for less than an hour; a follower that was away longer copies its stores again',
  },
  {
    when: ({ max_msgs: most }) => most > 0,
    says: ({ max_msgs: most }) =>
      `only ${most} messages are kept; a busy store pushes out what others have not read`,
  },
  {
    when: ({ num_replicas: count }, { replicas }) => count < replicas,
    says: ({ num_replicas: count }, { replicas }) => `the stream has ${count} replicas and not ${replicas}`,
  },
  {
    when: ({ deny_delete: denied, mirror }) => !denied && mirror === undefined,
    says: () => 'deny_delete is off: single changes can be deleted from the stream',
  },
  {
    when: ({ max_consumers: most }) => most <= 0,
    says: () => 'max_consumers is not set; nats-server 2.15 stops at 1000 followers',
  },
];

function coversAll(subject: string): boolean {
  return subject === ALL_CHANGES || subject === 'rsfga.>' || subject === '>';
}
