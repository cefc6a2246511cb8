/** The far end of the bare JetStream measurement: a durable pull consumer in a process of its own. */
import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';

const [servers = '', stream = ''] = process.argv.slice(2);
const connection = await connect({ servers });
const manager = await jetstreamManager(connection);
await manager.consumers.add(stream, { durable_name: 'bench', ack_policy: AckPolicy.All });
const consumer = await jetstream(connection).consumers.get(stream, 'bench');
await consumer.consume({
  callback: (message) => {
    // The clock of process.hrtime is the machine's: the other process may subtract its own reading from this one.
    const at = process.hrtime.bigint().toString();
    if (message.subject.endsWith('.committed')) process.send?.({ n: message.string(), at });
    message.ack();
  },
});
process.send?.({ ready: true });
