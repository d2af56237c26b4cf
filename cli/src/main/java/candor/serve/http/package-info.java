/**
 * HTTP/1.1 for a service: connections, limits, events that are sent as they come. Knows nothing of models.
 *
 * <p>The protocol comes from Netty, of which only the codec and what it stands on are taken (nine jars, 3.6 MB, no
 * dependencies of their own). It is the one well-kept server library that keeps reading a connection whose request is being
 * answered, and so notices at once that a client is gone, also where nothing has been written yet: a reply may take minutes, and
 * its place is wanted by others. The JDK's own server, Jetty and Helidon notice it when they next write. It also has documented limits for request lines,
 * headers and bodies. What is ours: each request is handled on a virtual thread, which may block; a whole request has a time to arrive
 * in, however slowly its bytes come; bodies of all connections together have a bound; and a drain.
 */
package candor.serve.http;
