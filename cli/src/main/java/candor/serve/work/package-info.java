/**
 * Between those who ask, on many threads, and the one thread that generates: a bounded queue of requests, their events, and the
 * models that may be named, of which adapters come and go.
 *
 * <p>A request that nobody waits for any more leaves its place at once. An adapter that is dropped takes no new requests; its slot is
 * free when the last of those under way has ended.
 */
package candor.serve.work;
