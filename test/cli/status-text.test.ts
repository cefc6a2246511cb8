import { expect, test } from 'vitest';
import { statusText } from '../../src/cli/status-text.ts';
import { healthy, STORE_A, withWrongId } from '../admin/samples.ts';

test('a store that the upstream does not have is called that', () => {
  expect(statusText(withWrongId())).toMatch(/^ {2}\w{26} {2}UNKNOWN: the upstream has no store of this id$/m);
});

test('a store that cannot be copied says why', () => {
  const calm = healthy();
  const products = calm.products.map((product) => ({
    ...product,
    stores: product.stores.map((store) =>
      store.storeId === STORE_A ? { ...store, phase: 'broken' as const, lastError: 'refused' } : store,
    ),
  }));
  expect(statusText({ ...calm, products })).toMatch(/broken, revision \d+, .*\n {4}refused$/m);
});

test('a product that keeps nothing promises no age', () => {
  const text = statusText(healthy());
  expect(text).toMatch(/^everything-else {3}cold$/m);
  expect(text).toMatch(/^acme-corp {3}critical, at most 10\.0 s old, then deny$/m);
});
