package candor.serve.http;

import java.time.Duration;

/**
 * What clients may ask of a server.
 *
 * @param connections    open at once; more are closed with 503
 * @param headerBytes    of all header lines of a request together, and of its first line
 * @param bodyBytes      of a request
 * @param allBodiesBytes of requests that are arriving, wait or are being answered, on all connections together
 * @param receive        how long a request may take to arrive, from its first byte to its last
 * @param idle           how long a connection may do nothing between requests, and a client may leave what is sent to it unread
 */
public record Limits(
        int connections, int headerBytes, int bodyBytes, long allBodiesBytes, Duration receive, Duration idle) {}
