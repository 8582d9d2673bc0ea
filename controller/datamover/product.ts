import { crdDefinitions } from '../../api/datamover/v1alpha1/crds.ts';
import { createEventReporter } from '../../lifecycle/observe/event-reporter.ts';
import type { MoverFactory } from '../../movers/factory.ts';
import type { Product } from '../product.ts';
import { createDataMover } from './app.ts';
import { EVENTS } from './events.ts';

/** Saves and restores the data of volumes with these movers. */
export function dataMover(movers: readonly MoverFactory[]): Product {
  return {
    name: 'datamover',
    crds: crdDefinitions,
    setup({ recorder, config: { namespace, workers, janitorIntervalMs }, ...deps }) {
      const reporter = createEventReporter(recorder, EVENTS);
      const options = { ...deps, namespace, workers, janitorIntervalMs, movers, reporter };
      const { controllers, janitor } = createDataMover(options);
      return [...controllers, janitor];
    },
  };
}
