// What the dashboard's page, its preload and the shell call the one thing that passes between them.

/** From the page to the shell: the page asks for a port to the engine. */
export const CONNECT = 'intermachine:connect';
/** Back to the page: here is the port. */
export const PORT = 'intermachine:port';
