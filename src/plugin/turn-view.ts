/** A view that ends with its turn of the event loop: whoever reads it later gets an error instead of what is not so any more. */
import type { StoreView } from './store.ts';

export interface TurnView {
  readonly view: StoreView;
  /** From now on every read throws. */
  end(): void;
}

/** `late` hears of every read after the end. */
export function turnView(view: StoreView, late: () => void = () => {}): TurnView {
  let over = false;

  function check(): void {
    if (!over) return;
    late();
    throw new Error('the view is read after its turn of the event loop');
  }

  function within<T>(read: () => T): T {
    check();
    return read();
  }

  function* each<T>(items: Iterable<T>): Iterable<T> {
    for (const item of items) {
      check();
      yield item;
    }
    check();
  }

  return {
    end() {
      over = true;
    },
    view: {
      get state() {
        return within(() => view.state);
      },
      tuple: (object, relation, user) => within(() => view.tuple(object, relation, user)),
      usersets: (object, relation) => within(() => each(view.usersets(object, relation))),
      tuples: (object, relation) => within(() => each(view.tuples(object, relation))),
      byUser: (user, relation, type) => within(() => each(view.byUser(user, relation, type))),
      byType: (type, relation) => within(() => each(view.byType(type, relation))),
      model: (id) => within(() => view.model(id)),
      latestModelId: () => within(() => view.latestModelId()),
    },
  };
}
