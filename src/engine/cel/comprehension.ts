/** The macros `all`, `exists`, `exists_one`, `map` and `filter`, which the parser unfolds to one fold. */
import { Decline } from '../decline.ts';
import { type Expr, type Frame, type Node, type Scope, Unsupported } from './node.ts';
import { type CelType, type CelValue, Failure, isBroken, isList, isMap } from './values.ts';

type Fold = Extract<Expr['exprKind'], { case: 'comprehensionExpr' }>['value'];

export function compileComprehension(fold: Fold, scope: Scope): Node {
  const { iterRange, accuInit, loopCondition, loopStep, result, iterVar, iterVar2, accuVar } = fold;
  if (!iterRange || !accuInit || !loopCondition || !loopStep || !result || iterVar2)
    throw new Unsupported('fold');
  const range = scope.compile(iterRange, scope);
  const start = scope.compile(accuInit, scope);
  const item = scope.size.count++;
  const accu = scope.size.count++;
  const slots = (type: CelType) => new Map(scope.slots).set(accuVar, { slot: accu, type });
  const inner = slots(start.type).set(iterVar, { slot: item, type: itemType(range.type) });
  const within: Scope = { ...scope, slots: inner };
  const condition = scope.compile(loopCondition, within);
  const step = scope.compile(loopStep, within);
  // an empty list as the start says nothing of what it will hold; the step does, and costs hang on it
  const end = scope.compile(result, {
    ...scope,
    slots: slots(start.type.kind === 'list' ? step.type : start.type),
  });
  return {
    type: end.type,
    eval(frame) {
      const over = range.eval(frame);
      if (isBroken(over)) return over;
      const items = isList(over) ? over : isMap(over) ? [...over.keys()] : undefined;
      if (!items) return new Failure();
      const unordered = !isList(over) && items.length > 1;
      if (unordered && start.type.kind === 'list')
        throw new Decline('condition', 'a list in the order of a map');
      frame.unordered ||= unordered;
      const first = start.eval(frame);
      frame.vars[accu] = first;
      for (const [index, value] of items.entries()) {
        frame.vars[item] = value;
        const goesOn = condition.eval(frame);
        if (goesOn !== false) {
          frame.vars[accu] = step.eval(frame);
          continue;
        }
        if (unordered) payForAll(frame, items.slice(index), first);
        break;
      }
      return end.eval(frame);
    },
  };

  /** In another order the item that ended the walk may be the last one: then all of them are paid for. */
  function payForAll(frame: Frame, items: readonly CelValue[], first: CelValue): void {
    const found = frame.vars[accu] as CelValue;
    for (const value of items) {
      frame.vars[item] = value;
      frame.vars[accu] = first;
      condition.eval(frame);
      step.eval(frame);
    }
    frame.vars[accu] = found;
  }
}

function itemType(range: CelType): CelType {
  if (range.kind === 'list') return range.element;
  return range.kind === 'map' ? range.key : { kind: 'dyn' };
}
