/**
 * The two modules of undici that this project loads. The package's index also loads fetch, WebSocket, cache and cookie code,
 * which costs every process 25 ms of CPU and 4 MB.
 */
declare module 'undici/lib/dispatcher/pool.js' {
  import { Pool } from 'undici';
  export default Pool;
}
declare module 'undici/lib/api/api-request.js' {
  import type { Dispatcher } from 'undici';
  function request(
    this: Dispatcher,
    options: Omit<Dispatcher.RequestOptions, 'origin'>,
  ): Promise<Dispatcher.ResponseData>;
  export default request;
}
