/** How far a walk could have gone: upstream does not remember nodes, so it may come to one by its longest way. */

/** Edges (`from, to` pairs of node numbers) on the longest path from node 0, or Infinity where there is a cycle. */
export function longestPath(edges: readonly number[], nodes: number): number {
  const incoming = new Int32Array(nodes);
  const first = new Int32Array(nodes + 1);
  for (let i = 0; i < edges.length; i += 2) {
    first[(edges[i] as number) + 1] = (first[(edges[i] as number) + 1] as number) + 1;
    incoming[edges[i + 1] as number] = (incoming[edges[i + 1] as number] as number) + 1;
  }
  for (let i = 0; i < nodes; i++) first[i + 1] = (first[i + 1] as number) + (first[i] as number);
  const targets = new Int32Array(edges.length / 2);
  const fill = first.slice();
  for (let i = 0; i < edges.length; i += 2) {
    const from = edges[i] as number;
    targets[fill[from] as number] = edges[i + 1] as number;
    fill[from] = (fill[from] as number) + 1;
  }
  return order(incoming, first, targets);
}

function order(incoming: Int32Array, first: Int32Array, targets: Int32Array): number {
  if (incoming[0] !== 0) return Number.POSITIVE_INFINITY;
  const distance = new Int32Array(incoming.length);
  const ready = [0];
  let done = 0;
  let longest = 0;
  for (let node = ready.pop(); node !== undefined; node = ready.pop()) {
    done++;
    longest = Math.max(longest, distance[node] as number);
    for (let i = first[node] as number; i < (first[node + 1] as number); i++) {
      const to = targets[i] as number;
      distance[to] = Math.max(distance[to] as number, (distance[node] as number) + 1);
      incoming[to] = (incoming[to] as number) - 1;
      if (incoming[to] === 0) ready.push(to);
    }
  }
  return done === incoming.length ? longest : Number.POSITIVE_INFINITY;
}
