/** Hears one thing after the other. A promise that it returns is waited for before the next one; when it throws, it hears no more. */
export type Hear<T> = (thing: T) => void | Promise<void>;

/**
 * Tells things as they come, each in the turn of the event loop that it comes in: with hundreds of answers at once, promises and generators for
 * every event of every reader cost as much as writing it to a socket. To be called once.
 * @returns when all is told, or whoever hears has left
 * @throws whatever the source or `hear` fails with
 */
export type Telling<T> = (hear: Hear<T>) => Promise<void>;
