import type { Measured } from './table.ts';

/** Returns Markdown: one line per event, in order, with the seconds at which it occurred in each transfer. */
export function timelineOf(measured: readonly Measured[]): string {
  const columns = measured.filter(({ moments }) => moments !== undefined);
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const heads = ['', ...columns.map(({ by, what }) => `${by}, ${what}`)];
  const lines = inOrder(columns.map(({ moments = [] }) => moments.map(({ what }) => what))).map((what) => {
    const cells = columns.map(
      ({ moments }) => moments?.find((one) => one.what === what)?.at.toFixed(1) ?? '',
    );
    return row([what, ...cells]);
  });
  return [row(heads), row(heads.map((_, column) => (column === 0 ? '---' : '--:'))), ...lines].join('\n');
}

/** Merges lists of words; a word that only a later list contains follows its predecessor there. */
function inOrder(lists: readonly (readonly string[])[]): string[] {
  const all: string[] = [];
  for (const list of lists) {
    let place = 0;
    for (const word of list) {
      const found = all.indexOf(word);
      if (found < 0) all.splice(place, 0, word);
      place = (found < 0 ? place : Math.max(found, place - 1)) + 1;
    }
  }
  return all;
}
