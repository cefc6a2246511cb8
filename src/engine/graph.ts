/** Nodes and edges of a weighted graph: `weighted-graph.ts` builds them, `graph-weights.ts` weighs them. */
export type NodeKind = 'type' | 'wildcard' | 'relation' | 'union' | 'intersection' | 'exclusion' | 'grouping';

export type EdgeKind = 'direct' | 'rewrite' | 'ttu' | 'computed' | 'direct-logical' | 'ttu-logical';

export interface GraphNode {
  /** `type`, `type:*`, `type#relation`, or a made-up one for operators and groupings. */
  readonly label: string;
  readonly kind: NodeKind;
  readonly edges: GraphEdge[];
  /** By terminal type; references to unresolved cycles start with `R#`. Empty until assigned. */
  weights: Map<string, number>;
  /** Label of the relation whose recursion passes here, or `''`. */
  recursive: string;
  tupleCycle: boolean;
}

export interface GraphEdge {
  readonly from: GraphNode;
  readonly to: GraphNode;
  readonly kind: EdgeKind;
  /** `type#relation` of the relation that defines this edge. */
  readonly definition: string;
  /** `type#relation` of the tupleset, or `''`. */
  readonly tupleset: string;
  /** `''` stands for "no condition". */
  readonly conditions: string[];
  weights: Map<string, number>;
  recursive: string;
  tupleCycle: boolean;
}

export type WeightedGraph = ReadonlyMap<string, GraphNode>;
