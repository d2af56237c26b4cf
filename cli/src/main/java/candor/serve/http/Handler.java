package candor.serve.http;

/** What a server does with requests. */
public interface Handler {
    /**
     * Answers a request, on a virtual thread of its own: with one reply, or one stream of events. An exception that escapes closes
     * the connection.
     *
     * @throws Gone where the client is not there any more
     */
    void handle(Exchange exchange) throws InterruptedException, Gone;

    /** How a request is refused that never became one: not HTTP, too large, too slow, one too many. */
    Reply refuse(int status, String message);
}
