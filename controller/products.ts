import type { MoverFactory } from '../movers/factory.ts';
import { dataMover } from './datamover/product.ts';
import type { Product } from './product.ts';

/** The products that a controller with these movers serves. */
export function productsOf({ movers }: { movers: readonly MoverFactory[] }): readonly Product[] {
  return [dataMover(movers)];
}
