/** The mover pod never ends. */
export const running = () => ({ end: 'running' as const, lines: ['Starting container'] });
